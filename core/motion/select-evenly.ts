/** The studio's own choice of keyframes: what the curve says first, then no gap much wider than another. */
import { peakProminence } from "./find-peaks.ts";

interface Extremes {
  readonly peaks: readonly number[];
  readonly valleys: readonly number[];
}

const KEYFRAMES = 12;
/** Of the twelve, at most this many follow the curve; the rest keep the gaps even. */
const FROM_CURVE = 8;

/**
 * The strongest peaks and valleys by prominence, as many as leave room, added to the locked frames; then the widest gaps are divided
 * until there are twelve. The same curve always gives the same frames.
 * @param locked ascending, the first 0, at most 12
 */
export function selectEvenly(scores: ArrayLike<number>, extremes: Extremes, locked: readonly number[]): number[] {
  const inverted = Array.from(scores, (score) => -score);
  const ranked = [
    ...extremes.peaks.map((frame) => ({ frame, height: peakProminence(scores, frame) })),
    ...extremes.valleys.map((frame) => ({ frame, height: peakProminence(inverted, frame) })),
  ].sort((a, b) => b.height - a.height || a.frame - b.frame);
  const chosen = new Set(locked);
  for (const { frame } of ranked) {
    if (chosen.size >= Math.max(FROM_CURVE, locked.length)) break;
    chosen.add(frame);
  }
  return fillEvenly(
    [...chosen].sort((a, b) => a - b),
    KEYFRAMES,
    scores.length,
  );
}

/**
 * Adds frames to `chosen` until there are `count`, so that the widest gap becomes as narrow as it can: each new frame goes to the
 * gap whose parts are the widest at present, and the frames of a gap stand evenly in it. The end of the segment closes the last gap.
 * @param chosen ascending, the first 0
 */
export function fillEvenly(chosen: readonly number[], count: number, frames: number): number[] {
  const gaps = chosen.map((start, i) => ({ start, length: (chosen[i + 1] ?? frames) - start, parts: 1 }));
  for (let missing = count - chosen.length; missing > 0; missing--) {
    const open = gaps.filter(({ length, parts }) => parts < length);
    const widest = open.reduce((best, gap) => (gap.length / gap.parts > best.length / best.parts ? gap : best));
    widest.parts++;
  }
  return gaps.flatMap(({ start, length, parts }) =>
    Array.from({ length: parts }, (_, k) => start + Math.round((k * length) / parts)),
  );
}
