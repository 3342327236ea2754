import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Weights } from "../../../native-models/onnx/session.ts";

/** A float32 weight as it lies in the weights file. */
export async function readWeight(weights: Weights, key: string): Promise<Float32Array> {
  const entry = weights.index[key];
  if (!entry) throw new Error(`there is no weight ${key}`);
  const handle = await open(join(weights.folder, weights.file));
  try {
    const values = new Float32Array(entry.bytes / 4);
    await handle.read(new Uint8Array(values.buffer), 0, entry.bytes, entry.offset);
    return values;
  } finally {
    await handle.close();
  }
}
