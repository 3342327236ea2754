/**
 * Building blocks of the U-Net. Pictures are [B·T, C, H, W]; what mixes frames works on [B, C, T, H·W] and comes back. Norm
 * statistics follow: per frame in residual blocks and the spatial transformer, per clip in everything temporal.
 */
import type { Graph, Tensor } from "../onnx/graph.ts";
import { conv, groupNorm, layerNorm, linear, pointwise1d, temporalConv } from "../onnx/layers.ts";
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import * as op from "../onnx/ops.ts";

/** Told of every inner tensor by its official module path (below the prefix); may make it an output. */
export type Trace = (path: string, tensor: () => Tensor) => void;

/** What the blocks need to know of a U-Net. */
export interface BlockConfig {
  /** Width of one attention head. */
  readonly numHeadChannels: number;
  /** Groups of the group normalisations. */
  readonly unetNormGroups: number;
}

export const UNET_PREFIX = "model.diffusion_model";
/** Epsilons of the official code: GroupNorm32 of residual blocks, and `Normalize` of the transformers. */
export const EPS_BLOCK = 1e-5;
const EPS_TRANSFORMER = 1e-6;
/** Heads of `init_attn`, fixed in the official code whatever the model's width. */
export const INIT_HEADS = 8;

/**
 * Layers with nearly all of the work: int8 where the graph is written in int8. First and last convolution and embeddings are not, nor
 * what carries the residual stream itself (`skip_connection`, down-sampling): measured on the trained starter, those few cheap layers
 * cost more likeness (SSIM to float32 0.91) than all others together (0.988).
 */
export const HEAVY = { heavy: true } as const;

/** Projected keys and values of one cross-attention, each [.., S, C]. */
export interface KeysAndValues {
  readonly k: Tensor;
  readonly v: Tensor;
}

export interface UnetContext {
  readonly g: Graph;
  readonly config: BlockConfig;
  readonly frames: number;
  /** SiLU of the summed embeddings: one row a clip, or one for all, [B or 1, 4·model_channels]; or one a frame, [T, …], for all clips. */
  readonly emb: Tensor;
  readonly embPer: "clip" | "frame";
  /**
   * Attention of queries [B·T, L, C] to what the clips are conditioned on, in this many heads, at the current path. The result may be
   * of more clips than the queries: the same queries asked under several conditions.
   */
  readonly crossAttend: (q: Tensor, heads: number) => Tensor;
  readonly trace: Trace | null;
}

/** [B·T, C, H, W] → [B, C, T, H·W]. */
export function toClip({ g, frames }: UnetContext, x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return op.transpose(g, op.reshape(g, x, [n / frames, frames, c, h * w]), [0, 2, 1, 3]);
}

/** [B, C, T, H·W] → [B·T, C, H, W]. */
function toFrames({ g }: UnetContext, x: Tensor, h: number, w: number): Tensor {
  const [batch, c, frames] = x.shape as [number, number, number];
  return op.reshape(g, op.transpose(g, x, [0, 2, 1, 3]), [batch * frames, c, h, w]);
}

/** Two linear layers with SiLU between, keys .0 and .2. */
export function embeddingMlp(g: Graph, name: string, x: Tensor, width: number): Tensor {
  return g.scope(name, () => linear(g, "2", op.silu(g, linear(g, "0", x, width)), width));
}

/** x + conv4(conv3(conv2(conv1(x)))), each GroupNorm over the clip, SiLU, convolution over time. x is [B, C, T, H·W]. */
export function temporalConvBlock(g: Graph, config: BlockConfig, x: Tensor): Tensor {
  // The official module has a Dropout in all but the first, which shifts the convolution's index.
  const convIndex = ["2", "3", "3", "3"];
  const y = convIndex.reduce(
    (h, index, i) =>
      g.scope(`conv${i + 1}`, () => {
        const normal = op.silu(g, groupNorm(g, "0", h, config.unetNormGroups, EPS_BLOCK));
        return temporalConv(g, index, normal, x.shape[1]!);
      }),
    x,
  );
  return op.add(g, x, y);
}

