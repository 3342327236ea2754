/** The convolutional pyramid that classification and detection share: a patch embedding, four stages, merges between them. */
import type { Graph, Tensor } from "../onnx/graph.ts";
import { type BlockOptions, patBlock } from "./blocks.ts";
import type { Backbone } from "./config.ts";
import { convolveAlone, embedding } from "./kernels.ts";

/** A strided convolution with its batch norm, at the current scope. */
const embed = (g: Graph, x: Tensor, name: string, width: number, size: number): Tensor =>
  convolveAlone(g, x, embedding(g.path, name, [width, x.shape[1]!, size]));

/**
 * The features of every stage, at 1/4, 1/8, 1/16 and 1/32 of the picture's size, which is cut to whole cells.
 * @param x [N, 3, H, W], normalised
 */
export function backbone(
  g: Graph,
  x: Tensor,
  config: Backbone,
  options: Omit<BlockOptions, "activation"> = {},
): Tensor[] {
  const { activation, stages } = config;
  const see = (tensor: Tensor) => {
    options.trace?.(g.path, tensor);
    return tensor;
  };
  let current = g.scope("patch_embed", () => see(embed(g, x, "proj", stages[0]!.width, 4)));
  return stages.map(({ width, blocks }, stage) => {
    if (stage > 0) current = g.scope(`stages.${2 * stage - 1}`, () => see(embed(g, current, "reduction", width, 2)));
    current = g.scope(`stages.${2 * stage}`, () => {
      for (const [index, block] of blocks.entries())
        current = g.scope(`blocks.${index}`, () => patBlock(g, current, block, { activation, ...options }));
      return see(current);
    });
    return current;
  });
}
