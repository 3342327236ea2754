import type { Flicks } from "../time/index.ts";
import type { Easing, Keyframe, Parameter } from "./parameters.ts";

/** A parameter's value at a time after the clip's start. Before the first keyframe and after the last it stands still. */
export function valueAt(parameter: Parameter, time: Flicks, mix: Mix = mixNumbers): number {
  if (typeof parameter === "number") return parameter;
  const { keyframes } = parameter;
  const next = keyframes.findIndex((keyframe) => keyframe.time > time);
  if (next === 0) return keyframes[0]!.value;
  if (next < 0) return keyframes.at(-1)!.value;
  const [a, b] = [keyframes[next - 1]!, keyframes[next]!];
  return mix(a.value, b.value, ease(a.easing, (time - a.time) / (b.time - a.time)));
}

/** What lies between two values, `way` from the first to the second. */
type Mix = (from: number, to: number, way: number) => number;
const mixNumbers: Mix = (from, to, way) => from + (to - from) * way;

/**
 * The integral of a parameter over time from 0 to `time` (negative before 0): for speed the media that was played. Exact but for
 * rounding: along a Bézier the area ∫ y dx is a polynomial of the curve's own parameter.
 */
export function integralTo(parameter: Parameter, time: Flicks): number {
  if (typeof parameter === "number") return parameter * time;
  return integralFromFirst(parameter.keyframes, time) - integralFromFirst(parameter.keyframes, 0);
}

function integralFromFirst(keyframes: readonly Keyframe[], time: Flicks): number {
  const first = keyframes[0]!;
  if (time <= first.time) return first.value * (time - first.time);
  let sum = 0;
  for (const [i, a] of keyframes.entries()) {
    const b = keyframes[i + 1];
    if (b === undefined || time <= a.time) return time > a.time ? sum + a.value * (time - a.time) : sum;
    const length = b.time - a.time;
    const x = Math.min(1, (time - a.time) / length);
    sum += a.value * x * length + (b.value - a.value) * length * easeArea(a.easing, x);
    if (time <= b.time) return sum;
  }
  return sum;
}

/** The eased progress, 0 to 1 (beyond, where the curve overshoots), at progress `x` of the time. */
export function ease(easing: Easing, x: number): number {
  if (easing.type === "hold") return x < 1 ? 0 : 1;
  if (easing.type === "linear") return x;
  return cubic(easing.y1, easing.y2, solveBezier(easing.x1, easing.x2, x));
}

/** ∫₀ˣ ease. */
function easeArea(easing: Easing, x: number): number {
  if (easing.type === "hold") return 0;
  if (easing.type === "linear") return (x * x) / 2;
  const s = solveBezier(easing.x1, easing.x2, x);
  const [a, b, c] = coefficients(easing.y1, easing.y2);
  const [d, e, f] = coefficients(easing.x1, easing.x2);
  // y = a s³ + b s² + c s, dx = (3d s² + 2e s + f) ds: their product integrated term by term.
  return (
    s *
    s *
    ((c * f) / 2 +
      s *
        ((2 * c * e + b * f) / 3 +
          s * ((3 * c * d + 2 * b * e + a * f) / 4 + s * ((3 * b * d + 2 * a * e) / 5 + (s * a * d) / 2))))
  );
}

/** Of a Bézier from 0 to 1 with control values p1 and p2: p(s) = a s³ + b s² + c s. */
function coefficients(p1: number, p2: number): [number, number, number] {
  const c = 3 * p1;
  const b = 3 * (p2 - p1) - c;
  return [1 - c - b, b, c];
}

function cubic(p1: number, p2: number, s: number): number {
  const [a, b, c] = coefficients(p1, p2);
  return ((a * s + b) * s + c) * s;
}

/** The s at which a Bézier's x is reached: Newton's steps, kept between bounds that halve where they would leave them. */
function solveBezier(x1: number, x2: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const [a, b, c] = coefficients(x1, x2);
  let [low, high, s] = [0, 1, x];
  for (let i = 0; i < 60; i++) {
    const error = ((a * s + b) * s + c) * s - x;
    if (Math.abs(error) < 1e-14) return s;
    if (error > 0) high = s;
    else low = s;
    const slope = (3 * a * s + 2 * b) * s + c;
    const newton = s - error / slope;
    s = newton > low && newton < high ? newton : (low + high) / 2;
    if (high - low < 1e-16) return s;
  }
  return s;
}

const map = (parameter: Parameter, change: (keyframe: Keyframe) => Keyframe): Parameter =>
  typeof parameter === "number" ? parameter : { keyframes: parameter.keyframes.map(change) };

/** The same movement, `by` later. */
export const shiftKeyframes = (parameter: Parameter, by: Flicks): Parameter =>
  by === 0 ? parameter : map(parameter, (keyframe) => ({ ...keyframe, time: keyframe.time + by }));

/** The same movement, `factor` as long; keyframes that fall together become the later one. */
export function stretchKeyframes(parameter: Parameter, factor: number): Parameter {
  if (typeof parameter === "number") return parameter;
  const times = new Map(parameter.keyframes.map((keyframe) => [Math.round(keyframe.time * factor), keyframe]));
  return { keyframes: [...times].map(([time, keyframe]) => ({ ...keyframe, time })) };
}

/** With this keyframe instead of the one at its time, or between its neighbours. */
export function withKeyframe(parameter: Parameter, keyframe: Keyframe): Parameter {
  const others = typeof parameter === "number" ? [] : parameter.keyframes.filter(({ time }) => time !== keyframe.time);
  return { keyframes: [...others, keyframe].sort((a, b) => a.time - b.time) };
}

/** Without the keyframe at this time; the last one leaves its value behind. */
export function withoutKeyframe(parameter: Parameter, time: Flicks): Parameter {
  if (typeof parameter === "number") return parameter;
  const keyframes = parameter.keyframes.filter((keyframe) => keyframe.time !== time);
  return keyframes.length > 0 ? { keyframes } : parameter.keyframes[0]!.value;
}