/** Residual block with embedding and the temporal convolutions (`temopral_conv` is the official spelling). */
export function resBlock(context: UnetContext, x: Tensor, out: number): Tensor {
  const { g, config, frames } = context;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const inner = g.scope("in_layers", () =>
    conv(g, "2", op.silu(g, groupNorm(g, "0", x, config.unetNormGroups, EPS_BLOCK)), out, 3, HEAVY),
  );
  const emb = g.scope("emb_layers", () => linear(g, "1", context.emb, out));
  const shifted = op.add(g, inner, everyFrame(context, emb, n));
  const outer = g.scope("out_layers", () =>
    conv(g, "3", op.silu(g, groupNorm(g, "0", shifted, config.unetNormGroups, EPS_BLOCK)), out, 3, HEAVY),
  );
  const skip = c === out ? x : conv(g, "skip_connection", x, out, 1);
  const sum = op.add(g, skip, outer);
  const mixed = g.scope("temopral_conv", () => {
    const y = temporalConvBlock(g, config, toClip(context, sum));
    context.trace?.(relative(g), () => op.reshape(g, y, [n / frames, out, frames, h, w]));
    return y;
  });
  const result = toFrames(context, mixed, h, w);
  context.trace?.(relative(g), () => result);
  return result;
}

/**
 * Attention of queries [B·T, L, C] to keys and values [B, S, C] that are the same for every frame of a clip: the frames are folded into
 * the query's length.
 */
export function attendPerClip(g: Graph, q: Tensor, { k, v }: KeysAndValues, heads: number): Tensor {
  const [n, length, width] = q.shape as [number, number, number];
  const batch = k.shape[0]!;
  const folded = op.reshape(g, q, [batch, (n / batch) * length, width]);
  return op.reshape(g, op.attention(g, folded, k, v, heads), q.shape);
}

/** Embeddings of `UnetContext.emb`'s rows → [n, C, 1, 1] for n frames, or [1, C, 1, 1] where all are told the same. */
function everyFrame({ g, frames, embPer }: UnetContext, emb: Tensor, n: number): Tensor {
  const [rows, c] = emb.shape as [number, number];
  if (rows === 1) return op.reshape(g, emb, [1, c, 1, 1]);
  const each = embPer === "frame" ? op.repeat(g, emb, n / frames) : perFrame(g, emb, frames);
  return op.reshape(g, each, [n, c, 1, 1]);
}

/** [B, C] → [B·T, C]. */
function perFrame(g: Graph, emb: Tensor, frames: number): Tensor {
  const [batch, c] = emb.shape as [number, number];
  return op.reshape(g, op.expand(g, op.reshape(g, emb, [batch, 1, c]), [batch, frames, c]), [batch * frames, c]);
}

/** Gated feed-forward: value · gelu(gate), then back to the width. */
function feedForward(g: Graph, x: Tensor): Tensor {
  const width = x.shape.at(-1)!;
  return g.scope("ff.net", () => {
    const [value, gate] = g.scope("0", () => [
      linear(g, "proj", x, width * 8, { rows: [0, width * 4], ...HEAVY }),
      linear(g, "proj", x, width * 8, { rows: [width * 4, width * 8], ...HEAVY }),
    ]) as [Tensor, Tensor];
    return linear(g, "2", op.mul(g, value, op.gelu(g, gate)), width, HEAVY);
  });
}

/** Attention of x to itself, [N, L, C]. */
function selfAttention(g: Graph, name: string, x: Tensor, heads: number): Tensor {
  const width = x.shape.at(-1)!;
  return g.scope(name, () => {
    const q = linear(g, "to_q", x, width, { bias: false, ...HEAVY });
    const k = linear(g, "to_k", x, width, { bias: false, ...HEAVY });
    const v = linear(g, "to_v", x, width, { bias: false, ...HEAVY });
    return linear(g, "to_out.0", op.attention(g, q, k, v, heads), width, HEAVY);
  });
}

/** Spatial transformer: each frame's pixels attend to each other, then to what conditions the clip. x is [B·T, C, H, W]. */
export function spatialTransformer(context: UnetContext, x: Tensor, heads: number): Tensor {
  const { g, config } = context;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const width = heads * config.numHeadChannels;
  const normal = groupNorm(g, "norm", x, config.unetNormGroups, EPS_TRANSFORMER);
  const tokens = op.transpose(g, op.reshape(g, normal, [n, c, h * w]), [0, 2, 1]);
  const entered = linear(g, "proj_in", tokens, width, HEAVY);
  const left = g.scope("transformer_blocks.0", () => {
    const y = op.add(g, entered, selfAttention(g, "attn1", layerNorm(g, "norm1", entered), heads));
    const query = layerNorm(g, "norm2", y);
    const cross = g.scope("attn2", () => {
      const q = linear(g, "to_q", query, width, { bias: false, ...HEAVY });
      return linear(g, "to_out.0", context.crossAttend(q, heads), width, HEAVY);
    });
    const z = op.add(g, op.repeat(g, y, cross.shape[0]! / n), cross);
    const result = op.add(g, z, feedForward(g, layerNorm(g, "norm3", z)));
    context.trace?.(relative(g), () => result);
    return result;
  });
  const out = linear(g, "proj_out", left, c, HEAVY);
  const many = out.shape[0]!;
  const picture = op.reshape(g, op.transpose(g, out, [0, 2, 1]), [many, c, h, w]);
  const result = op.add(g, picture, op.repeat(g, x, many / n));
  context.trace?.(relative(g), () => result);
  return result;
}

