/**
 * The latent-consistency sampler of T2V-Turbo, as Hummingbird uses it.
 *
 * Sources: S. Luo et al., "Latent Consistency Models" (2023) for the boundary-condition scalings; J. Li et al., "T2V-Turbo" (2024) for
 * the timestep grid and the step rule.
 */
import { StudioError } from "../../core/contract/errors.ts";
import { createNoiseSchedule, type NoiseSchedule, TRAIN_TIMESTEPS } from "../diffusion/noise-schedule.ts";

/** Steps of the solver that the student was distilled from: the grid from which sampling takes its timesteps. */
const LCM_ORIGIN_STEPS = 50;
/** Standard deviation of the data that the consistency model's boundary condition assumes. */
const SIGMA_DATA = 0.5;
/** The consistency model scales time by 10 before the boundary condition. */
const TIMESTEP_SCALING = 10;

/**
 * Timesteps of an n-step run, descending. The origin grid is 20k - 1 for k = 1..50; sampling walks it from its end with stride
 * floor(50 / n), e.g. n = 4 → 999, 759, 519, 279.
 * Errors: BAD_REQUEST when n is not a whole number from 1 to 50.
 */
export function lcmTimesteps(steps: number): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > LCM_ORIGIN_STEPS)
    throw new StudioError("BAD_REQUEST", `The number of steps must be a whole number from 1 to ${LCM_ORIGIN_STEPS}.`);
  const stride = TRAIN_TIMESTEPS / LCM_ORIGIN_STEPS;
  const skip = Math.floor(LCM_ORIGIN_STEPS / steps);
  return Array.from({ length: steps }, (_, i) => (LCM_ORIGIN_STEPS - i * skip) * stride - 1);
}

/** Scalars of one sampling step. */
export interface LcmCoefficients {
  readonly alphaProd: number;
  readonly alphaProdPrevious: number;
  readonly cSkip: number;
  readonly cOut: number;
}

export interface LcmStepResult {
  /** The sample for the next step (noise of the next timestep mixed in). */
  readonly previousSample: Float32Array;
  /** The consistency model's estimate of the clean latent; after the last step this is what the VAE decodes. */
  readonly denoised: Float32Array;
}

/** Latent-consistency sampling. Stateless: every step is a function of its index and arrays. */
export class LcmScheduler {
  readonly timesteps: readonly number[];
  readonly #alphasCumprod: Float32Array;
  readonly #prediction: "eps" | "v";

  /**
   * @param steps 1 to 50.
   * @param schedule training schedule of the checkpoint.
   * @param prediction what the U-Net gives; the official releases predict noise.
   * Errors: CHECKPOINT_MISMATCH for noise prediction where abar reaches 0, because it divides by its root.
   */
  constructor(steps: number, schedule: NoiseSchedule = createNoiseSchedule(), prediction: "eps" | "v" = "eps") {
    this.timesteps = lcmTimesteps(steps);
    this.#alphasCumprod = schedule.alphasCumprod;
    this.#prediction = prediction;
    if (prediction === "eps" && this.timesteps.some((t) => schedule.alphasCumprod[t] === 0))
      throw new StudioError(
        "CHECKPOINT_MISMATCH",
        "This model's settings cannot be right: noise prediction does not work with a schedule that ends in pure noise.",
      );
  }

  /**
   * abar of this and of the next timestep (the last step keeps its own), and
   * c_skip = σ² / (s² + σ²), c_out = s / sqrt(s² + σ²) with s = 10 t, σ = 0.5.
   */
  coefficients(step: number): LcmCoefficients {
    const timestep = this.timesteps[step]!;
    const next = this.timesteps[step + 1] ?? timestep;
    const scaled = timestep * TIMESTEP_SCALING;
    const variance = scaled ** 2 + SIGMA_DATA ** 2;
    return {
      alphaProd: this.#alphasCumprod[timestep]!,
      alphaProdPrevious: this.#alphasCumprod[next]!,
      cSkip: SIGMA_DATA ** 2 / variance,
      cOut: scaled / Math.sqrt(variance),
    };
  }

  /**
   * One step: x0 = (x - sqrt(1 - abar) eps) / sqrt(abar), or sqrt(abar) x - sqrt(1 - abar) v; denoised = c_out x0 + c_skip x;
   * next x = sqrt(abar_prev) denoised + sqrt(1 - abar_prev) noise. A one-step run returns `denoised` as the next x.
   * All arrays have one length (any shape, e.g. [1, 4, T, H, W]); arithmetic is float32 as in PyTorch.
   * @param step 0-based index into `timesteps`.
   */
  step(step: number, modelOutput: Float32Array, sample: Float32Array, noise: Float32Array): LcmStepResult {
    const { alphaProd, alphaProdPrevious, cSkip, cOut } = this.coefficients(step);
    const { fround } = Math;
    const rootAlpha = fround(Math.sqrt(alphaProd));
    const rootBeta = fround(Math.sqrt(fround(1 - alphaProd)));
    const rootAlphaPrevious = fround(Math.sqrt(alphaProdPrevious));
    const rootBetaPrevious = fround(Math.sqrt(fround(1 - alphaProdPrevious)));
    const out = fround(cOut);
    const skip = fround(cSkip);
    const isVelocity = this.#prediction === "v";
    const denoised = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const clean = isVelocity
        ? fround(fround(rootAlpha * sample[i]!) - fround(rootBeta * modelOutput[i]!))
        : fround(fround(sample[i]! - fround(rootBeta * modelOutput[i]!)) / rootAlpha);
      denoised[i] = fround(out * clean) + fround(skip * sample[i]!);
    }
    if (this.timesteps.length === 1) return { previousSample: denoised.slice(), denoised };
    const previousSample = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++)
      previousSample[i] = fround(rootAlphaPrevious * denoised[i]!) + fround(rootBetaPrevious * noise[i]!);
    return { previousSample, denoised };
  }
}
