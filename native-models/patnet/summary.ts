import type { ModelSummary } from "../../core/contract/index.ts";
import type { PatnetConfig } from "./config.ts";

/** How the studio should ask a PATNet: the part of a model's summary that depends on the family. It makes no clips. */
export function patnetSummary(model: {
  readonly config: PatnetConfig;
  readonly native: { readonly width: number; readonly height: number };
}): Pick<ModelSummary, "guidanceKind" | "defaults" | "maxSteps" | "vision"> {
  const { config, native } = model;
  return {
    guidanceKind: "none",
    defaults: {
      width: native.width,
      height: native.height,
      frames: 1,
      fps: 1,
      steps: 1,
      guidance: 0,
      precision: "fp32",
    },
    maxSteps: 1,
    vision: {
      tags: config.classifier?.classes ?? 0,
      objects: config.detector?.classes ?? 0,
      words: [...new Set([...(config.classifier?.tags ?? []), ...config.labels])],
    },
  };
}
