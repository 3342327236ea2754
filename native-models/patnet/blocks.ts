/**
 * The blocks of PATNet (H. Huang et al., "PATNet: Partial Convolution Meets Visual Attention", 2025), as they run: batch norms are
 * folded into convolutions and PAT_sp's branches merged, see `fold.ts`. Pictures are [N, C, H, W].
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import type { Derivation } from "../types.ts";
import type { Backbone, Block } from "./config.ts";
import * as fold from "./fold.ts";
import { BUCKETS, relativePositionBias } from "./relative-position.ts";

/** Epsilon of every layer norm of the family. */
export const LAYER_NORM_EPSILON = 1e-6;

/** Told of the tensors inside, by the path of their place in the network; for comparisons with the reference. */
export type Trace = (path: string, tensor: Tensor) => void;

export interface BlockOptions {
  readonly activation: Backbone["activation"];
  readonly trace?: Trace | undefined;
}

export const activate = (g: Graph, x: Tensor, activation: Backbone["activation"]): Tensor =>
  activation === "gelu" ? op.gelu(g, x) : vision.relu(g, x);

/** A 1×1 or larger convolution whose weight and bias are derived; its keys carry the scope `merged`. */
export function mergedConv(
  g: Graph,
  x: Tensor,
  [out, kernel]: readonly [number, number],
  derived: { weight: Derivation; bias: Derivation },
  stride = 1,
): Tensor {
  return g.scope("merged", () =>
    op.conv2d(
      g,
      x,
      g.parameter("weight", [out, x.shape[1]!, kernel, kernel], { derived: derived.weight }),
      g.parameter("bias", [out], { derived: derived.bias }),
      { stride },
    ),
  );
}

/** The 3×3 convolution of the leading channels. */
function partialConv(g: Graph, x: Tensor, block: Block, width: number): Tensor {
  const shape = [block.split, block.split, 3, 3];
  const weight = block.learnt
    ? g.parameter("merged.weight", shape, {
        derived: fold.leadingKernel(`${g.path}.conv.weight`, width, block.split),
      })
    : g.parameter("partial_conv3.weight", shape);
  return op.conv2d(g, x, weight, undefined, { pads: [1, 1, 1, 1] });
}

/**
 * PAT_ch's gate of the untouched channels: every channel's mean and sample standard deviation over the picture, mixed over all
 * channels (a Gaussian description of each channel). [N, u, H, W] → [N, u, 1, 1].
 */
function channelGate(g: Graph, x: Tensor): Tensor {
  const [n, channels, h, w] = x.shape as [number, number, number, number];
  if (h * w < 2) g.fail("a standard deviation needs at least two positions");
  const mean = vision.globalMean(g, x);
  const deviation = op.scale(g, vision.lengthOverSpace(g, op.sub(g, x, mean)), 1 / Math.sqrt(h * w - 1));
  const statistics = op.reshape(g, op.concat(g, [mean, deviation], 1), [n, 2 * channels]);
  const derived = fold.channelGate(g.path, channels);
  const z = g.scope("merged", () =>
    op.project(
      g,
      statistics,
      g.parameter("weight", [channels, 2 * channels], { derived: derived.weight }),
      g.parameter("bias", [channels], { derived: derived.bias }),
    ),
  );
  return op.reshape(g, vision.hardSigmoid(g, z), [n, channels, 1, 1]);
}

/** PAT_sf's self-attention of the untouched channels, norm included. */
function selfAttention(g: Graph, x: Tensor, heads: number, trace: Trace | undefined): Tensor {
  const [, u, h, w] = x.shape as [number, number, number, number];
  const ones = g.constant("float32", [u], Array<number>(u).fill(1));
  const zeros = g.constant("float32", [u], Array<number>(u).fill(0));
  // The norm's own scale and shift are part of the projections.
  const tokens = op.layerNorm(g, vision.toTokens(g, x), ones, zeros, LAYER_NORM_EPSILON);
  trace?.(`${g.path}.tokens`, tokens);
  const derived = fold.layerNormThenProject(`${g.path}.attn.qkv`, [3 * u, u], `${g.path}.norm`);
  return g.scope("attn", () => {
    const [q, k, v] = [0, 1, 2].map((part) =>
      g.scope("qkv.merged", () => {
        const rows = [part * u, (part + 1) * u] as const;
        const weight = g.parameter("weight", [3 * u, u], { rows, derived: derived.weight });
        return op.project(g, tokens, weight, g.parameter("bias", [3 * u], { rows, derived: derived.bias }));
      }),
    ) as [Tensor, Tensor, Tensor];
    const table = g.parameter("rpe_k.lookup_table_bias", [heads, BUCKETS]);
    const bias = relativePositionBias(g, table, h, w);
    trace?.(`${g.path}.q`, q);
    trace?.(`${g.path}.k`, k);
    trace?.(`${g.path}.bias`, bias);
    const mixed = op.attention(g, q, k, v, heads, bias);
    const out = op.project(g, mixed, g.parameter("proj.weight", [u, u]), g.parameter("proj.bias", [u]));
    return vision.fromTokens(g, out, h, w);
  });
}

