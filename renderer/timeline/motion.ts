import { type AnimationRecord, animationRecordSchema } from "../../core/contract/animation.ts";
import { type Clip, mediaOf, type Timeline } from "../../core/timeline/index.ts";
import type { LanePlace } from "./geometry.ts";
import { findPlaced } from "./selection.ts";

/** Waveform and curve, and under them the keyframes. */
export const LANE_FIELD = 56;
const LANE_HEIGHT = LANE_FIELD + 34 + 30;

const records = new WeakMap<object, AnimationRecord | null>();

/** How an animated clip was made; null of all others. */
export function animationOf(document: Timeline, clip: Clip): AnimationRecord | null {
  const record = mediaOf(document, clip)?.record ?? null;
  if (record === null) return null;
  const known = records.get(record);
  if (known !== undefined) return known;
  const parsed = animationRecordSchema.safeParse(record);
  const animation = parsed.success ? parsed.data : null;
  records.set(record, animation);
  return animation;
}

/** Where the open motion lane lies: under the track of its clip. Null where that is gone, or was not animated. */
export function lanePlace(document: Timeline, clip: string | null): LanePlace | null {
  const found = clip === null ? null : findPlaced(document, clip);
  if (found === null || animationOf(document, found.item.clip) === null) return null;
  return { track: found.track.id, height: LANE_HEIGHT };
}
