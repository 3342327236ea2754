/**
 * Decoding a picture in overlapping tiles when the whole would not fit into memory. Tiles see less of the picture than the whole
 * decoder does (its attention and norms are global), so neighbouring tiles are blended linearly across a wide overlap; the
 * result is close to the whole decoder's, not equal. (Practice of tiled VAE decoding in latent diffusion tools.)
 */
import { freemem } from "node:os";
import { LATENT_CHANNELS, LATENT_SCALE } from "../diffusion/latent.ts";
import type { VaeConfig } from "./config.ts";

/** Latent cells that neighbouring tiles share at least. */
const OVERLAP = 8;
/** Largest number of feature maps of full width alive at once in the last level of the decoder. */
const LIVE_MAPS = 5;

/** Bytes that decoding one picture of this latent size takes at its peak, about: the last level dominates. */
export function decodeBytes(vae: VaeConfig, size: { height: number; width: number }): number {
  const pixels = size.height * size.width * LATENT_SCALE ** 2;
  const widest = vae.ch * Math.max(vae.chMult[0]!, vae.chMult[1] ?? 0);
  return pixels * widest * 4 * LIVE_MAPS;
}

/**
 * Tile side in latent cells, or null to decode whole. The size decides, and free memory only where the whole surely does not
 * fit, so that one machine gives one result.
 */
export function tilesFor(
  vae: VaeConfig,
  size: { height: number; width: number },
  freeBytes: number = freemem(),
): number | null {
  if (decodeBytes(vae, size) < freeBytes * 0.8) return null;
  let side = Math.max(size.height, size.width);
  while (side > 3 * OVERLAP && decodeBytes(vae, { height: side, width: side }) > freeBytes * 0.5)
    side = Math.ceil(side / 2);
  return side;
}

/** First cells of tiles of `side` that cover `length` with at least OVERLAP shared. */
export function tileStarts(length: number, side: number): number[] {
  if (side >= length) return [0];
  const count = Math.ceil((length - OVERLAP) / (side - OVERLAP));
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - side)) / (count - 1)));
}

/**
 * Decodes latent [4, h, w] to [3, 8h, 8w].
 * @param side tile side in latent cells, or null for one piece
 */
export async function decodeTiled(
  decode: (latent: Float32Array, height: number, width: number) => Promise<Float32Array>,
  latent: Float32Array,
  { height, width }: { height: number; width: number },
  side: number | null,
): Promise<Float32Array> {
  if (side === null || (side >= height && side >= width)) return decode(latent, height, width);
  const tile = { height: Math.min(side, height), width: Math.min(side, width) };
  const pixels = { height: height * LATENT_SCALE, width: width * LATENT_SCALE };
  const sum = new Float32Array(3 * pixels.height * pixels.width);
  const weight = new Float32Array(pixels.height * pixels.width);
  for (const top of tileStarts(height, tile.height)) {
    for (const left of tileStarts(width, tile.width)) {
      const image = await decode(cut(latent, height, width, top, left, tile), tile.height, tile.width);
      blend(image, tile, sum, weight, pixels, top * LATENT_SCALE, left * LATENT_SCALE);
    }
  }
  const plane = weight.length;
  return sum.map((value, i) => value / weight[i % plane]!);
}

function cut(
  latent: Float32Array,
  height: number,
  width: number,
  top: number,
  left: number,
  tile: { height: number; width: number },
): Float32Array {
  const part = new Float32Array(LATENT_CHANNELS * tile.height * tile.width);
  for (let c = 0; c < LATENT_CHANNELS; c++) {
    for (let y = 0; y < tile.height; y++) {
      const from = (c * height + top + y) * width + left;
      part.set(latent.subarray(from, from + tile.width), (c * tile.height + y) * tile.width);
    }
  }
  return part;
}

/** Weight along one axis: rises linearly from a tile's edge to OVERLAP cells inside. */
const ramp = (i: number, length: number): number => Math.min(i + 1, length - i, OVERLAP * LATENT_SCALE);

/** Adds a weighted tile to the sum. */
function blend(
  image: Float32Array,
  tile: { height: number; width: number },
  sum: Float32Array,
  weight: Float32Array,
  pixels: { height: number; width: number },
  top: number,
  left: number,
): void {
  const rows = tile.height * LATENT_SCALE;
  const columns = tile.width * LATENT_SCALE;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const w = ramp(y, rows) * ramp(x, columns);
      const to = (top + y) * pixels.width + left + x;
      weight[to]! += w;
      for (let c = 0; c < 3; c++)
        sum[c * pixels.height * pixels.width + to]! += w * image[(c * rows + y) * columns + x]!;
    }
  }
}
