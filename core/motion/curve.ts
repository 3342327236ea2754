/**
 * Motion curves: one score per 1/24 s, as the localiser predicts them and a user draws over them. Curves are values: every edit gives
 * a new one. Scores have no fixed range (the localiser's are about 0 to 1 without being held to it).
 */
import { ANIMATION_FPS, SEGMENT_FRAMES } from "../contract/animation.ts";

/** Scores of a curve that covers this many seconds. */
export function curveLength(seconds: number): number {
  return Math.max(1, Math.ceil(seconds * ANIMATION_FPS - 1e-6));
}

/** A point of a drawn stroke. */
export interface CurvePoint {
  /** Index on the curve, fractions allowed. */
  readonly at: number;
  readonly score: number;
}

/** The curve with a stroke drawn over it: straight lines between the points, in whatever direction the hand moved. */
export function drawOnCurve(curve: Float32Array, stroke: readonly CurvePoint[]): Float32Array {
  const drawn = curve.slice();
  const put = (index: number, score: number) => {
    if (index >= 0 && index < drawn.length) drawn[index] = score;
  };
  for (const { at, score } of stroke) put(Math.round(at), score);
  stroke.forEach((point, i) => {
    const next = stroke[i + 1];
    if (!next) return;
    const [left, right] = point.at <= next.at ? [point, next] : [next, point];
    for (let index = Math.ceil(left.at); index <= right.at; index++) {
      const share = right.at === left.at ? 1 : (index - left.at) / (right.at - left.at);
      put(index, left.score + (right.score - left.score) * share);
    }
  });
  return drawn;
}

/** Each score replaced by the mean of those up to `radius` away; the ends average what they have. */
export function smoothCurve(curve: Float32Array, radius: number): Float32Array {
  return curve.map((_, i) => {
    const near = curve.subarray(Math.max(0, i - radius), i + radius + 1);
    return near.reduce((sum, score) => sum + score, 0) / near.length;
  });
}

/** `share` of the second curve and the rest of the first; the shorter one's length. @param share 0 to 1 */
export function blendCurves(first: Float32Array, second: Float32Array, share: number): Float32Array {
  const length = Math.min(first.length, second.length);
  return first.subarray(0, length).map((score, i) => score + (second[i]! - score) * share);
}

/** The range that a lane draws a curve in: its own, and never less than 0 to 1, so that small noise is not drawn as motion. */
export function curveRange(curve: Float32Array): { low: number; high: number } {
  let [low, high] = [0, 1];
  for (const score of curve) [low, high] = [Math.min(low, score), Math.max(high, score)];
  return { low, high };
}

/** The 48 scores of a segment that starts at `frame`; beyond the curve's ends its last (or first) score holds. */
export function segmentScores(curve: Float32Array, frame: number): Float32Array {
  return Float32Array.from({ length: SEGMENT_FRAMES }, (_, i) => {
    const at = Math.min(curve.length - 1, Math.max(0, frame + i));
    return curve[at] ?? 0;
  });
}

/** The frame nearest to the nearest of `times`, when that is within `within` frames; otherwise `frame` itself. */
export function snapFrame(frame: number, times: readonly number[], within: number): number {
  let best = frame;
  let distance = within;
  for (const seconds of times) {
    const off = Math.abs(seconds * ANIMATION_FPS - frame);
    if (off <= distance) [best, distance] = [Math.round(seconds * ANIMATION_FPS), off];
  }
  return best;
}
