import { ShieldCheck, Trash2 } from "lucide-react";
import { useState } from "react";
import type { ModelSummary } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatBytes, formatCount } from "../ui/format.ts";
import { Spinner } from "../ui/Spinner.tsx";

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
  const [isAsking, setIsAsking] = useState(false);
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
    setIsAsking(false);
    await client.call("models.remove", { id: model.id });
    say(`Removed ${model.name}: ${formatBytes(model.bytesOnDisk)} are free again. Its clips stay.`);
  });
  return (
    <li className="installed__row">
      <span className="installed__name">{model.name}</span>
      <span className="installed__facts">
        {formatCount(model.parameters)} parameters · {model.precisions.join(", ")}
        {model.bundled ? " · comes with the studio" : ""}
      </span>
      <span className="installed__size mono">{formatBytes(model.bytesOnDisk)}</span>
      {isAsking ? (
        <fieldset className="installed__ask" aria-label={`Remove ${model.name}?`}>
          Remove it from the disk?
          <Button onClick={() => setIsAsking(false)}>Keep</Button>
          <Button kind="primary" onClick={() => void remove()}>
            Remove
          </Button>
        </fieldset>
      ) : (
        <span className="installed__buttons">
          {doing ? <Spinner /> : null}
          <Button
            kind="quiet"
            icon={<ShieldCheck size={14} aria-hidden />}
            label={`Verify ${model.name}: reads every byte`}
            disabled={doing !== null}
            onClick={() => void verify()}
          />
          <Button
            kind="quiet"
            icon={<Trash2 size={14} aria-hidden />}
            label={model.bundled ? `${model.name} comes with the studio and stays` : `Remove ${model.name}`}
            disabled={doing !== null || model.bundled}
            onClick={() => setIsAsking(true)}
          />
        </span>
      )}
    </li>
  );
}
