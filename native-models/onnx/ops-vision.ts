/** Operators of picture networks with shape inference and checks; the general ones are in `ops.ts`. Pictures are [N, C, H, W]. */
import type { Graph, Tensor } from "./graph.ts";
import * as op from "./ops.ts";

const one = (tensors: Tensor[]): Tensor => tensors[0]!;
const unary =
  (name: string, attributes = {}) =>
  (g: Graph, x: Tensor): Tensor =>
    one(g.node(name, [x], [{ dtype: x.dtype, shape: x.shape }], attributes));

export const relu = unary("Relu");
/** clamp(x/6 + 1/2, 0, 1), as PyTorch has it; ONNX's default slope is another. */
export const hardSigmoid = unary("HardSigmoid", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
/** Over the last axis. */
export const softmax = unary("Softmax", { axis: -1 });

/** Parts of the channels, in order. */
export function splitChannels(g: Graph, x: Tensor, sizes: readonly number[]): Tensor[] {
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[1]) g.fail(`[${sizes.join()}] does not split [${x.shape.join()}]`);
  const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: [x.shape[0]!, size, ...x.shape.slice(2)] }));
  return g.node("Split", [x, g.constant("int64", [sizes.length], sizes)], outputs, { axis: 1 });
}

/**
 * Mean over height and width: [N, C, 1, 1]. A reduction takes half of the time of GlobalAveragePool; not so between int8 convolutions, where
 * onnxruntime lets the channels lie last and the reduction would go across them.
 */
export function globalMean(g: Graph, x: Tensor): Tensor {
  const shape = [x.shape[0]!, x.shape[1]!, 1, 1];
  if (g.int8) return one(g.node("GlobalAveragePool", [x], [{ dtype: x.dtype, shape }]));
  return one(g.node("ReduceMean", [x, g.constant("int64", [2], [2, 3])], [{ dtype: x.dtype, shape }], { keepdims: 1 }));
}

/** Mean over height and width as a pooling, which stays in onnxruntime's blocked layout: [N, C, 1, 1]. */
export const globalAverage = (g: Graph, x: Tensor): Tensor =>
  one(g.node("GlobalAveragePool", [x], [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, 1, 1] }]));

/** One value a channel [N, C, 1, 1] over height and width. An enlargement, which stays in the blocked layout as a broadcast would not. */
export function spread(g: Graph, x: Tensor, height: number, width: number): Tensor {
  const [n, c] = x.shape as [number, number];
  return one(
    g.node(
      "Resize",
      [x, undefined, g.constant("float32", [4], [1, 1, height, width])],
      [{ dtype: x.dtype, shape: [n, c, height, width] }],
      { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    ),
  );
}

/** Every channel times its own number, plus its own: a convolution in as many groups, weight [C, 1, 1, 1]. */
export function channelwise(g: Graph, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const attributes = { kernel_shape: [1, 1], group: x.shape[1]! };
  return one(g.node("Conv", [x, weight, bias], [{ dtype: x.dtype, shape: x.shape }], attributes));
}

export const squareRoot = unary("Sqrt");

/** Entries of one axis by integer index: the axis is replaced by the axes of `indices`. */
export function gatherAxis(g: Graph, x: Tensor, indices: Tensor, axis: number): Tensor {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return one(g.node("Gather", [x, indices], [{ dtype: x.dtype, shape }], { axis }));
}

/** Every second row and column, beginning with the first: what pooling of 1×1 with stride 2 does. */
export function everySecond(g: Graph, x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const shape = [n, c, Math.ceil(h / 2), Math.ceil(w / 2)];
  return one(
    g.node("MaxPool", [x], [{ dtype: x.dtype, shape }], { kernel_shape: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] }),
  );
}

/** Transposed convolution with kernel 2 and stride 2, weight [in, out, 2, 2]: doubles height and width. */
export function convTranspose2(g: Graph, x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [inner, out] = weight.shape as [number, number];
  if (inner !== c || weight.shape.slice(2).join() !== "2,2")
    g.fail(`a transposed convolution [${weight.shape.join()}] does not fit [${x.shape.join()}]`);
  const shape = [n, out, h * 2, w * 2];
  const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
  const flops = 8 * n * c * out * h * w;
  return one(g.node("ConvTranspose", [x, weight, bias], [{ dtype: x.dtype, shape }], attributes, { flops }));
}

/**
 * RoIAlign with half-pixel offsets and as many samples a cell as the region needs (K. He et al., "Mask R-CNN", 2017).
 * @param regions [R, 4] as x1, y1, x2, y2 in input pixels; a region of no size gives zeros
 * @param scale features a pixel, e.g. 1/4
 */
export function roiAlign(g: Graph, features: Tensor, regions: Tensor, size: number, scale: number): Tensor {
  const [n, c] = features.shape as [number, number];
  const [count, four] = regions.shape as [number, number];
  if (n !== 1 || four !== 4) g.fail(`regions [${regions.shape.join()}] of [${features.shape.join()}]`);
  const batch = g.constant("int64", [count], Array<number>(count).fill(0));
  return one(
    g.node("RoiAlign", [features, regions, batch], [{ dtype: features.dtype, shape: [count, c, size, size] }], {
      coordinate_transformation_mode: "half_pixel",
      mode: "avg",
      output_height: size,
      output_width: size,
      sampling_ratio: 0,
      spatial_scale: { float: scale },
    }),
  );
}

/** [N, C, H, W] → tokens [N, H·W, C] in row-major order. */
export function toTokens(g: Graph, x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return op.reshape(g, op.transpose(g, x, [0, 2, 3, 1]), [n, h * w, c]);
}

/** Tokens [N, H·W, C] → [N, C, H, W]. */
export function fromTokens(g: Graph, x: Tensor, height: number, width: number): Tensor {
  const [n, , c] = x.shape as [number, number, number];
  return op.transpose(g, op.reshape(g, x, [n, height, width, c]), [0, 3, 1, 2]);
}
