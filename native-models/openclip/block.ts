import type { Graph, Tensor } from "../onnx/graph.ts";
import { layerNorm, linear, packedProjection } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";

/**
 * The block of both towers: x += attn(ln_1 x); x += mlp(ln_2 x), for x [B, L, width].
 * @param mask [1, 1, L, L], added to the scores
 */
export function residualAttentionBlock(g: Graph, x: Tensor, heads: number, mask?: Tensor): Tensor {
  const width = x.shape.at(-1)!;
  const normal = layerNorm(g, "ln_1", x);
  const attended = g.scope("attn", () => {
    const { q, k, v } = packedProjection(g, normal);
    return linear(g, "out_proj", op.attention(g, q, k, v, heads, mask), width);
  });
  const y = op.add(g, x, attended);
  const second = layerNorm(g, "ln_2", y);
  const hidden = g.scope("mlp", () => linear(g, "c_proj", op.gelu(g, linear(g, "c_fc", second, width * 4)), width));
  return op.add(g, y, hidden);
}
