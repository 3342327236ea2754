/**
 * Edits of a clip's keyframes. Every segment always has its twelve: those that the user placed stay where they are, the automatic
 * ones make room or fill up. All pure.
 */
import { SEGMENT_FRAMES, SEGMENT_KEYFRAMES, type Segment } from "../../core/contract/index.ts";

export interface LaneKeyframe {
  /** Frame of the clip. */
  readonly frame: number;
  readonly segment: number;
  /** Placed by the user: nothing but the user moves it. A segment's first is always at its beginning. */
  readonly isFixed: boolean;
}
export type LaneKeyframes = readonly LaneKeyframe[];

/** A list from what the studio planned; frames in `fixed` are the user's. */
export function fromSegments(segments: readonly Segment[], fixed: ReadonlySet<number> = new Set()): LaneKeyframe[] {
  return segments.flatMap(({ start, keyframes }, segment) =>
    keyframes.map((frame) => ({ frame: start + frame, segment, isFixed: frame > 0 && fixed.has(start + frame) })),
  );
}

/** What the studio is asked for. */
export function toSegments(keyframes: LaneKeyframes, starts: readonly number[]): Segment[] {
  return starts.map((start, n) => ({
    start,
    keyframes: keyframes.filter(({ segment }) => segment === n).map(({ frame }) => frame - start),
  }));
}

/** Frames that the user placed. */
export const fixedFrames = (keyframes: LaneKeyframes): number[] =>
  keyframes.filter(({ isFixed }) => isFixed).map(({ frame }) => frame);

/** True for the keyframe that a segment begins with, which cannot be moved. */
export const isFirst = (keyframes: LaneKeyframes, place: number): boolean =>
  keyframes[place - 1]?.segment !== keyframes[place]?.segment;

/** An edited list and where the keyframe in question stands in it. */
export interface Edited {
  readonly keyframes: LaneKeyframe[];
  readonly place: number;
}

function segmentOf(keyframes: LaneKeyframes, n: number): { start: number; frames: Set<number> } {
  const own = keyframes.filter(({ segment }) => segment === n);
  return { start: own[0]?.frame ?? 0, frames: new Set(own.map(({ frame }) => frame)) };
}

const ordered = (keyframes: LaneKeyframe[]): LaneKeyframe[] =>
  keyframes.sort((a, b) => a.segment - b.segment || a.frame - b.frame);

function placed(keyframes: LaneKeyframe[], moved: LaneKeyframe): Edited {
  const all = ordered(keyframes);
  return {
    keyframes: all,
    place: all.findIndex(({ frame, segment }) => frame === moved.frame && segment === moved.segment),
  };
}

/** Moves a keyframe, which thereby becomes the user's. A frame that another one holds is passed over in the direction of travel. */
export function moveKeyframe(keyframes: LaneKeyframes, place: number, to: number): Edited {
  const keyframe = keyframes[place];
  if (keyframe === undefined || isFirst(keyframes, place)) return { keyframes: [...keyframes], place };
  const { start, frames } = segmentOf(keyframes, keyframe.segment);
  const [low, high] = [start + 1, start + SEGMENT_FRAMES - 1];
  frames.delete(keyframe.frame);
  let frame = Math.min(high, Math.max(low, Math.round(to)));
  const step = frame >= keyframe.frame ? 1 : -1;
  while (frames.has(frame) && frame + step >= low && frame + step <= high) frame += step;
  while (frames.has(frame)) frame -= step;
  const moved = { ...keyframe, frame, isFixed: true };
  return placed([...keyframes.slice(0, place), moved, ...keyframes.slice(place + 1)], moved);
}

/**
 * Places a keyframe of the user's at a frame; the automatic one that stands closest between its neighbours goes. Null when all of the
 * segment's keyframes are the user's already.
 */
export function addKeyframe(keyframes: LaneKeyframes, frame: number): Edited | null {
  const at = Math.round(frame);
  const segments = [...new Set(keyframes.map(({ segment }) => segment))];
  const n = segments.findLast((each) => segmentOf(keyframes, each).start <= at) ?? 0;
  const { start, frames } = segmentOf(keyframes, n);
  const wanted = Math.min(start + SEGMENT_FRAMES - 1, Math.max(start, at));
  if (frames.has(wanted)) {
    const place = keyframes.findIndex((each) => each.segment === n && each.frame === wanted);
    return { keyframes: setFixed(keyframes, place, true), place };
  }
  const spare = mostCrowded(keyframes, n);
  if (spare === null) return null;
  const added = { frame: wanted, segment: n, isFixed: true };
  return placed([...keyframes.filter((_, place) => place !== spare), added], added);
}

