/**
 * The vision tower: OpenCLIP's ViT-H/14 as used by DynamiCrafter's FrozenOpenCLIPImageEmbedderV2: every token of the last block, the
 * class token first, without the last norm and the projection.
 */
import { Graph } from "../onnx/graph.ts";
import { layerNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { residualAttentionBlock } from "./block.ts";
import type { VisionTowerConfig } from "./config.ts";

export const VISION_PREFIX = "embedder.model.visual";

/** Tokens of a picture: one for each patch, and the class token. */
export const visionTokens = ({ pictureSize, patch }: VisionTowerConfig): number => (pictureSize / patch) ** 2 + 1;

/** `pixels` [B, 3, size, size], normalised as CLIP wants it → `tokens` [B, patches + 1, width]. */
export function visionGraph(vision: VisionTowerConfig, batch: number): Graph {
  const { width, patch, pictureSize } = vision;
  const g = new Graph("openclip-vision", VISION_PREFIX);
  const pixels = g.input("pixels", "float32", [batch, 3, pictureSize, pictureSize]);
  const kernel = g.scope("conv1", () => g.parameter("weight", [width, 3, patch, patch]));
  const patches = op.conv2d(g, pixels, kernel, undefined, { stride: patch });
  const tokens = op.transpose(g, op.reshape(g, patches, [batch, width, -1]), [0, 2, 1]);
  const first = op.expand(g, g.parameter("class_embedding", [width], { shape: [1, 1, width] }), [batch, 1, width]);
  const all = op.concat(g, [first, tokens], 1);
  let x = layerNorm(g, "ln_pre", op.add(g, all, g.parameter("positional_embedding", [visionTokens(vision), width])));
  for (let block = 0; block < vision.layers; block++)
    x = g.scope(`transformer.resblocks.${block}`, () => residualAttentionBlock(g, x, vision.heads));
  g.output("tokens", x);
  return g;
}
