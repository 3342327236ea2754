/** How good a frame is to stand for a clip. */
import { lumaOf, type Pixels } from "./pixels.ts";

export interface Quality {
  /** Variance of the Laplacian of the luma (J. Pech-Pacheco et al., 2000): larger is sharper; comparable at one size only. */
  readonly sharpness: number;
  /** 1 well exposed, 0 all black or all white. */
  readonly exposure: number;
}

/** Luma up to and from which a pixel has no detail left. */
const BLACK = 12;
const WHITE = 243;

export function qualityOf(picture: Pixels): Quality {
  const luma = lumaOf(picture);
  return { sharpness: laplacianVariance(luma, picture), exposure: exposureOf(luma) };
}

/** Of the 4-neighbour Laplacian, inside the border. */
function laplacianVariance(luma: Float32Array, { width, height }: Pixels): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const value = 4 * luma[i]! - luma[i - 1]! - luma[i + 1]! - luma[i - width]! - luma[i + width]!;
      sum += value;
      squares += value * value;
      count += 1;
    }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}

/** Neither clipped nor far from the middle: the share of pixels with detail, times how near the mean is to middle grey. */
function exposureOf(luma: Float32Array): number {
  let [sum, clipped] = [0, 0];
  for (const value of luma) {
    sum += value;
    if (value <= BLACK || value >= WHITE) clipped += 1;
  }
  const mean = sum / luma.length;
  // Flat from a quarter to three quarters of the range, falling to 0 at its ends.
  const middle = Math.min(1, mean / 64, (255 - mean) / 64);
  return (1 - clipped / luma.length) * middle;
}

/** A frame that may become the poster. */
export interface PosterCandidate extends Quality {
  /** Seconds. */
  readonly time: number;
  /** How much of a subject is seen, 0 to 1. */
  readonly subject: number;
}

/** Seconds from a cut within which a frame is likely to be half of something else. */
const EDGE = 0.25;

/**
 * The best of the candidates: sharp among its kind, well exposed, with a subject in it, and not at a cut. Of equals the earliest.
 * Null of none.
 */
export function bestPoster(
  candidates: readonly PosterCandidate[],
  cuts: readonly number[] = [],
): PosterCandidate | null {
  const sharpest = candidates.reduce((most, { sharpness }) => Math.max(most, sharpness), 0);
  const scoreOf = ({ time, sharpness, exposure, subject }: PosterCandidate): number => {
    // Sharpness varies over orders of magnitude: its root tells a soft frame from a sharp one without drowning the rest.
    const sharp = sharpest > 0 ? Math.sqrt(sharpness / sharpest) : 1;
    const isEdge = cuts.some((cut) => Math.abs(cut - time) < EDGE);
    return sharp * (0.1 + exposure) * (0.6 + 0.4 * subject) * (isEdge ? 0.7 : 1);
  };
  let best: PosterCandidate | null = null;
  for (const candidate of candidates) if (best === null || scoreOf(candidate) > scoreOf(best) + 1e-9) best = candidate;
  return best;
}
