/** Where a crop of another shape goes so that it follows the subject: smooth within a shot, a jump at each cut. */
import { areaOf, type Box, type Shot, type Track, weightOf } from "../vision/index.ts";
import { smoothBothWays } from "./one-euro.ts";

/** Width and height of the crop in parts of the picture's: one of them is 1. */
export interface CropSize {
  readonly width: number;
  readonly height: number;
}

/** A stretch over which the crop moves without a jump. */
export interface CropPath {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  /** Ascending, seconds; the first is `start`. */
  readonly times: readonly number[];
  /** Centre of the crop in parts of the picture's width and height. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Track that it follows; null where there is none and the middle is shown. */
  readonly subject: number | null;
}

/** The largest crop of a shape. @param aspect width by height of the crop @param picture pixels */
export function cropSize(aspect: number, picture: { readonly width: number; readonly height: number }): CropSize {
  const relative = aspect / (picture.width / picture.height);
  return relative <= 1 ? { width: relative, height: 1 } : { width: 1, height: 1 / relative };
}

export interface CropOptions {
  readonly crop: CropSize;
  readonly shots: readonly Pick<Shot, "start" | "end">[];
  readonly tracks: readonly Track[];
  /** Seconds between two moments of a path. */
  readonly interval: number;
}

/** Calm, but quick to follow. In parts of the picture a second. */
const CAMERA = { minCutoff: 0.35, beta: 1.2, speedCutoff: 1 } as const;
/** Part of the crop that stays free around the subject where there is room. */
const MARGIN = 0.06;
/** Another thing is kept in the picture too while both fit into this part of the crop. */
const TOGETHER = 0.8;
/** … and while there is this much of it, measured by the subject. */
const WORTH = 0.3;

export function cropPaths({ crop, shots, tracks, interval }: CropOptions): CropPath[] {
  return shots.map((shot) => shotPath(shot, crop, tracks, interval));
}

function shotPath(
  { start, end }: CropOptions["shots"][number],
  crop: CropSize,
  tracks: readonly Track[],
  interval: number,
): CropPath {
  const within = tracks
    .map((track) => ({ ...track, points: track.points.filter(({ time }) => time >= start - 1e-6 && time < end) }))
    .filter(({ points }) => points.length > 0)
    .sort((a, b) => weightOf(b) - weightOf(a));
  const [subject] = within;
  if (subject === undefined) return { start, end, times: [start], x: [0.5], y: [0.5], subject: null };
  const count = Math.max(1, Math.ceil((end - start) / interval - 1e-6));
  const times = Array.from({ length: count + 1 }, (_, i) => Math.min(end, start + i * interval));
  const worthy = within.filter((track) => weightOf(track) >= WORTH * weightOf(subject));
  const boxes = times.map((time) => subjectBox(worthy, time, crop));
  const along = (axis: 0 | 1): number[] => {
    const size = axis === 0 ? crop.width : crop.height;
    return size >= 1 ? times.map(() => 0.5) : followed(times, boxes, axis, size);
  };
  return { start, end, times, x: along(0), y: along(1), subject: subject.id };
}

/** What is followed at a time: of those that are there the one that there is most of, else the one that was there last or will be next. */
function leading(tracks: readonly Track[], time: number): Track {
  const away = ({ points }: Track): number => Math.max(0, points[0]!.time - time, time - points.at(-1)!.time);
  return tracks.reduce((best, track) => (away(track) < away(best) - 1e-6 ? track : best));
}

/** The subject's box, with other things beside it while all fit. */
function subjectBox(tracks: readonly Track[], time: number, crop: CropSize): Box {
  const subject = leading(tracks, time);
  let box = boxAt(subject, time);
  for (const other of tracks) {
    if (other === subject) continue;
    const { points } = other;
    if (time < points[0]!.time || time > points.at(-1)!.time) continue;
    const more = boxAt(other, time);
    const both: Box = [
      Math.min(box[0], more[0]),
      Math.min(box[1], more[1]),
      Math.max(box[2], more[2]),
      Math.max(box[3], more[3]),
    ];
    if (both[2] - both[0] <= TOGETHER * crop.width && both[3] - both[1] <= TOGETHER * crop.height) box = both;
  }
  return box;
}

/** A track's box at any time: between two moments in between; before the first and after the last it stays. */
export function boxAt({ points }: Pick<Track, "points">, time: number): Box {
  const next = points.findIndex((point) => point.time >= time);
  if (next === 0) return points[0]!.box;
  if (next < 0) return points.at(-1)!.box;
  const [a, b] = [points[next - 1]!, points[next]!];
  const share = (time - a.time) / (b.time - a.time);
  return a.box.map((value, k) => value + (b.box[k]! - value) * share) as unknown as Box;
}

/** The crop's centre along one axis: smoothed, then pushed to where the subject is inside, then smoothed a little and pushed again. */
function followed(times: readonly number[], boxes: readonly Box[], axis: 0 | 1, size: number): number[] {
  const steady = median5(boxes.map((box) => (box[axis] + box[axis + 2]!) / 2));
  const inside = (value: number, i: number): number => {
    const [from, to] = [boxes[i]![axis], boxes[i]![axis + 2]!];
    const margin = Math.max(0, Math.min(MARGIN * size, (size - (to - from)) / 2));
    // Where the subject is larger than the crop, its middle is what can be shown.
    const [low, high] =
      to - from <= size ? [to + margin - size / 2, from - margin + size / 2] : [steady[i]!, steady[i]!];
    return clamp(value, Math.min(low, high), Math.max(low, high));
  };
  const onPicture = (value: number): number => clamp(value, size / 2, 1 - size / 2);
  const calm = smoothBothWays(times, steady, CAMERA);
  const pushed = calm.map((value, i) => inside(value, i));
  const soft = smoothBothWays(times, pushed, { ...CAMERA, minCutoff: 1.5, beta: 4 });
  return soft.map((value, i) => onPicture(inside(value, i)));
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** A single wrong box moves nothing. */
function median5(values: readonly number[]): number[] {
  return values.map((_, i) => {
    const around = values.slice(Math.max(0, i - 2), i + 3).sort((a, b) => a - b);
    return around[Math.floor(around.length / 2)]!;
  });
}

/** How much of a box a crop shows, 0 to 1. @param at centre of the crop */
export function shownPart(box: Box, at: { readonly x: number; readonly y: number }, crop: CropSize): number {
  const whole = areaOf(box);
  if (whole === 0) return 1;
  const seen = areaOf([
    Math.max(box[0], at.x - crop.width / 2),
    Math.max(box[1], at.y - crop.height / 2),
    Math.min(box[2], at.x + crop.width / 2),
    Math.min(box[3], at.y + crop.height / 2),
  ]);
  return seen / whole;
}
