import { endOf, type Flicks, type TimeRange } from "../time/index.ts";
import { endOfPlaced, laneOf, type Placed, rebuild } from "./lane.ts";
import { Refusal } from "./result.ts";
import type { Clip, Timeline, Track } from "./schema.ts";
import { subclip } from "./source.ts";

/**
 * One edit in the making: the scratch pad on which its steps work, so that they need not copy the document after each. Holds the places
 * of clips on the tracks that changed; `finish` makes the new document. Refuses what no edit may do (touch a locked track).
 */
export class Draft {
  readonly document: Timeline;
  private readonly changed = new Map<string, readonly Placed[]>();
  private readonly tracks: ReadonlyMap<string, Track>;
  private readonly ignoreLocks: boolean;
  private nextId: number;

  /** @param ignoreLocks a lock keeps people's hands off, not news about a job */
  constructor(document: Timeline, { ignoreLocks = false } = {}) {
    this.document = document;
    this.ignoreLocks = ignoreLocks;
    this.nextId = document.nextId;
    this.tracks = new Map(document.tracks.map((track) => [track.id, track]));
  }

  newId(prefix: string): string {
    return `${prefix}${this.nextId++}`;
  }

  track(id: string): Track {
    return this.tracks.get(id) ?? missing("track");
  }

  placed(trackId: string): readonly Placed[] {
    return this.changed.get(trackId) ?? laneOf(this.track(trackId)).placed;
  }

  /** Puts clips in place, in any order. */
  set(trackId: string, placed: readonly Placed[]): void {
    const track = this.track(trackId);
    if (track.locked && !this.ignoreLocks)
      throw new Refusal("TRACK_LOCKED", `The track ${track.name} is locked: unlock it to change what is on it.`);
    this.changed.set(
      trackId,
      placed.toSorted((a, b) => a.start - b.start),
    );
  }

  find(clipId: string): { readonly track: Track; readonly item: Placed; readonly at: number } {
    for (const track of this.document.tracks) {
      const changed = this.changed.get(track.id);
      const at =
        changed === undefined ? laneOf(track).index.get(clipId) : changed.findIndex((p) => p.clip.id === clipId);
      if (at === undefined || at < 0) continue;
      return { track, at, item: (changed ?? laneOf(track).placed)[at]! };
    }
    return missing("clip");
  }

  /** Exchanges one clip in its place. */
  replace(clipId: string, change: (item: Placed) => Placed): void {
    const { track, at } = this.find(clipId);
    this.set(track.id, this.placed(track.id).with(at, change(this.placed(track.id)[at]!)));
  }

  replaceClip(clipId: string, change: (clip: Clip) => Clip): void {
    this.replace(clipId, (item) => ({ ...item, clip: change(item.clip) }));
  }

  remove(clipId: string): void {
    const { track, at } = this.find(clipId);
    this.set(track.id, this.placed(track.id).toSpliced(at, 1));
  }

  /** Takes away whatever lies in a stretch of a track; a clip that reaches over both its ends becomes two. */
  clear(trackId: string, range: TimeRange): void {
    const [from, to] = [range.start, endOf(range)];
    const placed = this.placed(trackId);
    if (!placed.some((item) => item.start < to && endOfPlaced(item) > from)) return;
    this.set(
      trackId,
      placed.flatMap((item) => {
        const end = endOfPlaced(item);
        if (end <= from || item.start >= to) return [item];
        if (item.start >= from && end <= to) return [];
        const [cut, rest] = [from - item.start, to - item.start];
        // With one part left it was a trim: its fade stays at the new edge.
        if (item.start >= from)
          return [{ ...item, head: null, start: to, clip: subclip(item.clip, rest, end - item.start) }];
        if (end <= to) return [{ ...item, tail: null, tailTo: null, clip: subclip(item.clip, 0, cut) }];
        return [leftPart(item, cut), rightPart(item, rest, this.newId("c"))];
      }),
    );
  }

  /** Cuts the clip that lies over this time in two; the right part's id, or null where there is nothing to cut. */
  cut(trackId: string, time: Flicks): { readonly left: Clip; readonly right: Clip } | null {
    const placed = this.placed(trackId);
    const at = placed.findIndex((item) => item.start < time && endOfPlaced(item) > time);
    const item = placed[at];
    if (item === undefined) return null;
    const left = leftPart(item, time - item.start);
    const right = rightPart(item, time - item.start, this.newId("c"));
    this.set(trackId, placed.toSpliced(at, 1, left, right));
    return { left: left.clip, right: right.clip };
  }

  finish(): Timeline {
    if (this.changed.size === 0 && this.nextId === this.document.nextId) return this.document;
    return {
      ...this.document,
      nextId: this.nextId,
      tracks: this.document.tracks.map((track) => {
        const placed = this.changed.get(track.id);
        return placed === undefined ? track : rebuild(this.document, track, placed);
      }),
    };
  }
}

/** A cut edge has no fade; markers go with the part that shows them. */
function leftPart(item: Placed, length: Flicks): Placed {
  const clip = subclip(item.clip, 0, length);
  const markers = clip.markers.filter(({ markedRange }) => markedRange.start < length);
  return { ...item, clip: { ...clip, fadeOut: 0, markers }, tail: null, tailTo: null };
}

function rightPart(item: Placed, from: Flicks, id: string): Placed {
  const clip = subclip(item.clip, from, item.clip.sourceRange.duration);
  const markers = clip.markers.filter(({ markedRange }) => markedRange.start >= 0);
  return { ...item, clip: { ...clip, id, fadeIn: 0, markers }, start: item.start + from, head: null };
}

export function missing(what: string): never {
  throw new Refusal("NOT_FOUND", `This ${what} is not in the timeline any more.`);
}
