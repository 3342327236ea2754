import type { ModelSummary, Preset } from "../../core/contract/index.ts";
import type { KeyvidConfig } from "./config.ts";
import { presetSteps, presetWork } from "./step-plan.ts";

type Presets = NonNullable<ModelSummary["animation"]>["presets"];

const about: Readonly<Record<Preset, string>> = {
  draft: "A quick look at what Reference would make of this seed: a thirtieth of its work.",
  balanced: "Close to Reference for a tenth of its work.",
  reference: "Every step as the model's authors run it.",
};

/** What the studio suggests. */
export const DEFAULT_PRESET: Preset = "balanced";

/** The ways to run a model, from fastest to most faithful. */
export function presets({ sampler: { guidance } }: KeyvidConfig): Presets {
  return (["draft", "balanced", "reference"] as const).map((id) => {
    const steps = presetSteps(id, guidance);
    return { id, steps, work: presetWork(id, steps, guidance), about: about[id] };
  });
}
