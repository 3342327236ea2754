import "./offer.css";
import { X } from "lucide-react";
import type { ClipRecord } from "../../core/contract/index.ts";
import { useSelect, useStudio } from "../state/context.ts";
import { offerWords, promptOf } from "../state/restore.ts";
import { Button } from "../ui/Button.tsx";
import { formatLength } from "../ui/format.ts";
import { presetWords } from "../ui/words.ts";

/** What a file that came in says of how it was made, each ready to be made again. It stands aside of the work and waits. */
export function OfferCard() {
  const { restore } = useStudio();
  const offer = useSelect((state) => state.offer);
  if (offer === null) return null;
  return (
    <section className="offer" aria-label="How it was made">
      <header className="offer__head">
        <h2 className="offer__title">{offerWords(offer)}</h2>
        <Button kind="quiet" icon={<X size={14} aria-hidden />} label="Close" onClick={restore.dismiss} />
      </header>
      <ul className="offer__records">
        {offer.records.map((record, n) => (
          // Records have no ids; the list never changes while it is shown.
          // oxlint-disable-next-line react/no-array-index-key -- see above
          <Record key={n} record={record} onUse={() => restore.use(record)} />
        ))}
      </ul>
    </section>
  );
}

function Record({ record, onUse }: { readonly record: ClipRecord; readonly onUse: () => void }) {
  const { request, model } = record;
  const prompt = promptOf(record);
  return (
    <li className="offer__record">
      <p className="offer__prompt">
        <span className="offer__star" aria-hidden>
          ✦
        </span>
        {prompt === null ? (
          <span className="offer__none">The prompt was left out.</span>
        ) : (
          <span>{prompt === "" ? inputsOf(record) : prompt}</span>
        )}
      </p>
      {prompt !== "" && record.schema === "plume.animation/1" ? (
        <p className="offer__facts">{inputsOf(record)}</p>
      ) : null}
      <p className="offer__facts mono">
        {[
          `Seed ${request.seed}`,
          `${request.width}×${request.height}`,
          formatLength(request.frames, request.fps),
          record.schema === "plume.animation/1" ? presetWords[record.request.preset] : `${request.steps} steps`,
          model.name,
        ].join(" · ")}
      </p>
      <Button onClick={onUse}>Use in Create</Button>
    </li>
  );
}

/** What an animation was made of. */
function inputsOf(record: ClipRecord): string {
  if (record.schema !== "plume.animation/1") return "";
  const { picture, sound } = record.inputs;
  return `${picture.name || "A picture"} with ${sound.name || "a sound"}`;
}
