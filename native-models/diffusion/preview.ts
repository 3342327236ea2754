/**
 * A quick look at a latent without running the VAE: one linear map from the 4 latent channels to RGB, fitted once per VAE by
 * least squares on what the VAE itself makes of smooth random latents. (The idea of linear latent previews is common practice for
 * latent diffusion; the map is ours for each VAE, so that any checkpoint previews in its own colours.)
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { PreviewFrames } from "../types.ts";
import { LATENT_CHANNELS, type LatentSize } from "./latent.ts";
import { TorchRandom } from "./torch-random.ts";

/** Rows R, G, B; columns: the four latent channels and a constant. Result 0 to 255 before clamping. */
export const previewMapSchema = z.array(z.array(z.number()).length(LATENT_CHANNELS + 1)).length(3);
export type PreviewMap = z.infer<typeof previewMapSchema>;

/** Latent cells a side of the pictures that the fit looks at, and how many of them. */
const FIT_SIDE = 16;
const FIT_PICTURES = 6;
const FIT_SEED = 20261123;

const PREVIEW_MAP_FILE = "preview-map.json";

/** latent [4, h, w] → picture [3, 8h, 8w] (or as many times as this VAE has it), about -1 to 1. */
export type Decode = (latent: Float32Array, height: number, width: number) => Promise<Float32Array>;

/** The latent-to-RGB map of a pack's VAE, fitted on first need and kept in the pack. */
export async function openPreviewMap(folder: string, decode: Decode): Promise<PreviewMap> {
  const file = join(folder, PREVIEW_MAP_FILE);
  const stored = await readFile(file, "utf8").then(parsePreviewMap, () => null);
  if (stored) return stored;
  const map = await fitPreviewMap(decode);
  // A pack on a read-only disk works too; it only pays for the fit again next time.
  await writeFile(`${file}.new`, JSON.stringify(map)).then(
    () => rename(`${file}.new`, file),
    () => undefined,
  );
  return map;
}

function parsePreviewMap(text: string): PreviewMap | null {
  try {
    return previewMapSchema.parse(JSON.parse(text));
  } catch {
    // Half-written or from another version: fitted anew.
    return null;
  }
}

export async function fitPreviewMap(decode: Decode): Promise<PreviewMap> {
  const random = new TorchRandom(FIT_SEED);
  const columns = LATENT_CHANNELS + 1;
  const gram = Array.from({ length: columns }, () => new Float64Array(columns));
  const right = Array.from({ length: 3 }, () => new Float64Array(columns));
  for (let picture = 0; picture < FIT_PICTURES; picture++) {
    const latent = smoothLatent(random);
    const image = await decode(latent, FIT_SIDE, FIT_SIDE);
    const cells = FIT_SIDE * FIT_SIDE;
    const cellPixels = Math.sqrt(image.length / 3) / FIT_SIDE;
    for (let cell = 0; cell < cells; cell++) {
      const row = Array.from({ length: columns }, (_, c) => (c < LATENT_CHANNELS ? latent[c * cells + cell]! : 1));
      const colour = cellColour(image, cell, cellPixels);
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < columns; j++) gram[i]![j]! += row[i]! * row[j]!;
        for (let k = 0; k < 3; k++) right[k]![i]! += row[i]! * colour[k]!;
      }
    }
  }
  return right.map((values) => solve(gram, values));
}

/** [4, 16, 16] of patches of constant colour, standard normal: what flat regions of a picture look like to the VAE. */
function smoothLatent(random: TorchRandom): Float32Array {
  const patch = 4;
  const patches = FIT_SIDE / patch;
  const values = random.randn(LATENT_CHANNELS * patches * patches);
  return Float32Array.from({ length: LATENT_CHANNELS * FIT_SIDE * FIT_SIDE }, (_, index) => {
    const x = index % FIT_SIDE;
    const y = Math.floor(index / FIT_SIDE) % FIT_SIDE;
    const channel = Math.floor(index / (FIT_SIDE * FIT_SIDE));
    return values[(channel * patches + Math.floor(y / patch)) * patches + Math.floor(x / patch)]!;
  });
}

/** Mean colour, 0 to 255, of the pixels that belong to one latent cell, so many each way. */
function cellColour(image: Float32Array, cell: number, pixels: number): number[] {
  const side = FIT_SIDE * pixels;
  const left = (cell % FIT_SIDE) * pixels;
  const top = Math.floor(cell / FIT_SIDE) * pixels;
  return [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let y = top; y < top + pixels; y++) {
      for (let x = left; x < left + pixels; x++)
        sum += Math.min(1, Math.max(-1, image[(channel * side + y) * side + x]!));
    }
    return (sum / pixels ** 2 + 1) * 127.5;
  });
}

/** Solves the symmetric normal equations by Gaussian elimination with a trace of ridge, so that a dull VAE is no accident. */
function solve(gram: readonly Float64Array[], values: Float64Array): number[] {
  const size = values.length;
  const ridge = 1e-6 * gram[size - 1]![size - 1]!;
  const rows = gram.map((row, i) => [...row.map((value, j) => (i === j ? value + ridge : value)), values[i]!]);
  for (let pivot = 0; pivot < size; pivot++) {
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!;
      for (let column = pivot; column <= size; column++) rows[row]![column]! -= factor * rows[pivot]![column]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

/** A latent estimate [4, T, h, w] as T small RGBA pictures. */
export function previewFrames(map: PreviewMap, latent: Float32Array, size: LatentSize, step: number): PreviewFrames {
  const plane = size.height * size.width;
  const channelStride = size.frames * plane;
  const rgba = new Uint8Array(size.frames * plane * 4);
  for (let i = 0; i < channelStride; i++) {
    for (let k = 0; k < 3; k++) {
      const row = map[k]!;
      let value = row[LATENT_CHANNELS]!;
      for (let c = 0; c < LATENT_CHANNELS; c++) value += row[c]! * latent[c * channelStride + i]!;
      rgba[i * 4 + k] = Math.min(255, Math.max(0, value));
    }
    rgba[i * 4 + 3] = 255;
  }
  return { step, width: size.width, height: size.height, frames: size.frames, rgba };
}
