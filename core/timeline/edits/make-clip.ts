import { plainClip } from "../plain.ts";
import { z } from "zod";
import { type Flicks, FLICKS_PER_SECOND, frameDuration, type TimeRange } from "../../time/index.ts";
import type { Draft } from "../draft.ts";
import { Refusal } from "../result.ts";
import {
  type Clip,
  clipSchema,
  idSchema,
  type MediaReference,
  nameSchema,
  type Settings,
  type TextStyle,
  textStyleSchema,
  timeRangeSchema,
  type Track,
} from "../schema.ts";
import { findMedia, mediaOf } from "../source.ts";

const length = timeRangeSchema.unwrap().shape.duration.min(1);

/** What to put on a track: a stretch of media, a text, a promise that a job will keep, or a copy of a clip. */
export const clipDraftSchema = z.union([
  z.strictObject({
    media: idSchema,
    /** Absent: all of it; a still lasts five seconds. */
    sourceRange: timeRangeSchema.optional(),
    name: nameSchema.optional(),
  }),
  z.strictObject({ text: textStyleSchema.unwrap().partial().required({ text: true }), duration: length }),
  z.strictObject({ job: idSchema, name: nameSchema, duration: length }),
  z.strictObject({ copy: clipSchema }),
]);
export type ClipDraft = z.infer<typeof clipDraftSchema>;

export const defaultTextStyle: TextStyle = {
  text: "",
  font: "Inter",
  size: 0.09,
  weight: 600,
  italic: false,
  colour: "#ffffff",
  align: "centre",
  lineHeight: 1.2,
  letterSpacing: 0,
  width: 0.8,
  outline: null,
  shadow: null,
  box: null,
  enter: "none",
  leave: "none",
};

/** What a text clip is called: as its text begins. */
export const textName = (text: string): string => text.split("\n")[0]!.slice(0, 60) || "Text";

/** How long a still is shown when nobody says. */
const STILL_SECONDS = 5;

/** A fresh clip, with the links and groups of copies renamed alike within one `renamed`. */
export function makeClip(draft: Draft, source: ClipDraft, renamed: Map<string, string>): Clip {
  const id = draft.newId("c");
  if ("copy" in source) {
    const bond = (old: string | null): string | null => {
      if (old === null) return null;
      if (!renamed.has(old)) renamed.set(old, draft.newId("l"));
      return renamed.get(old)!;
    };
    const { copy } = source;
    return { ...copy, id, link: bond(copy.link), group: bond(copy.group) };
  }
  if ("text" in source) {
    const style = { ...defaultTextStyle, ...source.text } as TextStyle;
    return plainClip(id, textName(style.text), { type: "text", style }, { start: 0, duration: source.duration });
  }
  const take = { id: draft.newId("k"), media: null, job: null, problem: null };
  if ("job" in source) {
    const promise = { ...take, job: source.job };
    return plainClip(
      id,
      source.name,
      { type: "media", takes: [promise], activeTake: take.id },
      { start: 0, duration: source.duration },
    );
  }
  const media = findMedia(draft.document, source.media);
  if (media === undefined) throw new Refusal("NOT_FOUND", "This media is not in the project any more.");
  const range = source.sourceRange ?? wholeMedia(media, draft.document.settings);
  if (range.duration < 1) throw new Refusal("OUT_OF_MEDIA", `“${media.name}” has no length.`);
  const content = { type: "media", takes: [{ ...take, media: media.id }], activeTake: take.id } as const;
  return plainClip(id, source.name ?? media.name, content, range);
}

/** All of the media in whole frames of the timeline, so that cuts fall on frames; what is shorter than a frame stays as it is. */
function wholeMedia({ availableRange }: MediaReference, settings: Settings): TimeRange {
  if (availableRange === null) return { start: 0, duration: STILL_SECONDS * FLICKS_PER_SECOND };
  return { ...availableRange, duration: wholeFrames(availableRange.duration, settings) };
}

/** A length without its last broken frame; below one frame as it is. */
export function wholeFrames(duration: Flicks, { rate }: Settings): Flicks {
  const frame = frameDuration(rate);
  return duration < frame ? duration : duration - (duration % frame);
}

/** Refuses sound on a picture track and the like. */
export function checkTrack(draft: Draft, track: Track, clip: Clip): void {
  if (fitsTrack(mediaOf(draft.document, clip), track, clip)) return;
  const what = { video: "pictures", audio: "sound", text: "text" }[track.kind];
  throw new Refusal("WRONG_TRACK", `“${clip.name}” does not fit on ${track.name}: that track is for ${what}.`);
}

export function fitsTrack(media: MediaReference | null, track: Pick<Track, "kind">, clip: Clip): boolean {
  if (clip.content.type === "text") return track.kind === "text";
  if (track.kind === "text") return false;
  return media === null || (track.kind === "video" ? media.size !== null : media.audio !== null);
}
