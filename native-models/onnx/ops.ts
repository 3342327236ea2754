/** Single operators with shape inference and checks. All are in the sets that onnxruntime runs on CPU and on WebGPU. */
import { type Graph, sizeOf, type Tensor } from "./graph.ts";

const one = (tensors: Tensor[]): Tensor => tensors[0]!;
const microsoft = { domain: "com.microsoft" };

function broadcast(g: Graph, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) g.fail(`[${a.join()}] and [${b.join()}] do not broadcast`);
    return Math.max(left, right);
  });
}

function elementwise(op: string) {
  return (g: Graph, a: Tensor, b: Tensor): Tensor => {
    if (a.dtype !== b.dtype) g.fail(`${op} of ${a.dtype} and ${b.dtype}`);
    return one(g.node(op, [a, b], [{ dtype: a.dtype, shape: broadcast(g, a.shape, b.shape) }]));
  };
}
export const add = elementwise("Add");
export const sub = elementwise("Sub");
export const mul = elementwise("Mul");
export const div = elementwise("Div");
export const max = elementwise("Max");

const unary =
  (op: string, attributes = {}, extra = {}) =>
  (g: Graph, x: Tensor): Tensor =>
    one(g.node(op, [x], [{ dtype: x.dtype, shape: x.shape }], attributes, extra));

/** x·sigmoid(x), as QuickGelu with alpha 1: one fused pass on CPU and WebGPU. */
export const silu = unary("QuickGelu", { alpha: { float: 1 } }, microsoft);
/** x·Φ(x) with the exact error function. */
export const gelu = unary("Gelu", { approximate: "none" });
export const cos = unary("Cos");
export const sin = unary("Sin");
export const tanh = unary("Tanh");

/** A number that multiplies every element. */
export const scale = (g: Graph, x: Tensor, factor: number): Tensor => mul(g, x, g.constant("float32", [1], [factor]));

/** Reshape; one size may be -1. */
export function reshape(g: Graph, x: Tensor, shape: readonly number[]): Tensor {
  const known = shape.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const full = shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size));
  if (sizeOf(full) !== sizeOf(x.shape) || !full.every(Number.isInteger))
    g.fail(`[${x.shape.join()}] cannot become [${shape.join()}]`);
  if (full.join() === x.shape.join()) return x;
  return one(g.node("Reshape", [x, g.constant("int64", [full.length], full)], [{ dtype: x.dtype, shape: full }]));
}

/** Axis i of the result is axis `order[i]` of x. Moves that touch only axes of size 1 become reshapes. */
export function transpose(g: Graph, x: Tensor, order: readonly number[]): Tensor {
  if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.shape.length)
    g.fail(`the order [${order.join()}] does not fit [${x.shape.join()}]`);
  const shape = order.map((axis) => x.shape[axis]!);
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshape(g, x, shape);
  return one(g.node("Transpose", [x], [{ dtype: x.dtype, shape }], { perm: order }));
}

export function concat(g: Graph, tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (!first) return g.fail("nothing to concatenate");
  for (const tensor of tensors) {
    if (
      tensor.shape.length !== first.shape.length ||
      tensor.shape.some((size, i) => i !== axis && size !== first.shape[i])
    )
      g.fail(`[${first.shape.join()}] and [${tensor.shape.join()}] do not concatenate on axis ${axis}`);
  }
  const shape = first.shape.map((size, i) => (i === axis ? tensors.reduce((sum, t) => sum + t.shape[axis]!, 0) : size));
  return one(g.node("Concat", tensors, [{ dtype: first.dtype, shape }], { axis }));
}

/** Equal or given parts along the last axis. */
export function splitLast(g: Graph, x: Tensor, sizes: readonly number[]): Tensor[] {
  const axis = x.shape.length - 1;
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[axis]) g.fail(`[${sizes.join()}] does not split ${x.shape[axis]}`);
  const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: [...x.shape.slice(0, -1), size] }));
  return g.node("Split", [x, g.constant("int64", [sizes.length], sizes)], outputs, { axis });
}

const overLast =
  (operator: string) =>
  (g: Graph, x: Tensor): Tensor => {
    const shape = [...x.shape.slice(0, -1), 1];
    return one(g.node(operator, [x, g.constant("int64", [1], [-1])], [{ dtype: x.dtype, shape }], { keepdims: 1 }));
  };
/** Mean over the last axis, which stays with size 1. */
export const meanOverLast = overLast("ReduceMean");
/** Euclidean length over the last axis, which stays with size 1. */
export const lengthOverLast = overLast("ReduceL2");

