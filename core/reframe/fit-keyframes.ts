/** Few eased keyframes through many values. */
import type { Easing } from "../timeline/parameters.ts";

/** A keyframe in any unit of time. */
export interface FittedKeyframe {
  readonly time: number;
  readonly value: number;
  /** The way to the next. */
  readonly easing: Easing;
}

/** Limits of a Bézier's y in the document. */
const [LOWEST, HIGHEST] = [-2, 3];

/**
 * Keyframes whose curve stays within `tolerance` of every value. A way between two keyframes is a cubic Hermite curve, which a Bézier with
 * x1 = 1/3 and x2 = 2/3 is exactly; where the curve would leave its limits it is a straight line. Ways that are too far off are halved
 * where they are worst (as J. Ramer 1972 and D. Douglas, T. Peucker 1973 do with lines).
 * @param times ascending
 */
export function fitKeyframes(times: readonly number[], values: readonly number[], tolerance: number): FittedKeyframe[] {
  const last = times.length - 1;
  if (last < 0) return [];
  const keyframes: FittedKeyframe[] = [];
  const todo: (readonly [number, number])[] = [[0, last]];
  while (todo.length > 0) {
    const [from, to] = todo.pop()!;
    if (to <= from) continue;
    const easing = easingBetween(times, values, from, to);
    let [worst, error] = [-1, tolerance];
    for (let i = from + 1; i < to; i++) {
      const off = Math.abs(
        values[from]! + (values[to]! - values[from]!) * progress(easing, share(times, from, to, i)) - values[i]!,
      );
      if (off > error) [worst, error] = [i, off];
    }
    if (worst < 0) keyframes.push({ time: times[from]!, value: values[from]!, easing });
    else todo.push([worst, to], [from, worst]);
  }
  keyframes.push({ time: times[last]!, value: values[last]!, easing: { type: "linear" } });
  // What never moves needs one.
  return keyframes.length === 2 && Math.abs(keyframes[0]!.value - keyframes[1]!.value) <= tolerance
    ? [{ ...keyframes[0]!, easing: { type: "linear" } }]
    : keyframes;
}

const share = (times: readonly number[], from: number, to: number, i: number): number =>
  (times[i]! - times[from]!) / (times[to]! - times[from]!);

/** Slopes are those of the neighbours; at the ends of a path those of the parabola through the last three values. */
function easingBetween(times: readonly number[], values: readonly number[], from: number, to: number): Easing {
  const rise = values[to]! - values[from]!;
  if (Math.abs(rise) < 1e-9) return { type: "linear" };
  const length = times[to]! - times[from]!;
  const slope = (i: number): number => {
    const inward = i === 0 ? 1 : i === times.length - 1 ? -1 : 0;
    if (inward !== 0) {
      const [next, far] = [i + inward, i + 2 * inward];
      if (values[far] === undefined) return (values[next]! - values[i]!) / (times[next]! - times[i]!);
      return (4 * values[next]! - 3 * values[i]! - values[far]) / (times[far]! - times[i]!);
    }
    return (values[i + 1]! - values[i - 1]!) / (times[i + 1]! - times[i - 1]!);
  };
  const y1 = (slope(from) * length) / (3 * rise);
  const y2 = 1 - (slope(to) * length) / (3 * rise);
  if (!(y1 >= LOWEST && y1 <= HIGHEST && y2 >= LOWEST && y2 <= HIGHEST)) return { type: "linear" };
  return { type: "bezier", x1: 1 / 3, y1, x2: 2 / 3, y2 };
}

/** Progress of a fitted way: with x1 = 1/3 and x2 = 2/3 the curve's parameter is the time itself. */
function progress(easing: Easing, s: number): number {
  if (easing.type !== "bezier") return s;
  const t = 1 - s;
  return 3 * t * t * s * easing.y1 + 3 * t * s * s * easing.y2 + s ** 3;
}
