/** Masks through time. A mask is kept on a small square over its object's box, so that it can be compared while the object moves and grows. */
import type { Box } from "./track.ts";

/** Cells along each side. */
export const MASK_CELLS = 40;

/** MASK_CELLS² shares of object, 0 to 255, over the box. */
export type MaskGrid = Uint8Array;

/** A part of a picture, 1 or 0 a pixel; outside of it all is 0. */
export interface MaskPart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** @param box edges in pixels of the picture */
export function toGrid(mask: MaskPart, box: Box): MaskGrid {
  const grid = new Uint8Array(MASK_CELLS * MASK_CELLS);
  const [left, top, right, bottom] = box;
  // Two samples a cell and direction: enough for what is shown smoothed anyway.
  const sample = (x: number, y: number): number => {
    const column = Math.floor(x) - mask.left;
    const row = Math.floor(y) - mask.top;
    if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return 0;
    return mask.data[row * mask.width + column]!;
  };
  for (let v = 0; v < MASK_CELLS; v++)
    for (let u = 0; u < MASK_CELLS; u++) {
      let sum = 0;
      for (const du of [0.25, 0.75])
        for (const dv of [0.25, 0.75])
          sum += sample(
            left + ((u + du) / MASK_CELLS) * (right - left),
            top + ((v + dv) / MASK_CELLS) * (bottom - top),
          );
      grid[v * MASK_CELLS + u] = Math.round((sum * 255) / 4);
    }
  return grid;
}

/** Weights of a moment and of its neighbours (binomial). */
const WEIGHTS = [6, 4, 1] as const;

/**
 * The masks of one track smoothed over time: what flickers for a moment goes, what lasts stays. Moments without a mask take nothing
 * and give nothing.
 */
export function smoothMasks(masks: readonly (MaskGrid | undefined)[]): (MaskGrid | undefined)[] {
  return masks.map((mask, at) => {
    if (mask === undefined) return undefined;
    const sum = new Float32Array(mask.length);
    let total = 0;
    for (let away = 1 - WEIGHTS.length; away < WEIGHTS.length; away++) {
      const other = masks[at + away];
      if (other === undefined) continue;
      const weight = WEIGHTS[Math.abs(away)]!;
      total += weight;
      for (let i = 0; i < sum.length; i++) sum[i]! += weight * other[i]!;
    }
    return Uint8Array.from(sum, (value) => Math.round(value / total));
  });
}

/**
 * A mask laid onto a picture of this size, 0 to 255 a pixel with soft edges.
 * @param box edges in parts of the picture
 */
export function pasteGrid(grid: MaskGrid, box: Box, size: { width: number; height: number }, onto: Uint8Array): void {
  const [left, top, right, bottom] = [
    box[0] * size.width,
    box[1] * size.height,
    box[2] * size.width,
    box[3] * size.height,
  ];
  if (!(right > left && bottom > top)) return;
  const cell = (u: number, v: number): number =>
    u < 0 || v < 0 || u >= MASK_CELLS || v >= MASK_CELLS ? 0 : grid[v * MASK_CELLS + u]!;
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(size.height, Math.ceil(bottom)); y++) {
    const v = ((y + 0.5 - top) / (bottom - top)) * MASK_CELLS - 0.5;
    const v0 = Math.floor(v);
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(size.width, Math.ceil(right)); x++) {
      const u = ((x + 0.5 - left) / (right - left)) * MASK_CELLS - 0.5;
      const u0 = Math.floor(u);
      const upper = cell(u0, v0) * (1 - (u - u0)) + cell(u0 + 1, v0) * (u - u0);
      const lower = cell(u0, v0 + 1) * (1 - (u - u0)) + cell(u0 + 1, v0 + 1) * (u - u0);
      const value = upper * (1 - (v - v0)) + lower * (v - v0);
      const at = y * size.width + x;
      onto[at] = Math.max(onto[at]!, value);
    }
  }
}
