/**
 * Layers as plain functions: each enters the scope of its official name and asks for its parameters there. Layouts: pictures are
 * [N, C, H, W], token sequences are [N, L, C].
 */
import { type Graph, sizeOf, type Tensor } from "./graph.ts";
import * as op from "./ops.ts";
import { conv2dInt8 } from "./ops-int8.ts";

/**
 * x·Wᵀ + b over the last axis. `rows` takes only some of the outputs: the parts of a packed projection are then separate products
 * that read one weight, and nothing has to be split afterwards.
 * @param out outputs of the whole layer, as in the checkpoint
 * @param options.heavy worth int8 arithmetic where the graph is written in int8
 */
export function linear(
  g: Graph,
  name: string,
  x: Tensor,
  out: number,
  options: { bias?: boolean; rows?: readonly [number, number]; heavy?: boolean } = {},
): Tensor {
  const { rows } = options;
  return g.scope(name, () => {
    if (options.heavy && g.int8) {
      const { values, scale } = g.int8Weight("linear", [out, x.shape.at(-1)!], { rows });
      const bias = options.bias === false ? undefined : g.parameter("bias", [out], rows ? { rows } : {});
      return op.projectInt8(g, x, values, scale, bias);
    }
    const weight = g.parameter("weight", [out, x.shape.at(-1)!], rows ? { rows } : {});
    return op.project(
      g,
      x,
      weight,
      options.bias === false ? undefined : g.parameter("bias", [out], rows ? { rows } : {}),
    );
  });
}

/** A convolution in float32, or in int8 where the graph has ranges for it; observed where the graph observes. */
function heavyConv(
  g: Graph,
  x: Tensor,
  sourceShape: readonly number[],
  shape: readonly number[],
  options: { stride?: number; pads: readonly number[] },
): Tensor {
  const out = sourceShape[0]!;
  const range = g.int8?.get(g.path);
  if (range) {
    return conv2dInt8(g, x, g.int8Weight("conv", sourceShape, { shape }), range, options);
  }
  const y = op.conv2d(g, x, g.parameter("weight", sourceShape, { shape }), g.parameter("bias", [out]), options);
  if (g.observe) g.addRange(op.rangeOf(g, x, y));
  return y;
}

/**
 * Convolution with a square kernel, [N, C, H, W] → [N, out, H', W'].
 * @param options.pads [top, left, bottom, right]; absent: half the kernel on every side
 * @param options.heavy worth int8 arithmetic where the graph is written in int8
 */
export function conv(
  g: Graph,
  name: string,
  x: Tensor,
  out: number,
  kernel: number,
  options: { stride?: number; pads?: readonly number[]; heavy?: boolean } = {},
): Tensor {
  const pad = kernel >> 1;
  const shape = [out, x.shape[1]!, kernel, kernel];
  const details = { stride: options.stride ?? 1, pads: options.pads ?? [pad, pad, pad, pad] };
  return g.scope(name, () =>
    options.heavy
      ? heavyConv(g, x, shape, shape, details)
      : op.conv2d(g, x, g.parameter("weight", shape), g.parameter("bias", [out]), details),
  );
}

/** A Conv1d with kernel 1 (weight [out, in, 1]) applied to [N, C, H, W]. */
export function pointwise1d(g: Graph, name: string, x: Tensor, out: number): Tensor {
  return g.scope(name, () => {
    const weight = g.parameter("weight", [out, x.shape[1]!, 1], { shape: [out, x.shape[1]!, 1, 1] });
    return op.conv2d(g, x, weight, g.parameter("bias", [out]));
  });
}

/** A Conv3d (3,1,1) over time with padding 1, authored as Conv2d (3,1) on [B, C, T, H·W]. */
export function temporalConv(g: Graph, name: string, x: Tensor, out: number): Tensor {
  const c = x.shape[1]!;
  return g.scope(name, () => heavyConv(g, x, [out, c, 3, 1, 1], [out, c, 3, 1], { pads: [1, 0, 1, 0] }));
}

/**
 * Group normalisation of [N, C, ...] over each group's channels and all further axes. Written as InstanceNormalization of
 * [N, groups, rest], because ONNX's own GroupNormalization does not run on WebGPU.
 */
export function groupNorm(g: Graph, name: string, x: Tensor, groups: number, epsilon: number): Tensor {
  return g.scope(name, () => {
    const [n, c] = x.shape as [number, number];
    if (c % groups !== 0) g.fail(`${c} channels do not split into ${groups} groups`);
    const ones = g.constant("float32", [groups], Array<number>(groups).fill(1));
    const zeros = g.constant("float32", [groups], Array<number>(groups).fill(0));
    const flat = op.reshape(g, x, [n, groups, sizeOf(x.shape) / (n * groups)]);
    const normal = op.reshape(g, op.instanceNorm(g, flat, ones, zeros, epsilon), x.shape);
    const perChannel = [c, ...x.shape.slice(2).map(() => 1)];
    const scaled = op.mul(g, normal, g.parameter("weight", [c], { shape: perChannel }));
    return op.add(g, scaled, g.parameter("bias", [c], { shape: perChannel }));
  });
}

/** Layer normalisation over the last axis. */
export function layerNorm(g: Graph, name: string, x: Tensor, epsilon = 1e-5): Tensor {
  const width = x.shape.at(-1)!;
  return g.scope(name, () => op.layerNorm(g, x, g.parameter("weight", [width]), g.parameter("bias", [width]), epsilon));
}

/**
 * Queries, keys and values of x [N, L, C] from PyTorch's packed projection (`in_proj_weight` [3C, C], `in_proj_bias` [3C]): three
 * products that read one weight.
 */
export function packedProjection(g: Graph, x: Tensor): { q: Tensor; k: Tensor; v: Tensor } {
  const width = x.shape.at(-1)!;
  const [q, k, v] = [0, 1, 2].map((part) => {
    const rows = [part * width, (part + 1) * width] as const;
    const weight = g.parameter("in_proj_weight", [width * 3, width], { rows });
    return op.project(g, x, weight, g.parameter("in_proj_bias", [width * 3], { rows }));
  }) as [Tensor, Tensor, Tensor];
  return { q, k, v };
}
