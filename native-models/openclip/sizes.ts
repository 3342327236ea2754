/** Reads the towers' sizes off a checkpoint's tensors. */
import { countInRow, type OfficialNames } from "../checkpoint/names.ts";
import type { TextTowerConfig, VisionTowerConfig } from "./config.ts";
import { TEXT_PREFIX } from "./text-tower.ts";
import { VISION_PREFIX } from "./vision-tower.ts";

/** Width of a head where nothing else is known. */
const HEAD_WIDTH = 64;

/** Heads of a width, as nearly all published transformers have them: 64 wide. */
export const headsOf = (width: number): number => Math.max(1, Math.round(width / HEAD_WIDTH));

/** All but the heads, which no shape tells. Errors: CHECKPOINT_MISMATCH naming the tensor. */
export function textTowerSizes(names: OfficialNames): Omit<TextTowerConfig, "heads"> {
  const [vocabulary = 0, width = 0] = names.shape(`${TEXT_PREFIX}.token_embedding.weight`);
  const [length = 0] = names.shape(`${TEXT_PREFIX}.positional_embedding`);
  const layers = countInRow(names, (block) => `${TEXT_PREFIX}.transformer.resblocks.${block}.ln_1.weight`);
  return { width, layers, vocabulary, length };
}

/** All but the heads. Errors: CHECKPOINT_MISMATCH naming the tensor. */
export function visionTowerSizes(names: OfficialNames): Omit<VisionTowerConfig, "heads"> {
  const [width = 0, , patch = 0] = names.shape(`${VISION_PREFIX}.conv1.weight`);
  const [tokens = 0] = names.shape(`${VISION_PREFIX}.positional_embedding`);
  const layers = countInRow(names, (block) => `${VISION_PREFIX}.transformer.resblocks.${block}.ln_1.weight`);
  return { width, layers, patch, pictureSize: Math.sqrt(tokens - 1) * patch };
}
