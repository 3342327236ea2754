/** Building blocks of AutoencoderKL. Pictures are [N, C, H, W]. */
import type { Graph, Tensor } from "../onnx/graph.ts";
import { conv, groupNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";

export const VAE_PREFIX = "first_stage_model";
export const VAE_EPS = 1e-6;

/** Reports inner tensors by path below `decoder` (and `scaled_latent`, the VAE's own input) for comparison with the reference. */
export type VaeTrace = (path: string, tensor: Tensor) => void;

/** Residual block, attention over all pixels, residual block, at the coarsest level. */
export function vaeMiddle(g: Graph, x: Tensor, groups: number, trace: VaeTrace | null = null): Tensor {
  return g.scope("mid", () => {
    const first = g.scope("block_1", () => vaeResBlock(g, x, x.shape[1]!, groups));
    trace?.("mid.block_1", first);
    const attended = g.scope("attn_1", () => vaeAttention(g, first, groups));
    trace?.("mid.attn_1", attended);
    const second = g.scope("block_2", () => vaeResBlock(g, attended, x.shape[1]!, groups));
    trace?.("mid.block_2", second);
    return second;
  });
}

/** norm, swish, conv, twice, plus a 1×1 shortcut where the width changes. */
export function vaeResBlock(g: Graph, x: Tensor, out: number, groups: number): Tensor {
  const first = conv(g, "conv1", op.silu(g, groupNorm(g, "norm1", x, groups, VAE_EPS)), out, 3);
  const second = conv(g, "conv2", op.silu(g, groupNorm(g, "norm2", first, groups, VAE_EPS)), out, 3);
  return op.add(g, x.shape[1] === out ? x : conv(g, "nin_shortcut", x, out, 1), second);
}

/** One head over all pixels, scale C^-1/2; the projections are 1×1 convolutions. */
export function vaeAttention(g: Graph, x: Tensor, groups: number): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const normal = groupNorm(g, "norm", x, groups, VAE_EPS);
  const tokens = (name: string) =>
    op.transpose(g, op.reshape(g, conv(g, name, normal, c, 1), [n, c, h * w]), [0, 2, 1]);
  const attended = op.attention(g, tokens("q"), tokens("k"), tokens("v"), 1);
  const picture = op.reshape(g, op.transpose(g, attended, [0, 2, 1]), x.shape);
  return op.add(g, x, conv(g, "proj_out", picture, c, 1));
}
