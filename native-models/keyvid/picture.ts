/** A user's picture on its way into the networks: cropped to the clip's shape, resized, in -1 to 1 (KEYVID.md, 3.1). */
import type { Focus } from "../../core/contract/animation.ts";
import type { Picture } from "../types.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

const CENTRE: Focus = { x: 0.5, y: 0.5 };

/** The largest box of the target's shape in a picture, with the focus as near to its middle as the edges allow. */
export function cropBox(picture: Size, target: Size, focus: Focus = CENTRE): Box {
  const aspect = target.height / target.width;
  const isTall = picture.height / picture.width > aspect;
  // A very long picture would leave a box without a pixel.
  const width = isTall ? picture.width : Math.max(1, Math.floor(picture.height / aspect));
  const height = isTall ? Math.max(1, Math.floor(picture.width * aspect)) : picture.height;
  return {
    width,
    height,
    left: offset(picture.width, width, focus.x),
    top: offset(picture.height, height, focus.y),
  };
}

function offset(whole: number, part: number, focus: number): number {
  return Math.max(0, Math.min(whole - part, Math.floor(focus * whole - part / 2)));
}

/** For each output sample: the first input sample it looks at, and the weights of that and the following ones. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Triangle filter of PyTorch's antialiased bilinear resize: as wide as the scale when shrinking, two samples when growing; weights sum
 * to 1 also at the edges. Source: behaviour of `torch.nn.functional.interpolate(mode="bilinear", antialias=True)`.
 */
function triangleTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const support = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = scale * (i + 0.5);
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / support)),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/**
 * Crops and resizes with antialiasing.
 * @returns [3, height, width] of 0 to 1
 */
export function fitPicture(picture: Picture, target: Size, focus: Focus = CENTRE): Float32Array {
  const box = cropBox(picture, target, focus);
  const across = triangleTaps(box.width, target.width);
  const down = triangleTaps(box.height, target.height);
  const plane = target.height * target.width;
  const result = new Float32Array(3 * plane);
  // Only the rows that are still needed are kept: a picture may be far larger than the clip.
  const rows = new Map<number, Float32Array>();
  down.forEach(({ first, weights }, y) => {
    for (const row of rows.keys()) if (row < first) rows.delete(row);
    for (let k = 0; k < weights.length; k++) {
      const source = first + k;
      if (!rows.has(source)) rows.set(source, shrinkRow(picture, box, source, across));
      const row = rows.get(source)!;
      const weight = weights[k]!;
      for (let channel = 0; channel < 3; channel++) {
        const from = channel * target.width;
        const to = channel * plane + y * target.width;
        for (let x = 0; x < target.width; x++) result[to + x]! += weight * row[from + x]!;
      }
    }
  });
  return result;
}

/** One row of the crop at the target's width, [3, width] of 0 to 1. */
function shrinkRow({ rgb, width }: Picture, { left, top }: Box, row: number, across: readonly Taps[]): Float32Array {
  const result = new Float32Array(3 * across.length);
  across.forEach(({ first, weights }, x) => {
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++)
        sum += weights[k]! * (rgb[((top + row) * width + left + first + k) * 3 + channel]! / 255);
      result[channel * across.length + x] = sum;
    }
  });
  return result;
}

/** 0 to 1 → 8 bit, rounded down as the reference does. Any shape. */
export function toBytes(image: Float32Array): Uint8Array {
  return Uint8Array.from(image, (value) => Math.min(255, Math.max(0, Math.floor(255 * value))));
}

/** 8 bit → -1 to 1. Any shape. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => (Math.fround(byte / 255) - 0.5) / 0.5);
}

/** The picture as the VAE and the image tower take it, through 8 bit as in the reference: [3, height, width] of -1 to 1. */
export function modelPicture(picture: Picture, target: Size, focus?: Focus): Float32Array {
  return fromBytes(toBytes(fitPicture(picture, target, focus)));
}

/** H × W × 3 bytes → [3, H, W] of -1 to 1. */
export function fromRgb8(rgb: Uint8Array): Float32Array {
  const plane = rgb.length / 3;
  const planar = Uint8Array.from({ length: rgb.length }, (_, i) => rgb[(i % plane) * 3 + Math.floor(i / plane)]!);
  return fromBytes(planar);
}
