import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  ANIMATION_FPS,
  type AnimateJob,
  type AnimationRequest,
  animationRequestSchema,
  type Follow,
  asLaneMedia,
  type LaneMedia,
  type Preset,
  SEGMENT_KEYFRAMES,
  type Segment,
  type Selection,
  type SoundMedia,
  type SoundRange,
  StudioError,
} from "../../core/contract/index.ts";
import { defaultRange, type Studio } from "../studio/index.ts";
import { number, size } from "./arguments.ts";
import { bytes, describe, duration, type Output } from "./output.ts";

/** Options as typed; numbers are still text. */
export interface AnimateOptions {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly model?: string;
  readonly prompt?: string;
  readonly keyframes?: string;
  readonly preset?: string;
  readonly seed?: string;
  readonly size?: string;
  readonly steps?: string;
  readonly from?: string;
  readonly length?: string;
  readonly follow?: string;
  readonly selection?: string;
  readonly focus?: string;
  readonly dumpCurve?: string;
}

/** `plume animate`: moves a picture to a sound, straight through. Errors: whatever ended the clip. */
export async function animate(
  studio: Studio,
  files: { readonly picture: string; readonly sound: string },
  options: AnimateOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const wanted = toRequest(options);
  const started = performance.now();
  const picture = await importAs(studio, files.picture, "picture");
  const sound = await importAs(studio, files.sound, "sound");
  const range = rangeOf(options, sound);
  const draft = { ...wanted, ...range, picture: picture.id, sound: sound.id, straight: true };
  const parsed = animationRequestSchema.safeParse(draft);
  if (!parsed.success) throw new StudioError("BAD_REQUEST", parsed.error.issues[0]!.message);
  await studio.models.ensureBundled(
    (step, fraction) => output.progress(fraction, `preparing the model: ${step}`),
    signal,
    "animate",
  );
  output.clear();
  const request = await withKeyframes(studio, parsed.data, range, options);
  const job =
    options.output === undefined
      ? await studio.call("jobs.animate", { request })
      : await studio.animateTo(request, {
          file: resolve(options.output),
          overwrite: options.overwrite === true,
        });
  const done = await finished(studio, job.id, output, signal);
  const clip = done.clip!;
  const file = options.output === undefined ? (await studio.clipFile(clip.id)).path : resolve(options.output);
  if (options.dumpCurve !== undefined) await dumpCurve(studio, done, range, options.dumpCurve);
  output.result({ clip: { file, ...clip } }, file);
  for (const { note } of [picture, sound]) if (note !== null) output.remark(note);
  const { note } = await studio.call("sound.analyze", { id: sound.id, range });
  if (note !== null) output.remark(note);
  output.remark(
    `${clip.width}×${clip.height}, ${clip.frames} frames at ${clip.fps} fps with sound, seed ${done.request.seed}, ${bytes(clip.bytes)}`,
  );
  output.remark(`done in ${duration(performance.now() - started)}`);
}

async function importAs<K extends LaneMedia["kind"]>(
  studio: Studio,
  path: string,
  kind: K,
): Promise<Extract<LaneMedia, { kind: K }>> {
  const imported = await studio.importMedia(resolve(path));
  const media = asLaneMedia(imported);
  if (media?.kind !== kind)
    throw new StudioError(
      "BAD_REQUEST",
      `${imported.name} is a ${imported.kind}: name the picture first and then the sound.`,
    );
  return media as Extract<LaneMedia, { kind: K }>;
}

/** What was typed as a request without its inputs; what is no sense is left to the contract to refuse. */
function toRequest(options: AnimateOptions): Partial<AnimationRequest> {
  const focus = options.focus?.split(",").map(number);
  return {
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.prompt === undefined ? {} : { prompt: options.prompt }),
    ...(options.preset === undefined ? {} : { preset: options.preset as Preset }),
    ...(options.follow === undefined ? {} : { follow: options.follow as Follow }),
    ...(options.selection === undefined ? {} : { selection: options.selection as Selection }),
    ...(options.seed === undefined ? {} : { seed: number(options.seed) }),
    ...(options.steps === undefined ? {} : { steps: number(options.steps) }),
    ...(options.size === undefined ? {} : size(options.size)),
    ...(focus === undefined ? {} : { focus: { x: focus[0] ?? Number.NaN, y: focus[1] ?? Number.NaN } }),
  };
}

