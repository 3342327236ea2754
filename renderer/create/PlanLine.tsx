import { TriangleAlert } from "lucide-react";
import type { Plan } from "../../core/contract/index.ts";
import { useStudio } from "../state/context.ts";
import type { Draft } from "../state/draft.ts";
import { formatBytes, formatEstimate } from "../ui/format.ts";

const basisWords = {
  measured: "as measured on clips like this",
  scaled: "scaled from other clips of this model",
  estimated: "estimated from this computer's speed",
} as const;

/** "about 3 min · 5.1 GB · fits" */
export function planWords({ seconds, basis, memoryBytes, fits }: Plan, variations = 1): string {
  const each = seconds === null ? [] : [formatEstimate(seconds * 1000) + (variations > 1 ? " each" : "")];
  const all = seconds === null || variations < 2 ? [] : [`${formatEstimate(seconds * 1000 * variations)} in all`];
  const how = basis === null || basis === "measured" ? [] : [basisWords[basis]];
  return [...each, ...all, `${formatBytes(memoryBytes)} of memory`, fits ? "fits" : "does not fit", ...how].join(" · ");
}

/** What the clip will take; and where it does not fit, why, and what would make it fit, one press away. */
export function PlanLine({ plan, variations }: { readonly plan: Plan; readonly variations: number }) {
  const { actions } = useStudio();
  const words = planWords(plan, variations);
  if (plan.fits)
    return (
      <span className="plan" title={plan.basis === null ? undefined : `Time ${basisWords[plan.basis]}.`}>
        {words.charAt(0).toUpperCase() + words.slice(1)}
      </span>
    );
  return (
    <span className="plan plan--problem">
      <TriangleAlert size={13} aria-hidden />
      {plan.reason}
      {plan.advice.map(({ text, change }) => (
        <button
          key={text}
          type="button"
          className="plan__advice"
          onClick={() => actions.edit(change as Partial<Draft>)}
        >
          Use {text}
        </button>
      ))}
    </span>
  );
}
