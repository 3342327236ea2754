/**
 * The VAE's decoder: AutoencoderKL of latent diffusion (Stable Diffusion 1.x shape). Official code: `lvdm/models/autoencoder.py`
 * and `lvdm/modules/networks/ae_modules.py`. One picture at a time, so that memory does not grow with the clip.
 */
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import { Graph, type Tensor } from "../onnx/graph.ts";
import { conv, groupNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import type { VaeConfig } from "./config.ts";

export const VAE_PREFIX = "first_stage_model";
const EPS = 1e-6;

/** Reports inner tensors by path below `decoder` (and `scaled_latent`, the VAE's own input) for comparison with the reference. */
export type VaeTrace = (path: string, tensor: Tensor) => void;

/**
 * `latent` [N, 4, h, w] in the diffusion's scale → `image` [N, 3, 8h, 8w], about -1 to 1, not clamped.
 */
export function vaeDecoderGraph(
  vae: VaeConfig,
  size: { batch: number; height: number; width: number },
  trace: VaeTrace | null = null,
): Graph {
  const g = new Graph("vae-decoder", VAE_PREFIX);
  const latent = g.input("latent", "float32", [size.batch, LATENT_CHANNELS, size.height, size.width]);
  const scaled = op.scale(g, latent, 1 / vae.scaleFactor);
  trace?.("scaled_latent", scaled);
  const z = conv(g, "post_quant_conv", scaled, LATENT_CHANNELS, 1);
  const levels = vae.chMult.map((mult) => mult * vae.ch);
  const image = g.scope("decoder", () => {
    let h = conv(g, "conv_in", z, levels.at(-1)!, 3);
    trace?.("conv_in", h);
    h = g.scope("mid", () => {
      const first = g.scope("block_1", () => vaeResBlock(g, h, h.shape[1]!, vae.normGroups));
      trace?.("mid.block_1", first);
      const attended = g.scope("attn_1", () => vaeAttention(g, first, vae.normGroups));
      trace?.("mid.attn_1", attended);
      return g.scope("block_2", () => vaeResBlock(g, attended, h.shape[1]!, vae.normGroups));
    });
    trace?.("mid.block_2", h);
    for (let level = levels.length - 1; level >= 0; level--) {
      for (let block = 0; block <= vae.numResBlocks; block++) {
        h = g.scope(`up.${level}.block.${block}`, () => vaeResBlock(g, h, levels[level]!, vae.normGroups));
      }
      if (level > 0) {
        h = g.scope(`up.${level}.upsample`, () => conv(g, "conv", op.upsample2(g, h), levels[level]!, 3));
        trace?.(`up.${level}.upsample`, h);
      }
    }
    return conv(g, "conv_out", op.silu(g, groupNorm(g, "norm_out", h, vae.normGroups, EPS)), 3, 3);
  });
  g.output("image", image);
  return g;
}

/** norm, swish, conv, twice, plus a 1×1 shortcut where the width changes. */
export function vaeResBlock(g: Graph, x: Tensor, out: number, groups: number): Tensor {
  const first = conv(g, "conv1", op.silu(g, groupNorm(g, "norm1", x, groups, EPS)), out, 3);
  const second = conv(g, "conv2", op.silu(g, groupNorm(g, "norm2", first, groups, EPS)), out, 3);
  return op.add(g, x.shape[1] === out ? x : conv(g, "nin_shortcut", x, out, 1), second);
}

/** One head over all pixels, scale C^-1/2; the projections are 1×1 convolutions. */
export function vaeAttention(g: Graph, x: Tensor, groups: number): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const normal = groupNorm(g, "norm", x, groups, EPS);
  const tokens = (name: string) =>
    op.transpose(g, op.reshape(g, conv(g, name, normal, c, 1), [n, c, h * w]), [0, 2, 1]);
  const attended = op.attention(g, tokens("q"), tokens("k"), tokens("v"), 1);
  const picture = op.reshape(g, op.transpose(g, attended, [0, 2, 1]), x.shape);
  return op.add(g, x, conv(g, "proj_out", picture, c, 1));
}
