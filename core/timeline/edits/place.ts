import { z } from "zod";
import { overlaps, type Flicks, type TimeRange } from "../../time/index.ts";
import { Draft } from "../draft.ts";
import { laneOf, place } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { makeRoom } from "../ripple.ts";
import { type Clip, idSchema, type Timeline, timeRangeSchema } from "../schema.ts";
import { availableRange, mediaRange } from "../source.ts";
import { checkTrack, clipDraftSchema, makeClip } from "./make-clip.ts";
import { withNewTracks } from "./new-track.ts";

/** A time on the timeline. */
export const placeSchema = timeRangeSchema.unwrap().shape.duration;

const placementSchema = z.strictObject({
  /** Its id, or a name of `NEW_TRACK`. */
  track: idSchema,
  clip: clipDraftSchema,
  /** After the place of the whole, for several clips at once. */
  offset: placeSchema.optional(),
});

export const placeArguments = {
  clips: z.array(placementSchema).min(1).max(10_000),
  /** Links the new clips with each other: a video's picture and sound. Absent: when there are several and none is a copy. */
  link: z.boolean().optional(),
};
export const insertArguments = z.strictObject({ at: placeSchema, ...placeArguments });
export const overwriteArguments = insertArguments;
export const appendArguments = z.strictObject(placeArguments);

type Placing = z.infer<typeof appendArguments>;

/** Puts clips in at a time; what is there and later makes room. Three-point edits and paste come through here as well. */
export function insert(document: Timeline, args: z.infer<typeof insertArguments>): Result<Timeline> {
  return attempt(() => {
    const { draft, clips } = prepare(document, args);
    const by = Math.max(...clips.map(({ range }) => range.start + range.duration));
    makeRoom(draft, args.at, by, new Set(clips.map(({ track }) => track)));
    put(draft, clips, args.at);
    return draft.finish();
  });
}

/** Puts clips over whatever is there. */
export function overwrite(document: Timeline, args: z.infer<typeof overwriteArguments>): Result<Timeline> {
  return attempt(() => {
    const { draft, clips } = prepare(document, args);
    for (const { track, range } of clips) draft.clear(track, { ...range, start: args.at + range.start });
    put(draft, clips, args.at);
    return draft.finish();
  });
}

/** Puts clips behind the last one of the tracks that they go to. */
export function append(document: Timeline, args: Placing): Result<Timeline> {
  return attempt(() => {
    const { draft, clips } = prepare(document, args);
    put(draft, clips, Math.max(...clips.map(({ track }) => laneOf(draft.track(track)).end)));
    return draft.finish();
  });
}

interface Prepared {
  readonly track: string;
  readonly clip: Clip;
  /** After the place of the whole. */
  readonly range: TimeRange;
}

function prepare(
  before: Timeline,
  { clips, link }: Placing,
): { readonly draft: Draft; readonly clips: readonly Prepared[] } {
  const { document, trackOf } = withNewTracks(
    before,
    clips.map(({ track }) => track),
  );
  const draft = new Draft(document);
  const renamed = new Map<string, string>();
  const linked = link ?? (clips.length > 1 && !clips.some(({ clip }) => "copy" in clip));
  const bond = linked ? draft.newId("l") : null;
  const prepared = clips.map(({ track: name, clip: source, offset = 0 }) => {
    const track = trackOf(name);
    const made = makeClip(draft, source, renamed);
    const clip = bond === null ? made : { ...made, link: bond };
    checkTrack(draft, draft.track(track), clip);
    checkMedia(draft.document, clip);
    return { track, clip, range: { start: offset, duration: clip.sourceRange.duration } };
  });
  for (const [i, a] of prepared.entries())
    if (prepared.length < 500 && prepared.slice(i + 1).some((b) => a.track === b.track && overlaps(a.range, b.range)))
      throw new Refusal(
        "BAD_ARGUMENT",
        "Two of the new clips lie over each other: give them different tracks or times.",
      );
  return { draft, clips: prepared };
}

function put(draft: Draft, clips: readonly Prepared[], at: Flicks): void {
  for (const track of new Set(clips.map((clip) => clip.track))) {
    const added = clips.filter((clip) => clip.track === track).map(({ clip, range }) => place(clip, at + range.start));
    draft.set(track, [...draft.placed(track), ...added]);
  }
}

/** Refuses a clip that plays what its media has not. */
export function checkMedia(document: Timeline, clip: Clip): void {
  const available = availableRange(document, clip);
  if (available === null) return;
  const range = mediaRange(clip);
  if (range.start < available.start || range.start + range.duration > available.start + available.duration)
    throw new Refusal("OUT_OF_MEDIA", `“${clip.name}” is not that long: choose a stretch within its media.`);
}
