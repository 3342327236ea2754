import { clampedTime, type Flicks, type TimeRange } from "../time/index.ts";
import {
  availableRange,
  type Clip,
  endOfPlaced,
  laneOf,
  type Placed,
  sourceTimeAt,
  type Timeline,
  type Track,
  type Transition,
} from "../timeline/index.ts";

/** What one track shows or plays at a time: a clip, or a transition with up to two. */
export type Active =
  | { readonly kind: "clip"; readonly item: Placed }
  | {
      readonly kind: "transition";
      readonly transition: Transition;
      readonly from: Placed | null;
      readonly to: Placed | null;
      readonly progress: number;
    };

/** Null where the track is empty. */
export function activeAt(track: Track, time: Flicks): Active | null {
  const { placed } = laneOf(track);
  const at = lastStarted(placed, time);
  // A transition reaches over its cut to both sides: it belongs to the clip before, or to the one after next to nothing.
  for (const item of [placed[at], placed[at + 1]]) {
    if (item?.head && isIn(headRange(item), time)) return transitionOf(item.head, null, item, headRange(item), time);
  }
  for (const i of [at - 1, at]) {
    const item = placed[i];
    if (item?.tail == null || !isIn(tailRange(item), time)) continue;
    const next = item.tailTo === null ? null : placed[i + 1]!;
    return transitionOf(item.tail, item, next, tailRange(item), time);
  }
  const item = placed[at];
  return item !== undefined && time < endOfPlaced(item) ? { kind: "clip", item } : null;
}

function transitionOf(
  transition: Transition,
  from: Placed | null,
  to: Placed | null,
  range: TimeRange,
  time: Flicks,
): Active {
  return { kind: "transition", transition, from, to, progress: (time - range.start) / range.duration };
}

const isIn = ({ start, duration }: TimeRange, time: Flicks): boolean => start <= time && time < start + duration;
const headRange = ({ head, start }: Placed): TimeRange => around(head!, start);
const tailRange = (item: Placed): TimeRange => around(item.tail!, endOfPlaced(item));
const around = ({ inOffset, outOffset }: Transition, cut: Flicks): TimeRange => ({
  start: cut - inOffset,
  duration: inOffset + outOffset,
});

/** When a clip is seen or heard, with what transitions add to both sides. */
export function extentOf(track: Track, item: Placed): TimeRange {
  const { placed, index } = laneOf(track);
  const before = placed[index.get(item.clip.id)! - 1];
  const early = before?.tailTo === item.clip.id ? (before.tail?.inOffset ?? 0) : 0;
  const late = item.tailTo === null ? 0 : (item.tail?.outOffset ?? 0);
  return { start: item.start - early, duration: item.clip.sourceRange.duration + early + late };
}

/** Index of the last clip that has begun, -1 when none has. */
function lastStarted(placed: readonly Placed[], time: Flicks): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The moment of the media that a clip shows: whole, and within the media. Backwards it is the moment just passed. */
export function sourceMoment(document: Timeline, clip: Clip, time: Flicks): Flicks {
  const exact = sourceTimeAt(clip, time);
  const whole = clip.reversed ? Math.ceil(exact) - 1 : Math.floor(exact);
  const available = availableRange(document, clip);
  if (available === null) return Math.max(0, whole);
  return clampedTime(whole, { start: available.start, duration: available.duration - 1 });
}

/** Tracks of these kinds that are switched on: none is muted, and where one is solo only the solo ones. */
export function switchedOn(document: Timeline, kinds: readonly Track["kind"][]): Track[] {
  const tracks = document.tracks.filter(({ kind }) => kinds.includes(kind));
  const anySolo = new Set(tracks.filter(({ solo }) => solo).map(({ kind }) => kind));
  return tracks.filter(({ muted, solo, kind }) => !muted && (solo || !anySolo.has(kind)));
}

/** The fades of a clip, 0 to 1. In the handles of a transition it is as at the clip's edge. */
export function fadeAt({ fadeIn, fadeOut, sourceRange: { duration } }: Clip, time: Flicks): number {
  const inside = Math.min(duration, Math.max(0, time));
  const rising = fadeIn === 0 ? 1 : Math.min(1, inside / fadeIn);
  const falling = fadeOut === 0 ? 1 : Math.min(1, (duration - inside) / fadeOut);
  return rising * falling;
}
