/**
 * The noise schedule of Stable Diffusion's family.
 *
 * Sources: J. Ho et al., "Denoising Diffusion Probabilistic Models" (2020) for abar; S. Lin et al., "Common Diffusion Noise Schedules
 * and Sample Steps are Flawed" (2024), algorithm 1, for zero terminal SNR.
 */
export const TRAIN_TIMESTEPS = 1000;

export interface NoiseScheduleOptions {
  /** First and last beta of the training schedule. */
  readonly linearStart: number;
  readonly linearEnd: number;
  /** Rescale the betas so that abar of the last step is 0 (S. Lin et al., 2024, algorithm 1). */
  readonly rescaleZeroTerminalSnr?: boolean;
}

export const officialNoiseSchedule: NoiseScheduleOptions = { linearStart: 0.00085, linearEnd: 0.012 };

export interface NoiseSchedule {
  /** float32, [1000]. */
  readonly betas: Float32Array;
  /** abar_t = product of (1 - beta) up to and with t; float32, [1000]. */
  readonly alphasCumprod: Float32Array;
}

/**
 * `torch.linspace(start, end, count)` in float32: PyTorch steps from both ends towards the middle, with one rounding per element
 * (a fused multiply-add). Bit-exact against the reference for the official schedule.
 */
function linspaceFloat32(start: number, end: number, count: number): Float32Array {
  const first = Math.fround(start);
  const last = Math.fround(end);
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  const half = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, i) => (i < half ? first + step * i : last - step * (count - i - 1)));
}

/**
 * betas = linspace(sqrt(start), sqrt(end), 1000)² in float32, abar = cumulative product of 1 - beta (accumulated in float64,
 * stored in float32, as PyTorch's CPU kernel does).
 * With `rescaleZeroTerminalSnr` sqrt(abar) is shifted and scaled so that its last value is 0 and its first is kept.
 */
export function createNoiseSchedule(options: NoiseScheduleOptions = officialNoiseSchedule): NoiseSchedule {
  const roots = linspaceFloat32(Math.sqrt(options.linearStart), Math.sqrt(options.linearEnd), TRAIN_TIMESTEPS);
  const betas = roots.map((root) => root * root);
  if (!options.rescaleZeroTerminalSnr) {
    let product = 1;
    return {
      betas,
      alphasCumprod: betas.map((beta) => {
        product *= Math.fround(1 - beta);
        return product;
      }),
    };
  }
  let product = 1;
  const rootsOfAbar = Array.from(betas, (beta) => {
    product *= 1 - beta;
    return Math.sqrt(product);
  });
  const first = rootsOfAbar[0]!;
  const last = rootsOfAbar.at(-1)!;
  const abar = rootsOfAbar.map((root) => (((root - last) * first) / (first - last)) ** 2);
  return {
    betas: Float32Array.from(abar, (value, t) => 1 - value / (t === 0 ? 1 : abar[t - 1]!)),
    alphasCumprod: Float32Array.from(abar),
  };
}
