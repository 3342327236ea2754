/**
 * Which layer stands where in a U-Net, derived from its shape. Official numbering: `input_blocks.N` and `output_blocks.N` count
 * residual blocks and down-samplers alike; an up-sampler is the last part of an output block.
 */

/** What decides a U-Net's layout. */
export interface UnetShape {
  /** Base width. */
  readonly modelChannels: number;
  /** Width of each level as a multiple of the base width. */
  readonly channelMult: readonly number[];
  /** Residual blocks of a level on the way down; the way up has one more. */
  readonly numResBlocks: number;
  /** Whether the blocks of each level are followed by transformers. */
  readonly attention: readonly boolean[];
  /** Width of one attention head. */
  readonly numHeadChannels: number;
}

export interface DownBlock {
  readonly kind: "down";
  readonly path: string;
  readonly channels: number;
}

export interface ResidualBlock {
  readonly kind: "res";
  readonly path: string;
  readonly channels: number;
  /** Heads of the spatial and temporal transformers that follow; 0: none. */
  readonly heads: number;
  /** Index of the up-sampler inside the block, or null. */
  readonly upsample: number | null;
}

export type Block = DownBlock | ResidualBlock;

export interface Architecture {
  /** After input_blocks.0. */
  readonly down: readonly Block[];
  readonly up: readonly ResidualBlock[];
  /** Channels between the halves, and heads of the middle block's transformers. */
  readonly middle: { readonly channels: number; readonly heads: number };
}

export function architecture(shape: UnetShape): Architecture {
  const { numResBlocks, numHeadChannels, attention } = shape;
  const levels = shape.channelMult.map((mult) => mult * shape.modelChannels);
  const last = levels.length - 1;
  const heads = (level: number) => (attention[level] ? levels[level]! / numHeadChannels : 0);
  const down: Block[] = [];
  const next = () => `input_blocks.${down.length + 1}`;
  for (const [level, channels] of levels.entries()) {
    for (let i = 0; i < numResBlocks; i++)
      down.push({ kind: "res", path: next(), channels, heads: heads(level), upsample: null });
    if (level !== last) down.push({ kind: "down", path: next(), channels });
  }
  const up: ResidualBlock[] = [];
  for (let level = last; level >= 0; level--) {
    for (let i = 0; i <= numResBlocks; i++) {
      // The last block of a level doubles the size.
      const upsample = i === numResBlocks && level > 0 ? (heads(level) > 0 ? 3 : 1) : null;
      const path = `output_blocks.${up.length}`;
      up.push({ kind: "res", path, channels: levels[level]!, heads: heads(level), upsample });
    }
  }
  return { down, up, middle: { channels: levels[last]!, heads: levels[last]! / numHeadChannels } };
}

/** One cross-attention of a U-Net: its path below the prefix, and the width of its keys and values. */
export interface CrossAttention {
  readonly path: string;
  readonly width: number;
}

/**
 * Every cross-attention in the order in which the U-Net runs them.
 * @param hasMiddle whether there is a middle block
 */
export function crossAttentions(shape: UnetShape, hasMiddle: boolean): CrossAttention[] {
  const { down, up, middle } = architecture(shape);
  const of = (path: string, heads: number) => ({
    path: `${path}.1.transformer_blocks.0.attn2`,
    width: heads * shape.numHeadChannels,
  });
  const attending = (blocks: readonly Block[]) =>
    blocks.flatMap((block) => (block.kind === "res" && block.heads > 0 ? [of(block.path, block.heads)] : []));
  return [...attending(down), ...(hasMiddle ? [of("middle_block", middle.heads)] : []), ...attending(up)];
}

/** Latent sizes are multiples of this: the U-Net halves once per level after the first. */
export const unetUnit = ({ channelMult }: Pick<UnetShape, "channelMult">): number => 2 ** (channelMult.length - 1);
