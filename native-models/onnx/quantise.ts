/**
 * Int8 weights of the U-Net: symmetric, one scale an output channel, rounded to nearest. (B. Jacob et al., "Quantization and Training
 * of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.) Written once a pack from its weights.
 */
import { StudioError } from "../../core/contract/errors.ts";
import { affine } from "./ops.ts";
import type { ConvRange, Int8Weight } from "./graph.ts";
import { quantiseRows } from "./quantise-rows.ts";
import type { Weights } from "./session.ts";
import { StoredWeights } from "./stored-weights.ts";
import type { WeightEntry, WeightIndex } from "../types.ts";

const ALIGNMENT = 64;

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
 * Errors: MODEL_DAMAGED when the weights are not there, DISK_FULL.
 */
export async function writeInt8Weights(
  weights: Weights,
  wanted: readonly Int8Weight[],
  ranges: ReadonlyMap<string, ConvRange>,
  target: WeightsTarget,
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const stored = new StoredWeights(weights);
  const store = async (key: string, data: Int8Array | Float32Array | Int32Array, shape: readonly number[]) => {
    await target.align(ALIGNMENT);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dtype = data instanceof Int8Array ? "int8" : data instanceof Int32Array ? "int32" : "float32";
    index[key] = { offset: target.position, bytes: bytes.length, dtype, shape };
    await target.write(bytes);
  };
  try {
    for (const { key, source: name, sourceShape, rows, kind } of wanted) {
      const [start, end] = rows;
      const width = sourceShape.slice(1).reduce((product, size) => product * size, 1);
      const { values, scales } = quantiseRows(await stored.read(name, start, end - start), end - start);
      await store(`${key}.scale`, scales, [end - start]);
      if (kind === "linear") {
        await store(key, transposed(values, end - start), [width, end - start]);
        continue;
      }
      const path = name.replace(/\.weight$/, "");
      const range = ranges.get(path);
      if (!range) throw new StudioError("MODEL_DAMAGED", `The int8 data of this model lack ${path}: install it again.`);
      const { scale } = affine(range.input);
      const hasBias = stored.has(`${path}.bias`);
      const bias = hasBias ? await stored.read(`${path}.bias`, start, end - start) : new Float32Array(end - start);
      await store(key, values, kernelShape(sourceShape));
      await store(
        `${key}.bias`,
        Int32Array.from(bias, (value, i) => Math.round(value / (scale * scales[i]!))),
        [end - start],
      );
    }
  } finally {
    await stored.close();
  }
  return index;
}

/** Kernels over time, (3,1,1), are run as (3,1). */
const kernelShape = (shape: readonly number[]): readonly number[] => (shape.length === 5 ? shape.slice(0, 4) : shape);
