/** Test help: golden folders made out of the reference's, with something changed. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openSafetensors } from "../../native-models/checkpoint/safetensors.ts";
import type { TensorSource } from "../../native-models/types.ts";

const manifestSchema = z.looseObject({
  variant: z.string(),
  other_variant: z.string(),
  settings: z.looseObject({ text: z.looseObject({ heads: z.number() }) }),
  checkpoints: z.record(z.string(), z.unknown()),
  tolerances: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.union([z.number(), z.string()]))])),
  files: z.record(
    z.string(),
    z.looseObject({ sha256: z.string(), tensors: z.record(z.string(), z.string()).optional() }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;

export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const codes: Readonly<Record<string, string>> = {
  float32: "F32",
  float16: "F16",
  int64: "I64",
  int32: "I32",
  uint8: "U8",
};

/** Writes a safetensors file: header length, JSON header, bytes. */
export function writeSafetensors(path: string, tensors: ReadonlyMap<string, RawTensor>): void {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype: codes[dtype], shape, data_offsets: [offset, (offset += bytes.length)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...[...tensors.values()].map(({ bytes }) => bytes)]));
}

/** A copy of a golden folder in the making: choose files, change them, then `write` the manifest. */
export class GoldenCopy {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly #from: string;
  readonly #described: Manifest["files"];

  /**
   * @param from the reference's folder
   * @param folder an empty folder
   * @param files which of its files to take over; checkpoints always come along
   */
  constructor(from: string, folder: string, files: readonly string[]) {
    this.#from = from;
    this.folder = folder;
    this.manifest = manifestSchema.parse(JSON.parse(readFileSync(join(from, "manifest.json"), "utf8")));
    this.#described = { ...this.manifest.files };
    const taken = new Set([
      ...files,
      ...Object.keys(this.manifest.checkpoints),
      "config.json",
      "tiny_unet_lora_order.json",
    ]);
    for (const name of Object.keys(this.manifest.files)) {
      if (taken.has(name)) symlinkSync(join(from, name), join(folder, name));
      else delete this.manifest.files[name];
    }
  }

  /** All tensors of one of the reference's safetensors files, as bytes. */
  async read(name: string): Promise<Map<string, RawTensor>> {
    const source = await openSafetensors(join(this.#from, name));
    const tensors = await rawTensors(source);
    await source.close();
    return tensors;
  }

  /** Adds or replaces a safetensors file, listed with its hash. */
  add(name: string, tensors: ReadonlyMap<string, RawTensor>): void {
    const path = join(this.folder, name);
    // Never through a link into the reference's own folder.
    rmSync(path, { force: true });
    writeSafetensors(path, tensors);
    // The reference lists tensors in the order in which it made them, which random draws depend on.
    const order = Object.keys(this.#described[name]?.tensors ?? {});
    const names = [...new Set([...order.filter((tensor) => tensors.has(tensor)), ...tensors.keys()])];
    const listed = names.map((tensor): [string, string] => {
      const { dtype, shape } = tensors.get(tensor)!;
      return [tensor, `${dtype}[${shape.join()}]`];
    });
    this.manifest.files[name] = {
      ...this.#described[name],
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
      tensors: Object.fromEntries(listed),
    };
  }

  write(): string {
    writeFileSync(join(this.folder, "manifest.json"), JSON.stringify(this.manifest));
    return this.folder;
  }
}

/** Every tensor of a checkpoint, as bytes. */
export async function rawTensors(source: TensorSource): Promise<Map<string, RawTensor>> {
  const tensors = new Map<string, RawTensor>();
  for (const [name, { dtype, shape }] of source.tensors)
    tensors.set(name, { dtype, shape, bytes: await source.read(name) });
  return tensors;
}

/** Adds `by` to the first value of a float32 tensor. */
export function nudge(tensors: Map<string, RawTensor>, name: string, by: number): void {
  const tensor = tensors.get(name)!;
  const bytes = tensor.bytes.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setFloat32(0, view.getFloat32(0, true) + by, true);
  tensors.set(name, { ...tensor, bytes });
}
