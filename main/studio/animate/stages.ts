import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import {
  type AnimateJob,
  ANIMATION_FPS,
  type DeviceId,
  type ResolvedAnimation,
  SEGMENT_FRAMES,
  SEGMENT_KEYFRAMES,
  StudioError,
} from "../../../core/contract/index.ts";
import { type EngineHost, engineThreads, type GenerateListener, type GenerateOutcome } from "../../inference/index.ts";
import type { JobContext } from "../jobs/job-runner.ts";
import type { InstalledModel } from "../models/model-service.ts";
import type { SavedState } from "../jobs/saved-state.ts";
import type { ProgressMeter } from "../progress.ts";
import { duePlaces, markDue, markMade, seedPlace } from "./keyframes.ts";
import type { Inputs, Ledger, PictureWriter, WorkFolder } from "./work-folder.ts";

/** What both stages work with. */
export interface StageWork {
  readonly engine: EngineHost;
  readonly device: DeviceId;
  /** What the planner says the clip takes, or null. */
  readonly memoryBytes: number | null;
  readonly model: InstalledModel;
  readonly folder: WorkFolder;
  readonly inputs: Inputs;
  readonly context: JobContext;
  readonly meter: ProgressMeter;
  readonly ledger: Ledger;
}

/**
 * Stage 2: draws every keyframe that is due, then carries out the rolls that were asked for. After each segment the job is written
 * down, so that an interruption costs at most the segment in hand, and of that only the steps since its last saved state.
 * @param share of this run's work
 */
export async function drawKeyframes(job: AnimateJob, work: StageWork, share: number): Promise<AnimateJob> {
  let now = job;
  for (;;) {
    const { segments, rolls } = now.request;
    const next = rolls[now.rolled];
    if (!now.keyframes.some(({ isDue }) => isDue)) {
      if (next === undefined) return now;
      const keyframes = markDue(now.keyframes, segments, next);
      now = (await work.context.advance({ keyframes, rolled: now.rolled + 1 })) as AnimateJob;
      continue;
    }
    const due = segments.map((_, n) => duePlaces(now.keyframes, n));
    const total = due.filter(({ length }) => length > 0).length;
    let done = 0;
    for (const [n, places] of due.entries()) {
      if (places.length === 0) continue;
      await keyframesOfSegment(now, n, places, work, (fraction) => ((done + fraction) / total) * share);
      done += 1;
      now = (await work.context.advance({ keyframes: markMade(now.keyframes, n) })) as AnimateJob;
    }
  }
}

async function keyframesOfSegment(
  job: AnimateJob,
  n: number,
  places: readonly number[],
  work: StageWork,
  toFraction: (fraction: number) => number,
): Promise<void> {
  const { folder } = work;
  const request = segmentRequest(job, n);
  const only = places.length === SEGMENT_KEYFRAMES ? null : [...places];
  const state = folder.state(["keyframes", request, only, job.rolled]);
  const file = folder.keyframesFile(n);
  const task = { ...(await segmentTask(job, n, request, work, state)), only, kept: only === null ? null : file };
  // The engine reads the kept ones before it sends the first, so writing over them is safe.
  await using writer = await folder.writer(file);
  const listener = listen(work, writer, state, toFraction);
  const outcome = await work.engine.keyframes(task, listener, work.context.signal);
  await settle(outcome, listener, writer, state, work, "keyframes");
}

/** Stage 3: draws the frames between the approved keyframes, segment by segment; finished segments are not drawn again. */
export async function drawMotion(job: AnimateJob, work: StageWork, from: number): Promise<void> {
  const { segments } = job.request;
  for (const n of segments.keys()) {
    const toFraction = (fraction: number) => from + ((n + fraction) / segments.length) * (1 - from);
    if (await work.folder.hasMotion(n)) continue;
    const { folder } = work;
    const request = segmentRequest(job, n);
    const state = folder.state(["interpolate", request, job.keyframes.map(({ version }) => version)]);
    const task = { ...(await segmentTask(job, n, request, work, state)), keyframes: folder.keyframesFile(n) };
    await rm(folder.motionPart(n), { force: true });
    {
      await using writer = await folder.writer(folder.motionPart(n));
      const listener = listen(work, writer, state, toFraction);
      const outcome = await work.engine.interpolate(task, listener, work.context.signal);
      if (listener.received !== SEGMENT_FRAMES) throw tornFrames(`${listener.received} of ${SEGMENT_FRAMES} frames`);
      await settle(outcome, listener, writer, state, work, "motion");
    }
    await folder.finishMotion(n);
  }
}

