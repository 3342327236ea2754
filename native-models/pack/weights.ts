/** Streams checkpoints' tensors into one weights file, each converted, merged and laid out as the graphs ask. */
import { createHash } from "node:crypto";
import { toFloat32 } from "../checkpoint/dtype.ts";
import { mismatch } from "../checkpoint/names.ts";
import type { ParameterSpec, TensorInfo, TensorSource, WeightEntry, WeightIndex } from "../types.ts";
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
  /** The file and tensor of a parameter. Errors: CHECKPOINT_MISMATCH naming it. */
  readonly resolve: (spec: ParameterSpec) => { readonly source: TensorSource; readonly tensor: TensorInfo };
  /** Changes a weight in place before it is laid out (LoRA). */
  readonly adjust?: ((spec: ParameterSpec, weight: Float32Array) => Promise<void>) | undefined;
  /** Weights with equal values are stored once. Worth its hashing where a model's files hold copies of one network. */
  readonly shareEqual?: boolean;
}

/** Size of the weights file, alignment included, where no two weights are shared. */
export function plannedBytes(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + Math.ceil((4 * count(spec.shape)) / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT, 0);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * The official tensors that these weights are made of, each once: the weights themselves, or what derived ones are computed from.
 * Their keys stay in the part of the pack that a derived weight's own key names.
 */
export function officialTensors(specs: readonly ParameterSpec[]): ParameterSpec[] {
  return [...new Map(specs.flatMap(ingredients).map((spec) => [spec.key, spec])).values()];
}

function ingredients(spec: ParameterSpec): ParameterSpec[] {
  if (!spec.derived) return [spec];
  const part = spec.key.slice(0, spec.key.length - spec.source.length);
  return spec.derived.from.map(({ source, shape }) => ({
    key: `${part}${source}`,
    source,
    sourceShape: shape,
    shape,
    layout: "same",
  }));
}

/** Parameters grouped by the tensor that they need, so that each is read once; derived ones each by itself. */
function bySource(plan: WeightPlan): ParameterSpec[][] {
  const groups = new Map<unknown, Map<string, ParameterSpec[]>>();
  for (const spec of plan.specs) {
    const found = spec.derived ? null : plan.resolve(spec);
    const file = groups.get(found?.source) ?? new Map<string, ParameterSpec[]>();
    groups.set(found?.source, file);
    const name = found?.tensor.name ?? spec.key;
    const group = file.get(name);
    if (group) group.push(spec);
    else file.set(name, [spec]);
  }
  // In the order in which they lie in their file: disks read forwards best.
  return [...groups].flatMap(([source, file]) => {
    const places = new Map(
      [...((source as TensorSource | undefined)?.tensors.keys() ?? [])].map((name, n) => [name, n]),
    );
    const sorted = [...file].sort(([a], [b]) => (places.get(a) ?? Infinity) - (places.get(b) ?? Infinity) || 0);
    return sorted.map(([, specs]) => specs);
  });
}

/**
 * Writes every weight as float32, 64-byte aligned; two weights and what they are made of are in memory at a time.
 * @param onBytes is told the bytes written so far.
 * Errors: CHECKPOINT_MISMATCH and CHECKPOINT_UNREADABLE naming the tensor; CANCELLED; those of the file system.
 */
export async function writeWeights(
  plan: WeightPlan,
  writer: HashedWriter,
  onBytes: (bytes: number) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const stored = new Map<string, WeightEntry>();
  const read = async (spec: ParameterSpec): Promise<Float32Array> => {
    const { source, tensor } = plan.resolve(spec);
    // An own copy, because `adjust` works in place.
    const weight = toFloat32(await source.read(tensor.name), tensor.dtype, spec.source);
    await plan.adjust?.(spec, weight);
    return allFinite(weight, spec.source);
  };
  const gather = async ([first]: readonly ParameterSpec[]): Promise<Float32Array> => {
    const parts: Float32Array[] = [];
    for (const part of ingredients(first!)) parts.push(await read(part));
    return first!.derived ? allFinite(first!.derived.compute(...parts), first!.source) : parts[0]!;
  };
  const groups = bySource(plan);
  // The next weight is read from its disk while this one is written to its own.
  let next = groups[0] && gather(groups[0]);
  for (const [n, specs] of groups.entries()) {
    const weight = await next!;
    const following = groups[n + 1];
    next = following && gather(following);
    next?.catch(() => undefined); // thrown when its turn comes
    for (const spec of specs) {
      const [rows = 1, ...rest] = spec.sourceShape;
      const values = spec.layout === "transposed" ? transpose(weight, rows, count(rest)) : weight;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      const hash = plan.shareEqual ? createHash("sha256").update(bytes).digest("hex") : spec.key;
      const known = stored.get(hash);
      if (!known) await writer.align(WEIGHT_ALIGNMENT);
      const offset = known?.offset ?? writer.position;
      const entry: WeightEntry = { offset, bytes: bytes.byteLength, dtype: "float32", shape: spec.shape };
      index[spec.key] = entry;
      stored.set(hash, entry);
      if (!known) await writer.write(bytes, signal);
      await onBytes(writer.position);
    }
  }
  return index;
}
