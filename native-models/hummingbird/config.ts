import { z } from "zod";
import { textTowerConfigSchema } from "../openclip/config.ts";
import { vaeConfigSchema } from "../vae/config.ts";

const positive = z.number().int().positive();

/**
 * Everything about one Hummingbird-shaped model that its tensors' names and shapes alone do not settle, or that is handy to have
 * settled once. Plain data: stored in the pack and validated when read back. Values in comments are the official releases'.
 */
export const hummingbirdConfigSchema = z.object({
  /** Base width of the U-Net (320). */
  modelChannels: positive,
  /** Width of each level as a multiple of the base width (1, 2, 4, 4). */
  channelMult: z.array(positive).min(2),
  /** Width of one attention head in the U-Net (64). */
  numHeadChannels: positive,
  /** Width of the prompt's embedding (1024). */
  contextDim: positive,
  /** Groups of the U-Net's group normalisations (32). */
  unetNormGroups: positive,
  /** True for 0.9B: residual, spatial, temporal, residual between the two halves. */
  middleBlock: z.boolean(),
  /** Width of the guidance embedding (256); 0: the model is not distilled and takes none. */
  timeCondProjDim: z.number().int().nonnegative(),
  vae: vaeConfigSchema,
  text: textTowerConfigSchema,
  sampler: z.object({
    kind: z.enum(["lcm", "ddim"]),
    parameterization: z.enum(["eps", "v"]),
    /** Betas rescaled so that the last step is pure noise. */
    rescaleBetasZeroSnr: z.boolean(),
    linearStart: z.number().positive(),
    linearEnd: z.number().positive(),
    /** Guidance rescale of classifier-free guidance, 0 to 1; 0 is off. */
    guidanceRescale: z.number().min(0).max(1),
    defaultSteps: positive,
    defaultGuidance: z.number().nonnegative(),
  }),
  /** Frames per second that the model was trained at; also the default frame-rate conditioning (8). */
  fps: positive,
});
export type HummingbirdConfig = z.infer<typeof hummingbirdConfigSchema>;
