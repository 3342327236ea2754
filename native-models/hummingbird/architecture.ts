/**
 * Which layer stands where in the pruned U-Net, derived from the configuration. Official numbering: `input_blocks.N` and
 * `output_blocks.N` count residual blocks and down-samplers alike; an up-sampler is the last part of an output block.
 */
import type { HummingbirdConfig } from "./config.ts";

export type Block =
  | { readonly kind: "down"; readonly path: string; readonly channels: number }
  | {
      readonly kind: "res";
      readonly path: string;
      readonly channels: number;
      /** Heads of the spatial and temporal transformers that follow; 0: none. */
      readonly heads: number;
      /** Index of the up-sampler inside the block, or null. */
      readonly upsample: number | null;
    };

export interface Architecture {
  /** After input_blocks.0. */
  readonly down: readonly Block[];
  readonly up: readonly Block[];
  /** Channels between the halves, and heads of the middle block's transformers. */
  readonly middle: { readonly channels: number; readonly heads: number };
}

/** The blocks of a configuration. Attention at every level but the last: at down-sampling factors 1, 2, 4 of 1, 2, 4, 8. */
export function architecture(config: HummingbirdConfig): Architecture {
  const levels = config.channelMult.map((mult) => mult * config.modelChannels);
  const last = levels.length - 1;
  const heads = (level: number) => (level === last ? 0 : levels[level]! / config.numHeadChannels);
  const down: Block[] = [];
  for (const [level, channels] of levels.entries()) {
    down.push({ kind: "res", path: `input_blocks.${down.length + 1}`, channels, heads: heads(level), upsample: null });
    if (level !== last) down.push({ kind: "down", path: `input_blocks.${down.length + 1}`, channels });
  }
  const up: Block[] = [];
  for (let level = last; level >= 0; level--) {
    for (const first of [true, false]) {
      // Each level has one block more than on the way down; the last of a level doubles the size.
      const upsample = !first && level > 0 ? (heads(level) > 0 ? 3 : 1) : null;
      up.push({
        kind: "res",
        path: `output_blocks.${up.length}`,
        channels: levels[level]!,
        heads: heads(level),
        upsample,
      });
    }
  }
  return { down, up, middle: { channels: levels[last]!, heads: levels[last]! / config.numHeadChannels } };
}