function mostCrowded(keyframes: LaneKeyframes, n: number): number | null {
  let best: number | null = null;
  let narrowest = Number.POSITIVE_INFINITY;
  for (const [place, keyframe] of keyframes.entries()) {
    if (keyframe.segment !== n || keyframe.isFixed || isFirst(keyframes, place)) continue;
    const before = keyframes[place - 1]?.frame ?? 0;
    const next = keyframes[place + 1];
    const { start } = segmentOf(keyframes, n);
    const after = next?.segment === n ? next.frame : start + SEGMENT_FRAMES;
    if (after - before < narrowest) [best, narrowest] = [place, after - before];
  }
  return best;
}

/** Takes a keyframe away; an automatic one appears where the widest gap is elsewhere. A segment's first stays. */
export function removeKeyframe(keyframes: LaneKeyframes, place: number): Edited {
  const keyframe = keyframes[place];
  if (keyframe === undefined || isFirst(keyframes, place)) return { keyframes: [...keyframes], place };
  const rest = keyframes.filter((_, n) => n !== place);
  const { start } = segmentOf(keyframes, keyframe.segment);
  const own = rest.filter(({ segment }) => segment === keyframe.segment).map(({ frame }) => frame);
  const edges = [...own, start + SEGMENT_FRAMES];
  const gaps = own.map((frame, n) => ({ frame, width: (edges[n + 1] ?? frame) - frame }));
  const elsewhere = gaps.filter(
    ({ frame, width }) => width > 1 && !(frame < keyframe.frame && keyframe.frame < frame + width),
  );
  const widest = (elsewhere.length > 0 ? elsewhere : gaps.filter(({ width }) => width > 1)).reduce((best, gap) =>
    gap.width > best.width ? gap : best,
  );
  let frame = widest.frame + Math.floor(widest.width / 2);
  if (frame === keyframe.frame && widest.width > 2) frame += frame + 1 < widest.frame + widest.width ? 1 : -1;
  const all = ordered([...rest, { frame, segment: keyframe.segment, isFixed: false }]);
  return { keyframes: all, place: Math.min(place, all.length - 1) };
}

export function setFixed(keyframes: LaneKeyframes, place: number, isFixed: boolean): LaneKeyframe[] {
  return keyframes.map((each, n) => (n === place && !isFirst(keyframes, n) ? { ...each, isFixed } : each));
}

/** Puts a keyframe on every beat, as long as automatic ones are left: the nearest one goes there. */
export function lockToBeats(keyframes: LaneKeyframes, beats: readonly number[]): LaneKeyframe[] {
  let now = [...keyframes];
  for (const beat of beats.map(Math.round)) {
    for (const n of new Set(now.map(({ segment }) => segment))) {
      const { start, frames } = segmentOf(now, n);
      if (beat <= start || beat >= start + SEGMENT_FRAMES) continue;
      if (frames.has(beat)) {
        now = now.map((each) => (each.segment === n && each.frame === beat ? { ...each, isFixed: true } : each));
        continue;
      }
      const free = now
        .map((each, place) => ({ ...each, place }))
        .filter(({ segment, isFixed, place }) => segment === n && !isFixed && !isFirst(now, place));
      if (free.length === 0) continue;
      const nearest = free.reduce((best, each) =>
        Math.abs(each.frame - beat) < Math.abs(best.frame - beat) ? each : best,
      );
      now = moveKeyframe(now, nearest.place, beat).keyframes;
    }
  }
  return now;
}

/** True when a list is what the studio takes: twelve a segment, rising, each within its two seconds. */
export function isWhole(keyframes: LaneKeyframes, starts: readonly number[]): boolean {
  return toSegments(keyframes, starts).every(
    ({ keyframes: own }) =>
      own.length === SEGMENT_KEYFRAMES &&
      own[0] === 0 &&
      own.every((frame, n) => frame < SEGMENT_FRAMES && (n === 0 || frame > (own[n - 1] ?? 0))),
  );
}
