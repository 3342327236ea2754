import {
  type AnimateJob,
  ANIMATION_FPS,
  type Clip,
  type JobSnapshot,
  SEGMENT_FRAMES,
  SEGMENT_KEYFRAMES,
  StudioError,
} from "../../../core/contract/index.ts";
import { engineThreads, readSound } from "../../inference/index.ts";
import { isSilent } from "../media/analyze-sound.ts";
import type { MediaService } from "../media/media-service.ts";
import type { InstalledModel } from "../models/model-service.ts";
import { type ProduceParts, prepareDestination } from "../produce.ts";
import { ProgressMeter } from "../progress.ts";
import { freshJob, type JobContext, type JobRunner } from "../jobs/job-runner.ts";
import { finishClip } from "./finish-clip.ts";
import { newKeyframes } from "./keyframes.ts";
import { planAnimation } from "./plan.ts";
import { drawKeyframes, drawMotion, type StageWork } from "./stages.ts";
import { type Inputs, WorkFolder } from "./work-folder.ts";

export interface AnimateParts extends ProduceParts {
  readonly media: MediaService;
  /** Folder of the jobs' work folders. */
  readonly workRoot: string;
  /** Bytes of memory that the planner says such a job takes, or null. */
  readonly planned: (job: AnimateJob) => Promise<number | null>;
}

/** U-Net work of twelve keyframes against that of their 48 frames: 9.46 and 37.96 TFLOP a call at the official size. */
const KEYFRAMES_SHARE = 0.2;

/** How pictures are animated: listen, draw keyframes, wait for the user's word, draw the motion between them, join it with the sound. */
export class AnimateRunner implements JobRunner {
  private readonly parts: AnimateParts;

  constructor(parts: AnimateParts) {
    this.parts = parts;
  }

  /** A new job for a complete request. */
  newJob(request: AnimateJob["request"]): AnimateJob {
    return {
      kind: "animate",
      ...freshJob(),
      request,
      stage: "keyframes",
      keyframes: newKeyframes(request.segments),
      rolled: 0,
      curve: [],
    };
  }

  async run(snapshot: JobSnapshot, context: JobContext): Promise<Clip | null> {
    let job = snapshot as AnimateJob;
    const { parts } = this;
    const { request } = job;
    const frames = { width: request.width, height: request.height, frames: request.frames };
    const tools = await prepareDestination(context.destination, frames, parts);
    const isKeyframesOnly = job.stage === "keyframes" && !request.straight;
    const meter = new ProgressMeter({
      from: job.stage === "motion" ? KEYFRAMES_SHARE : 0,
      to: isKeyframesOnly ? KEYFRAMES_SHARE : 1,
    });
    context.progress(meter.current);
    const model = await parts.models.find(
      request.model,
      (_, fraction) => context.progress(meter.installing(fraction)),
      context.signal,
    );
    const folder = this.folder(job.id);
    const inputs = (await folder.inputs()) ?? (await this.prepare(job, folder, context.signal));
    if (inputs.sound.isSilent && request.follow !== "drawn")
      throw new StudioError(
        "BAD_REQUEST",
        `This stretch of “${inputs.sound.name}” is silent, so nothing in it can move the picture: choose another part of it.`,
      );
    const ledger = await folder.ledger();
    if (job.request.segments.length === 0) {
      context.progress(meter.listening());
      const started = performance.now();
      job = await this.listen(job, { folder, inputs, model }, context);
      ledger.seconds["listen"] = (performance.now() - started) / 1000;
    }
    const device = context.onProcessor ? "cpu" : await parts.placement.choose(model, request.precision, context.signal);
    const memoryBytes = await parts.planned(job);
    const { engine } = parts;
    const work: StageWork = { engine, device, memoryBytes, model, folder, inputs, context, meter, ledger };
    if (job.stage !== "motion") {
      job = await drawKeyframes(job, work, isKeyframesOnly ? 1 : KEYFRAMES_SHARE);
      if (isKeyframesOnly) {
        await context.advance({ stage: "approval" });
        return null;
      }
      job = (await context.advance({ stage: "motion" })) as AnimateJob;
      await drawMotion(job, work, KEYFRAMES_SHARE);
    } else await drawMotion(job, work, 0);
    return finishClip(job, work, { ...parts, tools });
  }

  async again(snapshot: JobSnapshot): Promise<AnimateJob> {
    const job = snapshot as AnimateJob;
    await this.parts.models.find(job.request.model);
    const fresh = this.newJob(job.request);
    const old = this.folder(job.id);
    // What a failed job had computed is good: the new one goes on from there.
    if (job.state !== "failed" || (await old.inputs()) === null) return fresh;
    await old.moveTo(this.folder(fresh.id));
    const { stage, keyframes, rolled, curve } = job;
    return { ...fresh, stage, keyframes, rolled, curve };
  }

  async forget(id: string): Promise<void> {
    await this.folder(id).remove();
  }

  /** A keyframe's picture as RGBA8, the size of the clip. Errors: NOT_FOUND. */
  async keyframe(job: AnimateJob, place: number): Promise<Uint8Array> {
    const { width, height } = job.request;
    const folder = this.folder(job.id);
    const segment = Math.floor(place / SEGMENT_KEYFRAMES);
    const rgb = await folder.read(folder.keyframesFile(segment), place % SEGMENT_KEYFRAMES, width * height * 3);
    const rgba = new Uint8Array(width * height * 4).fill(255);
    for (let i = 0, o = 0; i < rgb.length; i += 3, o += 4) rgba.set(rgb.subarray(i, i + 3), o);
    return rgba;
  }

  private folder(id: string): WorkFolder {
    return new WorkFolder(this.parts.workRoot, id);
  }

  /** Decodes picture and sound once; from then on the job needs neither of the user's files. */
  private async prepare(job: AnimateJob, folder: WorkFolder, signal: AbortSignal): Promise<Inputs> {
    const { media } = this.parts;
    const { request } = job;
    const range = { from: request.from, frames: request.frames };
    const [picture, sound] = [await media.find(request.picture, "picture"), await media.find(request.sound, "sound")];
    const pixels = await media.picture(request.picture, signal);
    const samples = await media.sound(request.sound, range, signal);
    const inputs: Inputs = {
      picture: { name: picture.name, version: picture.version, width: pixels.width, height: pixels.height },
      sound: {
        name: sound.name,
        version: sound.version,
        sampleRate: samples.sampleRate,
        channels: samples.channels.length,
        samples: samples.channels[0]?.length ?? 0,
        isSilent: isSilent(samples),
      },
    };
    await folder.putInputs(inputs, pixels, samples);
    return inputs;
  }

  private async listen(
    job: AnimateJob,
    { folder, inputs, model }: { folder: WorkFolder; inputs: Inputs; model: InstalledModel },
    context: JobContext,
  ): Promise<AnimateJob> {
    const { frames, follow, selection, seed, precision } = job.request;
    const sound = await readSound(folder.sound(inputs, 0, frames / ANIMATION_FPS));
    const localise = (start: number): Promise<Float32Array> =>
      this.parts.engine.localise(
        {
          pack: model.folder,
          threads: engineThreads(),
          precision,
          // Listening takes a moment, and another device would not pay for its opening.
          device: "cpu",
          sound: folder.sound(inputs, start / ANIMATION_FPS, SEGMENT_FRAMES / ANIMATION_FPS),
        },
        context.signal,
      );
    const plan = await planAnimation({ sound, frames, follow, selection, seed, localise });
    return (await context.advance({
      curve: plan.curve,
      keyframes: newKeyframes(plan.segments),
      request: { segments: plan.segments },
    })) as AnimateJob;
  }
}