/** The whole tensor `count` times in a row along the first axis: [N, …] → [count·N, …]. */
export function repeat(g: Graph, x: Tensor, count: number): Tensor {
  if (count === 1) return x;
  const copies = expand(g, reshape(g, x, [1, ...x.shape]), [count, ...x.shape]);
  return reshape(g, copies, [count * x.shape[0]!, ...x.shape.slice(1)]);
}

/** Rows of a table [rows, width] by integer index: [..., width]. */
export function gather(g: Graph, table: Tensor, indices: Tensor): Tensor {
  return one(
    g.node("Gather", [table, indices], [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }], {
      axis: 0,
    }),
  );
}

/** Part of one axis, [start, end). */
export function slice(g: Graph, x: Tensor, axis: number, start: number, end: number): Tensor {
  const size = x.shape[axis] ?? 0;
  if (start < 0 || end > size || start >= end)
    g.fail(`${start} to ${end} is no part of axis ${axis} of [${x.shape.join()}]`);
  const ints = (...values: number[]) => g.constant("int64", [values.length], values);
  const shape = x.shape.map((size, i) => (i === axis ? end - start : size));
  return one(g.node("Slice", [x, ints(start), ints(end), ints(axis), ints(1)], [{ dtype: x.dtype, shape }]));
}

/** Repeats along axes of size 1. */
export function expand(g: Graph, x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.join() === shape.join()) return x;
  if (broadcast(g, x.shape, shape).join() !== shape.join())
    g.fail(`[${x.shape.join()}] does not expand to [${shape.join()}]`);
  return one(g.node("Expand", [x, g.constant("int64", [shape.length], shape)], [{ dtype: x.dtype, shape }]));
}

/** Matrix product [..., m, k] · [k, n] or batched [..., m, k] · [..., k, n]. */
export function matmul(g: Graph, a: Tensor, b: Tensor): Tensor {
  const k = a.shape.at(-1)!;
  if (b.shape.at(-2) !== k) g.fail(`[${a.shape.join()}] · [${b.shape.join()}]`);
  const batch = broadcast(g, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, a.shape.at(-2)!, b.shape.at(-1)!];
  return one(g.node("MatMul", [a, b], [{ dtype: a.dtype, shape }], {}, { flops: 2 * k * sizeOf(shape) }));
}

/** Matrix product of the last two axes, either of them turned, times a number; all axes before are alike. */
export function fusedMatmul(
  g: Graph,
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, alpha = 1 }: { transA?: boolean; transB?: boolean; alpha?: number },
): Tensor {
  const [m, k] = transA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [inner, n] = transB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
  const batch = a.shape.slice(0, -2);
  if (k !== inner || batch.join() !== b.shape.slice(0, -2).join()) g.fail(`[${a.shape.join()}] · [${b.shape.join()}]`);
  const shape = [...batch, m, n];
  const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
  const extra = { ...microsoft, flops: 2 * k * sizeOf(shape) };
  return one(g.node("FusedMatMul", [a, b], [{ dtype: a.dtype, shape }], attributes, extra));
}

/**
 * x·Wᵀ + b over the last axis of x, for a weight [out, in] in the checkpoint's own order. One Gemm over all leading axes, so the
 * bias costs no pass of its own.
 */
export function project(g: Graph, x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const [out, inner] = weight.shape as [number, number];
  if (weight.shape.length !== 2 || x.shape.at(-1) !== inner) g.fail(`[${x.shape.join()}] · [${weight.shape.join()}]ᵀ`);
  const rows = sizeOf(x.shape) / inner;
  const flat = reshape(g, x, [rows, inner]);
  const flops = 2 * rows * inner * out;
  const y = g.node("Gemm", [flat, weight, bias], [{ dtype: x.dtype, shape: [rows, out] }], { transB: 1 }, { flops });
  return reshape(g, one(y), [...x.shape.slice(0, -1), out]);
}

export interface ConvOptions {
  /** Both ways, or [down, across]. */
  readonly stride?: number | readonly [number, number];
  /** [top, left, bottom, right] */
  readonly pads?: readonly number[];
}

/** How often a kernel of this length fits into a length, a step apart. */
const steps = (length: number, kernel: number, step: number): number => Math.floor((length - kernel) / step) + 1;