const toFrames = (seconds: string): number => Math.round(number(seconds) * ANIMATION_FPS);

function rangeOf({ from, length }: AnimateOptions, sound: SoundMedia): SoundRange {
  const offered = defaultRange(sound);
  return {
    from: from === undefined ? offered.from : toFrames(from),
    frames: length === undefined ? offered.frames : toFrames(length),
  };
}

/**
 * The request with the keyframes that were typed: twelve of a two-second clip are taken as they are; of any others the rest is found
 * by following the sound. Errors: BAD_REQUEST.
 */
async function withKeyframes(
  studio: Studio,
  request: AnimationRequest,
  range: SoundRange,
  { keyframes }: AnimateOptions,
): Promise<AnimationRequest> {
  if (keyframes === undefined) return request;
  const frames = keyframes.split(",").map(number);
  if (frames.some((frame) => !Number.isInteger(frame) || frame < 0 || frame >= range.frames))
    throw new StudioError(
      "BAD_REQUEST",
      `Keyframes are whole numbers from 0 to ${range.frames - 1}, separated by commas, for example 0,4,9,14.`,
    );
  if (new Set(frames).size !== frames.length)
    throw new StudioError("BAD_REQUEST", "A keyframe is named twice: name each frame once.");
  const ascending = frames.toSorted((a, b) => a - b);
  const isComplete = range.frames === 48 && frames.length === SEGMENT_KEYFRAMES && ascending[0] === 0;
  const segments: Segment[] = isComplete
    ? [{ start: 0, keyframes: ascending }]
    : (await plan(studio, request, range, ascending)).segments;
  return { ...request, segments };
}

function plan(studio: Studio, request: AnimationRequest, range: SoundRange, fixed: readonly number[]) {
  const { model, sound, follow, selection, seed } = request;
  return studio.call("animation.plan", {
    sound,
    range,
    follow: follow ?? "predicted",
    fixed: [...fixed],
    ...(model === undefined ? {} : { model }),
    ...(selection === undefined ? {} : { selection }),
    ...(seed === undefined ? {} : { seed }),
  });
}

async function finished(studio: Studio, id: string, output: Output, signal: AbortSignal): Promise<AnimateJob> {
  const stop = studio.subscribe((event) => {
    if (event.type !== "job" || event.job.id !== id || event.job.kind !== "animate" || event.job.state !== "running")
      return;
    const { progress, stage } = event.job;
    const prefix = progress.phase === "denoise" ? (stage === "motion" ? "motion: " : "keyframes: ") : "";
    output.progress(progress.fraction, prefix + describe(progress));
  });
  const cancel = (): void => void studio.call("jobs.cancel", { id }).catch(() => {}); // ended in this very moment
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  try {
    const job = await studio.ended(id);
    if (job.state === "cancelled") throw new StudioError("CANCELLED", "Cancelled; no file was left behind.");
    if (job.clip === null) throw StudioError.fromData(job.error!);
    return job as AnimateJob;
  } finally {
    signal.removeEventListener("abort", cancel);
    stop();
  }
}

/** Writes the motion curve as JSON: scores per 1/24 s, and the keyframes that came of it. */
async function dumpCurve(studio: Studio, job: AnimateJob, range: SoundRange, file: string): Promise<void> {
  const { request } = job;
  const curve = job.curve.length > 0 ? job.curve : (await plan(studio, request, range, [])).curve;
  const text = JSON.stringify(
    { fps: ANIMATION_FPS, follow: request.follow, curve, segments: request.segments },
    null,
    2,
  );
  await writeFile(resolve(file), `${text}\n`);
}
