/** Reading a pack's weights back as float32, whatever they are kept as. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";
import type { WeightEntry } from "../types.ts";
import type { Weights } from "./session.ts";
import { bytesFor, scalesFor, unpackWeight } from "./weight-formats.ts";

/** Files are opened on first need; close it when done. */
export class StoredWeights {
  readonly #weights: Weights;
  readonly #opened = new Map<string, FileHandle>();

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  has(key: string): boolean {
    return this.#weights.index[key] !== undefined;
  }

  /**
   * Rows [from, from + rows) of a weight, along its first axis. Absent: all of it.
   * Errors: MODEL_DAMAGED naming the weight.
   */
  async read(key: string, from = 0, rows?: number): Promise<Float32Array> {
    const entry = this.#weights.index[key];
    if (entry === undefined) throw lost(key);
    const [all = 1, ...rest] = entry.shape;
    const width = rest.reduce((product, size) => product * size, 1);
    const count = rows ?? all - from;
    const size = (numbers: number) => bytesFor(entry.dtype, numbers);
    const data = await this.#bytes(key, entry, entry.offset + size(from * width), size(count * width));
    if (entry.scales === undefined) return unpackWeight(entry.dtype, data, null, count);
    const before = scalesFor(entry.dtype, from, width);
    const bytes = await this.#bytes(key, entry, entry.scales + 4 * before, 4 * scalesFor(entry.dtype, count, width));
    return unpackWeight(entry.dtype, data, new Float32Array(bytes.buffer), count);
  }

  async close(): Promise<void> {
    for (const handle of this.#opened.values()) await handle.close();
    this.#opened.clear();
  }

  async #bytes(key: string, entry: WeightEntry, offset: number, length: number): Promise<Uint8Array> {
    const name = entry.file ?? this.#weights.file;
    const handle = this.#opened.get(name) ?? (await open(join(this.#weights.folder, name), "r"));
    this.#opened.set(name, handle);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw lost(key);
      done += bytesRead;
    }
    return bytes;
  }
}

function lost(key: string): StudioError {
  return new StudioError("MODEL_DAMAGED", `The weight ${key} cannot be read: install the model again.`);
}
