/**
 * Relative positions of PAT_sf: the bias of a query and a key depends on their distance in the picture, rounded and put into buckets
 * that are fine nearby and coarse far away (K. Wu et al., "Rethinking and Improving Relative Position Encoding for Vision
 * Transformer", 2021: euclidean distance, bias mode).
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";

/** Buckets of a table; the lower half is for distances below zero, which euclidean ones never are. */
export const BUCKETS = 81;
const ZERO = 40;
/** Distances up to ALPHA have a bucket each; from there logarithmic up to BETA at GAMMA and beyond. */
const ALPHA = 20;
const BETA = 40;
const GAMMA = 160;

/** Ties to the even neighbour, as NumPy and PyTorch round. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Bucket of a rounded distance, ZERO to ZERO + BETA. */
export function bucketOfDistance(distance: number): number {
  if (distance <= ALPHA) return ZERO + distance;
  const steps = ALPHA + (Math.log(distance / ALPHA) / Math.log(GAMMA / ALPHA)) * (BETA - ALPHA);
  return ZERO + Math.min(roundHalfEven(steps), BETA);
}

/** Bucket of two cells that are `rows` and `columns` apart. */
export function bucketOfOffset(rows: number, columns: number): number {
  return bucketOfDistance(Math.round(Math.fround(Math.sqrt(rows ** 2 + columns ** 2))));
}

/** |i - j| for all i, j below `size`. */
const differences = (size: number) =>
  Array.from({ length: size * size }, (_, i) => Math.abs(Math.floor(i / size) - (i % size)));

/**
 * The bias [1, heads, L, L] of all pairs of the L = height·width cells, row-major. Spread in the graph from the few offsets that
 * there are, so that the file stays small; onnxruntime folds it into a constant when it opens the graph.
 * @param table [heads, 81]
 */
export function relativePositionBias(g: Graph, table: Tensor, height: number, width: number): Tensor {
  const heads = table.shape[0]!;
  const ints = (shape: readonly number[], values: readonly number[]) => g.constant("int64", shape, values);
  const offsets = Array.from({ length: height * width }, (_, i) => bucketOfOffset(Math.floor(i / width), i % width));
  const byOffset = vision.gatherAxis(g, table, ints([height, width], offsets), 1);
  const byRows = vision.gatherAxis(g, byOffset, ints([height, height], differences(height)), 1);
  const byBoth = vision.gatherAxis(g, byRows, ints([width, width], differences(width)), 3);
  const cells = height * width;
  // [heads, query row, key row, query column, key column]
  return op.reshape(g, op.transpose(g, byBoth, [0, 1, 3, 2, 4]), [1, heads, cells, cells]);
}
