/**
 * The blocks of PATNet (H. Huang et al., "PATNet: Partial Convolution Meets Visual Attention", 2025), as they run: batch norms are
 * folded into convolutions and PAT_sp's branches merged, see `fold.ts`. Pictures are [N, C, H, W].
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import { concatQuantised, dequantise, type Quantised, quantise } from "../onnx/ops-int8.ts";
import * as vision from "../onnx/ops-vision.ts";
import type { Derivation } from "../types.ts";
import { attendTokens } from "./attention.ts";
import type { Backbone, Block } from "./config.ts";
import * as fold from "./fold.ts";
import { type BlockKernels, blockKernels, convolve, convolveAlone, convolveInt8, rangeOf } from "./kernels.ts";
import type { Trace } from "./trace.ts";

export interface BlockOptions {
  readonly activation: Backbone["activation"];
  readonly trace?: Trace | undefined;
}

export const activate = (g: Graph, x: Tensor, activation: Backbone["activation"]): Tensor =>
  activation === "gelu" ? op.gelu(g, x) : vision.relu(g, x);

/**
 * PAT_ch's gate of the untouched channels: every channel's mean and sample standard deviation over the picture, mixed over all
 * channels (a Gaussian description of each channel). [N, u, H, W] → [N, u, 1, 1].
 */
function channelGate(g: Graph, x: Tensor): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  const mean = vision.globalMean(g, x);
  const centred = op.sub(g, x, mean);
  // Squares and their mean: onnxruntime's own reduction of squares (ReduceL2) takes three times as long.
  return gateOf(g, mean, vision.globalMean(g, op.mul(g, centred, centred)), h * w);
}

/** PAT_ch's gate [N, u, 1, 1] from every channel's mean and mean square deviation over so many positions, both [N, u, 1, 1]. */
export function gateOf(g: Graph, mean: Tensor, variance: Tensor, positions: number): Tensor {
  if (positions < 2) g.fail("a standard deviation needs at least two positions");
  const channels = mean.shape[1]!;
  const deviation = vision.squareRoot(g, variance);
  return g.scope("attn", () => {
    const derived = fold.channelGate(g.path, channels);
    // The sample deviation's factor goes into the weights, which onnxruntime multiplies once, on opening.
    const factors = [1, Math.sqrt(positions / (positions - 1))].flatMap((factor) =>
      Array<number>(channels).fill(factor),
    );
    const z = g.scope("merged", () =>
      op.conv2d(
        g,
        op.concat(g, [mean, deviation], 1),
        op.mul(
          g,
          g.parameter("weight", [channels, 2 * channels], {
            shape: [channels, 2 * channels, 1, 1],
            derived: derived.weight,
          }),
          g.constant("float32", [1, 2 * channels, 1, 1], factors),
        ),
        g.parameter("bias", [channels], { derived: derived.bias }),
      ),
    );
    return vision.hardSigmoid(g, z);
  });
}

/**
 * What spatial mixing makes of the channels behind the split; for `channel` without the batch norm behind the gate, which the MLP's
 * first convolution takes over.
 */
function untouched(g: Graph, x: Tensor, block: Block, trace: Trace | undefined): Tensor {
  return g.scope("spatial_mixing", () => {
    if (block.mixing === "plain") return x;
    if (block.mixing === "self") {
      const attended = attendTokens(g, x, block.heads, trace);
      trace?.(`${g.path}.attended`, attended);
      return attended;
    }
    const gate = channelGate(g, x);
    trace?.(`${g.path}.gate`, gate);
    return op.mul(g, x, gate);
  });
}

function splitAt(g: Graph, x: Tensor, { split }: Block): readonly [Tensor, Tensor | undefined] {
  const width = x.shape[1]!;
  if (split === width) return [x, undefined];
  const [left, right] = vision.splitChannels(g, x, [split, width - split]);
  return [left!, right];
}

/** Spatial mixing in the graph's arithmetic, float32 in and out. */
function mixing(g: Graph, x: Tensor, block: Block, { partial }: BlockKernels, trace: Trace | undefined): Tensor {
  const [left, right] = splitAt(g, x, block);
  const convolved = convolveAlone(g, left, partial);
  const mixed = right ? op.concat(g, [convolved, untouched(g, right, block, trace)], 1) : convolved;
  trace?.(`${g.path}.spatial_mixing`, mixed);
  return mixed;
}

