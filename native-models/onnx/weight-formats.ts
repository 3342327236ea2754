/**
 * The formats in which a pack may keep its weights, and what a weight looks like in each:
 *
 * - `fp32`: as published.
 * - `fp16`: IEEE half precision for everything but vectors. Half the disk; opened, it is float32 again.
 * - `int8`: matrices and kernels as signed bytes, symmetric, one float32 scale a row (an output); tables as fp16.
 * - `4bit`: matrices in blocks of 32 numbers along a row, 4 bits each and one float32 scale a block; kernels as in `int8`, because
 *   convolutions hold up less well and have no 4-bit operator; tables as fp16.
 *
 * The block format is the one of ONNX Runtime's MatMulNBits: (q - 8)·scale for q from 0 to 15, the first of two numbers in the low half
 * of a byte. The scale is the block's number of largest magnitude over -8, so that this number itself is exact.
 */
import { type WeightFormat, weightFormatSchema } from "../../core/contract/index.ts";
import type { ParameterSpec, WeightEntry } from "../types.ts";
import { quantiseRows } from "./quantise-rows.ts";

export type { WeightFormat } from "../../core/contract/index.ts";
/** From the largest to the smallest. */
export const weightFormats = weightFormatSchema.options;

/** Numbers that share a scale in 4 bits. */
export const BLOCK = 32;
/** Smaller weights stay in float32: they are next to nothing on the disk, and norms and biases feel rounding most. */
const WORTH_PACKING = 1024;
/** A row this short costs more in scales than it saves. */
const SHORTEST_ROW = 16;
const LARGEST_HALF = 65504;

const bitsOf: Readonly<Record<WeightEntry["dtype"], number>> = {
  float32: 32,
  float16: 16,
  int32: 32,
  int8: 8,
  uint8: 8,
  uint4: 4,
};

/** Bytes of `count` numbers; of 4-bit ones an even count. */
export const bytesFor = (dtype: WeightEntry["dtype"], count: number): number => (bitsOf[dtype] * count) / 8;

/** Scales that `rows` rows of `width` numbers have. */
export function scalesFor(dtype: WeightEntry["dtype"], rows: number, width: number): number {
  return dtype === "uint4" ? (rows * width) / BLOCK : rows;
}

/** A weight as it is kept. `scales`: for int8 one a row, for 4 bits one a block, row after row. */
export interface PackedWeight {
  readonly dtype: "float32" | "float16" | "int8" | "uint4";
  readonly data: Uint8Array;
  readonly scales: Float32Array | null;
}

const bytesOf = (array: Float32Array | Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** How a weight is kept in a pack of this format, which depends on what the graphs do with it. */
export function storedAs(spec: Pick<ParameterSpec, "shape" | "use">, format: WeightFormat): PackedWeight["dtype"] {
  const count = sizeOf(spec.shape);
  if (format === "fp32" || spec.shape.length < 2 || count < WORTH_PACKING) return "float32";
  const row = count / spec.shape[0]!;
  const isProduct = spec.use === "matrix" || spec.use === "kernel";
  if (format === "fp16" || !isProduct || row < SHORTEST_ROW) return "float16";
  if (format === "4bit" && spec.use === "matrix" && row % BLOCK === 0) return "uint4";
  return "int8";
}

/** Bytes that a weight takes in this format, scales included. */
export function storedBytes(spec: Pick<ParameterSpec, "shape" | "use">, format: WeightFormat): number {
  const count = sizeOf(spec.shape);
  const dtype = storedAs(spec, format);
  if (dtype === "float32") return 4 * count;
  if (dtype === "float16") return 2 * count;
  return dtype === "int8" ? count + 4 * spec.shape[0]! : count / 2 + (4 * count) / BLOCK;
}

/** Packs a weight's values. Numbers too large for half precision keep theirs in float32. */
export function packWeight(
  values: Float32Array,
  spec: Pick<ParameterSpec, "shape" | "use">,
  format: WeightFormat,
): PackedWeight {
  const dtype = storedAs(spec, format);
  if (dtype === "int8") {
    const { values: rounded, scales } = quantiseRows(values, spec.shape[0]!);
    return { dtype, data: bytesOf(rounded), scales };
  }
  if (dtype === "uint4") return { dtype, ...packBlocks(values) };
  if (dtype === "float16" && values.every((value) => Math.abs(value) <= LARGEST_HALF))
    return { dtype, data: bytesOf(toHalf(values)), scales: null };
  return { dtype: "float32", data: bytesOf(values), scales: null };
}

/** float32 → half precision bit patterns, rounded to nearest, ties to even. Nothing may be larger than half precision holds. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) {
    const word = bits[i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude < 0x38800000) {
      // Subnormal: a whole number of 2^-24, which float32 arithmetic rounds to as it should.
      halves[i] = sign | roundEven(Math.abs(values[i]!) * 2 ** 24);
      continue;
    }
    const rest = magnitude - 0x38000000;
    halves[i] = sign | ((rest + 0xfff + ((rest >>> 13) & 1)) >>> 13);
  }
  return halves;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Blocks of 32 numbers, 16 bytes and a scale each. The count must be a multiple of 32. */
function packBlocks(values: Float32Array): { data: Uint8Array; scales: Float32Array } {
  const data = new Uint8Array(values.length / 2);
  const scales = new Float32Array(values.length / BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const from = block * BLOCK;
    let extreme = 0;
    for (let i = from; i < from + BLOCK; i++) if (Math.abs(values[i]!) > Math.abs(extreme)) extreme = values[i]!;
    const scale = Math.fround(extreme / -8) || 1;
    scales[block] = scale;
    for (let i = from; i < from + BLOCK; i += 2) {
      const low = Math.min(15, Math.round(values[i]! / scale) + 8);
      const high = Math.min(15, Math.round(values[i + 1]! / scale) + 8);
      data[i / 2] = low | (high << 4);
    }
  }
  return { data, scales };
}

/**
 * Values of a packed weight, or of some of its rows.
 * @param data its bytes, @param scales its scales: of those rows alone
 */
export function unpackWeight(
  dtype: WeightEntry["dtype"],
  data: Uint8Array,
  scales: Float32Array | null,
  rows: number,
): Float32Array {
  switch (dtype) {
    case "float32":
      return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    case "float16":
      return fromHalf(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2));
    case "int8": {
      const width = data.length / rows;
      const signed = new Int8Array(data.buffer, data.byteOffset, data.length);
      return Float32Array.from(signed, (value, i) => value * scales![Math.floor(i / width)]!);
    }
    case "uint4": {
      const values = new Float32Array(data.length * 2);
      for (let i = 0; i < data.length; i++) {
        const scale = scales![Math.floor((2 * i) / BLOCK)]!;
        values[2 * i] = ((data[i]! & 15) - 8) * scale;
        values[2 * i + 1] = ((data[i]! >> 4) - 8) * scale;
      }
      return values;
    }
    default:
      throw new Error(`A weight is not kept as ${dtype}.`);
  }
}

function fromHalf(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const pattern = halves[i]!;
    const exponent = (pattern >> 10) & 31;
    const mantissa = pattern & 1023;
    const magnitude = exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
    values[i] = pattern & 0x8000 ? -magnitude : magnitude;
  }
  return values;
}
