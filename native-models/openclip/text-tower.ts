/**
 * The text tower: OpenCLIP's ViT-H/14 text transformer as used by the FrozenOpenCLIPEmbedder of VideoCrafter and DynamiCrafter with layer "penultimate":
 * all blocks but the last, causal mask, final layer norm, every position returned.
 */
import { Graph, type Tensor } from "../onnx/graph.ts";
import { layerNorm } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { residualAttentionBlock } from "./block.ts";
import type { TextTowerConfig } from "./config.ts";

export const TEXT_PREFIX = "cond_stage_model.model";

/** `token_ids` [B, tokens] int64 → `prompt_embeds` [B, tokens, width]. `trace` sees each block's output before the last norm. */
export function textGraph(
  text: TextTowerConfig,
  batch: number,
  trace: ((block: number, tensor: Tensor) => void) | null = null,
): Graph {
  const g = new Graph("openclip-text", TEXT_PREFIX);
  const ids = g.input("token_ids", "int64", [batch, text.length]);
  const table = g.scope("token_embedding", () => g.parameter("weight", [text.vocabulary, text.width]));
  let x = op.add(g, op.gather(g, table, ids), g.parameter("positional_embedding", [text.length, text.width]));
  for (let block = 0; block < text.layers - 1; block++) {
    x = g.scope(`transformer.resblocks.${block}`, () => textBlock(g, x, text.heads));
    trace?.(block, x);
  }
  g.output("prompt_embeds", layerNorm(g, "ln_final", x));
  return g;
}

/** A block of x [B, L, width] in which no token sees a later one. */
export const textBlock = (g: Graph, x: Tensor, heads: number): Tensor =>
  residualAttentionBlock(g, x, heads, causalMask(g, x.shape[1]!));

/** Added to the scores: 0 on and below the diagonal, the lowest finite number above it (a whole row of -inf is impossible). */
function causalMask(g: Graph, length: number): Tensor {
  const values = Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? -3.4e38 : 0));
  return g.constant("float32", [1, 1, length, length], values);
}
