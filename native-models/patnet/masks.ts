/** Predicted masks, 28×28 over an object's box, laid onto the picture. */
import { MASK_SIDE } from "./detector.ts";

/** A part of a picture, one byte a pixel: 1 inside the object, 0 outside. Outside the part all is 0. */
export interface Mask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Where along one side a pixel lies in the mask: its two neighbours there and the second one's weight. */
function position(pixel: number, from: number, to: number): { low: number; weight: number } {
  const at = ((pixel + 0.5 - from) / (to - from)) * MASK_SIDE - 0.5;
  const low = Math.floor(at);
  return { low, weight: at - low };
}

/**
 * Samples a mask bilinearly at every pixel's centre, zeros around it.
 * @param probabilities [28, 28], 0 to 1
 * @param box x1, y1, x2, y2 in pixels of the picture
 */
export function pasteMask(
  probabilities: Float32Array,
  box: ArrayLike<number>,
  size: { width: number; height: number },
  threshold: number,
): Mask {
  const [x1, y1, x2, y2] = [box[0]!, box[1]!, box[2]!, box[3]!];
  const left = Math.max(Math.floor(x1) - 1, 0);
  const top = Math.max(Math.floor(y1) - 1, 0);
  const width = Math.max(Math.min(Math.ceil(x2) + 1, size.width) - left, 0);
  const height = Math.max(Math.min(Math.ceil(y2) + 1, size.height) - top, 0);
  const data = new Uint8Array(width * height);
  if (!(x2 > x1 && y2 > y1)) return { left, top, width, height, data };
  const value = (row: number, column: number) =>
    row < 0 || column < 0 || row >= MASK_SIDE || column >= MASK_SIDE ? 0 : probabilities[row * MASK_SIDE + column]!;
  for (let row = 0; row < height; row++) {
    const y = position(top + row, y1, y2);
    for (let column = 0; column < width; column++) {
      const x = position(left + column, x1, x2);
      const upper = value(y.low, x.low) * (1 - x.weight) + value(y.low, x.low + 1) * x.weight;
      const lower = value(y.low + 1, x.low) * (1 - x.weight) + value(y.low + 1, x.low + 1) * x.weight;
      data[row * width + column] = upper * (1 - y.weight) + lower * y.weight >= threshold ? 1 : 0;
    }
  }
  return { left, top, width, height, data };
}

/** Pixels inside. */
export const maskArea = ({ data }: Mask): number => data.reduce((sum, value) => sum + value, 0);
