import "./styles.css";
import { Blend, Copy, Trash2 } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Style } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { plural } from "../ui/format.ts";
import { SliderField } from "../ui/SliderField.tsx";

/** Styles as cards, each with its strength, and the model that is to be made with those that are chosen. */
export function Styles() {
  const { actions, client, store } = useStudio();
  const [styles, setStyles] = useState<readonly Style[]>([]);
  const [strengths, setStrengths] = useState<ReadonlyMap<string, number>>(new Map());
  const [base, setBase] = useState<string | null>(null);
  const models = useSelect((state) => state.models);
  const ended = useSelect((state) => state.jobs.filter((job) => job.kind === "convert" && job.state === "done").length);
  const refresh = useCallback(
    () => void attempt(store, async () => setStyles(await client.call("styles.list", {}))),
    [client, store],
  );
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- a conversion that ended may have been a dropped style
  useEffect(refresh, [refresh, ended]);
  const bases = models.filter(({ family }) => family === "hummingbird");
  const model = bases.find(({ id }) => id === base) ?? bases[0];
  if (styles.length === 0)
    return (
      <p className="models__empty">None yet. Drop a LoRA for Hummingbird on the right, and it becomes a card here.</p>
    );
  const choose = (id: string, strength: number | null) => {
    const next = new Map(strengths);
    if (strength === null) next.delete(id);
    else next.set(id, strength);
    setStrengths(next);
  };
  const chosen = styles.filter(({ id }) => strengths.has(id));
  const mix = () =>
    void attempt(store, async () => {
      const wish = chosen.map(({ id }) => ({ id, strength: strengths.get(id)! }));
      const job = await client.call("styles.mix", { model: model!.id, styles: wish });
      const name = "title" in job ? job.title : "The model";
      store.setState({
        announcement: `${name} is being made.`,
        notice: { text: `${name} is being made.`, kind: "plain", undo: null },
      });
    });
  return (
    <>
      <ul className="styles">
        {styles.map((style) => (
          <StyleCard
            key={style.id}
            style={style}
            strength={strengths.get(style.id) ?? null}
            onStrength={(strength) => choose(style.id, strength)}
            onCopy={() => void actions.copy(style.triggers.join(", "), "Trigger words")}
            onRemove={() =>
              void attempt(store, async () => {
                await client.call("styles.remove", { id: style.id });
                choose(style.id, null);
                refresh();
              })
            }
          />
        ))}
      </ul>
      <div className="styles__mix">
        <label htmlFor="style-base">Make</label>
        <select
          id="style-base"
          className="field"
          value={model?.id ?? ""}
          onChange={(event) => setBase(event.target.value)}
        >
          {bases.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <span className="models__facts">
          with {chosen.length === 0 ? "the styles that you choose above" : plural(chosen.length, "style")}
        </span>
        <Button
          kind="primary"
          icon={<Blend size={14} aria-hidden />}
          off={
            model === undefined
              ? "No model takes styles: install a Hummingbird first."
              : chosen.length === 0
                ? "Choose the styles to mix above."
                : null
          }
          onClick={mix}
        >
          Mix
        </Button>
      </div>
    </>
  );
}

interface CardProps {
  readonly style: Style;
  /** Null: not chosen. */
  readonly strength: number | null;
  readonly onStrength: (strength: number | null) => void;
  readonly onCopy: () => void;
  readonly onRemove: () => void;
}

function StyleCard({ style, strength, onStrength, onCopy, onRemove }: CardProps) {
  const picture = usePicture(style.preview);
  return (
    <li className="style" aria-label={style.name} data-chosen={strength !== null}>
      {picture === null ? (
        <span className="style__picture" aria-hidden>
          <Blend size={22} />
        </span>
      ) : (
        <img className="style__picture" src={picture} alt="" />
      )}
      <div className="style__words">
        <label className="style__name">
          <input
            type="checkbox"
            checked={strength !== null}
            onChange={(event) => onStrength(event.target.checked ? 1 : null)}
          />
          {style.name}
        </label>
        {style.about === "" ? null : <p className="style__about">{style.about}</p>}
        {style.triggers.length === 0 ? null : (
          <p className="style__triggers">
            Write “{style.triggers.join(", ")}”
            <Button
              kind="quiet"
              icon={<Copy size={12} aria-hidden />}
              label={`Copy the words of ${style.name}`}
              onClick={onCopy}
            />
          </p>
        )}
        <p className="style__licence">Licence: {style.licence}</p>
      </div>
      <Button
        kind="quiet"
        icon={<Trash2 size={14} aria-hidden />}
        label={`Remove the style ${style.name}`}
        onClick={onRemove}
      />
      {strength === null ? null : (
        <div className="style__strength">
          <SliderField
            label={`Strength of ${style.name}`}
            min={-2}
            max={2}
            step={0.05}
            value={strength}
            onChange={onStrength}
          />
        </div>
      )}
    </li>
  );
}

/** A data URL as one that the page's policy lets it show. */
function usePicture(url: string | null): string | null {
  const shown = useMemo(() => {
    const match = /^data:(image\/[a-z]+);base64,(.+)$/.exec(url ?? "");
    if (match === null) return null;
    const bytes = Uint8Array.from(atob(match[2]!), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type: match[1]! }));
  }, [url]);
  useEffect(() => () => void (shown !== null && URL.revokeObjectURL(shown)), [shown]);
  return shown;
}
