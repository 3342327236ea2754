import type { Flicks } from "./flicks.ts";

/**
 * A stretch of time, half open: it holds `start` and not its end. The algebra and its names are those of OpenTimelineIO's opentime
 * (https://opentimelineio.readthedocs.io, `TimeRange`), which follow Allen's interval relations; exact, since times are whole numbers.
 */
export interface TimeRange {
  readonly start: Flicks;
  /** Never negative. */
  readonly duration: Flicks;
}

/** The first time that is not in the range any more. */
export const endOf = ({ start, duration }: TimeRange): Flicks => start + duration;

export const rangeBetween = (start: Flicks, end: Flicks): TimeRange => ({ start, duration: Math.max(0, end - start) });

export const sameRange = (a: TimeRange, b: TimeRange): boolean => a.start === b.start && a.duration === b.duration;

export const containsTime = (range: TimeRange, time: Flicks): boolean => range.start <= time && time < endOf(range);

/** True where every time of `inner` is in `outer`; an empty range is inside wherever its start is, ends included. */
export const containsRange = (outer: TimeRange, inner: TimeRange): boolean =>
  outer.start <= inner.start && endOf(inner) <= endOf(outer);

/** True where the two have a time in common. */
export const overlaps = (a: TimeRange, b: TimeRange): boolean =>
  Math.max(a.start, b.start) < Math.min(endOf(a), endOf(b));

/** True where one ends exactly where the other begins. */
export const meets = (a: TimeRange, b: TimeRange): boolean => endOf(a) === b.start;

/** True where `a` is over when `b` begins. */
export const isBefore = (a: TimeRange, b: TimeRange): boolean => endOf(a) <= b.start;

/** The times that both have, or null when there are none. */
export function intersection(a: TimeRange, b: TimeRange): TimeRange | null {
  const start = Math.max(a.start, b.start);
  const end = Math.min(endOf(a), endOf(b));
  return start < end ? { start, duration: end - start } : null;
}

/** The smallest range that holds both (opentime: `extended_by`). */
export const extendedBy = (a: TimeRange, b: TimeRange): TimeRange =>
  rangeBetween(Math.min(a.start, b.start), Math.max(endOf(a), endOf(b)));

/** The part of a range that lies in `bounds`; empty at the nearer end of the bounds when it lies outside (opentime: `clamped`). */
export function clampedRange(range: TimeRange, bounds: TimeRange): TimeRange {
  const start = clampedTime(range.start, bounds);
  return rangeBetween(start, Math.max(start, clampedTime(endOf(range), bounds)));
}

/** The nearest time within the bounds, its end included. */
export const clampedTime = (time: Flicks, bounds: TimeRange): Flicks =>
  Math.min(Math.max(time, bounds.start), endOf(bounds));

export const shifted = (range: TimeRange, by: Flicks): TimeRange => ({ ...range, start: range.start + by });

/** Disjoint ranges in order that hold the same times; those that meet become one, empty ones go. */
export function unionOf(ranges: readonly TimeRange[]): TimeRange[] {
  const merged: TimeRange[] = [];
  for (const range of ranges.filter(({ duration }) => duration > 0).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= endOf(last)) merged[merged.length - 1] = extendedBy(last, range);
    else merged.push(range);
  }
  return merged;
}
