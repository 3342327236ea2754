/**
 * How KeyVID's image tower sees a picture (KEYVID.md, 3.2): the whole frame, blurred and squeezed to 224 × 224. Not the usual CLIP
 * preprocessing, which would crop a square. Sources: behaviour of `kornia.geometry.resize` (antialias, bicubic, align_corners) and of
 * PyTorch's bicubic resize (a = -0.75).
 */

export const CLIP_SIDE = 224;
const MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const DEVIATION = [0.26862954, 0.26130258, 0.27577711] as const;
const CUBIC = -0.75;

/** One filter position on a line: input indices and weights. */
interface Taps {
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** Gaussian of this deviation, odd size, with the borders mirrored (the edge sample is not repeated). */
function blurTaps(length: number, factor: number): Taps[] {
  const sigma = Math.max((factor - 1) / 2, 0.001);
  const wanted = Math.trunc(Math.max(4 * sigma, 3));
  const size = wanted % 2 === 0 ? wanted + 1 : wanted;
  const half = size >> 1;
  const raw = Array.from({ length: size }, (_, k) => Math.exp(-((k - half) ** 2) / (2 * sigma ** 2)));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  const weights = raw.map((weight) => weight / sum);
  return Array.from({ length }, (_, i) => ({
    indices: weights.map((_, k) => mirrored(i + k - half, length)),
    weights,
  }));
}

function mirrored(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((index % period) + period) % period;
  return folded < length ? folded : period - folded;
}

/** The kernel of cubic convolution (R. Keys, 1981) within one sample of its centre, and between one and two. */
const near = (x: number) => ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
const far = (x: number) => ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC;

/** Cubic convolution with the corners aligned and the edges repeated. */
function cubicTaps(from: number, to: number): Taps[] {
  return Array.from({ length: to }, (_, i) => {
    const at = (i * (from - 1)) / (to - 1);
    const base = Math.floor(at);
    const t = at - base;
    return {
      indices: [-1, 0, 1, 2].map((k) => Math.min(from - 1, Math.max(0, base + k))),
      weights: [far(t + 1), near(t), near(1 - t), far(2 - t)],
    };
  });
}

/** Applies one filter along the rows and one along the columns of [3, height, width]. */
function separable(image: Float32Array, width: number, height: number, across: Taps[], down: Taps[]): Float32Array {
  const wide = new Float32Array(3 * height * across.length);
  for (let row = 0; row < 3 * height; row++) {
    across.forEach(({ indices, weights }, x) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * image[row * width + indices[k]!]!;
      wide[row * across.length + x] = sum;
    });
  }
  const result = new Float32Array(3 * down.length * across.length);
  for (let channel = 0; channel < 3; channel++) {
    down.forEach(({ indices, weights }, y) => {
      for (let x = 0; x < across.length; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k]! * wide[(channel * height + indices[k]!) * across.length + x]!;
        result[(channel * down.length + y) * across.length + x] = sum;
      }
    });
  }
  return result;
}

/**
 * @param image [3, height, width] of -1 to 1; all zeros (mid grey) stands for "no picture" in guidance
 * @returns [3, 224, 224], normalised
 */
export function clipPicture(image: Float32Array, width: number, height: number): Float32Array {
  const factors = [width / CLIP_SIDE, height / CLIP_SIDE] as const;
  const blurred =
    Math.max(...factors) > 1
      ? separable(image, width, height, blurTaps(width, factors[0]), blurTaps(height, factors[1]))
      : image;
  const squeezed = separable(blurred, width, height, cubicTaps(width, CLIP_SIDE), cubicTaps(height, CLIP_SIDE));
  const plane = CLIP_SIDE * CLIP_SIDE;
  return squeezed.map((value, i) => {
    const channel = Math.floor(i / plane) as 0 | 1 | 2;
    return ((value + 1) / 2 - MEAN[channel]) / DEVIATION[channel];
  });
}
