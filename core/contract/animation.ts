import { z } from "zod";
import {
  limits,
  precisionSchema,
  recordedModelSchema,
  recordedRuntimeSchema,
  SIZE_STEP,
  wholeNumber,
} from "./generation.ts";

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

const share = (name: string) => {
  const sentence = `The ${name} must be a number from 0 to 1.`;
  return z.number({ error: sentence }).min(0, sentence).max(1, sentence);
};
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

/** What the automatic keyframes follow. */
export const followSchema = z.enum(["predicted", "kick", "voice", "loudness", "drawn"], {
  error: "Keyframes can follow predicted, kick, voice, loudness or drawn.",
});
export type Follow = z.infer<typeof followSchema>;

/** A second roll of the dice for keyframes that did not please: all of them, or those at these places of the clip's list. */
export const rollSchema = z.strictObject({
  seed: wholeNumber("The seed", limits.seed),
  prompt,
  only: z.array(z.number().int().min(0)).nullable(),
});
export type Roll = z.infer<typeof rollSchema>;

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.");

/**
 * A picture that is to move with a sound. Absent fields mean the model's own default; without `segments` the studio listens to the
 * sound and places the keyframes itself.
 */
export const animationRequestSchema = z.strictObject({
  model: z.string().min(1).max(200).optional(),
  /** Ids of a picture and a sound of the media list. */
  picture: id,
  sound: id,
  /** Where the clip begins in the sound, in frames of 1/24 s. */
  from: wholeNumber("The start in the sound", { min: 0, max: 24 * 3600 * ANIMATION_FPS }).optional(),
  /** Length of the clip. */
  frames: wholeNumber("The length in frames", animationLimits.frames).optional(),
  /** The model knows no other rate. */
  fps: z.literal(ANIMATION_FPS, { error: `Animations have ${ANIMATION_FPS} frames a second.` }).optional(),
  prompt: prompt.optional(),
  seed: wholeNumber("The seed", limits.seed).optional(),
  width: size("The width").optional(),
  height: size("The height").optional(),
  preset: presetSchema.optional(),
  selection: selectionSchema.optional(),
  steps: wholeNumber("The number of steps", animationLimits.steps).optional(),
  guidance: threeWayGuidanceSchema.optional(),
  focus: focusSchema.optional(),
  precision: precisionSchema.optional(),
  follow: followSchema.optional(),
  segments: z.array(segmentSchema).min(1).max(64).optional(),
  /** True: motion follows the keyframes at once, without waiting for them to be approved. */
  straight: z.boolean().optional(),
  rolls: z.array(rollSchema).max(1000).optional(),
});
export type AnimationRequest = z.infer<typeof animationRequestSchema>;

/** A request with every default filled in; `segments` is empty until the studio has listened to the sound. */
export const resolvedAnimationRequestSchema = animationRequestSchema.required().extend({
  segments: z.array(segmentSchema).max(64),
});
export type ResolvedAnimationRequest = z.infer<typeof resolvedAnimationRequestSchema>;

/** Everything needed to animate the picture again, written beside the video as JSON. No path and no user name is ever in it. */
export const animationRecordSchema = z.object({
  schema: z.literal("plume.animation/1"),
  request: resolvedAnimationRequestSchema,
  /** The motion curve that the keyframes followed, one value a frame; empty where they were placed by hand. */
  curve: z.array(z.number()),
  inputs: z.object({
    picture: z.object({ name: z.string(), version: z.string(), width: z.number(), height: z.number() }),
    sound: z.object({ name: z.string(), version: z.string(), sampleRate: z.number(), channels: z.number() }),
  }),
  model: recordedModelSchema,
  runtime: recordedRuntimeSchema,
  /** sha256 over the raw RGB frames in order, hex. */
  framesSha256: z.string(),
  /** sha256 over the approved keyframes' raw RGB in order, hex. */
  keyframesSha256: z.string(),
  /** Wall seconds of each phase, measured. */
  seconds: z.record(z.string(), z.number()),
  createdAt: z.iso.datetime(),
});
export type AnimationRecord = z.infer<typeof animationRecordSchema>;

/** Where keyframes go: the motion curve of a stretch of sound, and the segments with their keyframes. */
export const animationPlanSchema = z.object({
  follow: followSchema,
  curve: z.array(z.number()),
  segments: z.array(segmentSchema),
});
export type AnimationPlan = z.infer<typeof animationPlanSchema>;