/** Spatial mixing; for `channel` without the batch norm of the gated channels, which the MLP's first convolution takes over. */
function mixing(g: Graph, x: Tensor, block: Block, trace: Trace | undefined): Tensor {
  const width = x.shape[1]!;
  return g.scope("spatial_mixing", () => {
    const [left, rest] =
      block.split === width ? [x, undefined] : vision.splitChannels(g, x, [block.split, width - block.split]);
    const convolved = partialConv(g, left, block, width);
    if (!rest) return convolved;
    let other = rest;
    if (block.mixing === "channel") {
      const gate = g.scope("attn", () => channelGate(g, rest));
      trace?.(`${g.path}.gate`, gate);
      other = op.mul(g, rest, gate);
    } else if (block.mixing === "self") {
      other = selfAttention(g, rest, block.heads, trace);
      trace?.(`${g.path}.attended`, other);
    }
    const mixed = op.concat(g, [convolved, other], 1);
    trace?.(g.path, mixed);
    return mixed;
  });
}

/** The MLP's second half and PAT_sp: half of the channels are gated by one map of the picture. */
function gatedOutput(g: Graph, hidden: Tensor, width: number, trace: Trace | undefined): Tensor {
  const gated = width - Math.floor(width / 2);
  const derived = fold.spatialGate(g.path, [width, hidden.shape[1]!], gated);
  const projected = g.scope("3", () => mergedConv(g, hidden, [width, 1], derived));
  trace?.(`${g.path}.projected`, projected);
  const map = g.scope("4.merged", () =>
    op.conv2d(g, hidden, g.parameter("map", [1, hidden.shape[1]!, 1, 1], { derived: derived.map }), undefined),
  );
  const gate = vision.hardSigmoid(g, map);
  trace?.(`${g.path}.map`, gate);
  const [left, right] = vision.splitChannels(g, projected, [gated, width - gated]);
  const shift = g.scope("4.merged", () =>
    g.parameter("shift", [gated], { shape: [1, gated, 1, 1], derived: derived.shift }),
  );
  return op.concat(g, [op.add(g, op.mul(g, left!, gate), shift), right!], 1);
}

/** 1×1 convolutions to `hidden` channels and back; norms folded in. */
function mlp(g: Graph, x: Tensor, block: Block, options: BlockOptions): Tensor {
  const width = x.shape[1]!;
  const mixed = `${g.path}.spatial_mixing.norm`;
  return g.scope("mlp", () => {
    const shape = [block.hidden, width] as const;
    const first =
      block.mixing === "channel"
        ? fold.normConvNorm(`${g.path}.0`, shape, { path: mixed, first: block.split }, `${g.path}.1`)
        : fold.convThenNorm(`${g.path}.0`, [...shape, 1, 1], `${g.path}.1`);
    const hidden = activate(
      g,
      g.scope("0", () => mergedConv(g, x, [block.hidden, 1], first)),
      options.activation,
    );
    const out = block.spatial
      ? gatedOutput(g, hidden, width, options.trace)
      : g.scope("3", () => op.conv2d(g, hidden, g.parameter("weight", [width, block.hidden, 1, 1]), undefined));
    options.trace?.(g.path, out);
    return out;
  });
}

/** One block at the current scope, e.g. `stages.0.blocks.1`. */
export function patBlock(g: Graph, x: Tensor, block: Block, options: BlockOptions): Tensor {
  const width = x.shape[1]!;
  const mixed = mixing(g, x, block, options.trace);
  const base = block.innerResidual ? op.add(g, x, mixed) : mixed;
  const out = mlp(g, base, block, options);
  const scaled = block.layerScale
    ? op.mul(g, out, g.parameter("layer_scale", [width], { shape: [1, width, 1, 1] }))
    : out;
  return op.add(g, block.innerResidual ? base : x, scaled);
}
