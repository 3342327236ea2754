import type { ModelSummary } from "../../core/contract/index.ts";
import type { KeyvidConfig } from "./config.ts";

type Presets = NonNullable<ModelSummary["animation"]>["presets"];

/** The ways to run a model, from fastest to most faithful. */
export function presets({ sampler }: KeyvidConfig): Presets {
  return [
    { id: "reference", steps: sampler.defaultSteps, work: 1, about: "Every step as the model's authors run it." },
  ];
}