/** The temporal block: both attentions are self-attentions over the frames of one pixel. x is [N, T, C]. */
function temporalBlock(context: UnetContext, x: Tensor, heads: number): Tensor {
  const { g } = context;
  return g.scope("transformer_blocks.0", () => {
    const y = op.add(g, x, selfAttention(g, "attn1", layerNorm(g, "norm1", x), heads));
    const z = op.add(g, y, selfAttention(g, "attn2", layerNorm(g, "norm2", y), heads));
    const result = op.add(g, z, feedForward(g, layerNorm(g, "norm3", z)));
    context.trace?.(relative(g), () => result);
    return result;
  });
}

/** Temporal transformer on [B·T, C, H, W]: each pixel's frames attend to each other. */
export function temporalTransformer(context: UnetContext, x: Tensor, heads: number): Tensor {
  const { g, config, frames } = context;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const batch = n / frames;
  const normal = groupNorm(g, "norm", toClip(context, x), config.unetNormGroups, EPS_TRANSFORMER);
  const sequences = op.reshape(g, op.transpose(g, normal, [0, 3, 2, 1]), [batch * h * w, frames, c]);
  const entered = linear(g, "proj_in", sequences, heads * config.numHeadChannels, HEAVY);
  const left = linear(g, "proj_out", temporalBlock(context, entered, heads), c, HEAVY);
  const clip = op.transpose(g, op.reshape(g, left, [batch, h * w, frames, c]), [0, 2, 3, 1]);
  const result = op.add(g, op.reshape(g, clip, x.shape), x);
  // The official module's output is [B, C, T, H, W].
  context.trace?.(relative(g), () => op.transpose(g, op.reshape(g, result, [batch, frames, c, h, w]), [0, 2, 1, 3, 4]));
  return result;
}

/** The temporal transformer after the first convolution, whose projections are convolutions with kernel 1. */
export function initialAttention(context: UnetContext, x: Tensor): Tensor {
  const { g, config, frames } = context;
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const batch = n / frames;
  const heads = INIT_HEADS;
  const width = heads * config.numHeadChannels;
  const normal = groupNorm(g, "norm", toClip(context, x), config.unetNormGroups, EPS_TRANSFORMER);
  const entered = op.transpose(g, pointwise1d(g, "proj_in", normal, width), [0, 3, 2, 1]);
  const block = temporalBlock(context, op.reshape(g, entered, [batch * h * w, frames, width]), heads);
  const back = op.transpose(g, op.reshape(g, block, [batch, h * w, frames, width]), [0, 3, 2, 1]);
  const left = toFrames(context, pointwise1d(g, "proj_out", back, c), h, w);
  return op.add(g, left, x);
}

/** GroupNorm, SiLU, convolution to the latent's channels. */
export function outLayers(g: Graph, config: BlockConfig, h: Tensor): Tensor {
  return conv(g, "2", op.silu(g, groupNorm(g, "0", h, config.unetNormGroups, EPS_BLOCK)), LATENT_CHANNELS, 3);
}

/** Residual block, then (with heads) spatial and temporal transformer: parts 0, 1, 2 of a block. */
export function residualStage(context: UnetContext, x: Tensor, channels: number, heads: number): Tensor {
  const { g } = context;
  const h = g.scope("0", () => resBlock(context, x, channels));
  if (heads === 0) return h;
  const spatial = g.scope("1", () => spatialTransformer(context, h, heads));
  return g.scope("2", () => temporalTransformer(context, spatial, heads));
}

/** The current path without the checkpoint's prefix. */
const relative = (g: Graph): string => g.path.slice(UNET_PREFIX.length + 1);
