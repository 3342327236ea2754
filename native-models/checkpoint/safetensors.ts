/**
 * Reader of the safetensors format: 8-byte little-endian header length, a JSON header, then the tensors' bytes.
 * Source: the format's description in the safetensors repository (huggingface/safetensors, README "Format").
 */
import { z } from "zod";
import type { DType, TensorInfo, TensorSource } from "../types.ts";
import { BoundedFile, unreadable } from "./bounded-file.ts";
import { bytesPerElement, elementCount, toFloat32 } from "./dtype.ts";

/** The reference implementation refuses longer headers too. */
const HEADER_LIMIT = 100_000_000;

const dtypes: Readonly<Record<string, DType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
  F8_E4M3: "float8_e4m3fn",
  F8_E5M2: "float8_e5m2",
  C64: "complex64",
};

const whole = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(whole).max(64),
  data_offsets: z.tuple([whole, whole]),
});
const metadataSchema = z.record(z.string(), z.string());

interface Located extends TensorInfo {
  /** Absolute position in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** True when the first bytes can be a safetensors header: a sane length and an opening brace. */
export function looksLikeSafetensors(head: Uint8Array, fileSize: number): boolean {
  if (head.byteLength < 9) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(Math.max(0, fileSize - 8)) && head[8] === 0x7b;
}

/**
 * Opens a safetensors file; only the header is read. Offsets must lie inside the file, agree with dtype and shape and not overlap.
 * Errors: CHECKPOINT_UNREADABLE.
 */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const file = await BoundedFile.open(path);
  try {
    return new SafetensorsSource(file, await readHeader(file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Header {
  readonly tensors: Map<string, Located>;
  readonly metadata: Record<string, string>;
}

async function readHeader(file: BoundedFile): Promise<Header> {
  const lengthBytes = await file.read(0, 8, "its header");
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length > HEADER_LIMIT || length < 2)
    throw unreadable(
      `The file ${file.name} does not start like a safetensors file: it is damaged or of another kind.`,
      `header length ${length}`,
    );
  const text = await file.read(8, length, "its header");
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (cause) {
    throw unreadable(`The header of ${file.name} is damaged: download the file again.`, String(cause), cause);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw unreadable(`The header of ${file.name} is damaged: download the file again.`, "the header is not an object");
  return checkHeader(file, new Map(Object.entries(parsed)), 8 + length);
}

function checkHeader(file: BoundedFile, entries: Map<string, unknown>, dataStart: number): Header {
  const tensors = new Map<string, Located>();
  const metadata = metadataSchema.safeParse(entries.get("__metadata__") ?? {});
  entries.delete("__metadata__");
  for (const [name, raw] of entries) {
    const parsed = entrySchema.safeParse(raw);
    if (!parsed.success)
      throw unreadable(`The header of ${file.name} describes the tensor ${name} wrongly: download the file again.`);
    const { dtype: code, shape, data_offsets: offsets } = parsed.data;
    const dtype = dtypes[code];
    if (dtype === undefined)
      throw unreadable(`The tensor ${name} in ${file.name} has the unknown number format ${code}.`);
    const [begin, end] = offsets;
    const bytes = elementCount(shape, name) * bytesPerElement(dtype);
    if (end - begin !== bytes)
      throw unreadable(
        `The header of ${file.name} describes the tensor ${name} wrongly: download the file again.`,
        `${end - begin} bytes for ${code} [${shape.join(", ")}]`,
      );
    if (dataStart + end > file.size) throw file.truncated(`the tensor ${name}`);
    tensors.set(name, { name, dtype, shape, offset: dataStart + begin, bytes });
  }
  const inOrder = [...tensors.values()].filter((tensor) => tensor.bytes > 0).sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < inOrder.length; i++) {
    const before = inOrder[i - 1]!;
    const after = inOrder[i]!;
    if (before.offset + before.bytes > after.offset)
      throw unreadable(
        `The tensors ${before.name} and ${after.name} in ${file.name} overlap: the file is damaged, download it again.`,
      );
  }
  return { tensors, metadata: metadata.success ? metadata.data : {} };
}

class SafetensorsSource implements TensorSource {
  readonly tensors: ReadonlyMap<string, Located>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly #file: BoundedFile;

  constructor(file: BoundedFile, header: Header) {
    this.#file = file;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  async read(name: string): Promise<Uint8Array> {
    const tensor = this.#find(name);
    return await this.#file.read(tensor.offset, tensor.bytes, `the tensor ${name}`);
  }

  async readFloat32(name: string): Promise<Float32Array> {
    return toFloat32(await this.read(name), this.#find(name).dtype, name);
  }

  #find(name: string): Located {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw unreadable(`The file ${this.#file.name} holds no tensor named ${name}.`);
    return tensor;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
