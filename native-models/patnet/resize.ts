/**
 * The two resizings that the reference feeds its networks with, bit for bit: Pillow's antialiased bicubic for classification and
 * OpenCV's bilinear for detection, both on 8-bit RGB in fixed-point arithmetic.
 */

import type { Picture } from "../types.ts";

const CHANNELS = 3;
/** Pillow's fixed-point precision, and half a unit of it. */
const PILLOW_BITS = 22;
const HALF = 2 ** (PILLOW_BITS - 1);

/** The bicubic kernel with a = -0.5 (R. Keys, 1981). */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

interface Taps {
  /** First source pixel of each result. */
  readonly first: Int32Array;
  /** Its weights, 22 bits after the point. */
  readonly weights: readonly Int32Array[];
}

function pillowTaps(from: number, to: number): Taps {
  const ratio = from / to;
  const spread = Math.max(ratio, 1);
  const support = 2 * spread;
  const first = new Int32Array(to);
  const weights: Int32Array[] = [];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * ratio;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const raw = Array.from({ length: end - start }, (_, k) => cubic((start + k - centre + 0.5) * (1 / spread)));
    const sum = raw.reduce((total, value) => total + value, 0);
    first[i] = start;
    weights.push(
      Int32Array.from(raw, (value) => {
        const fixed = (value / sum) * 2 ** PILLOW_BITS;
        return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
      }),
    );
  }
  return { first, weights };
}

const toByte = (sum: number) => Math.min(255, Math.max(0, (sum + HALF) >> PILLOW_BITS));

/**
 * One pass of Pillow's resampling over `lines` lines of pixels.
 * @param step and `line`: bytes from one pixel, and from one line, to the next
 */
function pass(
  source: Uint8Array,
  from: { step: number; line: number },
  result: Uint8Array,
  to: { step: number; line: number },
  lines: number,
  { first, weights }: Taps,
): void {
  for (let line = 0; line < lines; line++)
    for (const [i, taps] of weights.entries()) {
      const start = line * from.line + first[i]! * from.step;
      const target = line * to.line + i * to.step;
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = 0;
        for (let k = 0; k < taps.length; k++) sum += source[start + k * from.step + channel]! * taps[k]!;
        result[target + channel] = toByte(sum);
      }
    }
}

/** Pillow's `resize` with BICUBIC: horizontally, then vertically, each only where the size changes. */
export function resizeBicubic(picture: Picture, width: number, height: number): Picture {
  let { rgb } = picture;
  const line = width * CHANNELS;
  if (width !== picture.width) {
    const wide = new Uint8Array(line * picture.height);
    const from = { step: CHANNELS, line: picture.width * CHANNELS };
    pass(rgb, from, wide, { step: CHANNELS, line }, picture.height, pillowTaps(picture.width, width));
    rgb = wide;
  }
  if (height !== picture.height) {
    const tall = new Uint8Array(line * height);
    const columns = { step: line, line: CHANNELS };
    pass(rgb, columns, tall, columns, width, pillowTaps(picture.height, height));
    rgb = tall;
  }
  return { width, height, rgb };
}

/** OpenCV's weights: 11 bits after the point, of a float32 fraction. */
const OPENCV_SCALE = 2048;

interface Pair {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowWeight: Int32Array;
  readonly highWeight: Int32Array;
}

/** @param keepsFraction at the borders only the index is clamped, the fraction stays: what OpenCV does for rows */
function opencvPairs(from: number, to: number, keepsFraction: boolean): Pair {
  const step = 1 / (to / from);
  const at = (index: number) => Math.min(Math.max(index, 0), from - 1);
  const pair = {
    low: new Int32Array(to),
    high: new Int32Array(to),
    lowWeight: new Int32Array(to),
    highWeight: new Int32Array(to),
  };
  for (let i = 0; i < to; i++) {
    const position = Math.fround((i + 0.5) * step - 0.5);
    const index = Math.floor(position);
    let fraction = Math.fround(position - index);
    if (!keepsFraction && (index < 0 || index >= from - 1)) fraction = 0;
    pair.low[i] = at(index);
    pair.high[i] = at(index + 1);
    pair.lowWeight[i] = roundEven(Math.fround(1 - fraction) * OPENCV_SCALE);
    pair.highWeight[i] = roundEven(fraction * OPENCV_SCALE);
  }
  return pair;
}

/** C's rint: ties to even. */
function roundEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** OpenCV's `resize` with INTER_LINEAR: no antialiasing. */
export function resizeBilinear(picture: Picture, width: number, height: number): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const x = opencvPairs(picture.width, width, false);
  const y = opencvPairs(picture.height, height, true);
  const line = width * CHANNELS;
  const rows = new Map<number, Int32Array>();
  /** One source row, interpolated horizontally; 11 bits after the point. */
  const row = (index: number): Int32Array => {
    const known = rows.get(index);
    if (known) return known;
    const sums = new Int32Array(line);
    const start = index * picture.width * CHANNELS;
    for (let i = 0; i < width; i++)
      for (let channel = 0; channel < CHANNELS; channel++)
        sums[i * CHANNELS + channel] =
          picture.rgb[start + x.low[i]! * CHANNELS + channel]! * x.lowWeight[i]! +
          picture.rgb[start + x.high[i]! * CHANNELS + channel]! * x.highWeight[i]!;
    // Rows are asked for in order: only the newest can be asked for again.
    if (rows.size > 1) rows.delete(rows.keys().next().value!);
    rows.set(index, sums);
    return sums;
  };
  const rgb = new Uint8Array(line * height);
  for (let i = 0; i < height; i++) {
    const low = row(y.low[i]!);
    const high = row(y.high[i]!);
    const [lowWeight, highWeight] = [y.lowWeight[i]!, y.highWeight[i]!];
    for (let k = 0; k < line; k++)
      rgb[i * line + k] = (((lowWeight * (low[k]! >> 4)) >> 16) + ((highWeight * (high[k]! >> 4)) >> 16) + 2) >> 2;
  }
  return { width, height, rgb };
}
