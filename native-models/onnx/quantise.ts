/**
 * Int8 weights of the U-Net: symmetric, one scale an output channel, rounded to nearest. (B. Jacob et al., "Quantization and Training
 * of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.) Written once a pack from its float32 weights.
 */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import { affine } from "./ops.ts";
import type { ConvRange, Int8Weight } from "./graph.ts";
import type { Weights } from "./session.ts";
import type { WeightEntry, WeightIndex } from "../types.ts";

const ALIGNMENT = 64;

/** Rows of a float32 weight, quantised: values in the row's order and one scale a row. A row of zeros gets scale 1. */
export function quantiseRows(values: Float32Array, rows: number): { values: Int8Array; scales: Float32Array } {
  const width = values.length / rows;
  const quantised = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(values[i]!));
    const scale = Math.fround(largest / 127) || 1;
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++) quantised[i] = Math.round(values[i]! / scale);
  }
  return { values: quantised, scales };
}

/** [rows, columns] → [columns, rows]. */
function transposed(values: Int8Array, rows: number): Int8Array {
  const columns = values.length / rows;
  const result = new Int8Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return result;
}

/** Where the int8 weights go: a file that is written from front to back. */
export interface WeightsTarget {
  readonly position: number;
  align(alignment: number): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Writes the int8 weights.
 * @param wanted what an int8 graph asks for
 * @param ranges calibrated ranges by the convolution's path
 * @returns what lies where in the target
 * Errors: MODEL_DAMAGED when the float32 weights are not there, DISK_FULL.
 */
export async function writeInt8Weights(
  weights: Weights,
  wanted: readonly Int8Weight[],
  ranges: ReadonlyMap<string, ConvRange>,
  target: WeightsTarget,
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const opened = new Map<string, FileHandle>();
  const sourceOf = async (file: string): Promise<FileHandle> => {
    const handle = opened.get(file) ?? (await open(join(weights.folder, file), "r"));
    opened.set(file, handle);
    return handle;
  };
  const store = async (key: string, data: Int8Array | Float32Array | Int32Array, shape: readonly number[]) => {
    await target.align(ALIGNMENT);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Int8Array ? "int8" : data instanceof Int32Array ? "int32" : "float32";
    index[key] = { offset: target.position, bytes: bytes.length, dtype, shape };
    await target.write(bytes);
  };
  const read = async (key: string, from: number, count: number): Promise<Float32Array> => {
    const entry = weights.index[key];
    const values = new Float32Array(count);
    const bytes = new Uint8Array(values.buffer);
    const source = entry ? await sourceOf(entry.file ?? weights.file) : null;
    const got = (await source?.read(bytes, 0, bytes.length, entry!.offset + from * 4))?.bytesRead ?? 0;
    if (got !== bytes.length)
      throw new StudioError("MODEL_DAMAGED", `The weight ${key} cannot be read: install the model again.`);
    return values;
  };
  try {
    for (const { key, source: name, sourceShape, rows, kind } of wanted) {
      const [start, end] = rows;
      const width = sourceShape.slice(1).reduce((product, size) => product * size, 1);
      const { values, scales } = quantiseRows(await read(name, start * width, (end - start) * width), end - start);
      await store(`${key}.scale`, scales, [end - start]);
      if (kind === "linear") {
        await store(key, transposed(values, end - start), [width, end - start]);
        continue;
      }
      const path = name.replace(/\.weight$/, "");
      const range = ranges.get(path);
      if (!range) throw new StudioError("MODEL_DAMAGED", `The int8 data of this model lack ${path}: install it again.`);
      const { scale } = affine(range.input);
      const hasBias = weights.index[`${path}.bias`] !== undefined;
      const bias = hasBias ? await read(`${path}.bias`, start, end - start) : new Float32Array(end - start);
      await store(key, values, kernelShape(sourceShape));
      await store(
        `${key}.bias`,
        Int32Array.from(bias, (value, i) => Math.round(value / (scale * scales[i]!))),
        [end - start],
      );
    }
  } finally {
    for (const handle of opened.values()) await handle.close();
  }
  return index;
}

/** Kernels over time, (3,1,1), are run as (3,1). */
const kernelShape = (shape: readonly number[]): readonly number[] => (shape.length === 5 ? shape.slice(0, 4) : shape);
