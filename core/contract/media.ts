import { z } from "zod";
import { ANIMATION_FPS, animationLimits } from "./animation.ts";
import { wholeNumber } from "./generation.ts";

const common = {
  /** Opaque; says nothing about the place. */
  id: z.string(),
  /** The file's own name, for display. */
  name: z.string(),
  bytes: z.number(),
  /** Changes whenever what stands behind the id changes: clips made from another version are stale. */
  version: z.string(),
  /** False when the file is no longer where it was. */
  isThere: z.boolean(),
  /** One sentence about what is used of it where that is not all (first frame of an animation, first sound track of a film). */
  note: z.string().nullable(),
  addedAt: z.iso.datetime(),
};

/** A picture or a sound that the user gave to the studio. Files stay where they are; uploads are kept by the studio. */
export const mediaSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("picture"), ...common, width: z.number(), height: z.number() }),
  z.object({ kind: z.literal("sound"), ...common, seconds: z.number(), sampleRate: z.number(), channels: z.number() }),
]);
export type Media = z.infer<typeof mediaSchema>;
export type PictureMedia = Extract<Media, { kind: "picture" }>;
export type SoundMedia = Extract<Media, { kind: "sound" }>;

/** A stretch of a sound on the clip's own grid. */
export const soundRangeSchema = z.strictObject({
  /** Where it begins in the sound, in frames of 1/24 s. */
  from: wholeNumber("The start in the sound", { min: 0, max: 24 * 3600 * ANIMATION_FPS }),
  /** Its length, which is the clip's. */
  frames: wholeNumber("The length in frames", animationLimits.frames),
});
export type SoundRange = z.infer<typeof soundRangeSchema>;

const perFrame = z.array(z.number());

/** What can be heard in a stretch of a sound. Times in seconds from its beginning; curves have one value a frame, 0 to 1. */
export const soundAnalysisSchema = z.object({
  version: z.string(),
  range: soundRangeSchema,
  /** Lowest and highest sample of equal slices, -1 to 1. */
  peaks: z.object({ low: perFrame, high: perFrame }),
  onsets: z.array(z.object({ time: z.number(), strength: z.number() })),
  beats: z.array(z.number()),
  /** Beats a minute; null where no pulse was found. */
  tempo: z.number().nullable(),
  curves: z.object({ loudness: perFrame, kick: perFrame, voice: perFrame, onset: perFrame }),
  /** Seconds of the stretch that the sound really fills; the rest is silence. */
  soundSeconds: z.number(),
  /** One sentence about what is used of the sound, or what is missing in it. */
  note: z.string().nullable(),
});
export type SoundAnalysis = z.infer<typeof soundAnalysisSchema>;
