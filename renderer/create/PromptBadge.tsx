import { CircleAlert, CircleCheck } from "lucide-react";
import { checkSentence, type PromptCheck } from "../../core/vision/index.ts";

/** Whether a clip shows what its prompt asked for, in a few words; all of it in the tooltip and for screen readers. */
export function PromptBadge({ check }: { readonly check: PromptCheck }) {
  const { seen, missing } = check;
  const isWhole = missing.length === 0;
  return (
    <span className="tile__check" data-whole={isWhole} title={checkSentence(check)}>
      {isWhole ? <CircleCheck size={11} aria-hidden /> : <CircleAlert size={11} aria-hidden />}
      <span aria-hidden>{isWhole ? `seen: ${seen.join(", ")}` : `not seen: ${missing.join(", ")}`}</span>
      <span className="visually-hidden">{checkSentence(check)}</span>
    </span>
  );
}
