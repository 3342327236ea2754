/** The convolutions of a network's parts: where their weights stand, in which shape, and how conversion makes them. */
import type { ConvOptions } from "../onnx/ops.ts";
import * as op from "../onnx/ops.ts";
import type { Graph, Tensor } from "../onnx/graph.ts";
import { conv2dInt8, convInt8, type Quantised } from "../onnx/ops-int8.ts";
import type { Derivation } from "../types.ts";
import type { Block } from "./config.ts";
import * as fold from "./fold.ts";

export interface Kernel {
  /** Where its weights stand, from the scope of the part that it belongs to; what conversion computes stands in `merged`. */
  readonly scope: string;
  readonly shape: readonly [number, number, number, number];
  /** Absent: the checkpoint has the weight as it is. */
  readonly weight?: Derivation;
  /** Absent: no bias. */
  readonly bias?: Derivation;
  readonly options?: ConvOptions;
  /** The checkpoint has it as a projection [out, in] with a bias. */
  readonly isProjection?: boolean;
}

/** The convolution in float32; where the graph observes, the range of its input and output is reported. */
export function convolve(g: Graph, x: Tensor, kernel: Kernel): Tensor {
  return g.scope(kernel.scope, () => {
    const weight = g.parameter("weight", kernel.shape, kernel.weight ? { derived: kernel.weight } : {});
    const bias = kernel.bias && g.parameter("bias", [kernel.shape[0]], { derived: kernel.bias });
    const y = op.conv2d(g, x, weight, bias, kernel.options);
    if (g.observe) g.addRange(op.rangeOf(g, x, y));
    return y;
  });
}

/** Some of a kernel's outputs, [from, to), in float32. */
export function convolveRows(g: Graph, x: Tensor, kernel: Kernel, rows: readonly [number, number]): Tensor {
  const { shape, isProjection } = kernel;
  const [out, inner] = shape;
  return g.scope(kernel.scope, () => {
    const source = isProjection ? [out, inner] : shape;
    const view = isProjection ? { shape: [rows[1] - rows[0], inner, 1, 1] } : {};
    const derived = kernel.weight && { derived: kernel.weight };
    const weight = g.parameter("weight", source, { rows, ...view, ...derived });
    const hasBias = isProjection || kernel.bias !== undefined;
    const bias = hasBias && g.parameter("bias", [out], { rows, ...(kernel.bias && { derived: kernel.bias }) });
    return op.conv2d(g, x, weight, bias || undefined, kernel.options);
  });
}

/** What a kernel makes of x, in parts of so many channels. */
export function convolveApart(g: Graph, x: Tensor, kernel: Kernel, parts: readonly number[]): Tensor[] {
  let from = 0;
  return parts.map((count) => {
    from += count;
    return convolveRows(g, x, kernel, [from - count, from]);
  });
}

/** The convolution from bytes to bytes. @param output range of the result; absent: the calibrated one */
export function convolveInt8(g: Graph, x: Quantised, kernel: Kernel, output?: readonly [number, number]): Quantised {
  const range = output ?? rangeOf(g, kernel).output;
  return g.scope(kernel.scope, () => convInt8(g, x, g.int8Weight("conv", kernel.shape), range, kernel.options));
}

/** The convolution in the graph's arithmetic, float32 in and out. */
export function convolveAlone(g: Graph, x: Tensor, kernel: Kernel): Tensor {
  if (!g.int8) return convolve(g, x, kernel);
  const range = rangeOf(g, kernel);
  return g.scope(kernel.scope, () => conv2dInt8(g, x, g.int8Weight("conv", kernel.shape), range, kernel.options));
}

/** The calibrated range of a kernel at the current scope. */
export function rangeOf(g: Graph, { scope }: Kernel) {
  const range = g.int8?.get(`${g.path}.${scope}`);
  return range ?? g.fail(`calibration knows no range of ${scope}`);
}

/** A strided convolution with its batch norm: the patch embedding and the merges between stages. */
export function embedding(path: string, name: string, [out, inner, size]: readonly [number, number, number]): Kernel {
  const shape = [out, inner, size, size] as const;
  const derived = fold.convThenNorm(`${path}.${name}`, shape, `${path}.norm`);
  return { scope: `${name}.merged`, shape, ...derived, options: { stride: size } };
}

/** A block's convolutions. */
export interface BlockKernels {
  /** The 3×3 convolution of the leading channels. */
  readonly partial: Kernel;
  /** The MLP's two. */
  readonly first: Kernel;
  readonly second: Kernel;
  readonly spatial: {
    /** Channels of PAT_sp's gated half, which comes first. */
    readonly gated: number;
    /** The row [1, gated] that makes the gate's map from the gated half before its gate. */
    readonly gate: Derivation;
    /** The same map from the hidden channels, for int8. */
    readonly map: Kernel;
    /** Added to the gated half. */
    readonly shift: Derivation;
  } | null;
}

/** @param path of the block, e.g. `stages.0.blocks.1` */
export function blockKernels(path: string, block: Block, width: number): BlockKernels {
  const { split, hidden } = block;
  const partialShape = [split, split, 3, 3] as const;
  const around = { options: { pads: [1, 1, 1, 1] } };
  const partial: Kernel = block.learnt
    ? {
        scope: "spatial_mixing.merged",
        shape: partialShape,
        weight: fold.leadingKernel(`${path}.spatial_mixing.conv.weight`, width, split),
        ...around,
      }
    : { scope: "spatial_mixing.partial_conv3", shape: partialShape, ...around };
  const firstShape = [hidden, width, 1, 1] as const;
  const [mlp, mixed] = [`${path}.mlp`, `${path}.spatial_mixing.norm`];
  const first =
    block.mixing === "channel"
      ? fold.normConvNorm(`${mlp}.0`, [hidden, width], { path: mixed, first: split }, `${mlp}.1`)
      : fold.convThenNorm(`${mlp}.0`, firstShape, `${mlp}.1`);
  const secondShape = [width, hidden, 1, 1] as const;
  const gated = width - Math.floor(width / 2);
  const { weight, bias, gate, map, shift } = fold.spatialGate(mlp, [width, hidden], gated);
  return {
    partial,
    first: { scope: "mlp.0.merged", shape: firstShape, ...first },
    second: block.spatial
      ? { scope: "mlp.3.merged", shape: secondShape, weight, bias }
      : { scope: "mlp.3", shape: secondShape },
    spatial: block.spatial
      ? {
          gated,
          gate,
          map: { scope: "mlp.4.map", shape: [1, hidden, 1, 1], weight: map },
          shift,
        }
      : null,
  };
}
