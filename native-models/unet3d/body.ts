/** The whole of a 3-D U-Net between its first convolution and its output, whatever the family conditions it on. */
import type { Tensor } from "../onnx/graph.ts";
import { conv } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { type Architecture, architecture, type UnetShape } from "./architecture.ts";
import { HEAVY, initialAttention, resBlock, residualStage, type UnetContext } from "./blocks.ts";

/**
 * Features of an earlier call in place of the deeper part (X. Ma et al., "DeepCache: Accelerating Diffusion Models for Free", 2024):
 * what entered output block `cut`, [B·T, C, h', w']. Only the output blocks from `cut` on are run, and the input blocks that they
 * join.
 */
export interface DeepFeatures {
  readonly cut: number;
  readonly features: Tensor;
}

export interface BodyOptions {
  readonly middle: boolean;
  readonly deep?: DeepFeatures | undefined;
  /** Also report what enters this output block. */
  readonly keep?: number | undefined;
}

/** Shape of what enters an output block, for one clip of `frames` at a latent of height × width: [T, C, h', w']. */
export function deepShape(
  shape: UnetShape,
  cut: number,
  size: { frames: number; height: number; width: number },
): [number, number, number, number] {
  const { up, middle } = architecture(shape);
  const above = up.slice(0, cut);
  const channels = above.at(-1)?.channels ?? middle.channels;
  const halvings = shape.channelMult.length - 1 - above.filter(({ upsample }) => upsample !== null).length;
  return [size.frames, channels, size.height / 2 ** halvings, size.width / 2 ** halvings];
}

/**
 * Input blocks, middle and output blocks of `perFrame` [T, C, h, w]. The batch grows from one clip to as many as the cross-attentions
 * have keys and values for, at the first of them: what lies before is the same for all.
 */
export function unetBody(
  context: UnetContext,
  shape: UnetShape,
  perFrame: Tensor,
  options: BodyOptions,
): { result: Tensor; kept: Tensor | null } {
  const { g, trace } = context;
  const plan = architecture(shape);
  const skips = inputBlocks(context, shape, plan, perFrame, plan.down.length + 1 - (options.deep?.cut ?? 0));
  let h = options.deep?.features ?? skips.at(-1)!;
  if (!options.deep && options.middle) {
    h = g.scope("middle_block", () => {
      const stage = residualStage(context, h, plan.middle.channels, plan.middle.heads);
      return g.scope("3", () => resBlock(context, stage, plan.middle.channels));
    });
    trace?.("middle_block", () => h);
  }
  let kept: Tensor | null = null;
  for (const [index, block] of plan.up.entries()) {
    if (index < (options.deep?.cut ?? 0)) continue;
    if (index === options.keep) kept = h;
    const skip = skips.pop() ?? g.fail("more output blocks than skips");
    const batch = Math.max(h.shape[0]!, skip.shape[0]!);
    const joined = op.concat(g, [op.repeat(g, h, batch / h.shape[0]!), op.repeat(g, skip, batch / skip.shape[0]!)], 1);
    h = g.scope(block.path, () => {
      const stage = residualStage(context, joined, block.channels, block.heads);
      if (block.upsample === null) return stage;
      return g.scope(String(block.upsample), () => conv(g, "conv", op.upsample2(g, stage), block.channels, 3, HEAVY));
    });
    trace?.(block.path, () => h);
  }
  return { result: h, kept };
}

/** The first `count` input blocks' results. */
function inputBlocks(
  context: UnetContext,
  shape: UnetShape,
  plan: Architecture,
  perFrame: Tensor,
  count: number,
): Tensor[] {
  const { g, trace } = context;
  let h = g.scope("input_blocks.0", () => conv(g, "0", perFrame, shape.modelChannels, 3));
  trace?.("input_blocks.0", () => h);
  h = g.scope("init_attn.0", () => initialAttention(context, h));
  trace?.("init_attn", () => h);
  const skips = [h];
  for (const block of plan.down.slice(0, count - 1)) {
    h = g.scope(block.path, () =>
      block.kind === "down"
        ? g.scope("0", () => conv(g, "op", h, block.channels, 3, { stride: 2 }))
        : residualStage(context, h, block.channels, block.heads),
    );
    trace?.(block.path, () => h);
    skips.push(h);
  }
  return skips;
}
