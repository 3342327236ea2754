import { z } from "zod";
import { presetSchema, threeWayGuidanceSchema } from "./animation.ts";
import { precisionSchema } from "./generation.ts";

/** How a pack keeps its weights: as published, in half precision, in 8 bits, or in 4 where that holds up. */
export const weightFormatSchema = z.enum(["fp32", "fp16", "int8", "4bit"], {
  error: "Weights are kept as fp32, fp16, int8 or 4bit.",
});
export type WeightFormat = z.infer<typeof weightFormatSchema>;

/** As sentences and lists call them. */
export const weightWords: Readonly<Record<WeightFormat, string>> = {
  fp32: "fp32",
  fp16: "fp16",
  int8: "8-bit",
  "4bit": "4-bit",
};

/** What a format costs, measured on this computer against the weights as published. */
const measuredSchema = z.object({
  /** 1: no difference. Of pictures their structural similarity (SSIM), of what is said about pictures the cosine. */
  likeness: z.number(),
  /** Peak signal to noise ratio in dB; null for models that make no pictures. */
  psnr: z.number().nullable(),
});

/** “99.8 % like fp32, 46 dB”. */
export function costWords({ likeness, psnr }: z.infer<typeof measuredSchema>): string {
  return `${(100 * likeness).toFixed(1)} % like fp32${psnr === null ? "" : `, ${psnr.toFixed(0)} dB`}`;
}

/** What one installed model pack can do and how it likes to be asked. Shown in the window and by `plume models list`. */
export const modelSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  family: z.enum(["hummingbird", "keyvid", "patnet"]),
  variant: z.string(),
  /** True for the small model that ships with the app. */
  bundled: z.boolean(),
  licence: z.string(),
  /** Plain sentences: what it knows and what it does not. */
  about: z.string(),
  examplePrompts: z.array(z.string()),
  /** Parameters in all networks together. */
  parameters: z.number(),
  bytesOnDisk: z.number(),
  /** Absent: as published. `measured` is null where nothing was given up; `refused`: smaller formats that did not hold up. */
  weights: z
    .object({
      format: weightFormatSchema,
      measured: measuredSchema.nullable(),
      refused: z.array(z.object({ format: weightFormatSchema, measured: measuredSchema })),
    })
    .optional(),
  /**
   * How guidance works: an embedded scale (distilled), a second unconditional pass, text, image and audio weighed apart, or not at all.
   */
  guidanceKind: z.enum(["embedded", "classifier-free", "three-way", "none"]),
  precisions: z.array(precisionSchema),
  defaults: z.object({
    width: z.number(),
    height: z.number(),
    frames: z.number(),
    fps: z.number(),
    steps: z.number(),
    guidance: z.number(),
    precision: precisionSchema,
  }),
  /** Sizes offered first, pixels; others that are multiples of 64 are allowed. */
  sizes: z.array(z.object({ width: z.number(), height: z.number(), label: z.string() })),
  maxSteps: z.number(),
  /**
   * Only of models that look at pictures and make none: how many kinds of tags they give, and of objects they find, and the words for
   * them where they are known.
   */
  vision: z.object({ tags: z.number(), objects: z.number(), words: z.array(z.string()).default([]) }).optional(),
  /** Only of models that animate a picture with sound. */
  animation: z
    .object({
      presets: z.array(
        z.object({
          id: presetSchema,
          steps: z.number(),
          /** U-Net work as a share of Reference's. */
          work: z.number(),
          /** One plain sentence. */
          about: z.string(),
        }),
      ),
      defaultPreset: presetSchema,
      guidance: threeWayGuidanceSchema,
    })
    .optional(),
});
export type ModelSummary = z.infer<typeof modelSummarySchema>;
