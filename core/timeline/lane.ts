import { type Flicks, MAX_FLICKS, type TimeRange } from "../time/index.ts";
import { availableRange, headHandle, tailHandle } from "./source.ts";
import { Refusal } from "./result.ts";
import type { Child, Clip, Gap, Timeline, Track, Transition } from "./schema.ts";

/** A clip with its place on the track and the transitions at its edges. */
export interface Placed {
  readonly clip: Clip;
  readonly start: Flicks;
  /** Into this clip from nothing. */
  readonly head: Transition | null;
  /** From this clip to the next, `tailTo`, or to nothing. */
  readonly tail: Transition | null;
  readonly tailTo: string | null;
}

export const place = (clip: Clip, start: Flicks): Placed => ({ clip, start, head: null, tail: null, tailTo: null });
export const endOfPlaced = ({ clip, start }: Placed): Flicks => start + clip.sourceRange.duration;
export const rangeOfPlaced = ({ clip, start }: Placed): TimeRange => ({ start, duration: clip.sourceRange.duration });

/** A track's clips with their places in time: what is looked up, and what edits change. `rebuild` is the way back. */
export interface Lane {
  readonly placed: readonly Placed[];
  /** Index in `placed` by clip id. */
  readonly index: ReadonlyMap<string, number>;
  /** Ids of the clips that have a link or group, by its id. */
  readonly bonds: ReadonlyMap<string, readonly string[]>;
  /** End of the last clip. */
  readonly end: Flicks;
  /** The gap before a clip, so that an unchanged one stays the same object. */
  readonly gaps: ReadonlyMap<string, Gap>;
}

const lanes = new WeakMap<Track["children"], Lane>();

/** Worked out once for each list of children: documents share what did not change. */
export function laneOf({ children }: Track): Lane {
  const known = lanes.get(children);
  if (known !== undefined) return known;
  const lane = readLane(children);
  lanes.set(children, lane);
  return lane;
}

function readLane(children: readonly Child[]): Lane {
  const placed: Placed[] = [];
  const index = new Map<string, number>();
  const gaps = new Map<string, Gap>();
  const bonds = new Map<string, string[]>();
  let start: Flicks = 0;
  for (const [i, child] of children.entries()) {
    if (child.kind === "gap") {
      start += child.duration;
      const next = children.slice(i + 1, i + 3).find(({ kind }) => kind === "clip");
      if (next?.kind === "clip") gaps.set(next.id, child);
      continue;
    }
    if (child.kind === "transition") continue;
    const [before, after] = [children[i - 1], children[i + 1]];
    const head = before?.kind === "transition" && children[i - 2]?.kind !== "clip" ? before : null;
    const tail = after?.kind === "transition" ? after : null;
    const next = children[i + 2];
    index.set(child.id, placed.length);
    for (const bond of [child.link, child.group]) {
      if (bond === null) continue;
      const together = bonds.get(bond);
      if (together === undefined) bonds.set(bond, [child.id]);
      else together.push(child.id);
    }
    placed.push({ clip: child, start, head, tail, tailTo: tail && next?.kind === "clip" ? next.id : null });
    start += child.sourceRange.duration;
  }
  return { placed, index, gaps, bonds, end: placed.length === 0 ? 0 : start };
}

/**
 * The track with these clips, in order of time. Makes the gaps; a transition whose clips do not meet any more goes,
 * and one that reaches further than its clips or their media allow is shortened. Refuses with NO_ROOM where clips overlap.
 */
export function rebuild(media: Pick<Timeline, "media">, track: Track, placed: readonly Placed[]): Track {
  const { gaps } = laneOf(track);
  const children: Child[] = [];
  let end: Flicks = 0;
  /** How much of the clip before is taken by the transition into it. */
  let taken: Flicks = 0;
  for (const [i, item] of placed.entries()) {
    if (item.start < end)
      throw new Refusal("NO_ROOM", `Two clips on ${track.name} would lie over each other: move one of them first.`);
    if (item.start > end) {
      const [known, duration] = [gaps.get(item.clip.id), item.start - end];
      children.push(known?.duration === duration ? known : { kind: "gap", duration });
    }
    const before = placed[i - 1];
    const touches = before !== undefined && item.start === end;
    if (!touches) taken = 0;
    if (item.head !== null && !touches) {
      const head = shorten(item.head, 0, Math.min(item.head.outOffset, item.clip.sourceRange.duration));
      if (head !== null) children.push(head);
      taken = head?.outOffset ?? 0;
    }
    children.push(item.clip);
    end = endOfPlaced(item);
    const next = placed[i + 1];
    const meets = next !== undefined && next.start === end;
    if (item.tail === null || (meets ? next.clip.id : null) !== item.tailTo) {
      taken = 0;
      continue;
    }
    const limits = transitionLimits(media, item.clip, meets ? next.clip : null, taken);
    const tail = shorten(
      item.tail,
      Math.min(item.tail.inOffset, limits.inOffset),
      Math.min(item.tail.outOffset, limits.outOffset),
    );
    if (tail !== null) children.push(tail);
    taken = tail?.outOffset ?? 0;
  }
  return { ...track, children };
}

/** How far a transition may reach before and after the cut. `taken`: what the transition into `from` takes of it already. */
export function transitionLimits(
  document: Pick<Timeline, "media">,
  from: Clip | null,
  to: Clip | null,
  taken: Flicks,
): { readonly inOffset: Flicks; readonly outOffset: Flicks } {
  const head = to === null ? MAX_FLICKS : headHandle(to, availableRange(document, to));
  const tail = from === null ? MAX_FLICKS : tailHandle(from, availableRange(document, from));
  return {
    inOffset: from === null ? 0 : Math.max(0, Math.min(from.sourceRange.duration - taken, head)),
    outOffset: to === null ? 0 : Math.min(to.sourceRange.duration, tail),
  };
}

function shorten(transition: Transition, inOffset: Flicks, outOffset: Flicks): Transition | null {
  if (inOffset + outOffset <= 0) return null;
  return inOffset === transition.inOffset && outOffset === transition.outOffset
    ? transition
    : { ...transition, inOffset, outOffset };
}
