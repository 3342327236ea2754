/** Reads the VAE's sizes off a checkpoint's tensors. */
import { countInRow, missing, type OfficialNames } from "../checkpoint/names.ts";
import { VAE_PREFIX } from "./blocks.ts";

interface Sizes {
  /** Of the levels, finest first. */
  readonly widths: number[];
  /** Residual blocks of a level of the encoder; the decoder has one more. */
  readonly numResBlocks: number;
}

function sizes(names: OfficialNames, half: "encoder.down" | "decoder.up"): Sizes {
  const block = (level: number, index: number) => `${VAE_PREFIX}.${half}.${level}.block.${index}.conv1.weight`;
  const levels = countInRow(names, (level) => block(level, 0));
  if (levels === 0) throw missing(block(0, 0));
  const widths = Array.from({ length: levels }, (_, level) => names.shape(block(level, 0))[0] ?? 0);
  return { widths, numResBlocks: countInRow(names, (index) => block(0, index)) };
}

/** Errors: CHECKPOINT_MISMATCH naming the tensor that is missing. */
export function vaeDecoderSizes(names: OfficialNames): Sizes {
  const { widths, numResBlocks } = sizes(names, "decoder.up");
  return { widths, numResBlocks: numResBlocks - 1 };
}

/** Errors: CHECKPOINT_MISMATCH naming the tensor that is missing. */
export const vaeEncoderSizes = (names: OfficialNames): Sizes => sizes(names, "encoder.down");
