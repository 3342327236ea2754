/**
 * A stage of float32 blocks whose channels stay apart: the parts that a block treats differently (convolved, gated by the picture, left)
 * are tensors of their own from its beginning to its end, so that nothing is split and joined in between, residuals are added by the
 * convolutions, and onnxruntime's blocked layout (channels by 16) is never left. The network and its weights are those of `blocks.ts`.
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import { attendChannels, FEW_POSITIONS } from "./attention.ts";
import { activate, type BlockOptions, gateOf } from "./blocks.ts";
import type { Backbone, Block } from "./config.ts";
import { type BlockKernels, blockKernels, convolve, convolveApart } from "./kernels.ts";
import type { Trace } from "./trace.ts";

/** Channels of a block in the layout; processors with shorter vectors take 8. */
const TOGETHER = 16;

/** How many channels the parts of a block have, in order. */
function partsOf({ split, spatial }: Block, width: number): number[] {
  const ends = [split, ...(spatial ? [width - Math.floor(width / 2)] : []), width];
  const inOrder = [...new Set(ends)].filter((end) => end > 0).sort((a, b) => a - b);
  return inOrder.map((end, i) => end - (inOrder[i - 1] ?? 0));
}

const canBeApart = ({ mixing, innerResidual, layerScale, split }: Block, width: number): boolean =>
  innerResidual === (mixing === "self") && !layerScale && split > 0 && split < width;

/** The parts of a stage of so many positions in this graph, or null where the channels had better stay together. */
export function stageParts(
  g: Graph,
  { width, blocks }: Backbone["stages"][number],
  positions: number,
): readonly number[] | null {
  const [first] = blocks;
  // What int8 needs is noted, and run, at the convolutions as the checkpoint has them.
  if (!first || g.int8 || g.observe) return null;
  if (positions > FEW_POSITIONS && blocks.some(({ mixing }) => mixing === "self")) return null;
  const parts = partsOf(first, width);
  const alike = blocks.every((block) => canBeApart(block, width) && partsOf(block, width).join() === parts.join());
  return alike && parts.every((count) => count % TOGETHER === 0) ? parts : null;
}

/** All channels as one tensor. */
export const together = (g: Graph, parts: readonly Tensor[]): Tensor =>
  parts.length === 1 ? parts[0]! : op.concat(g, parts, 1);

/** PAT_ch's gate [N, u, 1, 1] of channels that stay in blocks; see `channelGate` of `blocks.ts`. */
function channelGate(g: Graph, x: Tensor, trace: Trace | undefined): Tensor {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  const mean = vision.globalAverage(g, x);
  // Mean minus value, as a convolution that takes the mean along: its sign is squared away.
  const negative = vision.channelwise(
    g,
    x,
    g.constant("float32", [channels, 1, 1, 1], Array<number>(channels).fill(-1)),
  );
  const centred = op.add(g, negative, vision.spread(g, mean, h, w));
  const gate = gateOf(g, mean, vision.globalAverage(g, op.mul(g, centred, centred)), h * w);
  trace?.(`${g.path}.gate`, gate);
  return gate;
}

/** A block's mixed channels as parts, and what the block's result is added to. */
function mixing(g: Graph, parts: readonly Tensor[], block: Block, { partial }: BlockKernels, trace: Trace | undefined) {
  const [left, ...others] = parts as [Tensor, ...Tensor[]];
  const convolved = convolve(g, left, partial);
  const rest = together(g, others);
  if (block.mixing === "self") {
    const sizes = others.map(({ shape }) => shape[1]!);
    const attended = g.scope("spatial_mixing", () => attendChannels(g, rest, block.heads, sizes, trace));
    if (trace) {
      trace(`${g.path}.spatial_mixing.attended`, together(g, attended));
      trace(`${g.path}.spatial_mixing`, together(g, [convolved, ...attended]));
    }
    const base = [convolved, ...attended].map((part, i) => op.add(g, part, parts[i]!));
    return { base, mixed: together(g, base) };
  }
  const gated =
    block.mixing === "plain"
      ? rest
      : g.scope("spatial_mixing", () => {
          const [, , h, w] = rest.shape as [number, number, number, number];
          return op.mul(g, rest, vision.spread(g, channelGate(g, rest, trace), h, w));
        });
  const mixed = together(g, [convolved, gated]);
  trace?.(`${g.path}.spatial_mixing`, mixed);
  return { base: parts, mixed };
}

/** PAT_sp: the leading parts gated by one map of the picture. */
function gated(
  g: Graph,
  parts: readonly Tensor[],
  { gated: count, gate, shift }: NonNullable<BlockKernels["spatial"]>,
  trace: Trace | undefined,
): Tensor[] {
  const row = g.parameter("mlp.4.merged.gate", [1, count], { shape: [1, count, 1, 1], derived: gate });
  let from = 0;
  const spans = parts.map(({ shape }) => {
    from += shape[1]!;
    return { from: from - shape[1]!, to: from };
  });
  // As many times the same map as there are channels in a block of the layout.
  const maps = parts.flatMap((part, i) => {
    const { from: first, to } = spans[i]!;
    if (to > count) return [];
    const weight = op.expand(g, op.slice(g, row, 1, first, to), [TOGETHER, to - first, 1, 1]);
    return [op.conv2d(g, part, weight, undefined)];
  });
  const map = vision.hardSigmoid(
    g,
    maps.reduce((sum, next) => op.add(g, next, sum)),
  );
  if (trace) {
    trace(`${g.path}.mlp.projected`, together(g, parts));
    trace(`${g.path}.mlp.map`, op.slice(g, map, 1, 0, 1));
  }
  return parts.map((part, i) => {
    const { from: first, to } = spans[i]!;
    if (to > count) return part;
    const each = together(g, Array<Tensor>((to - first) / TOGETHER).fill(map));
    const added = g.parameter("mlp.4.merged.shift", [count], { rows: [first, to], derived: shift });
    const ones = g.constant("float32", [to - first, 1, 1, 1], Array<number>(to - first).fill(1));
    return vision.channelwise(g, op.mul(g, part, each), ones, added);
  });
}

/** One block at the current scope, e.g. `stages.0.blocks.1`. */
export function blockApart(g: Graph, parts: readonly Tensor[], block: Block, options: BlockOptions): Tensor[] {
  const { activation, trace } = options;
  const sizes = parts.map(({ shape }) => shape[1]!);
  const kernels = blockKernels(
    g.path,
    block,
    sizes.reduce((a, b) => a + b, 0),
  );
  const { base, mixed } = mixing(g, parts, block, kernels, trace);
  const hidden = activate(g, convolve(g, mixed, kernels.first), activation);
  const projected = convolveApart(g, hidden, kernels.second, sizes);
  const out = kernels.spatial ? gated(g, projected, kernels.spatial, trace) : projected;
  trace?.(`${g.path}.mlp`, together(g, out));
  return out.map((part, i) => op.add(g, part, base[i]!));
}
