import { z } from "zod";
import { isExactRate, MAX_FLICKS } from "../time/index.ts";
import { parameterInfo, parameterNameSchema, parameterSchema, parameterWithin } from "./parameters.ts";

/**
 * The document. Names and shape follow OpenTimelineIO (https://opentimelineio.readthedocs.io), so that exchange is a translation: a
 * Timeline holds Tracks (OTIO's Stack, from the bottom picture up), a Track holds Clips, Gaps and Transitions in order, a child's place
 * is the sum of the durations before it. So clips of a track cannot overlap. Where OTIO is wider than an editor needs we are narrower:
 * no nested stacks, one kind of marker, a clip's time warp is two fields instead of an effect.
 */

export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "That is not a valid id.");
export const nameSchema = z.string().max(500, "The name is too long: shorten it to 500 characters.");
const time = z.number().int().min(-MAX_FLICKS).max(MAX_FLICKS);
const duration = z.number().int().min(0).max(MAX_FLICKS);
const length = duration.min(1);
const finite = z.number();

export const timeRangeSchema = z.strictObject({ start: time, duration }).readonly();
export const rateSchema = z
  .strictObject({ numerator: z.number().int().min(1).max(1e6), denominator: z.number().int().min(1).max(1e6) })
  .readonly();
/** `#rrggbb` or `#rrggbbaa`. */
export const colourSchema = z
  .string()
  .regex(/^#(?:[0-9a-f]{6}|[0-9a-f]{8})$/i, "A colour is written #rrggbb or #rrggbbaa.");

/** What a file is recognised by when it has moved: its size and the sha256 of its first and last 64 KiB, hex. */
export const fingerprintSchema = z
  .strictObject({ bytes: z.number().int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
  .readonly();

/** A file that clips show or play (OTIO: ExternalReference). */
export const mediaReferenceSchema = z
  .strictObject({
    id: idSchema,
    kind: z.enum(["video", "audio", "image"]),
    name: nameSchema,
    /** From the project's folder, with forward slashes; absolute only where no relative path exists (another drive). */
    path: z.string().min(1).max(4096),
    fingerprint: fingerprintSchema,
    /** The media's own times; null for a still, which lasts as long as one likes. */
    availableRange: z.strictObject({ start: time, duration: length }).readonly().nullable(),
    /** Frames per second; null for sound and stills. */
    rate: rateSchema.nullable(),
    /** Pixels as shown (rotation applied); null for sound. */
    size: z
      .strictObject({ width: z.number().int().min(1).max(65_536), height: z.number().int().min(1).max(65_536) })
      .readonly()
      .nullable(),
    audio: z
      .strictObject({ channels: z.number().int().min(1).max(64), sampleRate: z.number().int().min(1).max(1e6) })
      .readonly()
      .nullable(),
    /** How it was generated, when it was: the record as it lies beside the clip, whatever kind of record its `schema` names. */
    record: z.looseObject({ schema: z.string().max(100) }).nullable(),
  })
  .readonly();
export type MediaReference = z.infer<typeof mediaReferenceSchema>;

/**
 * One version of a clip (OTIO: one of `media_references`, chosen by `active_media_reference_key`). `media` is null while the job that
 * makes it runs: the clip is then a promise. `problem` is the sentence of a job that failed.
 */
export const takeSchema = z
  .strictObject({
    id: idSchema,
    media: idSchema.nullable(),
    job: idSchema.nullable(),
    problem: z.string().max(2000).nullable(),
  })
  .readonly();
export type Take = z.infer<typeof takeSchema>;

export const textStyleSchema = z
  .strictObject({
    text: z.string().max(10_000, "The text is too long: shorten it to 10 000 characters."),
    font: z.enum(["Inter", "JetBrains Mono"]),
    /** Height of an em in parts of the frame's height. */
    size: finite.min(0.002).max(2),
    weight: z.number().int().min(100).max(900),
    italic: z.boolean(),
    colour: colourSchema,
    align: z.enum(["left", "centre", "right"]),
    /** Distance of lines in ems. */
    lineHeight: finite.min(0.5).max(4),
    /** Added between letters, in ems. */
    letterSpacing: finite.min(-0.5).max(2),
    /** Where lines are broken, in parts of the frame's width. */
    width: finite.min(0.05).max(4),
    /** Widths and offsets in ems. */
    outline: z
      .strictObject({ width: finite.min(0).max(1), colour: colourSchema })
      .readonly()
      .nullable(),
    shadow: z
      .strictObject({
        x: finite.min(-2).max(2),
        y: finite.min(-2).max(2),
        blur: finite.min(0).max(2),
        colour: colourSchema,
      })
      .readonly()
      .nullable(),
    /** A filled rectangle behind the text. */
    box: z
      .strictObject({ padding: finite.min(0).max(4), radius: finite.min(0).max(4), colour: colourSchema })
      .readonly()
      .nullable(),
    /** How it comes and goes, over the clip's fades. */
    enter: z.enum(["none", "rise", "drop", "slide", "grow", "type"]),
    leave: z.enum(["none", "rise", "drop", "slide", "grow"]),
  })
  .readonly();
export type TextStyle = z.infer<typeof textStyleSchema>;

export const markerSchema = z
  .strictObject({
    id: idSchema,
    name: nameSchema,
    /** On the timeline; for a clip's marker after the clip's start. */
    markedRange: timeRangeSchema,
    colour: z.enum(["red", "orange", "yellow", "green", "cyan", "blue", "purple", "grey"]),
    comment: z.string().max(5000),
  })
  .readonly();
export type Marker = z.infer<typeof markerSchema>;

export const contentSchema = z.discriminatedUnion("type", [
  z
    .strictObject({ type: z.literal("media"), takes: z.array(takeSchema).min(1).readonly(), activeTake: idSchema })
    .readonly(),
  z.strictObject({ type: z.literal("text"), style: textStyleSchema }).readonly(),
]);
export type Content = z.infer<typeof contentSchema>;

/** Blend modes that canvas, CSS and other editors share (W3C Compositing Level 1). */
export const blendSchema = z.enum([
  "normal",
  "multiply",
  "screen",
  "overlay",
  "darken",
  "lighten",
  "add",
  "difference",
  "soft-light",
]);
export type Blend = z.infer<typeof blendSchema>;

/** What is done with a clip's subject, which the studio's eyes find. Lengths and strengths are parameters: they can move. */
export const subjectSchema = z
  .strictObject({
    /** What becomes of everything else: nothing (transparent), out of focus, without colour, a colour, other media. */
    background: z.enum(["none", "blur", "grey", "colour", "media"]),
    /** Of the background `colour`. */
    colour: colourSchema,
    /** Of the background `media`: a picture, or a film from its start, again and again. Nothing where the project has no such media. */
    media: idSchema.nullable(),
    /** Kinds of things that are the subject, by the words of the model that looks; null: everything that it finds. */
    kinds: z.array(z.string().max(100)).max(50).readonly().nullable(),
    /** True: the subject becomes the background, and everything else stays. */
    inverted: z.boolean(),
  })
  .readonly();
export type Subject = z.infer<typeof subjectSchema>;

export const clipSchema = z
  .strictObject({
    kind: z.literal("clip"),
    id: idSchema,
    name: nameSchema,
    enabled: z.boolean(),
    content: contentSchema,
    /**
     * As in OTIO: `start` in the media's time, `duration` on the track. At speed 1 they are one stretch; otherwise the media played is
     * as long as the integral of the speed over the clip, and begins at `start` however it is played (see source.ts).
     */
    sourceRange: z.strictObject({ start: time, duration: length }).readonly(),
    reversed: z.boolean(),
    /** What differs from the defaults. */
    parameters: z.partialRecord(parameterNameSchema, parameterSchema).readonly(),
    blend: blendSchema,
    /** The picture within the frame at scale 1: whole inside it, covering it, filling it distorted, or pixel for pixel. */
    fit: z.enum(["contain", "cover", "fill", "none"]),
    /** Absent: the whole picture is shown. */
    subject: subjectSchema.optional(),
    /** From nothing at the start, to nothing at the end: picture and sound. */
    fadeIn: duration,
    fadeOut: duration,
    /** Clips that belong together in time (a video's picture and sound) share it. */
    link: idSchema.nullable(),
    group: idSchema.nullable(),
    markers: z.array(markerSchema).readonly(),
  })
  .readonly();
export type Clip = z.infer<typeof clipSchema>;

export const gapSchema = z.strictObject({ kind: z.literal("gap"), duration: length }).readonly();
export type Gap = z.infer<typeof gapSchema>;

export const transitionTypes = ["dissolve", "dip", "wipe", "slide", "push", "iris", "clock", "zoom", "blur"] as const;
export const transitionSchema = z
  .strictObject({
    kind: z.literal("transition"),
    id: idSchema,
    type: z.enum(transitionTypes),
    /** How long before and after the cut it lasts. With a clip on one side only, the other offset is 0. */
    inOffset: duration,
    outOffset: duration,
    /** Where wipe, slide and push go to. */
    direction: z.enum(["left", "right", "up", "down"]),
    /** Of dip. */
    colour: colourSchema,
    /** Width of a wipe's, iris's or clock's edge, in parts of the frame. */
    softness: finite.min(0).max(1),
  })
  .readonly();
export type Transition = z.infer<typeof transitionSchema>;

export const trackKindSchema = z.enum(["video", "audio", "text"]);
export type TrackKind = z.infer<typeof trackKindSchema>;

export const trackSchema = z
  .strictObject({
    id: idSchema,
    kind: trackKindSchema,
    name: nameSchema,
    children: z.array(z.discriminatedUnion("kind", [clipSchema, gapSchema, transitionSchema])).readonly(),
    locked: z.boolean(),
    /** Not seen or not heard. */
    muted: z.boolean(),
    /** While any track of a kind is solo, the others of that kind are not seen or heard. */
    solo: z.boolean(),
    /** Decibels and -1…1, over those of the clips. Where they move, their keyframes lie at times of the timeline. */
    volume: parameterWithin(parameterInfo.volume),
    pan: parameterWithin(parameterInfo.pan),
    /** While a clip on one of these tracks sounds, this one is quieter by `amount` decibels. */
    ducking: z
      .strictObject({
        under: z.array(idSchema).readonly(),
        amount: finite.min(0).max(60),
        /** How long the way down and up takes. */
        attack: duration,
        release: duration,
      })
      .readonly()
      .nullable(),
  })
  .readonly();
export type Track = z.infer<typeof trackSchema>;
export type Child = Track["children"][number];

export const settingsSchema = z
  .strictObject({
    /** One whose frames are whole flicks. */
    rate: rateSchema.refine(isExactRate, "This frame rate cannot be a timeline's: choose one of the list."),
    width: z.number().int().min(16).max(16_384),
    height: z.number().int().min(16).max(16_384),
    sampleRate: z.number().int().min(8000).max(192_000),
    background: colourSchema,
    dropFrame: z.boolean(),
    tempo: z
      .strictObject({
        beatsPerMinute: finite.min(10).max(999),
        beatsPerBar: z.number().int().min(1).max(32),
        beatUnit: z.number().int().min(1).max(32),
        origin: time,
      })
      .readonly(),
  })
  .readonly();
export type Settings = z.infer<typeof settingsSchema>;

export const timelineSchema = z
  .strictObject({
    name: nameSchema,
    settings: settingsSchema,
    /** From the bottom picture up; text over video. */
    tracks: z.array(trackSchema).max(500).readonly(),
    markers: z.array(markerSchema).readonly(),
    media: z.record(idSchema, mediaReferenceSchema).readonly(),
    /** The number in the next id that an edit gives: edits are pure, and the same edits give the same document. */
    nextId: z.number().int().min(1),
  })
  .readonly();
export type Timeline = z.infer<typeof timelineSchema>;
