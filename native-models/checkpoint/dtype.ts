/** Number formats of checkpoints: sizes, names in both file formats, and conversion to float32. */
import { StudioError } from "../../core/contract/errors.ts";
import type { DType } from "../types.ts";

const sizes: Record<DType, number> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  complex64: 8,
  complex128: 16,
};

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return sizes[dtype];
}

/** Product of a shape; 1 for a scalar. Throws CHECKPOINT_UNREADABLE when a size is no whole number or the product is absurd. */
export function elementCount(shape: readonly number[], name: string): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw unreadableShape(shape, name);
    count *= size;
    if (!Number.isSafeInteger(count)) throw unreadableShape(shape, name);
  }
  return count;
}

function unreadableShape(shape: readonly number[], name: string): StudioError {
  return new StudioError(
    "CHECKPOINT_UNREADABLE",
    `The checkpoint gives the tensor ${name} an impossible shape: the file is damaged, download it again.`,
    `shape [${shape.join(", ")}]`,
  );
}

/** Builds a table from every bit pattern of a small float to its value. */
function floatTable(bits: 8, exponentBits: number, mantissaBits: number, bias: number, hasInfinity: boolean) {
  return Float32Array.from({ length: 2 ** bits }, (_, pattern) => {
    const sign = pattern >> (bits - 1) ? -1 : 1;
    const exponent = (pattern >> mantissaBits) & (2 ** exponentBits - 1);
    const mantissa = pattern & (2 ** mantissaBits - 1);
    const top = 2 ** exponentBits - 1;
    if (hasInfinity && exponent === top) return mantissa === 0 ? sign * Infinity : NaN;
    // e4m3fn has no infinities: only the all-ones pattern is no number.
    if (!hasInfinity && exponent === top && mantissa === 2 ** mantissaBits - 1) return NaN;
    if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
    return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
  });
}

const e4m3fn = floatTable(8, 4, 3, 7, false);
const e5m2 = floatTable(8, 5, 2, 15, true);

let halfTable: Float32Array | undefined;
function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, pattern) => {
    const sign = pattern & 0x8000 ? -1 : 1;
    const exponent = (pattern >> 10) & 31;
    const mantissa = pattern & 1023;
    if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
    if (exponent === 0) return sign * mantissa * 2 ** -24;
    return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  });
  return halfTable;
}

/** A copy whose buffer starts at an address that every typed array accepts. */
function aligned(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : Uint8Array.from(bytes);
}

/**
 * Little-endian bytes of `dtype` → float32 numbers, one per element. float64 and integers are rounded to the nearest float32.
 * Errors: CHECKPOINT_MISMATCH for complex numbers, which no network here takes.
 */
export function toFloat32(raw: Uint8Array, dtype: DType, name: string): Float32Array {
  const size = sizes[dtype];
  const bytes = aligned(raw, Math.min(size, 8));
  const { buffer, byteOffset } = bytes;
  const count = Math.floor(bytes.byteLength / size);
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "float16": {
      const table = halves();
      const patterns = new Uint16Array(buffer, byteOffset, count);
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++) values[i] = table[patterns[i]!]!;
      return values;
    }
    case "bfloat16": {
      const patterns = new Uint16Array(buffer, byteOffset, count);
      const values = new Uint32Array(count);
      for (let i = 0; i < count; i++) values[i] = patterns[i]! << 16;
      return new Float32Array(values.buffer);
    }
    case "int64":
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case "int32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "int16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "int8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "uint8":
      return Float32Array.from(bytes);
    case "bool":
      return Float32Array.from(bytes, (value) => (value === 0 ? 0 : 1));
    case "float8_e4m3fn":
      return Float32Array.from(bytes, (pattern) => e4m3fn[pattern]!);
    case "float8_e5m2":
      return Float32Array.from(bytes, (pattern) => e5m2[pattern]!);
    default:
      throw new StudioError(
        "CHECKPOINT_MISMATCH",
        `The tensor ${name} holds complex numbers, which this model cannot use: choose the checkpoint that its authors published.`,
        dtype,
      );
  }
}
