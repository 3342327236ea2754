/**
 * Clips longer than one segment: where segments begin, and how neighbours go over into each other. Each begins from a keyframe of
 * the one before, at the very frame where it starts, so the two are alike there and drift apart afterwards.
 */
import { ANIMATION_FPS, SEGMENT_FRAMES } from "../contract/animation.ts";
import { followCurve, type Sound } from "../sound/index.ts";

/**
 * Frames from one segment's beginning to the next: at least six are left to go over in. The next segment takes the picture that it
 * begins with for one at rest, so what is in motion there never comes back: short steps are worth a cut between two beats.
 */
const [SHORTEST_STEP, LONGEST_STEP] = [16, 42];
/** Frames before and after a cut that should be quiet. */
const [BEFORE, AFTER] = [1, 4];
/** Frames of going over: a quarter of a second hides the seam, and is too short for a ghost. */
const CROSSFADE = 6;

/** Segments that cover a clip of so many frames. */
export const segmentCount = (frames: number): number =>
  1 + Math.max(0, Math.ceil((frames - SEGMENT_FRAMES) / LONGEST_STEP));

/**
 * First frames of the segments that cover a clip: as few segments as it takes, cut where the sound is quietest.
 * @param frames length of the clip
 * @returns ascending, the first 0; a clip of one segment or less has just that
 */
export function planSegments(sound: Sound, frames: number): number[] {
  const last = frames - SEGMENT_FRAMES;
  if (last <= 0) return [0];
  const steps = segmentCount(frames) - 1;
  const shortest = Math.min(SHORTEST_STEP, Math.floor(last / steps));
  const loud = followCurve(sound, "loudness", ANIMATION_FPS, frames);
  // Dynamic programming: the quietest way to reach each frame with this many steps.
  let reach = new Map<number, { cost: number; starts: number[] }>([[0, { cost: 0, starts: [0] }]]);
  for (let step = 1; step <= steps; step++) {
    const next = new Map<number, { cost: number; starts: number[] }>();
    for (const [from, { cost, starts }] of reach) {
      for (let length = shortest; length <= LONGEST_STEP; length++) {
        const to = from + length;
        const left = (steps - step) * LONGEST_STEP;
        if (to > last || to + left < last) continue;
        const total = cost + loudnessAround(loud, to);
        if (total < (next.get(to)?.cost ?? Number.POSITIVE_INFINITY))
          next.set(to, { cost: total, starts: [...starts, to] });
      }
    }
    reach = next;
  }
  return reach.get(last)?.starts ?? evenStarts(last, steps);
}

function loudnessAround(loud: Float32Array, frame: number): number {
  const near = loud.subarray(Math.max(0, frame - BEFORE), frame + AFTER);
  return near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length);
}

function evenStarts(last: number, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, n) => Math.round((n * last) / steps));
}

/** One segment's part in a frame of the clip. */
export interface SegmentPart {
  readonly segment: number;
  /** 0 to 1; the parts of a frame sum to 1. */
  readonly share: number;
}

/** The segments that a frame of the clip is made of: one, or two while one goes over into the next. */
export function joinSegments(starts: readonly number[], frame: number): SegmentPart[] {
  const segment = Math.max(
    0,
    starts.findLastIndex((start) => start <= frame),
  );
  const since = frame - (starts[segment] ?? 0);
  const before = starts[segment - 1];
  const overlap = before === undefined ? 0 : before + SEGMENT_FRAMES - (starts[segment] ?? 0);
  const length = Math.min(CROSSFADE, overlap);
  if (since >= length) return [{ segment, share: 1 }];
  const at = (since + 1) / (length + 1);
  const share = at * at * (3 - 2 * at);
  return [
    { segment: segment - 1, share: 1 - share },
    { segment, share },
  ];
}
