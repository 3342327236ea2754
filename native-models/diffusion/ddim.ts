/**
 * DDIM sampling with classifier-free guidance, for checkpoints that were not distilled (our starters among them).
 *
 * Sources: J. Song et al., "Denoising Diffusion Implicit Models" (2021), equations 12 and 16; T. Salimans, J. Ho, "Progressive
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
  /** Noise level that the last step lands on: `clean`, or `first`, abar_0. Default: as the spacing's convention has it. */
  readonly landing?: "clean" | "first";
  /** Share of fresh noise in each step: 0 (default) is deterministic, 1 is as noisy as ancestral sampling. */
  readonly eta?: number;
  /** Scale that the data had at each training timestep, [1000]; default 1 everywhere. See `dynamicScale`. */
  readonly dataScale?: Float32Array;
}

/**
 * Scale of the data at each training timestep of DynamiCrafter's family, [1000]: from 1 at t = 0 down to 0.7 at t = 399, then constant
 * (J. Xing et al., "DynamiCrafter", 2023; KEYVID.md, 5). Each step brings the estimate from its own scale to the next one's.
 */
export function dynamicScale(): Float32Array {
  const [lowest, reached] = [0.7, 400];
  return Float32Array.from({ length: TRAIN_TIMESTEPS }, (_, t) =>
    t < reached ? 1 + ((lowest - 1) * t) / (reached - 1) : lowest,
  );
}

/** What one step multiplies with. */
export interface DdimStep {
  /** Training timestep that the sample is at. */
  readonly t: number;
  /** abar here and where the step lands. */
  readonly alpha: number;
  readonly alphaNext: number;
  /** Standard deviation of the fresh noise. */
  readonly sigma: number;
  /** sqrt(1 - alphaNext - sigma²), never NaN. */
  readonly direction: number;
  /** Scale of the data here and where the step lands. */
  readonly scale: number;
  readonly scaleNext: number;
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

const { fround } = Math;

export class DdimScheduler {
  readonly timesteps: readonly number[];
  /** In the order in which they are taken. */
  readonly steps: readonly DdimStep[];
  readonly #prediction: Prediction;

  /** Errors: BAD_REQUEST for a bad step count; CHECKPOINT_MISMATCH for eps-prediction on a schedule that ends at zero SNR. */
  constructor(options: DdimOptions) {
    const { alphasCumprod } = options.schedule;
    this.timesteps = ddimTimesteps(options.steps, options.spacing);
    this.#prediction = options.prediction;
    const landing = options.landing ?? (options.spacing === "trailing" ? "clean" : "first");
    const { eta = 0, dataScale } = options;
    this.steps = this.timesteps.map((t, i) => {
      const next = this.timesteps[i + 1];
      const alpha = alphasCumprod[t]!;
      const alphaNext = next === undefined ? (landing === "clean" ? 1 : alphasCumprod[0]!) : alphasCumprod[next]!;
      const sigma = fround(eta * Math.sqrt(((1 - alphaNext) / (1 - alpha)) * (1 - alpha / alphaNext)));
      // In float32, as the reference computes it, this can fall below 0 by a rounding; the root would be NaN.
      const rest = sigma === 0 ? 1 - alphaNext : Math.max(0, fround(fround(1 - alphaNext) - fround(sigma * sigma)));
      const direction = Math.sqrt(rest);
      const scale = dataScale?.[t] ?? 1;
      // The reference leaves the estimate of the last step at its own scale.
      const scaleNext = next === undefined ? scale : (dataScale?.[next] ?? 1);
      return { t, alpha, alphaNext, sigma, direction, scale, scaleNext };
    });
    if (options.prediction === "eps" && this.steps.some(({ alpha }) => alpha === 0))
      throw new StudioError(
        "CHECKPOINT_MISMATCH",
        "This model's settings cannot be right: noise prediction does not work with a schedule that ends in pure noise.",
      );
  }

  /**
   * One step. From eps-prediction: x0 = (x - sqrt(1 - a) eps) / sqrt(a). From v-prediction: x0 = sqrt(a) x - sqrt(1 - a) v and
   * eps = sqrt(a) v + sqrt(1 - a) x. Then x' = sqrt(a') x0 s'/s + sqrt(1 - a' - sigma²) eps + sigma z. Arrays of one length, any shape.
   * @param step 0-based index into `timesteps`.
   * @param noise standard normal z; needed when eta is not 0
   */
  step(step: number, modelOutput: Float32Array, sample: Float32Array, noise?: Float32Array): DdimStepResult {
    const { alpha, alphaNext, sigma, direction, scale, scaleNext } = this.steps[step]!;
    if (sigma > 0 && !noise) throw new Error("A step with eta above 0 needs noise.");
    const signal = Math.sqrt(alpha);
    const disturbance = Math.sqrt(1 - alpha);
    const signalNext = Math.sqrt(alphaNext);
    const rescale = scaleNext / scale;
    const denoised = new Float32Array(sample.length);
    const previousSample = new Float32Array(sample.length);
    const isVelocity = this.#prediction === "v";
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i]!;
      const output = modelOutput[i]!;
      const clean = (isVelocity ? signal * x - disturbance * output : (x - disturbance * output) / signal) * rescale;
      const eps = isVelocity ? signal * output + disturbance * x : output;
      denoised[i] = clean;
      previousSample[i] = signalNext * clean + direction * eps + (noise ? sigma * noise[i]! : 0);
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
 * Guidance rescale: pulls the standard deviation of a guided prediction towards the conditional one's, φ g std(conditional) / std(g) +
 * (1 - φ) g (S. Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed", 2024).
 * @param rescale φ from 0 (off) to 1.
 */
export function rescaleGuidance(guided: Float32Array, conditional: Float32Array, rescale: number): Float32Array {
  if (rescale === 0) return guided;
  const deviation = standardDeviation(guided);
  // A constant prediction has no deviation to rescale.
  if (!(deviation > 0)) return guided;
  const factor = rescale * (standardDeviation(conditional) / deviation) + (1 - rescale);
  return guided.map((value) => value * factor);
}

/**
 * Classifier-free guidance: g = unconditional + scale (conditional - unconditional), then `rescaleGuidance`.
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
  return rescaleGuidance(guided, conditional, rescale);
}
