import { z } from "zod";
import { limits, precisionSchema, SIZE_STEP, wholeNumber } from "./generation.ts";

/** KeyVID's clock: 48 frames at 24 a second make one segment of 2 s, carried by 12 keyframes. */
export const ANIMATION_FPS = 24;
export const SEGMENT_FRAMES = 48;
export const SEGMENT_KEYFRAMES = 12;
export const animationLimits = {
  /** Frames of a clip: one segment to a minute. */
  frames: { min: SEGMENT_FRAMES, max: 60 * ANIMATION_FPS },
  steps: { min: 1, max: 90 },
} as const;

/** Names of the speed and quality modes; what each costs stands in the model's summary. */
export const presetSchema = z.enum(["draft", "balanced", "reference"], {
  error: "The preset must be draft, balanced or reference.",
});
export type Preset = z.infer<typeof presetSchema>;

/** How frames are picked from the motion curve: spread evenly between peaks and valleys, or as the reference code does. */
export const selectionSchema = z.enum(["even", "reference"], { error: "The selection must be even or reference." });
export type Selection = z.infer<typeof selectionSchema>;

const scale = z
  .number({ error: "The guidance must be a number from 0 to 30." })
  .min(limits.guidance.min, "The guidance must be a number from 0 to 30.")
  .max(limits.guidance.max, "The guidance must be a number from 0 to 30.");
/** The scales of three-way guidance. The reference listens more closely while it interpolates (9) than for the keyframes (7.5). */
export const threeWayGuidanceSchema = z.strictObject({
  text: scale,
  image: scale,
  audio: scale,
  interpolationAudio: scale,
});
export type ThreeWayGuidance = z.infer<typeof threeWayGuidanceSchema>;

const share = (name: string) =>
  z
    .number({ error: `The ${name} must be a number from 0 to 1.` })
    .min(0)
    .max(1);
/** Point of the picture that cropping keeps as near to the middle as it can, shares of its width and height. */
export const focusSchema = z.strictObject({ x: share("focus"), y: share("focus") });
export type Focus = z.infer<typeof focusSchema>;

const size = (name: string) =>
  wholeNumber(name, limits.size).multipleOf(
    SIZE_STEP,
    `${name} must be a multiple of ${SIZE_STEP} pixels, for example 128 or 320.`,
  );
const twelveFrames = `Twelve keyframes carry each two seconds: different frames from 0 to ${SEGMENT_FRAMES - 1}, rising, the first of them 0.`;
/** Keyframes of one segment, counted from its first frame. */
export const segmentKeyframesSchema = z
  .array(
    z
      .number({ error: twelveFrames })
      .int(twelveFrames)
      .min(0, twelveFrames)
      .max(SEGMENT_FRAMES - 1, twelveFrames),
    { error: twelveFrames },
  )
  .length(SEGMENT_KEYFRAMES, twelveFrames)
  .refine((all) => all[0] === 0 && all.every((frame, n) => n === 0 || frame > (all[n - 1] ?? 0)), twelveFrames);

/** Two seconds of the clip, made in one piece. Neighbours overlap: the next begins before this one has ended. */
export const segmentSchema = z.strictObject({
  /** First frame, counted in the clip. */
  start: z.number().int().min(0),
  keyframes: segmentKeyframesSchema,
});
export type Segment = z.infer<typeof segmentSchema>;

const prompt = z
  .string()
  .max(limits.promptCharacters, `The prompt is too long: shorten it to ${limits.promptCharacters} characters.`);

/** What one segment is made from, complete: the picture and the sound travel beside it as files. */
export const resolvedAnimationSchema = z.strictObject({
  model: z.string(),
  /** May be empty: the picture and the sound say enough. */
  prompt,
  seed: wholeNumber("The seed", limits.seed),
  width: size("The width"),
  height: size("The height"),
  preset: presetSchema,
  selection: selectionSchema,
  /** Denoising steps of each of the two stages. */
  steps: wholeNumber("The number of steps", animationLimits.steps),
  guidance: threeWayGuidanceSchema,
  focus: focusSchema,
  keyframes: segmentKeyframesSchema,
  precision: precisionSchema,
});
export type ResolvedAnimation = z.infer<typeof resolvedAnimationSchema>;
