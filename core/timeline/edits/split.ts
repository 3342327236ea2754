import { z } from "zod";
import { withLinked } from "../companions.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { type Clip, idSchema, type Timeline } from "../schema.ts";
import { subclip } from "../source.ts";
import { placeSchema } from "./place.ts";

export const linkedArgument = {
  /** False: this clip alone, without those linked with it. */
  linked: z.boolean().optional(),
};

export const splitArguments = z.strictObject({
  /** Absent: every clip under the time, on tracks that are not locked. */
  clips: z.array(idSchema).optional(),
  at: placeSchema,
  ...linkedArgument,
});

/** Cuts clips in two at a time. The right parts get ids of their own, and are linked with each other as the left parts are. */
export function split(document: Timeline, args: z.infer<typeof splitArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const named = args.clips && (args.linked === false ? args.clips : withLinked(document, args.clips));
    const tracks = named
      ? named.map((id) => draft.find(id)).filter(({ item }) => item.start < args.at && args.at < endOfPlaced(item))
      : document.tracks.filter(({ locked }) => !locked).map((track) => ({ track }));
    const cuts = tracks.map(({ track }) => draft.cut(track.id, args.at)).filter((cut) => cut !== null);
    if (cuts.length === 0)
      throw new Refusal("NOT_FOUND", "There is no clip to split here: move the playhead over one.");
    const byLink = Map.groupBy(
      cuts.filter(({ left }) => left.link !== null),
      ({ left }) => left.link,
    );
    for (const together of byLink.values()) {
      if (together.length < 2) continue;
      const link = draft.newId("l");
      for (const { right } of together) draft.replaceClip(right.id, (clip) => ({ ...clip, link }));
    }
    return draft.finish();
  });
}

export const joinArguments = z.strictObject({ left: idSchema, right: idSchema });

/** Undoes a split: two clips that meet and play on where the other stops become one again. */
export function join(document: Timeline, args: z.infer<typeof joinArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const [a, b] = [draft.find(args.left), draft.find(args.right)];
    const [left, right] = [a.item.clip, b.item.clip];
    const length = left.sourceRange.duration;
    if (a.track !== b.track || endOfPlaced(a.item) !== b.item.start || !continues(left, right))
      throw new Refusal(
        "BAD_ARGUMENT",
        "These clips cannot be joined: they must meet, and the second must go on where the first stops.",
      );
    const whole: Clip = {
      ...left,
      sourceRange: {
        start: left.reversed ? right.sourceRange.start : left.sourceRange.start,
        duration: length + right.sourceRange.duration,
      },
      fadeOut: right.fadeOut,
      markers: [...left.markers, ...subclip(right, -length, right.sourceRange.duration).markers],
    };
    draft.set(
      a.track.id,
      draft.placed(a.track.id).toSpliced(a.at, 2, { ...a.item, clip: whole, tail: b.item.tail, tailTo: b.item.tailTo }),
    );
    return draft.finish();
  });
}

/** True where a split of one clip gives these two. */
function continues(left: Clip, right: Clip): boolean {
  const [length, rest] = [left.sourceRange.duration, right.sourceRange.duration];
  const grown = {
    ...left,
    sourceRange: { start: left.reversed ? right.sourceRange.start : left.sourceRange.start, duration: length + rest },
  };
  const parts = [subclip(grown, 0, length), subclip(grown, length, length + rest)] as const;
  return shows(parts[0], left) && shows(parts[1], right);
}

const shows = (a: Clip, b: Clip): boolean => essence(a) === essence(b);

const essence = ({ content, sourceRange, reversed, parameters, blend, fit, enabled, subject }: Clip): string =>
  JSON.stringify([
    whatIsShown(content),
    [sourceRange.start, sourceRange.duration],
    [reversed, parameters, blend, fit, enabled, subject ?? null],
  ]);

/** Ids of takes aside: two clips made one by one of the same media may be joined as well. */
const whatIsShown = (content: Clip["content"]): unknown =>
  content.type === "text"
    ? content
    : [
        content.takes.map(({ media, job }) => [media, job]),
        content.takes.findIndex(({ id }) => id === content.activeTake),
      ];