/** What the pipeline is asked for one segment: the prompt and the seed of the last roll, and a seed of its own for each segment. */
function segmentRequest(job: AnimateJob, n: number): ResolvedAnimation {
  const { request, rolled } = job;
  const roll = request.rolls[rolled - 1];
  const { model, width, height, preset, selection, steps, guidance, focus, precision } = request;
  return {
    model,
    prompt: roll?.prompt ?? request.prompt,
    seed: ((roll?.seed ?? request.seed) + n) % 2 ** 32,
    width,
    height,
    preset,
    selection,
    steps,
    guidance,
    focus,
    keyframes: request.segments[n]!.keyframes,
    precision,
  };
}

async function segmentTask(
  { request: { segments, width, height } }: AnimateJob,
  n: number,
  request: ResolvedAnimation,
  { folder, inputs, model, device, memoryBytes }: StageWork,
  state: SavedState,
) {
  let picture = folder.picture(inputs);
  const [before, segment] = [segments[n - 1], segments[n]!];
  if (before !== undefined) {
    const rgb = await folder.read(folder.keyframesFile(n - 1), seedPlace(before, segment), width * height * 3);
    picture = { file: await folder.putSeed(n, rgb), width, height };
  }
  return {
    pack: model.folder,
    threads: engineThreads(),
    precision: request.precision,
    device,
    request,
    picture,
    sound: folder.sound(inputs, segment.start / ANIMATION_FPS, SEGMENT_FRAMES / ANIMATION_FPS),
    resume: await state.file(),
    memoryBytes,
  };
}

interface StageListener extends GenerateListener {
  readonly received: number;
  readonly sha256: string;
}

function listen(
  { context, meter }: StageWork,
  writer: PictureWriter,
  state: SavedState,
  toFraction: (fraction: number) => number,
): StageListener {
  const hash = createHash("sha256");
  let received = 0;
  return {
    get received() {
      return received;
    },
    get sha256() {
      return hash.copy().digest("hex");
    },
    progress({ phase, done, total, fraction }) {
      if (phase !== "install" && phase !== "prepare" && phase !== "verify")
        context.progress(meter.report(phase, done, total, toFraction(fraction)));
    },
    preview({ step, width, height, frames }, rgba) {
      if (rgba.length === width * height * frames * 4) context.preview({ step, width, height, frames }, rgba);
    },
    async frame(index, rgb) {
      received += 1;
      hash.update(rgb);
      await writer.put(index, rgb);
    },
    saved: (_, bytes) => state.put(bytes),
  };
}

async function settle(
  outcome: GenerateOutcome,
  listener: StageListener,
  writer: PictureWriter,
  state: SavedState,
  work: StageWork,
  stage: "keyframes" | "motion",
): Promise<void> {
  if (listener.sha256 !== outcome.framesSha256) throw tornFrames(`${listener.sha256} against ${outcome.framesSha256}`);
  await writer.close();
  await state.drop();
  const { onnxruntime, executionProvider, threads } = outcome;
  work.ledger.outcome = { onnxruntime, executionProvider, threads };
  if (outcome.resumed > 0) work.ledger.resumed = true;
  const { seconds } = work.ledger;
  for (const [phase, value] of Object.entries(outcome.seconds)) {
    const name = phase === "load" || phase === "text" ? phase : `${stage}: ${phase}`;
    seconds[name] = (seconds[name] ?? 0) + value;
  }
  await work.folder.putLedger(work.ledger);
}

const tornFrames = (detail: string): StudioError =>
  new StudioError(
    "INTERNAL",
    "The frames that arrived are not those that the engine made: try the clip again.",
    detail,
  );
