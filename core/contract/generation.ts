import { z } from "zod";

/** Spatial sizes are multiples of this many pixels: the VAE reduces by 8 and the U-Net halves three times (8 × 8). */
export const SIZE_STEP = 64;
export const limits = {
  promptCharacters: 4000,
  size: { min: 64, max: 1024 },
  frames: { min: 1, max: 26 },
  fps: { min: 1, max: 60 },
  steps: { min: 1, max: 50 },
  guidance: { min: 0, max: 30 },
  seed: { min: 0, max: 0xffffffff },
  variations: { min: 1, max: 9 },
  batch: { max: 1000 },
} as const;

/** A whole number within a range, refused with one sentence that names it. */
export const wholeNumber = (name: string, range: { min: number; max: number }) => {
  const sentence = `${name} must be a whole number from ${range.min} to ${range.max}.`;
  return z.number({ error: sentence }).int(sentence).min(range.min, sentence).max(range.max, sentence);
};
const size = (name: string) =>
  wholeNumber(name, limits.size).multipleOf(
    SIZE_STEP,
    `${name} must be a multiple of ${SIZE_STEP} pixels, for example 128 or 320.`,
  );

/** Weights' number format in the engine. `int8` is faster on CPUs with VNNI and slightly less exact. */
export const precisionSchema = z.enum(["fp32", "int8"], { error: "The precision must be fp32 or int8." });
export type Precision = z.infer<typeof precisionSchema>;

/**
 * Everything that decides the pixels of one text-to-video clip. Two equal requests on one machine give equal frames.
 * Absent optional fields mean "the model's own default" and are filled in by `resolveRequest` before a job starts,
 * so a stored record is always complete.
 */
export const generationRequestSchema = z.strictObject({
  /** Id of an installed model pack; absent: the studio's default model. */
  model: z.string().min(1).max(200).optional(),
  prompt: z
    .string({ error: "Write a sentence that describes the clip." })
    .max(limits.promptCharacters, `The prompt is too long: shorten it to ${limits.promptCharacters} characters.`)
    .refine((text) => text.trim().length > 0, "Write a sentence that describes the clip."),
  /** Used only where the model runs with classifier-free guidance; recorded as given. */
  negativePrompt: z.string().max(limits.promptCharacters).optional(),
  /** Seed of PyTorch's CPU generator: the same number gives the same noise as `torch.manual_seed`. */
  seed: wholeNumber("The seed", limits.seed).optional(),
  /** Pixels. */
  width: size("The width").optional(),
  height: size("The height").optional(),
  /** Number of frames. */
  frames: wholeNumber("The number of frames", limits.frames).optional(),
  /** Frames per second: conditions the model and sets the file's rate. */
  fps: wholeNumber("The frame rate", limits.fps).optional(),
  /** Denoising steps. */
  steps: wholeNumber("The number of steps", limits.steps).optional(),
  /** Guidance scale: the w of distilled models, the classifier-free scale of others. */
  guidance: z
    .number({ error: "The guidance must be a number from 0 to 30." })
    .min(limits.guidance.min, "The guidance must be a number from 0 to 30.")
    .max(limits.guidance.max, "The guidance must be a number from 0 to 30.")
    .optional(),
  precision: precisionSchema.optional(),
});
export type GenerationRequest = z.infer<typeof generationRequestSchema>;

/** A request with every default filled in. */
export const resolvedRequestSchema = generationRequestSchema.required().extend({ negativePrompt: z.string() });
export type ResolvedRequest = z.infer<typeof resolvedRequestSchema>;

/** Which weights made a clip. */
export const recordedModelSchema = z.object({
  id: z.string(),
  name: z.string(),
  family: z.string(),
  /** sha256 of the converted weights file, hex. */
  weightsSha256: z.string(),
  /** sha256 of the checkpoint that was installed, hex. */
  sourceSha256: z.string(),
});
/** Which programs made a clip. */
export const recordedRuntimeSchema = z.object({
  app: z.string(),
  onnxruntime: z.string(),
  executionProvider: z.string(),
  threads: z.number(),
});

/** Everything needed to make a clip again, written beside the video as JSON. No path and no user name is ever in it. */
export const generationRecordSchema = z.object({
  schema: z.literal("plume.generation/1"),
  request: resolvedRequestSchema,
  model: recordedModelSchema,
  runtime: recordedRuntimeSchema,
  /** sha256 over the raw RGB frames in order, hex: two runs made the same pixels when these are equal. */
  framesSha256: z.string(),
  /** Wall seconds of each phase, measured. */
  seconds: z.record(z.string(), z.number()),
  createdAt: z.iso.datetime(),
});
export type GenerationRecord = z.infer<typeof generationRecordSchema>;
