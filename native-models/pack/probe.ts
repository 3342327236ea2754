/**
 * What smaller weights cost, measured: a model makes the same thing of the same fixed input with its weights as published and with the
 * packed ones, and both results are compared.
 */
import { similarity } from "../diffusion/similarity.ts";
import type { Weights } from "../onnx/session.ts";
import type { Picture } from "../types.ts";
import type { PackManifest } from "./manifest.ts";

/** What a model made of the fixed input: RGB8 frames, or rows of numbers of a model that makes no pictures. */
export type Probe =
  | {
      readonly kind: "pictures";
      readonly width: number;
      readonly height: number;
      readonly pictures: readonly Uint8Array[];
    }
  | { readonly kind: "values"; readonly rows: readonly Float32Array[] };

export interface ProbeOptions {
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  /** `fraction` of the run, 0 to 1. */
  readonly onProgress: (fraction: number) => void | Promise<void>;
}

/** Runs a family's probe on these weights. Same input, same seed, same threads: only the weights differ between two runs. */
export type RunProbe<M extends PackManifest = PackManifest> = (
  manifest: M,
  weights: Weights,
  options: ProbeOptions,
) => Promise<Probe>;

export interface Measured {
  /**
   * 1: no difference. Of pictures: structural similarity (SSIM), mean of all frames. Of numbers: cosine of the angle between the rows,
   * mean of all.
   */
  readonly likeness: number;
  /** Peak signal to noise ratio of all frames in dB, at most 100; null where no pictures are made. */
  readonly psnr: number | null;
}

/** From here on a format holds up: what it makes is taken for the same clip. Below, it is not kept. */
export const HOLDS_UP = 0.9;

/** Compares two results of one probe. */
export function compareProbes(exact: Probe, packed: Probe): Measured {
  if (exact.kind === "pictures" && packed.kind === "pictures") {
    const { width, height, pictures } = exact;
    const scores = pictures.map((picture, i) => similarity(picture, packed.pictures[i]!, width, height));
    return { likeness: mean(scores), psnr: psnr(pictures, packed.pictures) };
  }
  if (exact.kind === "values" && packed.kind === "values")
    return { likeness: mean(exact.rows.map((row, i) => cosine(row, packed.rows[i]!))), psnr: null };
  throw new Error("Two probes of one model are of one kind.");
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const MOST_DECIBELS = 100;

function psnr(a: readonly Uint8Array[], b: readonly Uint8Array[]): number {
  let squares = 0;
  let count = 0;
  for (const [i, picture] of a.entries()) {
    const other = b[i]!;
    for (let k = 0; k < picture.length; k++) squares += (picture[k]! - other[k]!) ** 2;
    count += picture.length;
  }
  return squares === 0 ? MOST_DECIBELS : Math.min(MOST_DECIBELS, 10 * Math.log10((255 ** 2 * count) / squares));
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return squareA === 0 && squareB === 0 ? 1 : product / Math.sqrt(squareA * squareB || 1);
}

/** A picture with soft gradients, an edge and a disc: something for every layer to see. `variant` moves and colours them. */
export function probePicture(width: number, height: number, variant = 0): Picture {
  const rgb = new Uint8Array(width * height * 3);
  const [centreX, centreY] = [width * (0.3 + 0.1 * (variant % 5)), height * (0.6 - 0.05 * (variant % 7))];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const isDisc = Math.hypot(x - centreX, y - centreY) < Math.min(width, height) / 4;
      const at = (y * width + x) * 3;
      rgb[at] = isDisc ? 230 - 40 * (variant % 4) : (255 * x) / width;
      rgb[at + 1] = isDisc ? 40 * (variant % 6) : (255 * y) / height;
      rgb[at + 2] = x > width * 0.8 ? 250 : 60 + 30 * (variant % 5);
    }
  return { width, height, rgb };
}
