import { z } from "zod";

const positive = z.number().int().positive();

/** Sizes of a text tower. Values in comments are ViT-H/14's. */
export const textTowerConfigSchema = z.object({
  /** (1024) */
  width: positive,
  /** (16) */
  heads: positive,
  /** Blocks in the checkpoint (24); the last one is not run (penultimate layer). */
  layers: positive,
  /** (49408) */
  vocabulary: positive,
  /** Tokens of a prompt (77). */
  length: positive,
});
export type TextTowerConfig = z.infer<typeof textTowerConfigSchema>;

/** Sizes of a vision tower. Values in comments are ViT-H/14's. */
export const visionTowerConfigSchema = z.object({
  /** (1280) */
  width: positive,
  /** (16) */
  heads: positive,
  /** (32) */
  layers: positive,
  /** Pixels of a patch, each way (14). */
  patch: positive,
  /** Pixels of the picture, each way (224). */
  pictureSize: positive,
});
export type VisionTowerConfig = z.infer<typeof visionTowerConfigSchema>;
