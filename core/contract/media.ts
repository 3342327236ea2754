import { z } from "zod";
import { fingerprintSchema, rateSchema } from "../timeline/schema.ts";
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
  /** One sentence about what is used of it where that is not all, or what was done to it (turned upright, tone-mapped). */
  note: z.string().nullable(),
  addedAt: z.iso.datetime(),
};

/** The sound of a sound file or a film: its first track. */
const soundFacts = {
  seconds: z.number(),
  sampleRate: z.number(),
  channels: z.number(),
};

/** What a film's picture is like, as far as a viewer or an exporter must know. */
export const videoFactsSchema = z.object({
  /** ffmpeg's name of the codec: h264, hevc, prores, gif … */
  codec: z.string(),
  /** Bits of a colour component. */
  depth: z.number(),
  /** The transfer of high dynamic range pictures; they are tone-mapped to BT.709 wherever they are shown. */
  hdr: z.enum(["pq", "hlg"]).nullable(),
  alpha: z.boolean(),
  /** True where frames do not come at equal times; `rate` is then their mean. */
  isVariable: z.boolean(),
  /** Degrees clockwise by which stored pictures are turned to be upright; `width` and `height` are upright already. */
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  isInterlaced: z.boolean(),
  /** Width of a stored pixel by its height; `width` is that of square ones already. */
  pixelAspect: z.number(),
  /** Frames of a numbered sequence of pictures; null for a film. */
  sequence: z.number().nullable(),
  /** When the first picture is shown, seconds of the media's time (0: at its beginning). */
  start: z.number(),
  /** What the file itself calls the media's time 0, seconds: a transport stream's clock seldom begins at 0. */
  origin: z.number(),
});
export type VideoFacts = z.infer<typeof videoFactsSchema>;

/**
 * A picture, a sound or a film that the user gave to the studio. Files stay where they are; uploads are kept by the studio. An animated
 * GIF or WebP and a numbered sequence of pictures are films.
 */
export const mediaSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("picture"),
    ...common,
    /** Upright pixels. */
    width: z.number(),
    height: z.number(),
    alpha: z.boolean().default(false),
  }),
  z.object({ kind: z.literal("sound"), ...common, ...soundFacts, layout: z.string().default("") }),
  z.object({
    kind: z.literal("video"),
    ...common,
    /** Upright pixels. */
    width: z.number(),
    height: z.number(),
    /** How long pictures are shown. */
    seconds: z.number(),
    /** Frames per second. */
    rate: rateSchema,
    video: videoFactsSchema,
    /** Null for a silent film. */
    audio: z.object({ ...soundFacts, layout: z.string() }).nullable(),
  }),
]);
export type Media = z.infer<typeof mediaSchema>;
export type PictureMedia = Extract<Media, { kind: "picture" }>;
export type SoundMedia = Extract<Media, { kind: "sound" }>;
export type VideoMedia = Extract<Media, { kind: "video" }>;

/** What an animation is made from. */
export type LaneMedia = PictureMedia | SoundMedia;

/**
 * Media as an animation uses it: of a film its sound, of a silent film its first picture; null for a numbered sequence, whose pictures
 * are media themselves where somebody wants to move one.
 */
export function asLaneMedia(media: Media): LaneMedia | null {
  if (media.kind !== "video") return media;
  const { id, name, bytes, version, isThere, addedAt, width, height, audio, video } = media;
  const same = { id, name, bytes, version, isThere, addedAt };
  if (audio !== null)
    return { kind: "sound", ...same, ...audio, note: "Only the first sound track of this file is used." };
  if (video.sequence !== null) return null;
  const note = "This picture moves: its first frame is used.";
  return { kind: "picture", ...same, width, height, alpha: video.alpha, note };
}

/** What a file is handed over for, where not simply to be taken into the list. */
export const importPurposeSchema = z.strictObject({
  /** It is this media of an open project, found again: it must be the same file. */
  as: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.")
    .optional(),
  /** It is one picture of a numbered sequence, which `media.assemble` then makes one film of. The word is the caller's. */
  sequence: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.")
    .optional(),
  /** It is no media but a timeline of another editor, of which a project is to be made; the answer is an `OpenedTimeline`. */
  opens: z.literal("timeline").optional(),
  /** It is a model's checkpoint, or one of its files, which `models.installDropped` then installs. The word is the caller's. */
  checkpoint: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.")
    .optional(),
});
export type ImportPurpose = z.infer<typeof importPurposeSchema>;

/** Where in the sprite of a thumbnail strip each picture lies: row by row, picture n shows the time n × interval. */
export const stripSchema = z.object({
  columns: z.number(),
  rows: z.number(),
  count: z.number(),
  /** Pixels of one picture. */
  width: z.number(),
  height: z.number(),
  /** Seconds of the media's time. */
  interval: z.number(),
});
export type Strip = z.infer<typeof stripSchema>;

/**
 * How media of a project or of the studio can be shown at this moment, by its id (of the catalogue or of a clip in the library). URLs
 * are made with `version`; where `isOnline` is false there is nothing to fetch.
 */
export const mediaStatusSchema = z.object({
  id: z.string(),
  version: z.string(),
  isOnline: z.boolean(),
  /** One sentence that says why it is offline, else null. */
  reason: z.string().nullable(),
  /** Name of the folder in which it was last seen (the name alone); null where nobody knows. */
  folder: z.string().nullable(),
  /**
   * What the file is now, by its length and its bytes; null while it is offline. A project that knows it by another has used what the
   * file was before.
   */
  fingerprint: fingerprintSchema.nullable(),
  /** MIME type of the original. */
  type: z.string(),
  /** What a viewer plays: the user's own file, or, where Chromium cannot decode it or not smoothly, the proxy (once it is ready). */
  play: z.enum(["original", "proxy"]),
  poster: z.boolean(),
  /** Null for stills and sounds, and until it is made. */
  strip: stripSchema.nullable(),
  peaks: z.boolean(),
  /** True when the proxy can be fetched. A film's is H.264 and AAC in MP4 (VP9 with alpha in WebM), a still's JPEG or PNG, a sound's AAC. */
  proxy: z.boolean(),
  /** What is being made of it now, 0 to 1 of it, or what waits to be made; null when all is there. */
  work: z
    .object({
      step: z.enum(["poster", "strip", "peaks", "proxy"]),
      state: z.enum(["waiting", "running"]),
      fraction: z.number(),
    })
    .nullable(),
  /** Why something could not be made of it, or that it was stopped; `media.prepare` tries again. */
  problem: z.string().nullable(),
});
export type MediaStatus = z.infer<typeof mediaStatusSchema>;

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
