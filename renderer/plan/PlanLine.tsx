import "./plan.css";
import { TriangleAlert } from "lucide-react";
import type { DeviceId, Plan } from "../../core/contract/index.ts";
import { formatBytes, formatEstimate } from "../ui/format.ts";

const basisWords = {
  measured: "as measured on clips like this",
  scaled: "scaled from other clips of this model",
  estimated: "estimated from this computer's speed",
} as const;

export const deviceWords: Readonly<Record<DeviceId, string>> = {
  cpu: "processor",
  webgpu: "graphics (WebGPU)",
  dml: "graphics (DirectML)",
  coreml: "Neural Engine (Core ML)",
  cuda: "graphics (CUDA)",
};

/** "about 3 min · 5.1 GB of memory · fits" */
export function planWords({ seconds, basis, memoryBytes, fits, device }: Plan, variations = 1): string {
  const each = seconds === null ? [] : [formatEstimate(seconds * 1000) + (variations > 1 ? " each" : "")];
  const all = seconds === null || variations < 2 ? [] : [`${formatEstimate(seconds * 1000 * variations)} in all`];
  const where = device === "cpu" ? [] : [`on ${deviceWords[device]}`];
  const how = basis === null || basis === "measured" ? [] : [basisWords[basis]];
  return [
    ...each,
    ...all,
    `${formatBytes(memoryBytes)} of memory`,
    fits ? "fits" : "does not fit",
    ...where,
    ...how,
  ].join(" · ");
}

interface Props {
  readonly plan: Plan;
  /** Clips that are made with it. */
  readonly variations?: number;
  /** What would make it fit was chosen. */
  readonly onAdvice: (change: Plan["advice"][number]["change"]) => void;
}

/** What the clip will take; and where it does not fit, why, and what would make it fit, one press away. */
export function PlanLine({ plan, variations = 1, onAdvice }: Props) {
  const words = planWords(plan, variations);
  if (plan.fits) {
    const title = [plan.basis === null ? [] : `Time ${basisWords[plan.basis]}.`, plan.deviceNote ?? []]
      .flat()
      .join(" ");
    return (
      <span className="plan" title={title === "" ? undefined : title}>
        {words.charAt(0).toUpperCase() + words.slice(1)}
      </span>
    );
  }
  return (
    <span className="plan plan--problem">
      <TriangleAlert size={13} aria-hidden />
      {plan.reason}
      {plan.advice.map(({ text, change }) => (
        <button key={text} type="button" className="plan__advice" onClick={() => onAdvice(change)}>
          Use {text}
        </button>
      ))}
    </span>
  );
}
