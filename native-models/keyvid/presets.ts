import type { ModelSummary, Preset } from "../../core/contract/index.ts";
import { modeSteps, REFERENCE_STEPS } from "./step-plan.ts";

type Presets = NonNullable<ModelSummary["animation"]>["presets"];

const about: Readonly<Record<Preset, string>> = {
  draft: "A quick look at what Reference would make of this seed, for a thirtieth of its work.",
  balanced: "Close to Reference, for a tenth of its work.",
  reference: "Every step as the model's authors run it.",
};

/** What the studio suggests. */
export const DEFAULT_PRESET: Preset = "balanced";

/** The ways to run a model, from fastest to most faithful. */
export function presets(): Presets {
  return (["draft", "balanced", "reference"] as const).map((id) => ({
    id,
    steps: modeSteps[id],
    work: modeSteps[id] / REFERENCE_STEPS,
    about: about[id],
  }));
}
