/**
 * The VAE's encoder: AutoencoderKL of latent diffusion (Stable Diffusion 1.x shape). It gives the posterior's mean and logarithmic
 * variance, not yet scaled.
 */
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import { Graph } from "../onnx/graph.ts";
import { conv, groupNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { VAE_EPS, VAE_PREFIX, vaeMiddle, vaeResBlock } from "./blocks.ts";
import type { VaeConfig } from "./config.ts";

/** Pixels per latent cell, each way: the encoder halves once per level after the first. */
export const latentScale = ({ chMult }: VaeConfig): number => 2 ** (chMult.length - 1);

/** `image` [N, 3, H, W], -1 to 1, sizes multiples of `latentScale` → `mean` and `logvar` [N, 4, h, w]. */
export function vaeEncoderGraph(vae: VaeConfig, size: { batch: number; height: number; width: number }): Graph {
  const g = new Graph("vae-encoder", VAE_PREFIX);
  const scale = latentScale(vae);
  if (size.height % scale !== 0 || size.width % scale !== 0)
    g.fail(`the picture ${size.height}×${size.width} is not a multiple of ${scale}`);
  const image = g.input("image", "float32", [size.batch, 3, size.height, size.width]);
  const levels = vae.chMult.map((mult) => mult * (vae.encoderCh ?? vae.ch));
  const moments = g.scope("encoder", () => {
    let h = conv(g, "conv_in", image, vae.encoderCh ?? vae.ch, 3);
    for (const [level, channels] of levels.entries()) {
      for (let block = 0; block < vae.numResBlocks; block++)
        h = g.scope(`down.${level}.block.${block}`, () => vaeResBlock(g, h, channels, vae.normGroups));
      // The official code pads the right and the bottom edge only.
      if (level < levels.length - 1)
        h = g.scope(`down.${level}.downsample`, () =>
          conv(g, "conv", h, channels, 3, { stride: 2, pads: [0, 0, 1, 1] }),
        );
    }
    h = vaeMiddle(g, h, vae.normGroups);
    return conv(
      g,
      "conv_out",
      op.silu(g, groupNorm(g, "norm_out", h, vae.normGroups, VAE_EPS)),
      LATENT_CHANNELS * 2,
      3,
    );
  });
  const both = conv(g, "quant_conv", moments, LATENT_CHANNELS * 2, 1);
  g.output("mean", op.slice(g, both, 1, 0, LATENT_CHANNELS));
  g.output("logvar", op.slice(g, both, 1, LATENT_CHANNELS, LATENT_CHANNELS * 2));
  return g;
}
