/** Everything about one KeyVID-shaped model. Plain data: stored in the pack and validated when read back. Values in comments are the official release's. */
import { z } from "zod";
import { threeWayGuidanceSchema } from "../../core/contract/index.ts";
import { textTowerConfigSchema, visionTowerConfigSchema } from "../openclip/config.ts";
import { vaeConfigSchema } from "../vae/config.ts";

const positive = z.number().int().positive();

/** Keyframes of a segment, its frames, and what each of them is told by picture and sound: fixed in the official code. */
export const KEYFRAMES = 12;
export const FRAMES = 48;
/** Tokens of the picture a frame. */
export const IMAGE_TOKENS = 16;
/** Tokens of the sound a frame (12 frequency rows; the official code drops the thirteenth by its stride, KEYVID.md trap 1). */
export const AUDIO_TOKENS = 12;
/** Mel bands, and columns of 2 s of sound as the sound trunk and the localiser take them. */
export const MEL_BANDS = 128;
export const MEL_COLUMNS = 204;
export const LOCALIZER_COLUMNS = 198;

/** Sizes of an ImageBind audio trunk. */
export const audioTrunkConfigSchema = z.object({
  /** (768) */
  width: positive,
  /** (12) */
  heads: positive,
  /** (12) */
  blocks: positive,
  /** Columns of the checkpoint's position table: 48, or 19 in Meta's own file, which is then resized. */
  tableColumns: positive,
});
export type AudioTrunkConfig = z.infer<typeof audioTrunkConfigSchema>;

/** Sizes of the picture's perceiver resampler. */
export const resamplerConfigSchema = z.object({
  /** (1024) */
  width: positive,
  /** (4) */
  depth: positive,
  /** (12) */
  heads: positive,
  /** Width of a head (64). */
  headWidth: positive,
  /** Feed-forward width as a multiple of the width (4). */
  ffMult: positive,
});
export type ResamplerConfig = z.infer<typeof resamplerConfigSchema>;

/** Sizes of one of the two U-Nets. */
export const keyvidUnetConfigSchema = z.object({
  /** Base width (320). */
  modelChannels: positive,
  /** Width of each level as a multiple of the base width (1, 2, 4, 4). */
  channelMult: z.array(positive).min(1),
  /** Residual blocks of a level on the way down; the way up has one more (2). */
  numResBlocks: positive,
  /** Whether the blocks of each level are followed by transformers (yes, yes, yes, no). */
  attention: z.array(z.boolean()).min(1),
  /** Width of one attention head (64). */
  numHeadChannels: positive,
  /** Width of the text's and the picture's tokens (1024). */
  contextDim: positive,
  /** Width of the sound's tokens (768). */
  audioDim: positive,
  /** Groups of the group normalisations (32). */
  unetNormGroups: positive,
  /** True for the keyframe generator: every frame is told its place among the 48. */
  frameIndex: z.boolean(),
  /** The frame rate that the model is told: 6 for keyframes, 24 for the interpolator. */
  fps: positive,
});
export type KeyvidUnetConfig = z.infer<typeof keyvidUnetConfigSchema>;

export const keyvidConfigSchema = z.object({
  audio: audioTrunkConfigSchema,
  localizer: z.object({
    width: positive,
    heads: positive,
    blocks: positive,
    /** Features of a frame that the second linear layer leaves (16). */
    features: positive,
  }),
  vision: visionTowerConfigSchema,
  text: textTowerConfigSchema,
  resampler: resamplerConfigSchema,
  vae: vaeConfigSchema,
  keyframes: keyvidUnetConfigSchema,
  interpolation: keyvidUnetConfigSchema,
  sampler: z.object({
    linearStart: z.number().positive(),
    linearEnd: z.number().positive(),
    /** Share of the guided prediction whose spread is pulled back to the conditional one's (0.7). */
    guidanceRescale: z.number().min(0).max(1),
    /** 1: as much fresh noise a step as DDPM; 0: none. */
    eta: z.number().min(0).max(1),
    guidance: threeWayGuidanceSchema,
    /** (90) */
    defaultSteps: positive,
  }),
});
export type KeyvidConfig = z.infer<typeof keyvidConfigSchema>;
