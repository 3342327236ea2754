/** Writes a weights file: every weight that the graphs ask for, one after another, converted and laid out as they want it. */
import { open } from "node:fs/promises";
import { StudioError } from "../../core/contract/index.ts";
import type { ParameterSpec, TensorSource, WeightEntry, WeightIndex } from "../types.ts";

/** onnxruntime maps external data; every weight starts on a boundary that suits wide vector loads. */
const ALIGNMENT = 64;

export interface WriteWeightsOptions {
  readonly signal?: AbortSignal;
  /** Called after each weight with the bytes written so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Changes a weight on its way (LoRA merge), in the checkpoint's own layout. */
  readonly adjust?: (source: string, values: Float32Array) => Float32Array | Promise<Float32Array>;
}

/**
 * Streams the weights into `file` as float32, at most one tensor in memory at a time.
 * Errors: CHECKPOINT_MISMATCH naming the tensor when one is missing or has another shape.
 */
export async function writeWeights(
  source: TensorSource,
  specs: readonly ParameterSpec[],
  file: string,
  options: WriteWeightsOptions = {},
): Promise<WeightIndex> {
  const index: Record<string, WeightEntry> = {};
  const handle = await open(file, "wx");
  try {
    let offset = 0;
    for (const spec of specs) {
      options.signal?.throwIfAborted();
      checkFit(source, spec);
      const raw = await source.readFloat32(spec.source);
      const values = options.adjust ? await options.adjust(spec.source, raw) : raw;
      const stored = spec.layout === "transposed" ? transposed(values, spec.sourceShape) : values;
      const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
      offset = Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
      await handle.write(bytes, 0, bytes.length, offset);
      index[spec.key] = { offset, bytes: bytes.length, dtype: "float32", shape: spec.shape };
      offset += bytes.length;
      options.onProgress?.(offset);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return index;
}

/** Errors: CHECKPOINT_MISMATCH naming the tensor. */
export function checkFit(source: TensorSource, spec: ParameterSpec): void {
  const found = source.tensors.get(spec.source);
  if (!found)
    throw new StudioError(
      "CHECKPOINT_MISMATCH",
      `This checkpoint lacks the tensor "${spec.source}": it is incomplete or of another model.`,
    );
  if (found.shape.join() !== spec.sourceShape.join())
    throw new StudioError(
      "CHECKPOINT_MISMATCH",
      `The tensor "${spec.source}" is [${found.shape.join(", ")}] in this checkpoint, but the model needs [${spec.sourceShape.join(", ")}]: it is of another model.`,
    );
}

/** [rows, columns, 1…] → [columns, rows], in blocks that stay in the cache. */
function transposed(values: Float32Array, shape: readonly number[]): Float32Array {
  const [rows = 1, columns = 1] = shape;
  const result = new Float32Array(values.length);
  const block = 64;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const bottom = Math.min(rows, top + block);
      const right = Math.min(columns, left + block);
      for (let r = top; r < bottom; r++) {
        for (let c = left; c < right; c++) result[c * rows + r] = values[r * columns + c]!;
      }
    }
  }
  return result;
}
