import type {
  AnimationRequest,
  ErrorData,
  Focus,
  Follow,
  ModelSummary,
  PictureMedia,
  Preset,
  ResolvedAnimationRequest,
  SoundAnalysis,
  SoundMedia,
  SoundRange,
} from "../../core/contract/index.ts";
import { ANIMATION_FPS, animationLimits, SEGMENT_FRAMES } from "../../core/contract/index.ts";
import { type LaneKeyframes, toSegments } from "../motion-lane/keyframes.ts";
import { randomSeed } from "./draft.ts";

/** A picture and a sound that are being brought together: everything that the motion lane shows and the user may change. */
export interface Lane {
  readonly picture: string;
  readonly sound: string;
  readonly range: SoundRange;
  /** Null while the studio listens. */
  readonly analysis: SoundAnalysis | null;
  readonly follow: Follow;
  /** One value a frame; null until the first plan is there. */
  readonly curve: readonly number[] | null;
  /** First frames of the segments. */
  readonly starts: readonly number[];
  readonly keyframes: LaneKeyframes;
  /** Dragged keyframes stick to beats and onsets. */
  readonly snaps: boolean;
  readonly prompt: string;
  readonly seed: number;
  readonly preset: Preset | null;
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly focus: Focus;
  /** Without waiting for the keyframes to be approved. */
  readonly straight: boolean;
  /** What the studio is doing for the lane. */
  readonly busy: "listening" | "planning" | null;
  /** Counts requests, so that a late answer to an old question is dropped. */
  readonly turn: number;
  readonly problem: ErrorData | null;
  /** The job that was started from here. */
  readonly job: string | null;
}

/** The models that animate, and the one that is used: the first, which is the bundled one where there is one. */
export const animators = (models: readonly ModelSummary[]): readonly ModelSummary[] =>
  models.filter(({ animation }) => animation !== undefined);

/** Pixels of the clip: the chosen size, or of those that the model offers the one nearest to the picture's shape. */
export function laneSize(lane: Lane, model: ModelSummary | null, picture: Pick<PictureMedia, "width" | "height">) {
  if (lane.size) return lane.size;
  const aspect = Math.log(picture.width / picture.height);
  const offered = model ? [model.defaults, ...model.sizes] : [{ width: 320, height: 320 }];
  const distance = (size: { width: number; height: number }) => Math.abs(Math.log(size.width / size.height) - aspect);
  const { width, height } = offered.reduce((best, size) => (distance(size) < distance(best) - 1e-6 ? size : best));
  return { width, height };
}

/** A sound up to this long is used whole; of a longer one, the first two seconds to begin with. */
const WHOLE_SECONDS = 10;

export function wholeRange({ seconds }: Pick<SoundMedia, "seconds">): SoundRange {
  const all = Math.ceil(seconds * ANIMATION_FPS - 1e-6);
  return { from: 0, frames: seconds > WHOLE_SECONDS ? SEGMENT_FRAMES : Math.max(SEGMENT_FRAMES, all) };
}

/** A range that lies inside the sound as far as it can, on the clip's grid. */
export function fittingRange(range: SoundRange, { seconds }: Pick<SoundMedia, "seconds">): SoundRange {
  const all = Math.max(1, Math.ceil(seconds * ANIMATION_FPS - 1e-6));
  const { min, max } = animationLimits.frames;
  const frames = Math.min(max, Math.max(min, Math.round(range.frames)));
  return { from: Math.max(0, Math.min(Math.round(range.from), all - Math.min(all, frames))), frames };
}

export function newLane(picture: PictureMedia, sound: SoundMedia, before: Lane | null): Lane {
  return {
    picture: picture.id,
    sound: sound.id,
    range: wholeRange(sound),
    analysis: null,
    follow: "predicted",
    curve: null,
    starts: [],
    keyframes: [],
    snaps: before?.snaps ?? true,
    prompt: "",
    seed: randomSeed(),
    preset: before?.preset ?? null,
    size: null,
    focus: { x: 0.5, y: 0.5 },
    straight: before?.straight ?? false,
    busy: "listening",
    turn: (before?.turn ?? 0) + 1,
    problem: null,
    job: null,
  };
}

/** The lane from which an animation was made. */
export function laneFrom(request: ResolvedAnimationRequest, before: Lane | null): Lane {
  return {
    picture: request.picture,
    sound: request.sound,
    range: { from: request.from, frames: request.frames },
    analysis: null,
    follow: request.follow,
    curve: null,
    starts: request.segments.map(({ start }) => start),
    keyframes: request.segments.flatMap(({ start, keyframes }, segment) =>
      keyframes.map((frame) => ({ frame: start + frame, segment, isFixed: frame > 0 })),
    ),
    snaps: before?.snaps ?? true,
    prompt: request.rolls.at(-1)?.prompt ?? request.prompt,
    seed: request.seed,
    preset: request.preset,
    size: { width: request.width, height: request.height },
    focus: request.focus,
    straight: request.straight,
    busy: "listening",
    turn: (before?.turn ?? 0) + 1,
    problem: null,
    job: null,
  };
}

/** What "Animate" sends. */
export function laneRequest(lane: Lane, model: ModelSummary | null): AnimationRequest {
  return {
    picture: lane.picture,
    sound: lane.sound,
    from: lane.range.from,
    frames: lane.range.frames,
    prompt: lane.prompt,
    seed: lane.seed,
    focus: lane.focus,
    follow: lane.follow,
    straight: lane.straight,
    ...(lane.keyframes.length > 0 ? { segments: toSegments(lane.keyframes, lane.starts) } : {}),
    ...(lane.preset === null ? {} : { preset: lane.preset }),
    ...lane.size,
    ...(model === null ? {} : { model: model.id }),
  };
}

/** A finished animation's request as one that can be sent again. */
export function requestAgain({ segments, ...rest }: ResolvedAnimationRequest): AnimationRequest {
  return segments.length > 0 ? { ...rest, segments } : rest;
}
