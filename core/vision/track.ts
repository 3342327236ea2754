/** Detections of single frames linked to objects that last: each goes to the track whose last box it overlaps most. */
import type { MaskGrid } from "./mask.ts";

/** Left, top, right and bottom edge in parts of the picture's width and height. */
export type Box = readonly [number, number, number, number];

export interface Detection {
  readonly label: string;
  /** 0 to 1 */
  readonly score: number;
  readonly box: Box;
  readonly mask?: MaskGrid;
}

export interface TrackPoint extends Omit<Detection, "label"> {
  /** Seconds. */
  readonly time: number;
}

export interface Track {
  readonly id: number;
  readonly label: string;
  /** In the order of their times; a moment at which it was not found is missing. */
  readonly points: readonly TrackPoint[];
}

export const areaOf = ([left, top, right, bottom]: Box): number =>
  Math.max(0, right - left) * Math.max(0, bottom - top);

/** Area of the intersection by that of the union, 0 to 1. */
export function iou(a: Box, b: Box): number {
  const shared = areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const together = areaOf(a) + areaOf(b) - shared;
  return together > 0 ? shared / together : 0;
}

/** What small, quick things are linked by where boxes of two moments do not overlap: nearness in parts of their size, 1 at the same place. */
function nearness(a: Box, b: Box): number {
  const size = Math.sqrt(Math.max(areaOf(a), areaOf(b)));
  if (size === 0) return 0;
  const [dx, dy] = [(a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2];
  const grown = Math.sqrt(Math.min(areaOf(a), areaOf(b))) / size;
  return Math.max(0, 1 - Math.hypot(dx, dy) / (2.5 * size)) * grown;
}

/** Overlap, and nearness at a lower weight, below which two boxes are two things. */
const LEAST = 0.15;
/** Seconds for which an object may be hidden. */
const HIDDEN = 1;

interface Growing {
  readonly id: number;
  readonly label: string;
  readonly points: TrackPoint[];
}

export class Tracker {
  private readonly done: Growing[] = [];
  private living: Growing[] = [];
  private next = 1;
  private readonly patience: number;

  /** @param interval seconds between two moments */
  constructor(interval: number) {
    this.patience = Math.max(HIDDEN, 2.5 * interval);
  }

  /** The detections of one moment; times ascend. */
  add(time: number, detections: readonly Detection[]): void {
    const isGone = ({ points }: Growing): boolean => time - points.at(-1)!.time > this.patience;
    this.done.push(...this.living.filter(isGone));
    this.living = this.living.filter((track) => !isGone(track));
    const pairs: { readonly track: Growing; readonly at: number; readonly fit: number }[] = [];
    for (const track of this.living)
      for (const [at, { label, box }] of detections.entries()) {
        if (label !== track.label) continue;
        const expected = expectedBox(track.points, time);
        const fit = Math.max(iou(expected, box), 0.5 * nearness(expected, box));
        if (fit >= LEAST) pairs.push({ track, at, fit });
      }
    const [taken, used] = [new Set<Growing>(), new Set<number>()];
    for (const { track, at } of pairs.sort((a, b) => b.fit - a.fit)) {
      if (taken.has(track) || used.has(at)) continue;
      taken.add(track);
      used.add(at);
      track.points.push(pointOf(time, detections[at]!));
    }
    for (const [at, detection] of detections.entries())
      if (!used.has(at))
        this.living.push({ id: this.next++, label: detection.label, points: [pointOf(time, detection)] });
  }

  /** A cut: nothing goes on over it. */
  cut(): void {
    this.done.push(...this.living);
    this.living = [];
  }

  /** Tracks seen at `least` moments or more, those that cover most first. */
  tracks(least = 1): Track[] {
    return [...this.done, ...this.living]
      .filter(({ points }) => points.length >= least)
      .sort((a, b) => weightOf(b) - weightOf(a) || a.id - b.id);
  }
}

function pointOf(time: number, { score, box, mask }: Detection): TrackPoint {
  return { time, score, box, ...(mask === undefined ? {} : { mask }) };
}

/** How much there is of it: its area times how sure it is, over all its moments. */
export const weightOf = ({ points }: Pick<Track, "points">): number =>
  points.reduce((sum, { box, score }) => sum + areaOf(box) * score, 0);

/** Where it would be if it went on as it last went. */
function expectedBox(points: readonly TrackPoint[], time: number): Box {
  const last = points.at(-1)!;
  const before = points.at(-2);
  if (before === undefined || last.time <= before.time) return last.box;
  const ahead = Math.min(2, (time - last.time) / (last.time - before.time));
  const dx = ((last.box[0] + last.box[2] - before.box[0] - before.box[2]) / 2) * ahead;
  const dy = ((last.box[1] + last.box[3] - before.box[1] - before.box[3]) / 2) * ahead;
  return [last.box[0] + dx, last.box[1] + dy, last.box[2] + dx, last.box[3] + dy];
}