/** Shape, attributes and work of a 2-D convolution of [N, C, H, W] with [O, C, kh, kw]. */
export function conv2dShape(g: Graph, x: Tensor, weight: Tensor, options: ConvOptions) {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [out, inner, kh, kw] = weight.shape as [number, number, number, number];
  if (x.shape.length !== 4 || inner !== c)
    g.fail(`a convolution [${weight.shape.join()}] does not fit [${x.shape.join()}]`);
  const { stride = 1 } = options;
  const [down, across] = typeof stride === "number" ? [stride, stride] : stride;
  const pads = options.pads ?? [0, 0, 0, 0];
  const shape = [n, out, steps(h + pads[0]! + pads[2]!, kh, down), steps(w + pads[1]! + pads[3]!, kw, across)];
  const attributes = { kernel_shape: [kh, kw], strides: [down, across], pads };
  return { shape, attributes, flops: 2 * c * kh * kw * sizeOf(shape) };
}

/** 2-D convolution of [N, C, H, W] with [O, C, kh, kw]; no padding unless told. */
export function conv2d(
  g: Graph,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: ConvOptions = {},
): Tensor {
  const { shape, attributes, flops } = conv2dShape(g, x, weight, options);
  return one(g.node("Conv", [x, weight, bias], [{ dtype: x.dtype, shape }], attributes, { flops }));
}

/**
 * x·W + b with W [in, out] in int8 and one scale an output; x is quantised to 8 bits on the fly, with one scale for all of it.
 */
export function projectInt8(g: Graph, x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor | undefined): Tensor {
  const [inner, out] = weight.shape as [number, number];
  if (x.shape.at(-1) !== inner) g.fail(`[${x.shape.join()}] · int8 [${weight.shape.join()}]`);
  const shape = [...x.shape.slice(0, -1), out];
  const inputs = [x, weight, scale, undefined, ...(bias ? [bias] : [])];
  const extra = { ...microsoft, flops: 2 * inner * sizeOf(shape) };
  return one(g.node("DynamicQuantizeMatMul", inputs, [{ dtype: "float32", shape }], {}, extra));
}

/** Scale and zero point of 8-bit unsigned numbers that cover a range and hold 0 exactly. */
export function affine([low, high]: readonly [number, number]): { scale: number; zero: number } {
  const from = Math.min(low, 0);
  const to = Math.max(high, 0);
  const scale = Math.fround((to - from) / 255) || 1;
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-from / scale))) };
}

/** Smallest and largest value of x and of y, [4]. */
export function rangeOf(g: Graph, x: Tensor, y: Tensor): Tensor {
  const extreme = (operator: string, tensor: Tensor) =>
    reshape(g, one(g.node(operator, [tensor], [{ dtype: "float32", shape: [] }], { keepdims: 0 })), [1]);
  const parts = [extreme("ReduceMin", x), extreme("ReduceMax", x), extreme("ReduceMin", y), extreme("ReduceMax", y)];
  return concat(g, parts, 0);
}

/** Per-sample, per-channel normalisation over all further axes, of [N, C, ...] with scale and bias of [C]. */
export function instanceNorm(g: Graph, x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return one(
    g.node("InstanceNormalization", [x, weight, bias], [{ dtype: x.dtype, shape: x.shape }], {
      epsilon: { float: epsilon },
    }),
  );
}

/** Normalisation over the last axis. */
export function layerNorm(g: Graph, x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  return one(
    g.node("LayerNormalization", [x, weight, bias], [{ dtype: x.dtype, shape: x.shape }], {
      axis: -1,
      epsilon: { float: epsilon },
    }),
  );
}

/**
 * softmax(q·kᵀ/√d)·v in `heads` heads, for q [B, L, D], k and v [B, S, D]; the fused operator never holds the whole
 * score matrix on CPU. `mask` [1|B, 1|heads, L, S] is added to the scores.
 */
export function attention(g: Graph, q: Tensor, k: Tensor, v: Tensor, heads: number, mask?: Tensor): Tensor {
  const [batch, length, width] = q.shape as [number, number, number];
  const source = k.shape[1]!;
  if (k.shape.join() !== v.shape.join() || k.shape[0] !== batch || k.shape[2] !== width || width % heads !== 0)
    g.fail(`attention of [${q.shape.join()}] to [${k.shape.join()}] in ${heads} heads`);
  return one(
    g.node(
      "MultiHeadAttention",
      [q, k, v, undefined, undefined, ...(mask ? [mask] : [])],
      [{ dtype: q.dtype, shape: q.shape }],
      { num_heads: heads },
      { ...microsoft, flops: 4 * batch * length * source * width },
    ),
  );
}

/** Nearest-neighbour enlargement by 2 of [N, C, H, W]. */
export function upsample2(g: Graph, x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return one(
    g.node(
      "Resize",
      [x, undefined, g.constant("float32", [4], [1, 1, 2, 2])],
      [{ dtype: x.dtype, shape: [n, c, h * 2, w * 2] }],
      { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    ),
  );
}
