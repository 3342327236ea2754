import { randomInt } from "node:crypto";
import {
  type GenerationRequest,
  limits,
  type ModelSummary,
  type ResolvedRequest,
  StudioError,
} from "../../core/contract/index.ts";

export function randomSeed(): number {
  return randomInt(limits.seed.min, limits.seed.max + 1);
}

/**
 * Fills every absent field with the model's default and a fresh seed, and refuses what this model cannot do.
 * Errors: BAD_REQUEST.
 */
export function resolveRequest(request: GenerationRequest, model: ModelSummary, seed = randomSeed): ResolvedRequest {
  const { defaults } = model;
  const precision = request.precision ?? defaults.precision;
  if (!model.precisions.includes(precision))
    throw new StudioError(
      "BAD_REQUEST",
      `${model.name} was installed without ${precision}: choose ${model.precisions.join(" or ")}.`,
    );
  const steps = request.steps ?? defaults.steps;
  if (steps > model.maxSteps)
    throw new StudioError("BAD_REQUEST", `${model.name} takes at most ${model.maxSteps} steps: choose fewer.`);
  return {
    model: model.id,
    prompt: request.prompt,
    negativePrompt: request.negativePrompt ?? "",
    seed: request.seed ?? seed(),
    width: request.width ?? defaults.width,
    height: request.height ?? defaults.height,
    frames: request.frames ?? defaults.frames,
    fps: request.fps ?? defaults.fps,
    steps,
    guidance: request.guidance ?? defaults.guidance,
    precision,
  };
}

/** The n-th variation (0-based): the same request with the seed n higher, around the end of the range. */
export function variation(request: ResolvedRequest, n: number): ResolvedRequest {
  return { ...request, seed: (request.seed + n) % (limits.seed.max + 1) };
}
