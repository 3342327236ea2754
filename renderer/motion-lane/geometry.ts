import { ANIMATION_FPS } from "../../core/contract/index.ts";
import { curveRange } from "../../core/motion/curve.ts";

/** Room at both ends, so that the first diamond is whole. */
const PAD = 16;
/** Narrower frames cannot be told apart with a pointer; the lane then scrolls. */
const MIN_FRAME_WIDTH = 12;

/** Where frames lie in a lane, CSS pixels. */
export interface Scale {
  readonly frames: number;
  /** Of the whole lane, room at the ends included. */
  readonly width: number;
  /** Room at each end. */
  readonly pad: number;
  readonly x: (frame: number) => number;
  /** Frame at a place, with its fraction, within the lane. */
  readonly frameAt: (x: number) => number;
}

export function laneScale(frames: number, visibleWidth: number): Scale {
  const width = Math.max(visibleWidth, frames * MIN_FRAME_WIDTH + 2 * PAD);
  return scaleOf(frames, (width - 2 * PAD) / frames, PAD);
}

/** The scale of a lane on a timeline, which decides how wide a frame is; frame 0 lies at the lane's very edge. */
export const timelineScale = (frames: number, pixelsPerFrame: number): Scale => scaleOf(frames, pixelsPerFrame, 0);

function scaleOf(frames: number, perFrame: number, pad: number): Scale {
  return {
    frames,
    width: frames * perFrame + 2 * pad,
    pad,
    x: (frame) => pad + frame * perFrame,
    frameAt: (x) => Math.min(frames, Math.max(0, (x - pad) / perFrame)),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The outline of a waveform around the middle of its height, as an SVG path. */
export function waveformPath(low: readonly number[], high: readonly number[], scale: Scale, height: number): string {
  const middle = height / 2;
  const reach = height * 0.46;
  const at = (n: number) => round(scale.x((n / high.length) * scale.frames));
  const top = high.map((value, n) => `${at(n)} ${round(middle - Math.max(0.004, value) * reach)}`);
  const bottom = low.map((value, n) => `${at(n)} ${round(middle - Math.min(-0.004, value) * reach)}`).reverse();
  return top.length === 0 ? "" : `M${top.join("L")}L${bottom.join("L")}Z`;
}

/** Heights at which a curve is drawn. */
export interface CurveScale {
  readonly y: (score: number) => number;
  readonly scoreAt: (y: number) => number;
}

const [TOP, BOTTOM] = [12, 8];

export function curveScale(curve: readonly number[], height: number): CurveScale {
  const { low, high } = curveRange(Float32Array.from(curve));
  const reach = height - TOP - BOTTOM;
  return {
    y: (score) => height - BOTTOM - ((score - low) / (high - low)) * reach,
    scoreAt: (y) => Math.min(high, Math.max(low, low + ((height - BOTTOM - y) / reach) * (high - low))),
  };
}

/** A smooth line through a curve's values (Catmull-Rom), as an SVG path. */
export function curvePath(curve: readonly number[], scale: Scale, { y }: CurveScale): string {
  const points = curve.map((score, frame) => [scale.x(frame + 0.5), y(score)] as const);
  const [first] = points;
  if (first === undefined) return "";
  let path = `M${round(first[0])} ${round(first[1])}`;
  for (let n = 0; n < points.length - 1; n += 1) {
    const [a, b, c, d] = [n - 1, n, n + 1, n + 2].map((i) => points[Math.min(points.length - 1, Math.max(0, i))]!) as [
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
    ];
    const from = `${round(b[0] + (c[0] - a[0]) / 6)} ${round(b[1] + (c[1] - a[1]) / 6)}`;
    const to = `${round(c[0] - (d[0] - b[0]) / 6)} ${round(c[1] - (d[1] - b[1]) / 6)}`;
    path += `C${from} ${to} ${round(c[0])} ${round(c[1])}`;
  }
  return path;
}

/** Seconds between the ruler's labels, so that they never touch. */
export function rulerStep({ frames, width, pad }: Scale): number {
  const perSecond = ((width - 2 * pad) / frames) * ANIMATION_FPS;
  return [0.25, 0.5, 1, 2, 5, 10].find((step) => step * perSecond >= 64) ?? 30;
}

/** 12 → "0.50 s". */
export const secondsOf = (frame: number): string => `${(frame / ANIMATION_FPS).toFixed(2)} s`;
