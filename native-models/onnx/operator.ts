/** What graphs are made of. */

/** Element types that our graphs use, with their ONNX `TensorProto.DataType` numbers. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;
/** Of one element. */
export const bytesOf: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** A value flowing through the graph. Shapes are static: a graph is written for one size. */
export interface Tensor {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Operator {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of each output. */
  readonly bytes: readonly number[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Floating point operations, 2 per multiply-add; only for operators where they matter. */
  readonly flops: number;
}

/** Product of the dimensions. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
