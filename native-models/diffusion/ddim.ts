/**
 * Deterministic DDIM sampling with classifier-free guidance, for checkpoints that were not distilled (our starter among them).
 *
 * Sources: J. Song et al., "Denoising Diffusion Implicit Models" (2021), equation 12 with eta 0; T. Salimans, J. Ho, "Progressive
 * Distillation" (2022) for v-prediction; J. Ho, T. Salimans, "Classifier-Free Diffusion Guidance" (2022); S. Lin et al., "Common
 * Diffusion Noise Schedules and Sample Steps are Flawed" (2024) for trailing timesteps, zero terminal SNR and guidance rescale.
 */
import { StudioError } from "../../core/contract/errors.ts";
import { type NoiseSchedule, TRAIN_TIMESTEPS } from "./noise-schedule.ts";

export type Prediction = "eps" | "v";

/**
 * Which timesteps a short run visits.
 * `leading`: 1, c + 1, 2c + 1 … with c = floor(1000 / n), as the latent-diffusion code does; the last step lands on abar_0.
 * `trailing`: round(1000 - i · 1000 / n) - 1, so that the first step sees pure noise; the last step lands on the clean latent.
 */
export type TimestepSpacing = "leading" | "trailing";

export interface DdimOptions {
  /** 1 to 1000. */
  readonly steps: number;
  readonly prediction: Prediction;
  readonly spacing: TimestepSpacing;
  readonly schedule: NoiseSchedule;
}

/** Halves go to the even neighbour, as in Python's and NumPy's round. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Timesteps of an n-step run, descending.
 * Errors: BAD_REQUEST when n is not a whole number from 1 to 1000.
 */
export function ddimTimesteps(steps: number, spacing: TimestepSpacing): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > TRAIN_TIMESTEPS)
    throw new StudioError("BAD_REQUEST", `The number of steps must be a whole number from 1 to ${TRAIN_TIMESTEPS}.`);
  if (spacing === "trailing")
    return Array.from(
      { length: steps },
      (_, i) => roundHalfToEven(TRAIN_TIMESTEPS - (i * TRAIN_TIMESTEPS) / steps) - 1,
    );
  const stride = Math.floor(TRAIN_TIMESTEPS / steps);
  return Array.from({ length: steps }, (_, i) => Math.min((steps - 1 - i) * stride + 1, TRAIN_TIMESTEPS - 1));
}

export interface DdimStepResult {
  readonly previousSample: Float32Array;
  /** Estimate of the clean latent at this step; what a preview shows and, after the last step, what the VAE decodes. */
  readonly denoised: Float32Array;
}

export class DdimScheduler {
  readonly timesteps: readonly number[];
  readonly #alphasCumprod: Float32Array;
  readonly #prediction: Prediction;
  readonly #finalAlpha: number;

  /** Errors: BAD_REQUEST for a bad step count; CHECKPOINT_MISMATCH for eps-prediction on a schedule that ends at zero SNR. */
  constructor(options: DdimOptions) {
    this.timesteps = ddimTimesteps(options.steps, options.spacing);
    this.#alphasCumprod = options.schedule.alphasCumprod;
    this.#prediction = options.prediction;
    this.#finalAlpha = options.spacing === "trailing" ? 1 : this.#alphasCumprod[0]!;
    if (options.prediction === "eps" && this.timesteps.some((t) => this.#alphasCumprod[t] === 0))
      throw new StudioError(
        "CHECKPOINT_MISMATCH",
        "This model's settings cannot be right: noise prediction does not work with a schedule that ends in pure noise.",
      );
  }

  /**
   * One step with eta 0. From eps-prediction: x0 = (x - sqrt(1 - a) eps) / sqrt(a). From v-prediction: x0 = sqrt(a) x - sqrt(1 - a) v
   * and eps = sqrt(a) v + sqrt(1 - a) x. Then x' = sqrt(a') x0 + sqrt(1 - a') eps. Arrays of one length, any shape.
   * @param step 0-based index into `timesteps`.
   */
  step(step: number, modelOutput: Float32Array, sample: Float32Array): DdimStepResult {
    const alpha = this.#alphasCumprod[this.timesteps[step]!]!;
    const next = this.timesteps[step + 1];
    const alphaNext = next === undefined ? this.#finalAlpha : this.#alphasCumprod[next]!;
    const signal = Math.sqrt(alpha);
    const noise = Math.sqrt(1 - alpha);
    const signalNext = Math.sqrt(alphaNext);
    const noiseNext = Math.sqrt(1 - alphaNext);
    const denoised = new Float32Array(sample.length);
    const previousSample = new Float32Array(sample.length);
    const isVelocity = this.#prediction === "v";
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i]!;
      const output = modelOutput[i]!;
      const clean = isVelocity ? signal * x - noise * output : (x - noise * output) / signal;
      const eps = isVelocity ? signal * output + noise * x : output;
      denoised[i] = clean;
      previousSample[i] = signalNext * clean + noiseNext * eps;
    }
    return { previousSample, denoised };
  }
}

/** Standard deviation with n - 1 in the denominator, two passes in float64. */
function standardDeviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * Classifier-free guidance: g = unconditional + scale (conditional - unconditional). With `rescale` φ > 0 the result's standard
 * deviation over the whole clip is pulled towards the conditional one: g' = φ g std(conditional) / std(g) + (1 - φ) g.
 * Works on eps and on v alike. Arrays are one clip's, of one length; scale 1 returns the conditional prediction.
 * @param scale guidance scale, 0 or more.
 * @param rescale φ from 0 (off) to 1.
 */
export function classifierFreeGuidance(
  conditional: Float32Array,
  unconditional: Float32Array,
  scale: number,
  rescale = 0,
): Float32Array {
  const guided = conditional.map((value, i) => unconditional[i]! + scale * (value - unconditional[i]!));
  if (rescale === 0) return guided;
  const deviation = standardDeviation(guided);
  // A constant prediction has no deviation to rescale.
  if (!(deviation > 0)) return guided;
  const factor = rescale * (standardDeviation(conditional) / deviation) + (1 - rescale);
  return guided.map((value) => value * factor);
}
