/**
 * The perceiver that turns the picture's tokens into 16 for each of the 48 frames. J.-B. Alayrac et al., "Flamingo" (2022); official
 * code: DynamiCrafter, `lvdm/modules/encoders/resampler.py`.
 */
import { Graph, type Tensor } from "../onnx/graph.ts";
import { layerNorm, linear } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { visionTokens } from "../openclip/vision-tower.ts";
import { FRAMES, IMAGE_TOKENS, type KeyvidConfig, type ResamplerConfig } from "./config.ts";

export const RESAMPLER_PREFIX = "image_proj_model";

/** Queries l [B, L, width] attend to the picture x [B, S, width] and to themselves. */
function attend(g: Graph, x: Tensor, l: Tensor, { width, heads, headWidth }: ResamplerConfig): Tensor {
  const inner = heads * headWidth;
  const queries = layerNorm(g, "norm2", l);
  const source = op.concat(g, [layerNorm(g, "norm1", x), queries], 1);
  const q = linear(g, "to_q", queries, inner, { bias: false });
  const k = linear(g, "to_kv", source, inner * 2, { bias: false, rows: [0, inner] });
  const v = linear(g, "to_kv", source, inner * 2, { bias: false, rows: [inner, inner * 2] });
  return linear(g, "to_out", op.attention(g, q, k, v, heads), width, { bias: false });
}

/** `tokens` [B, 257, vision width] → `picture` [B, 48 · 16, context width], 16 tokens a frame. */
export function resamplerGraph(
  { resampler, vision, keyframes }: Pick<KeyvidConfig, "resampler" | "vision" | "keyframes">,
  batch: number,
): Graph {
  const { width, depth, ffMult } = resampler;
  const g = new Graph("keyvid-resampler", RESAMPLER_PREFIX);
  const tokens = g.input("tokens", "float32", [batch, visionTokens(vision), vision.width]);
  const count = FRAMES * IMAGE_TOKENS;
  let l = op.expand(g, g.parameter("latents", [1, count, width]), [batch, count, width]);
  const x = linear(g, "proj_in", tokens, width);
  for (let layer = 0; layer < depth; layer++)
    l = g.scope(`layers.${layer}`, () => {
      const y = op.add(
        g,
        l,
        g.scope("0", () => attend(g, x, l, resampler)),
      );
      const hidden = g.scope("1", () => {
        const wide = op.gelu(g, linear(g, "1", layerNorm(g, "0", y), width * ffMult, { bias: false }));
        return linear(g, "3", wide, width, { bias: false });
      });
      return op.add(g, y, hidden);
    });
  g.output("picture", layerNorm(g, "norm_out", linear(g, "proj_out", l, keyframes.contextDim)));
  return g;
}
