import {
  ANIMATION_FPS,
  type AnimationRequest,
  animationLimits,
  type ModelSummary,
  type PictureMedia,
  type ResolvedAnimationRequest,
  SEGMENT_FRAMES,
  type SoundMedia,
  type SoundRange,
  StudioError,
} from "../../../core/contract/index.ts";
import { randomSeed } from "../resolve-request.ts";

/** A sound up to this long is used whole; of a longer one, the first two seconds are offered. */
const WHOLE_SECONDS = 10;

/** The stretch that is used of a sound where nobody chose one. */
export function defaultRange(sound: Pick<SoundMedia, "seconds">): SoundRange {
  const all = Math.ceil(sound.seconds * ANIMATION_FPS - 1e-6);
  return { from: 0, frames: sound.seconds > WHOLE_SECONDS ? SEGMENT_FRAMES : Math.max(SEGMENT_FRAMES, all) };
}

/** Of the sizes that a model offers, the one whose shape is nearest to the picture's. */
export function sizeFor(model: ModelSummary, picture: Pick<PictureMedia, "width" | "height">) {
  const aspect = Math.log(picture.width / picture.height);
  const offered = [model.defaults, ...model.sizes];
  const distance = (size: { width: number; height: number }) => Math.abs(Math.log(size.width / size.height) - aspect);
  const best = offered.reduce((nearest, size) => (distance(size) < distance(nearest) - 1e-6 ? size : nearest));
  return { width: best.width, height: best.height };
}

/**
 * Fills every absent field with the model's default, the picture's shape, the sound's length and a fresh seed, and refuses what this
 * model cannot do. Errors: BAD_REQUEST, MODEL_WRONG_KIND.
 */
export function resolveAnimation(
  request: AnimationRequest,
  model: ModelSummary,
  picture: PictureMedia,
  sound: SoundMedia,
): ResolvedAnimationRequest {
  if (model.animation === undefined)
    throw new StudioError("MODEL_WRONG_KIND", `${model.name} does not animate pictures: choose a KeyVID model.`);
  const { presets, defaultPreset, guidance } = model.animation;
  const preset = request.preset ?? defaultPreset;
  const mode = presets.find(({ id }) => id === preset);
  if (mode === undefined)
    throw new StudioError(
      "BAD_REQUEST",
      `${model.name} knows no preset ${preset}: choose ${presets.map(({ id }) => id).join(" or ")}.`,
    );
  const precision = request.precision ?? model.defaults.precision;
  if (!model.precisions.includes(precision))
    throw new StudioError(
      "BAD_REQUEST",
      `${model.name} was installed without ${precision}: choose ${model.precisions.join(" or ")}.`,
    );
  const range = defaultRange(sound);
  const from = request.from ?? range.from;
  if (from > 0 && from >= sound.seconds * ANIMATION_FPS)
    throw new StudioError(
      "BAD_REQUEST",
      `The sound ends after ${sound.seconds.toFixed(1)} seconds: begin earlier in it.`,
    );
  const frames = request.frames ?? range.frames;
  const last = request.segments?.at(-1);
  if (last !== undefined && (request.segments?.[0]?.start !== 0 || last.start + SEGMENT_FRAMES < frames))
    throw new StudioError("BAD_REQUEST", "The segments must cover the clip from its first frame to its last.");
  const size = sizeFor(model, picture);
  return {
    model: model.id,
    picture: picture.id,
    sound: sound.id,
    from,
    frames: Math.min(frames, animationLimits.frames.max),
    fps: ANIMATION_FPS,
    prompt: request.prompt ?? "",
    seed: request.seed ?? randomSeed(),
    width: request.width ?? size.width,
    height: request.height ?? size.height,
    preset,
    selection: request.selection ?? "even",
    steps: request.steps ?? mode.steps,
    guidance: request.guidance ?? guidance,
    focus: request.focus ?? { x: 0.5, y: 0.5 },
    precision,
    follow: request.follow ?? "predicted",
    segments: request.segments ?? [],
    straight: request.straight ?? false,
    rolls: request.rolls ?? [],
  };
}
