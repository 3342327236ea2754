import { z } from "zod";

const positive = z.number().int().positive();

/** Sizes of an AutoencoderKL. Values in comments are Stable Diffusion's. */
export const vaeConfigSchema = z.object({
  /** Base width of the decoder (128). */
  ch: positive,
  /** Base width of the encoder where it is another. */
  encoderCh: positive.optional(),
  /** Width of each level as a multiple of the base width (1, 2, 4, 4). */
  chMult: z.array(positive).min(1),
  /** Residual blocks of a level of the encoder (2); the decoder has one more. */
  numResBlocks: positive,
  normGroups: positive,
  /** Latents are divided by this before decoding and multiplied by it after encoding (0.18215). */
  scaleFactor: z.number().positive(),
});
export type VaeConfig = z.infer<typeof vaeConfigSchema>;
