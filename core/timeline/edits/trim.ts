import { z } from "zod";
import { type Flicks, frameDuration, MAX_FLICKS } from "../../time/index.ts";
import { withLinked } from "../companions.ts";
import { Draft } from "../draft.ts";
import { endOfPlaced, type Placed } from "../lane.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { closeRoom, makeRoom } from "../ripple.ts";
import { idSchema, type Timeline } from "../schema.ts";
import { availableRange, headHandle, subclip, tailHandle } from "../source.ts";
import { bySchema } from "./by.ts";
import { linkedArgument } from "./split.ts";

export const trimArguments = z.strictObject({
  clip: idSchema,
  edge: z.enum(["start", "end"]),
  /** How far the edge moves on the timeline. */
  by: bySchema,
  ...linkedArgument,
});
export const rippleTrimArguments = trimArguments;
type TrimArguments = z.infer<typeof trimArguments>;

/** How far something may be dragged, and what stops it at either end. */
export interface Limits {
  readonly min: Flicks;
  readonly max: Flicks;
  readonly minReason: LimitReason;
  readonly maxReason: LimitReason;
}
export type LimitReason = "media" | "neighbour" | "length";

export const NO_LIMITS: Limits = { min: -MAX_FLICKS, max: MAX_FLICKS, minReason: "neighbour", maxReason: "neighbour" };

/** The tighter of two, at each end. */
export const tighter = (a: Limits, b: Limits): Limits => ({
  ...(a.min >= b.min ? { min: a.min, minReason: a.minReason } : { min: b.min, minReason: b.minReason }),
  ...(a.max <= b.max ? { max: a.max, maxReason: a.maxReason } : { max: b.max, maxReason: b.maxReason }),
});

const SENTENCES: Record<LimitReason, readonly ["OUT_OF_MEDIA" | "NO_ROOM", string]> = {
  media: ["OUT_OF_MEDIA", "There is no more media to show there."],
  neighbour: ["NO_ROOM", "Another clip, or the timeline's start, is in the way."],
  length: ["NO_ROOM", "The clip cannot become shorter than a frame."],
};

/** Refuses what goes beyond the limits, and says why. */
export function checkLimits(by: Flicks, { min, max, minReason, maxReason }: Limits): void {
  if (by >= min && by <= max) return;
  throw new Refusal(...SENTENCES[by < min ? minReason : maxReason]);
}

/** How far this edge may move. `ripple`: neighbours make way. Errors: NOT_FOUND. */
export function trimLimits(document: Timeline, args: Omit<TrimArguments, "by">, ripple = false): Result<Limits> {
  return attempt(() => limitsOf(new Draft(document), args, ripple));
}

function limitsOf(draft: Draft, { clip, edge, linked }: Omit<TrimArguments, "by">, ripple: boolean): Limits {
  return partners(draft, clip, linked)
    .map((id) => edgeLimits(draft, id, edge, ripple))
    .reduce(tighter);
}

export const partners = (draft: Draft, clip: string, linked: boolean | undefined): string[] =>
  linked === false ? [clip] : withLinked(draft.document, [clip]);

/** Of one clip's edge, its linked clips aside. */
export function edgeLimits(draft: Draft, id: string, edge: "start" | "end", ripple: boolean): Limits {
  const { track, item, at } = draft.find(id);
  const { clip, start } = item;
  const { duration } = clip.sourceRange;
  const shortest = Math.min(duration, Math.ceil(frameDuration(draft.document.settings.rate)));
  const available = availableRange(draft.document, clip);
  const shrink = duration - shortest;
  const [handle, room] =
    edge === "start"
      ? [headHandle(clip, available), start - endBefore(draft.placed(track.id), at)]
      : [tailHandle(clip, available), startAfter(draft.placed(track.id), at) - endOfPlaced(item)];
  const grow = ripple ? handle : Math.min(handle, room);
  const reason: LimitReason = grow < handle ? "neighbour" : "media";
  return edge === "start"
    ? { min: -grow, max: shrink, minReason: reason, maxReason: "length" }
    : { min: -shrink, max: grow, minReason: "length", maxReason: reason };
}

const endBefore = (placed: readonly Placed[], at: number): Flicks => (at === 0 ? 0 : endOfPlaced(placed[at - 1]!));
const startAfter = (placed: readonly Placed[], at: number): Flicks => placed[at + 1]?.start ?? MAX_FLICKS;

/** Moves one edge of one clip in its place, without a look at its neighbours. */
export function moveEdge(draft: Draft, id: string, edge: "start" | "end", by: Flicks): void {
  draft.replace(id, (item) => {
    const { duration } = item.clip.sourceRange;
    return edge === "start"
      ? { ...item, start: item.start + by, clip: subclip(item.clip, by, duration) }
      : { ...item, clip: subclip(item.clip, 0, duration + by) };
  });
}

/** Moves an edge of a clip; what is cut away leaves a gap, and it grows no further than to its neighbour. */
export function trim(document: Timeline, args: TrimArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    checkLimits(args.by, limitsOf(draft, args, false));
    for (const id of partners(draft, args.clip, args.linked)) moveEdge(draft, id, args.edge, args.by);
    return draft.finish();
  });
}

/** Moves an edge of a clip, and everything after the clip along with it. With its start trimmed, the clip itself stays in place. */
export function rippleTrim(document: Timeline, args: TrimArguments): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    checkLimits(args.by, limitsOf(draft, args, true));
    const ids = partners(draft, args.clip, args.linked);
    const found = ids.map((id) => draft.find(id));
    const primary = new Set(found.map(({ track }) => track.id));
    const { item } = draft.find(args.clip);
    const edge = args.edge === "start" ? item.start : endOfPlaced(item);
    const same = found.every(({ item: each }) => (args.edge === "start" ? each.start : endOfPlaced(each)) === edge);
    if (!same)
      throw new Refusal(
        "OUT_OF_SYNC",
        "The linked clips do not have this edge in common: unlink them, or trim without ripple.",
      );
    const longer = args.edge === "start" ? -args.by : args.by;
    if (longer < 0)
      closeRoom(draft, { start: args.edge === "start" ? edge : edge + longer, duration: -longer }, primary);
    else if (longer > 0) {
      makeRoom(draft, edge, longer, primary);
      // Room was made before the clip, which moved along: it grows back into the room.
      for (const id of ids) moveEdge(draft, id, args.edge, args.by);
    }
    return draft.finish();
  });
}
