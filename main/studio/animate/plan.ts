import {
  ANIMATION_FPS,
  type AnimationPlan,
  type Follow,
  SEGMENT_FRAMES,
  type Segment,
  type Selection,
  StudioError,
} from "../../../core/contract/index.ts";
import { planSegments, segmentScores, selectKeyframes } from "../../../core/motion/index.ts";
import { followCurve, type Sound } from "../../../core/sound/index.ts";

export interface PlanOptions {
  readonly sound: Sound;
  /** Length of the clip in frames. */
  readonly frames: number;
  readonly follow: Follow;
  /** The user's own curve, for `drawn`. */
  readonly curve?: readonly number[] | undefined;
  readonly selection: Selection;
  readonly seed: number;
  /** Frames of the clip that the user placed. */
  readonly fixed?: readonly number[] | undefined;
  /** The model's prediction for the two seconds that begin with a frame of the clip: 48 scores. */
  readonly localise: (start: number) => Promise<Float32Array>;
}

/**
 * Listens to a sound and says where its keyframes go: segments of two seconds, their motion curve, and twelve keyframes in each.
 * A segment that follows another begins with a picture of that one, so the frame where it begins is a keyframe of it.
 * Errors: BAD_REQUEST (more than twelve placed in two seconds), those of `localise`.
 */
export async function planAnimation(options: PlanOptions): Promise<AnimationPlan> {
  const { sound, frames, follow } = options;
  const starts = planSegments(sound, frames);
  const curve = await motionCurve(options, starts);
  const segments = starts.map((start, n): Segment => {
    const next = starts[n + 1];
    const locked = (options.fixed ?? [])
      .map((frame) => frame - start)
      .filter((frame) => frame >= 0 && frame < SEGMENT_FRAMES);
    if (next !== undefined) locked.push(next - start);
    const keyframes = selectKeyframes(segmentScores(curve, start), {
      mode: options.selection,
      seed: (options.seed + n) % 2 ** 32,
      locked: [...new Set(locked)],
    });
    return { start, keyframes };
  });
  return { follow, curve: Array.from(curve.subarray(0, frames)), segments };
}

async function motionCurve(options: PlanOptions, starts: readonly number[]): Promise<Float32Array> {
  const { sound, frames, follow } = options;
  if (follow === "drawn") {
    if (options.curve?.length !== frames)
      throw new StudioError("BAD_REQUEST", `A drawn curve needs one value for each of the ${frames} frames.`);
    return Float32Array.from(options.curve);
  }
  if (follow !== "predicted") return followCurve(sound, follow, ANIMATION_FPS, frames);
  const curve = new Float32Array(frames);
  const weight = new Float32Array(frames);
  for (const start of starts) {
    const scores = await options.localise(start);
    scores.forEach((score, n) => {
      if (start + n >= frames) return;
      // Where two segments overlap, each counts by how far the frame is from its own end.
      const share = Math.min(n + 1, SEGMENT_FRAMES - n);
      curve[start + n] = curve[start + n]! + score * share;
      weight[start + n] = weight[start + n]! + share;
    });
  }
  return curve.map((sum, n) => (weight[n]! > 0 ? sum / weight[n]! : 0));
}

/** Frames of the clip that are keyframes, segment after segment. */
export function keyframesOf(segments: readonly Segment[]): number[] {
  return segments.flatMap(({ start, keyframes }) => keyframes.map((frame) => start + frame));
}
