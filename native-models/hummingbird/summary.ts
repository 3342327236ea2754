import type { ModelSummary } from "../../core/contract/index.ts";
import type { HummingbirdConfig } from "./config.ts";

/** How the studio should ask a Hummingbird: the part of a model's summary that depends on the family. */
export function hummingbirdSummary(model: {
  readonly config: HummingbirdConfig;
  readonly native: { readonly width: number; readonly height: number; readonly frames: number };
}): Pick<ModelSummary, "guidanceKind" | "defaults" | "maxSteps"> {
  const { config, native } = model;
  const { sampler } = config;
  return {
    guidanceKind: sampler.kind === "lcm" ? "embedded" : "classifier-free",
    defaults: {
      width: native.width,
      height: native.height,
      frames: native.frames,
      fps: config.fps,
      steps: sampler.defaultSteps,
      guidance: sampler.defaultGuidance,
      precision: "fp32",
    },
    maxSteps: 50,
  };
}
