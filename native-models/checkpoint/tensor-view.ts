/** A tensor as a view of a storage: checks that it lies inside, and gathers its elements in row-major order. */
import type { DType } from "../types.ts";
import { unreadable } from "./bounded-file.ts";
import { bytesPerElement, elementCount } from "./dtype.ts";
import type { TensorRecord } from "./pickle-values.ts";

const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
  Float8_e4m3fnStorage: "float8_e4m3fn",
  Float8_e5m2Storage: "float8_e5m2",
};

/** PyTorch's names of number formats, as `_rebuild_tensor_v3` gives them. */
const torchTypes: Readonly<Record<string, DType>> = {
  float64: "float64",
  double: "float64",
  float32: "float32",
  float: "float32",
  float16: "float16",
  half: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  long: "int64",
  int32: "int32",
  int: "int32",
  int16: "int16",
  short: "int16",
  int8: "int8",
  uint8: "uint8",
  bool: "bool",
  float8_e4m3fn: "float8_e4m3fn",
  float8_e5m2: "float8_e5m2",
  complex64: "complex64",
  cfloat: "complex64",
  complex128: "complex128",
  cdouble: "complex128",
};

/** Expanded tensors (stride 0) may be larger than their storage, but not without bound. */
const LARGEST_EXPANSION = 1 << 26;

/** A view with holes is read with its holes; it may not span much more than it holds. */
const LARGEST_SPAN = 256 * 2 ** 20;
const LARGEST_SPAN_RATIO = 16;

export interface TensorView {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Elements between neighbours along each axis. */
  readonly stride: readonly number[];
  /** Name of the storage's entry. */
  readonly storage: string;
  /** First byte inside the storage. */
  readonly offset: number;
  /** Bytes of the storage from `offset` to the last element's end. */
  readonly span: number;
  readonly count: number;
}

function wholeNumbers(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length > 64) return undefined;
  return value.every((item) => Number.isSafeInteger(item) && item >= 0) ? value.map(Number) : undefined;
}

/**
 * Checks a tensor's description against the size of its storage.
 * Errors: CHECKPOINT_UNREADABLE naming the tensor.
 */
export function checkedView(record: TensorRecord, name: string, storageBytes: number, fileName: string): TensorView {
  const damaged = (detail: string) =>
    unreadable(
      `The tensor ${name} in ${fileName} is described wrongly: the file is damaged, download it again.`,
      detail,
    );
  const dtype = record.dtype === undefined ? storageTypes[record.storage.type] : torchTypes[record.dtype];
  if (dtype === undefined)
    throw unreadable(
      `The tensor ${name} in ${fileName} has a number format that Plume Studio does not know.`,
      record.dtype ?? record.storage.type,
    );
  const shape = wholeNumbers(record.shape);
  const stride = wholeNumbers(record.stride);
  const { offset } = record;
  if (shape === undefined || stride === undefined || shape.length !== stride.length)
    throw damaged("shape or stride is no list of whole numbers");
  if (typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0) throw damaged("bad offset");
  const size = bytesPerElement(dtype);
  const count = elementCount(shape, name);
  const last = count === 0 ? 0 : shape.reduce((sum, length, axis) => sum + (length - 1) * stride[axis]!, 0) + 1;
  if (!Number.isSafeInteger(last) || (count > 0 && (offset + last) * size > storageBytes))
    throw damaged(`needs ${offset + last} elements of a storage of ${storageBytes} bytes`);
  if (count > last && count * size > LARGEST_EXPANSION) throw damaged(`${count} elements from ${last}`);
  if (last * size > Math.max(LARGEST_SPAN, LARGEST_SPAN_RATIO * count * size))
    throw unreadable(
      `The tensor ${name} in ${fileName} is scattered over a far larger one: save the checkpoint again with its tensors made contiguous.`,
      `${count} elements over ${last}`,
    );
  return { dtype, shape, stride, storage: record.storage.key, offset: offset * size, span: last * size, count };
}

/** True when the elements already lie in row-major order without holes. */
function isContiguous(view: TensorView): boolean {
  let expected = 1;
  for (let axis = view.shape.length - 1; axis >= 0; axis--) {
    if (view.shape[axis] !== 1 && view.stride[axis] !== expected) return false;
    expected *= view.shape[axis]!;
  }
  return true;
}

/** Row-major bytes of a view from the bytes that it spans. */
export function gather(view: TensorView, span: Uint8Array): Uint8Array {
  if (view.count === 0) return new Uint8Array(0);
  if (isContiguous(view)) return span;
  const size = bytesPerElement(view.dtype);
  const result = new Uint8Array(view.count * size);
  const rank = view.shape.length;
  const index = view.shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < result.byteLength; target += size) {
    for (let byte = 0; byte < size; byte++) result[target + byte] = span[source * size + byte]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      source += view.stride[axis]!;
      if (++index[axis]! < view.shape[axis]!) break;
      source -= view.stride[axis]! * view.shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
