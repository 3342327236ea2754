import type { CropPath } from "./crop-path.ts";
import { fitKeyframes, type FittedKeyframe } from "./fit-keyframes.ts";

/** The crop's centre as two curves of keyframes; times in seconds, values in parts of the picture's width and height. */
export interface CropKeyframes {
  readonly x: readonly FittedKeyframe[];
  readonly y: readonly FittedKeyframe[];
}

/** Parts of the picture that keyframes may be off the path. */
const TOLERANCE = 0.004;

/** Paths one after another as keyframes: within a path eased, from one to the next held and then a jump. */
export function cropKeyframes(paths: readonly CropPath[], tolerance = TOLERANCE): CropKeyframes {
  const along = (axis: "x" | "y"): FittedKeyframe[] => {
    const all = paths.flatMap((path, i) => {
      const fitted = fitKeyframes(path.times, path[axis], tolerance);
      // The last one of a shot stands where the next shot begins: it ends there, and its value is not seen any more.
      const isLast = i === paths.length - 1;
      if (isLast) return fitted;
      const kept = fitted.length > 1 ? cutBefore(fitted, path.end) : fitted;
      return [...kept.slice(0, -1), { ...kept.at(-1)!, easing: { type: "hold" as const } }];
    });
    const first = all[0]?.value;
    return first !== undefined && all.every(({ value }) => Math.abs(value - first) <= tolerance)
      ? [{ ...all[0]!, easing: { type: "linear" } }]
      : all;
  };
  return { x: along("x"), y: along("y") };
}

/** A hair before the cut, seconds: shorter than any frame. */
const HAIR = 1e-4;

const cutBefore = (keyframes: readonly FittedKeyframe[], end: number): FittedKeyframe[] =>
  keyframes.map((keyframe) => (keyframe.time >= end ? { ...keyframe, time: end - HAIR } : keyframe));
