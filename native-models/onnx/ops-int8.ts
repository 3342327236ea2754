/** Convolutions in 8-bit arithmetic, one by one or in chains that stay in 8 bits. Ranges come from calibration. */
import type { ConvRange, Graph, Tensor } from "./graph.ts";
import { affine, concat, conv2dShape, type ConvOptions } from "./ops.ts";

type Range = readonly [number, number];

/** A tensor of unsigned bytes with what they mean: (byte - zero) · scale. */
export interface Quantised {
  readonly tensor: Tensor;
  readonly scale: Tensor;
  readonly zero: Tensor;
}

/** Int8 values [O, C, kh, kw], a scale an output channel, and the bias in units of both scales. */
export interface Int8Kernel {
  readonly values: Tensor;
  readonly scale: Tensor;
  readonly bias: Tensor;
}

const numbers = (g: Graph, range: Range) => {
  const { scale, zero } = affine(range);
  return { scale: g.constant("float32", [], [scale]), zero: g.constant("uint8", [], [zero]) };
};

/** Values outside of the range are held at its ends: a range that begins at 0 is a ReLU. */
export function quantise(g: Graph, x: Tensor, range: Range): Quantised {
  const { scale, zero } = numbers(g, range);
  const [tensor] = g.node("QuantizeLinear", [x, scale, zero], [{ dtype: "uint8", shape: x.shape }]);
  return { tensor: tensor!, scale, zero };
}

export function dequantise(g: Graph, { tensor, scale, zero }: Quantised): Tensor {
  return g.node("DequantizeLinear", [tensor, scale, zero], [{ dtype: "float32", shape: tensor.shape }])[0]!;
}

/** Joins channels that share one range. */
export function concatQuantised(g: Graph, parts: readonly Quantised[]): Quantised {
  const [first] = parts as [Quantised];
  return {
    ...first,
    tensor: concat(
      g,
      parts.map(({ tensor }) => tensor),
      1,
    ),
  };
}

/** Convolution from bytes to bytes. @param output range of the result; what falls outside is held at its ends */
export function convInt8(
  g: Graph,
  x: Quantised,
  kernel: Int8Kernel,
  output: Range,
  options: ConvOptions = {},
): Quantised {
  const like = conv2dShape(g, x.tensor, kernel.values, options);
  const { scale, zero } = numbers(g, output);
  const weightZero = g.constant("int8", [], [0]);
  const [tensor] = g.node(
    "QLinearConv",
    [x.tensor, x.scale, x.zero, kernel.values, kernel.scale, weightZero, scale, zero, kernel.bias],
    [{ dtype: "uint8", shape: like.shape }],
    like.attributes,
    { flops: like.flops },
  );
  return { tensor: tensor!, scale, zero };
}

/** Convolution in int8 arithmetic: float32 in and out. Padding as in `conv2d`. */
export function conv2dInt8(
  g: Graph,
  x: Tensor,
  kernel: Int8Kernel,
  range: ConvRange,
  options: ConvOptions = {},
): Tensor {
  return dequantise(g, convInt8(g, quantise(g, x, range.input), kernel, range.output, options));
}
