/**
 * The VAE's decoder: AutoencoderKL of latent diffusion (Stable Diffusion 1.x shape). Official code: `lvdm/models/autoencoder.py`
 * and `lvdm/modules/networks/ae_modules.py`. One picture at a time, so that memory does not grow with the clip.
 */
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import { Graph } from "../onnx/graph.ts";
import { conv, groupNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { VAE_EPS, VAE_PREFIX, vaeMiddle, vaeResBlock, type VaeTrace } from "./blocks.ts";
import type { VaeConfig } from "./config.ts";

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
    h = vaeMiddle(g, h, vae.normGroups, trace);
    for (let level = levels.length - 1; level >= 0; level--) {
      for (let block = 0; block <= vae.numResBlocks; block++) {
        h = g.scope(`up.${level}.block.${block}`, () => vaeResBlock(g, h, levels[level]!, vae.normGroups));
      }
      if (level > 0) {
        h = g.scope(`up.${level}.upsample`, () => conv(g, "conv", op.upsample2(g, h), levels[level]!, 3));
        trace?.(`up.${level}.upsample`, h);
      }
    }
    return conv(g, "conv_out", op.silu(g, groupNorm(g, "norm_out", h, vae.normGroups, VAE_EPS)), 3, 3);
  });
  g.output("image", image);
  return g;
}