/**
 * The MLP's output [N, d, H, W] with half of its channels gated by one map of the picture (PAT_sp).
 * @param map before its activation; absent: made from the half itself, which is the least work
 */
function gated(
  g: Graph,
  x: Tensor,
  map: Tensor | undefined,
  spatial: NonNullable<BlockKernels["spatial"]>,
  trace: Trace | undefined,
): Tensor {
  const { gated: count, shift } = spatial;
  const [left, right] = vision.splitChannels(g, x, [count, x.shape[1]! - count]);
  const gate = vision.hardSigmoid(g, map ?? mapOf(g, left!, spatial.gate));
  trace?.(`${g.path}.mlp.projected`, x);
  trace?.(`${g.path}.mlp.map`, gate);
  const added = g.parameter("mlp.4.merged.shift", [count], { shape: [1, count, 1, 1], derived: shift });
  return op.concat(g, [op.add(g, op.mul(g, left!, gate), added), right!], 1);
}

/** A map [N, 1, H, W] of channels [N, c, H, W]. One row is a matrix product: as a convolution it would be laid out in blocks of 16. */
function mapOf(g: Graph, x: Tensor, derived: Derivation): Tensor {
  const [n, channels, h, w] = x.shape as [number, number, number, number];
  const row = g.parameter("mlp.4.merged.gate", [1, channels], { derived });
  return op.reshape(g, op.matmul(g, row, op.reshape(g, x, [n, channels, h * w])), [n, 1, h, w]);
}

/** 1×1 convolutions to `hidden` channels and back, in float32. */
function mlp(
  g: Graph,
  x: Tensor,
  { first, second, spatial }: BlockKernels,
  { activation, trace }: BlockOptions,
): Tensor {
  const hidden = activate(g, convolve(g, x, first), activation);
  const projected = convolve(g, hidden, second);
  if (!spatial) return projected;
  // What is observed is what int8 will compute.
  return gated(g, projected, g.observe ? convolve(g, hidden, spatial.map) : undefined, spatial, trace);
}

/** The same in int8 arithmetic: bytes all the way from the mixed channels to the MLP's output where the activation allows it. */
function mlpInt8(
  g: Graph,
  x: Quantised,
  { first, second, spatial }: BlockKernels,
  { activation, trace }: BlockOptions,
): Tensor {
  const range = rangeOf(g, second).input;
  const hidden =
    activation === "relu"
      ? // A range from 0 on is the ReLU.
        convolveInt8(g, x, first, [0, range[1]])
      : quantise(g, activate(g, dequantise(g, convolveInt8(g, x, first)), activation), range);
  const projected = dequantise(g, convolveInt8(g, hidden, second));
  return spatial ? gated(g, projected, dequantise(g, convolveInt8(g, hidden, spatial.map)), spatial, trace) : projected;
}

/** Mixing and MLP in int8 arithmetic where nothing stands between them: the mixed channels are bytes. */
function mixedMlpInt8(g: Graph, x: Tensor, block: Block, kernels: BlockKernels, options: BlockOptions): Tensor {
  const { partial, first } = kernels;
  const mixedRange = rangeOf(g, first).input;
  const [left, right] = splitAt(g, x, block);
  const convolved = convolveInt8(g, quantise(g, left, rangeOf(g, partial).input), partial, mixedRange);
  const other = right && quantise(g, untouched(g, right, block, options.trace), mixedRange);
  return mlpInt8(g, other ? concatQuantised(g, [convolved, other]) : convolved, kernels, options);
}

/** One block at the current scope, e.g. `stages.0.blocks.1`. */
export function patBlock(g: Graph, x: Tensor, block: Block, options: BlockOptions): Tensor {
  const width = x.shape[1]!;
  const kernels = blockKernels(g.path, block, width);
  const { innerResidual } = block;
  let base = x;
  let out: Tensor;
  if (g.int8 && !innerResidual) out = mixedMlpInt8(g, x, block, kernels, options);
  else {
    const mixed = mixing(g, x, block, kernels, options.trace);
    if (innerResidual) base = op.add(g, x, mixed);
    const input = innerResidual ? base : mixed;
    out = g.int8
      ? mlpInt8(g, quantise(g, input, rangeOf(g, kernels.first).input), kernels, options)
      : mlp(g, input, kernels, options);
  }
  options.trace?.(`${g.path}.mlp`, out);
  if (block.layerScale) out = op.mul(g, out, g.parameter("layer_scale", [width], { shape: [1, width, 1, 1] }));
  return op.add(g, base, out);
}
