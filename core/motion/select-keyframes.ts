/**
 * Which 12 of a segment's 48 frames become keyframes: chosen from the motion curve, either exactly as the KeyVID reference draws them
 * or evenly and without chance, which is the studio's way. Locked frames are always kept.
 */
import { ANIMATION_FPS, SEGMENT_FRAMES, SEGMENT_KEYFRAMES, type Selection } from "../contract/animation.ts";
import { StudioError } from "../contract/errors.ts";
import { NumpyRandom } from "../random/numpy-random.ts";
import { PythonRandom } from "../random/python-random.ts";
import { findPeaks } from "./find-peaks.ts";
import { fillEvenly, selectEvenly } from "./select-evenly.ts";

export interface Extremes {
  /** Ascending frame indices. */
  readonly peaks: readonly number[];
  readonly valleys: readonly number[];
}

/** Peaks and valleys of a motion curve that are 5 samples apart and stand out by 0.1, as the reference finds them. */
export function motionExtremes(scores: ArrayLike<number>): Extremes {
  const options = { distance: 5, prominence: 0.1 };
  return {
    peaks: findPeaks(scores, options),
    valleys: findPeaks(
      Array.from(scores, (score) => -score),
      options,
    ),
  };
}

/** The three kinds of draws that the reference makes; injected so that its logic can be tested with recorded draws. */
export interface SelectionRandom {
  /** `count` of the pool without replacement, in the order drawn. */
  without(pool: readonly number[], count: number): number[];
  /** One of the pool. */
  one(pool: readonly number[]): number;
  /** Uniform in [0, 1). */
  uniform(): number;
}

/** The reference's generators after `numpy.random.seed(seed); random.seed(seed)`. @param seed 0 to 2^32 - 1 */
export function referenceRandom(seed: number): SelectionRandom {
  const numpy = new NumpyRandom(seed);
  const python = new PythonRandom(seed);
  return {
    without: (pool, count) => numpy.without(pool, count),
    one: (pool) => numpy.one(pool),
    uniform: () => python.random(),
  };
}

/** At most this many peaks are drawn. */
const PEAKS_DRAWN = SEGMENT_KEYFRAMES / 2;

/**
 * The reference's selection, draw for draw: up to six peaks, a valley between each two of them, then extra indices between, of which
 * all that are still missing fall before the last peak. (It is not the even distribution that its paper describes.)
 * Source: KeyVID's `select_keyframe`, behaviour only.
 * @returns 12 ascending indices, the first 0
 */
export function selectAsReference({ peaks, valleys }: Extremes, random: SelectionRandom): number[] {
  let chosen = peaks.length === 0 ? [0, 44] : drawExtremes(peaks, valleys, random);
  if (chosen.length < SEGMENT_KEYFRAMES) chosen = fillIntervals(chosen, random);
  if (chosen.length > SEGMENT_KEYFRAMES) return chosen.slice(0, SEGMENT_KEYFRAMES);
  if (chosen.length === SEGMENT_KEYFRAMES) return chosen;
  const taken = new Set(chosen);
  const unused = Array.from({ length: SEGMENT_FRAMES }, (_, i) => i).filter((i) => !taken.has(i));
  return ascending([...chosen, ...random.without(unused, SEGMENT_KEYFRAMES - chosen.length)]);
}

function drawExtremes(peaks: readonly number[], valleys: readonly number[], random: SelectionRandom): number[] {
  const drawn = ascending([0, ...random.without(peaks, Math.min(PEAKS_DRAWN, peaks.length))]);
  const between = drawn.slice(1).flatMap((end, i) => {
    const inside = valleys.filter((valley) => valley > drawn[i]! && valley < end);
    return inside.length === 0 ? [] : [random.one(inside)];
  });
  return ascending([...drawn, ...between]);
}

/** One pass over the intervals: each but the last gets an extra index by chance, the last one all that are still missing. */
function fillIntervals(chosen: readonly number[], random: SelectionRandom): number[] {
  let missing = SEGMENT_KEYFRAMES - chosen.length;
  const total = chosen.at(-1)! - chosen[0]!;
  const extra = chosen.slice(1).flatMap((end, i) => {
    const start = chosen[i]!;
    const isLast = i === chosen.length - 2;
    const count = isLast && missing > 0 ? missing : Number(random.uniform() < (end - start) / total);
    const added = Math.min(count, missing);
    missing -= added;
    const spacing = (end - start) / (added + 1);
    return Array.from({ length: added }, (_, k) => Math.trunc(start + (k + 1) * spacing));
  });
  return ascending([...chosen, ...extra]);
}

/** Sorted, each number once. */
function ascending(indices: readonly number[]): number[] {
  return [...new Set(indices)].sort((a, b) => a - b);
}

export interface SelectionOptions {
  /** `even`: the strongest peaks and valleys, then the widest gaps divided; no chance. `reference`: as the KeyVID code draws them. */
  readonly mode: Selection;
  /** Seed of the reference's draws, 0 to 2^32 - 1; `even` needs none. */
  readonly seed: number;
  /** Frames that must be among the twelve. */
  readonly locked?: readonly number[];
}

/**
 * Twelve keyframes for one segment's motion curve.
 * @param scores 48 motion scores
 * @returns 12 ascending indices from 0 to 47, the first 0, with every locked frame among them
 * Errors: BAD_REQUEST when there are too many locked frames, or one lies outside the segment.
 */
export function selectKeyframes(scores: ArrayLike<number>, options: SelectionOptions): number[] {
  const locked = checkLocked(options.locked ?? []);
  const extremes = motionExtremes(scores);
  if (options.mode === "even") return selectEvenly(scores, extremes, locked);
  const drawn = selectAsReference(extremes, referenceRandom(options.seed));
  return keepLocked(drawn, locked);
}

function checkLocked(locked: readonly number[]): number[] {
  if (locked.some((frame) => !Number.isInteger(frame) || frame < 0 || frame >= SEGMENT_FRAMES))
    throw new StudioError("BAD_REQUEST", `A keyframe must be a whole number from 0 to ${SEGMENT_FRAMES - 1}.`);
  const all = ascending([0, ...locked]);
  if (all.length > SEGMENT_KEYFRAMES)
    throw new StudioError(
      "BAD_REQUEST",
      `At most ${SEGMENT_KEYFRAMES} keyframes fit into ${SEGMENT_FRAMES / ANIMATION_FPS} seconds, the first frame being one: unlock ${all.length - SEGMENT_KEYFRAMES}.`,
    );
  return all;
}

/** Each locked frame that was not drawn takes the place of the nearest drawn one that is free. */
function keepLocked(drawn: readonly number[], locked: readonly number[]): number[] {
  const kept = new Set(drawn);
  for (const frame of locked) {
    if (kept.has(frame)) continue;
    const free = [...kept].filter((index) => !locked.includes(index));
    const nearest = free.reduce((best, index) => (Math.abs(index - frame) < Math.abs(best - frame) ? index : best));
    kept.delete(nearest);
    kept.add(frame);
  }
  return ascending([...kept]);
}

/** Exactly twelve keyframes out of what a user placed: the missing ones are filled in evenly. Errors as `selectKeyframes`. */
export function completeKeyframes(placed: readonly number[]): number[] {
  return fillEvenly(checkLocked(placed), SEGMENT_KEYFRAMES, SEGMENT_FRAMES);
}
