/** Streams a checkpoint's tensors into one weights file, each converted, merged and laid out as the graphs ask. */
import { toFloat32 } from "../checkpoint/dtype.ts";
import type { ParameterSpec, TensorInfo, TensorSource, WeightEntry, WeightIndex } from "../types.ts";
import { mismatch } from "../checkpoint/names.ts";
import type { HashedWriter } from "./files.ts";
import { WEIGHT_ALIGNMENT } from "./manifest.ts";

const BLOCK = 64;

/** [rows, columns] → [columns, rows], block by block so that both sides stay in cache. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let top = 0; top < rows; top += BLOCK)
    for (let left = 0; left < columns; left += BLOCK) {
      const bottom = Math.min(top + BLOCK, rows);
      const right = Math.min(left + BLOCK, columns);
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) result[column * rows + row] = matrix[row * columns + column]!;
    }
  return result;
}

/** Position of the first number that is not finite, or -1. */
function firstNotFinite(values: Float32Array): number {
  // A sum is finite unless some number is not (or the sum overflows, which then takes the slow path for nothing).
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (Number.isFinite(sum)) return -1;
  return values.findIndex((value) => !Number.isFinite(value));
}

function allFinite(weight: Float32Array, official: string): Float32Array {
  const at = firstNotFinite(weight);
  if (at < 0) return weight;
  throw mismatch(
    `The tensor ${official} holds values that are not numbers: the checkpoint is damaged, download it again.`,
    `element ${at}`,
  );
}

export interface WeightPlan {
  /** What the graphs ask for, each key once. */
  readonly specs: readonly ParameterSpec[];
  /** The checkpoint's tensor for a parameter. Errors: CHECKPOINT_MISMATCH naming it. */
  readonly resolve: (spec: ParameterSpec) => TensorInfo;
  /** Changes a weight in place before it is laid out (LoRA). */
  readonly adjust: (official: string, weight: Float32Array) => Promise<void>;
}

/** Size of the weights file, alignment included. */
export function plannedBytes(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + Math.ceil((4 * count(spec.shape)) / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT, 0);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The official tensors that these weights are made of, each once: the weights themselves, or what derived ones are computed from. */
export function officialTensors(specs: readonly ParameterSpec[]): ParameterSpec[] {
  const plain = specs.flatMap((spec) => (spec.derived ? spec.derived.from.map(asSpec) : [spec]));
  return [...new Map(plain.map((spec) => [spec.source, spec])).values()];
}

const asSpec = ({ source, shape }: { source: string; shape: readonly number[] }): ParameterSpec => ({
  key: source,
  source,
  sourceShape: shape,
  shape,
  layout: "same",
});

/** Specs grouped by the tensor that they need, so that each is read once. */
function bySource(specs: readonly ParameterSpec[]): Map<string, ParameterSpec[]> {
  const groups = new Map<string, ParameterSpec[]>();
  for (const spec of specs) {
    const group = groups.get(spec.source);
    if (group === undefined) groups.set(spec.source, [spec]);
    else group.push(spec);
  }
  return groups;
}

/**
 * Writes every weight as float32, 64-byte aligned; one weight and what it is made of are in memory at a time.
 * @param onBytes is told the bytes written so far.
 * Errors: CHECKPOINT_MISMATCH and CHECKPOINT_UNREADABLE naming the tensor; CANCELLED; those of the file system.
 */
export async function writeWeights(
  source: TensorSource,
  plan: WeightPlan,
  writer: HashedWriter,
  onBytes: (bytes: number) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const read = async (spec: ParameterSpec): Promise<Float32Array> => {
    const tensor = plan.resolve(spec);
    // An own copy, because `adjust` works in place.
    const weight = toFloat32(await source.read(tensor.name), tensor.dtype, spec.source);
    await plan.adjust(spec.source, weight);
    return allFinite(weight, spec.source);
  };
  for (const [official, specs] of bySource(plan.specs)) {
    const { derived } = specs[0]!;
    let weight: Float32Array;
    if (derived) {
      const parts: Float32Array[] = [];
      for (const part of derived.from) parts.push(await read(asSpec(part)));
      weight = allFinite(derived.compute(...parts), official);
    } else weight = await read(specs[0]!);
    for (const spec of specs) {
      await writer.align(WEIGHT_ALIGNMENT);
      const [rows = 1, ...rest] = spec.sourceShape;
      const values = spec.layout === "transposed" ? transpose(weight, rows, count(rest)) : weight;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      index[spec.key] = { offset: writer.position, bytes: bytes.byteLength, dtype: "float32", shape: spec.shape };
      await writer.write(bytes, signal);
      await onBytes(writer.position);
    }
  }
  return index;
}
