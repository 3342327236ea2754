import { ShieldCheck, Shrink, Trash2 } from "lucide-react";
import { useState } from "react";
import { costWords, type ModelSummary, type WeightFormat, weightWords } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, formatCount } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { WeightsChoice } from "./WeightsChoice.tsx";

/** Models on this disk, each with what it takes. */
export function InstalledModels({ models }: { readonly models: readonly ModelSummary[] }) {
  if (models.length === 0)
    return (
      <p className="models__empty">
        No model is installed yet. The one that comes with the studio is prepared at the first start.
      </p>
    );
  return (
    <ul className="installed">
      {models.map((model) => (
        <Installed key={model.id} model={model} />
      ))}
    </ul>
  );
}

function Installed({ model }: { readonly model: ModelSummary }) {
  const { client, store } = useStudio();
  const [doing, setDoing] = useState<"verify" | "remove" | null>(null);
  const [asking, setAsking] = useState<"remove" | "shrink" | null>(null);
  /** What its weights would take in each format, once somebody wants to know. */
  const [sizes, setSizes] = useState<Partial<Record<WeightFormat, number>> | null>(null);
  const [format, setFormat] = useState<WeightFormat>("int8");
  const { weights } = model;
  const isWhole = weights === undefined || weights.format === "fp32";
  const busy =
    doing === null ? null : `${model.name} is being ${doing === "verify" ? "verified" : "removed"}: a moment, please.`;
  const say = (text: string) => store.setState({ notice: { text, kind: "plain", undo: null }, announcement: text });
  const run = (what: "verify" | "remove", work: () => Promise<void>) => async () => {
    setDoing(what);
    await attempt(store, work);
    setDoing(null);
  };
  const verify = run("verify", async () => {
    const { dropped } = await client.call("models.verify", { id: model.id });
    say(
      dropped.length === 0
        ? `Every byte of ${model.name} is as it was installed.`
        : `${model.name} is whole; its int8 form was damaged and is made anew when it is needed.`,
    );
  });
  const remove = run("remove", async () => {
    setAsking(null);
    await client.call("models.remove", { id: model.id });
    say(`Removed ${model.name}: ${formatBytes(model.bytesOnDisk)} are free again. Its clips stay.`);
  });
  const askShrink = () => {
    setAsking("shrink");
    if (sizes === null)
      void attempt(store, async () => setSizes(await client.call("models.formats", { id: model.id })));
  };
  const shrink = () =>
    void attempt(store, async () => {
      setAsking(null);
      await client.call("models.repack", { id: model.id, weights: format });
      say(`${model.name} is made once more in ${weightWords[format]}: look into the queue.`);
    });
  return (
    <li className="installed__row">
      <span className="installed__name">{model.name}</span>
      <span className="installed__facts">
        {formatCount(model.parameters)} parameters · runs in {model.precisions.join(" and ")}
        {weights?.measured ? ` · ${weightWords[weights.format]} weights, ${costWords(weights.measured)}` : ""}
        {weights?.refused.map((each) => ` · ${weightWords[each.format]} did not hold up (${costWords(each.measured)})`)}
        {model.bundled ? " · comes with the studio" : ""}
      </span>
      <span className="installed__size mono">{formatBytes(model.bytesOnDisk)}</span>
      {asking === "shrink" ? (
        <fieldset className="installed__ask" aria-label={`${model.name} in smaller weights`}>
          <WeightsChoice
            value={format}
            onChange={setFormat}
            sizeOf={(each) => sizes?.[each] ?? null}
            about={model.name}
            formats={["fp16", "int8", "4bit"]}
          />
          <Button onClick={() => setAsking(null)}>Not now</Button>
          <Button kind="primary" onClick={shrink}>
            Make and measure
          </Button>
        </fieldset>
      ) : asking === "remove" ? (
        <fieldset className="installed__ask" aria-label={`Remove ${model.name}?`}>
          Remove it from the disk?
          <Button onClick={() => setAsking(null)}>Keep</Button>
          <Button kind="primary" onClick={() => void remove()}>
            Remove
          </Button>
        </fieldset>
      ) : (
        <span className="installed__buttons">
          {doing ? <Spinner /> : null}
          {isWhole ? (
            <Button
              kind="quiet"
              icon={<Shrink size={14} aria-hidden />}
              label={`Make ${model.name} in smaller weights`}
              off={busy}
              onClick={askShrink}
            />
          ) : null}
          <Button
            kind="quiet"
            icon={<ShieldCheck size={14} aria-hidden />}
            label={`Verify ${model.name}: reads every byte`}
            off={busy}
            onClick={() => void verify()}
          />
          <Button
            kind="quiet"
            icon={<Trash2 size={14} aria-hidden />}
            label={`Remove ${model.name}`}
            off={busy ?? (model.bundled ? `${model.name} comes with the studio and stays` : null)}
            onClick={() => setAsking("remove")}
          />
        </span>
      )}
    </li>
  );
}
