/** From a decoded picture to what the networks take, exactly as the reference does it. */
import { roundHalfEven } from "./relative-position.ts";
import type { Picture } from "../types.ts";
import { resizeBicubic, resizeBilinear } from "./resize.ts";

/** ImageNet's mean and deviation of red, green and blue. */
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;
/** The same for bytes, as mmdet writes them. */
const BYTE_MEAN = [123.675, 116.28, 103.53] as const;
const BYTE_DEVIATION = [58.395, 57.12, 57.375] as const;

/** The crop is this share of the shorter side. */
const CROP_RATIO = 0.9;
/** From this side on pictures are warped to a square instead of cropped. */
const WARP_FROM = 384;
/** Pictures are padded to whole cells of the coarsest level. */
const CELL = 32;

/** The square of `side` pixels that the classifier looks at. */
export function classifierCrop(picture: Picture, side: number): Picture {
  if (side >= WARP_FROM) return resizeBicubic(picture, side, side);
  const short = Math.trunc(side / CROP_RATIO);
  const { width, height } = picture;
  const long = (other: number, shortest: number) => Math.trunc((short * other) / shortest);
  const resized =
    width <= height
      ? resizeBicubic(picture, short, long(height, width))
      : resizeBicubic(picture, long(width, height), short);
  const left = roundHalfEven((resized.width - side) / 2);
  const top = roundHalfEven((resized.height - side) / 2);
  const rgb = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const start = ((top + row) * resized.width + left) * 3;
    rgb.set(resized.rgb.subarray(start, start + side * 3), row * side * 3);
  }
  return { width: side, height: side, rgb };
}

/** [3, H, W] of a crop, normalised. */
export function classifierInput({ width, height, rgb }: Picture): Float32Array {
  const plane = width * height;
  const result = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < plane; i++)
      result[channel * plane + i] =
        Math.fround(Math.fround(rgb[i * 3 + channel]! / 255) - MEAN[channel]!) / DEVIATION[channel]!;
  return result;
}

/** Sizes on the way from a picture to the detector, and back: pixels of the input = pixels of the picture × scale. */
export interface DetectorSize {
  readonly width: number;
  readonly height: number;
  readonly paddedWidth: number;
  readonly paddedHeight: number;
  /** Horizontally and vertically; rounding makes them differ a little. */
  readonly scale: readonly [number, number];
}

const padded = (side: number) => Math.ceil(side / CELL) * CELL;

/** @param limits longest and shortest side that the picture may fill */
export function detectorSize(
  { width, height }: { width: number; height: number },
  limits: readonly [number, number],
): DetectorSize {
  const [long, short] = [Math.max(...limits), Math.min(...limits)];
  const factor = Math.min(long / Math.max(width, height), short / Math.min(width, height));
  const fit = (side: number) => Math.max(1, Math.trunc(side * factor + 0.5));
  const resized = { width: fit(width), height: fit(height) };
  return {
    ...resized,
    paddedWidth: padded(resized.width),
    paddedHeight: padded(resized.height),
    scale: [Math.fround(resized.width / width), Math.fround(resized.height / height)],
  };
}

/** [3, paddedHeight, paddedWidth]: the resized picture normalised, zeros to its right and below. */
export function detectorInput(picture: Picture, size: DetectorSize): Float32Array {
  const { width, height, rgb } = resizeBilinear(picture, size.width, size.height);
  const plane = size.paddedWidth * size.paddedHeight;
  const result = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const value = rgb[(row * width + column) * 3 + channel]!;
        result[channel * plane + row * size.paddedWidth + column] =
          Math.fround(value - BYTE_MEAN[channel]!) * (1 / BYTE_DEVIATION[channel]!);
      }
  return result;
}
