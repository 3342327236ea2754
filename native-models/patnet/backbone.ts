/** The convolutional pyramid that classification and detection share: a patch embedding, four stages, merges between them. */
import type { Graph, Tensor } from "../onnx/graph.ts";
import { blockApart, stageParts, together } from "./apart.ts";
import { type BlockOptions, patBlock } from "./blocks.ts";
import type { Backbone } from "./config.ts";
import { convolveAlone, convolveApart, embedding } from "./kernels.ts";

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
  let [current, path, name, size] = [x, "patch_embed", "proj", 4];
  return stages.map((stage, index) => {
    const { width, blocks } = stage;
    const [down, across] = current.shape.slice(2).map((length) => Math.floor(length / size)) as [number, number];
    const parts = stageParts(g, stage, down * across);
    const kernel = g.scope(path, () => embedding(g.path, name, [width, current.shape[1]!, size]));
    const at = `stages.${2 * index}`;
    if (parts) {
      let apart = g.scope(path, () => convolveApart(g, current, kernel, parts));
      if (options.trace) g.scope(path, () => see(together(g, apart)));
      g.scope(at, () => {
        for (const [i, block] of blocks.entries())
          apart = g.scope(`blocks.${i}`, () => blockApart(g, apart, block, { activation, ...options }));
        current = see(together(g, apart));
      });
    } else {
      current = g.scope(path, () => see(convolveAlone(g, current, kernel)));
      current = g.scope(at, () => {
        for (const [i, block] of blocks.entries())
          current = g.scope(`blocks.${i}`, () => patBlock(g, current, block, { activation, ...options }));
        return see(current);
      });
    }
    [path, name, size] = [`stages.${2 * index + 1}`, "reduction", 2];
    return current;
  });
}
