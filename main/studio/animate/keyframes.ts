import { type Keyframe, type Roll, SEGMENT_KEYFRAMES, type Segment } from "../../../core/contract/index.ts";

/** The list of a clip's keyframes, none of them made. Pure, as all here. */
export function newKeyframes(segments: readonly Segment[]): Keyframe[] {
  return segments.flatMap(({ start, keyframes }) =>
    keyframes.map((frame) => ({ frame: start + frame, version: 0, isDue: true, isStale: false })),
  );
}

/**
 * Place in a segment of the keyframe from which the next segment begins: the one where that segment starts, or the nearest.
 */
export function seedPlace(segment: Segment, next: Segment): number {
  const wanted = next.start - segment.start;
  return segment.keyframes.reduce(
    (best, frame, place) =>
      Math.abs(frame - wanted) < Math.abs((segment.keyframes[best] ?? 0) - wanted) ? place : best,
    0,
  );
}

/**
 * The list after a roll was asked for: its keyframes are due, and no others. A segment that begins from one of them no longer fits on to
 * it: what of that segment is not made anew with it is stale, and the user decides.
 */
export function markDue(keyframes: readonly Keyframe[], segments: readonly Segment[], { only }: Roll): Keyframe[] {
  const due = new Set(only ?? keyframes.keys());
  const stale = new Set<number>();
  for (const [n, segment] of segments.entries()) {
    const next = segments[n + 1];
    if (next === undefined || !due.has(n * SEGMENT_KEYFRAMES + seedPlace(segment, next))) continue;
    for (let place = 0; place < SEGMENT_KEYFRAMES; place += 1) stale.add((n + 1) * SEGMENT_KEYFRAMES + place);
  }
  return keyframes.map((keyframe, place) => {
    if (due.has(place)) return { ...keyframe, isDue: true };
    return stale.has(place) ? { ...keyframe, isStale: true } : keyframe;
  });
}

/** Places within segment `n` that are due. */
export function duePlaces(keyframes: readonly Keyframe[], n: number): number[] {
  return keyframes
    .slice(n * SEGMENT_KEYFRAMES, (n + 1) * SEGMENT_KEYFRAMES)
    .flatMap(({ isDue }, place) => (isDue ? [place] : []));
}

/** The list after the due keyframes of segment `n` were made. */
export function markMade(keyframes: readonly Keyframe[], n: number): Keyframe[] {
  return keyframes.map((keyframe, place) =>
    Math.floor(place / SEGMENT_KEYFRAMES) === n && keyframe.isDue
      ? { ...keyframe, version: keyframe.version + 1, isDue: false, isStale: false }
      : keyframe,
  );
}
