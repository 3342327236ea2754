import { ANIMATION_FPS, animationLimits, type ModelSummary } from "../../core/contract/index.ts";
import type { KeyvidConfig } from "./config.ts";
import { DEFAULT_PRESET, presets } from "./presets.ts";
import { modeSteps } from "./step-plan.ts";

/** How the studio should ask a KeyVID: the part of a model's summary that depends on the family. */
export function keyvidSummary(model: {
  readonly config: KeyvidConfig;
  readonly native: { readonly width: number; readonly height: number; readonly frames: number };
}): Pick<ModelSummary, "guidanceKind" | "defaults" | "maxSteps" | "animation"> {
  const { config, native } = model;
  const { sampler } = config;
  return {
    guidanceKind: "three-way",
    defaults: {
      width: native.width,
      height: native.height,
      frames: native.frames,
      fps: ANIMATION_FPS,
      steps: modeSteps[DEFAULT_PRESET],
      guidance: sampler.guidance.text,
      precision: "fp32",
    },
    maxSteps: animationLimits.steps.max,
    animation: { presets: presets(), defaultPreset: DEFAULT_PRESET, guidance: sampler.guidance },
  };
}
