import { mkdir, rm } from "node:fs/promises";
import {
  type AnimateJob,
  ANIMATION_FPS,
  type AnimationPlan,
  type Input,
  type JobSnapshot,
  type Roll,
  SEGMENT_FRAMES,
  StudioError,
} from "../../../core/contract/index.ts";
import { engineThreads } from "../../inference/index.ts";
import { partPath, planarBytes } from "../../media/index.ts";
import { replaceFile } from "../files.ts";
import type { JobService } from "../jobs/job-service.ts";
import { randomSeed } from "../resolve-request.ts";
import type { Destination } from "../studio.ts";
import type { AnimateParts, AnimateRunner } from "./animate-runner.ts";
import { planAnimation } from "./plan.ts";
import { resolveAnimation } from "./resolve-animation.ts";

/** What a user can ask of animations: plan, queue, approve, roll again. */
export class AnimationService {
  private readonly parts: AnimateParts;
  private readonly runner: AnimateRunner;
  private readonly jobs: JobService;

  constructor(parts: AnimateParts, runner: AnimateRunner, jobs: JobService) {
    this.parts = parts;
    this.runner = runner;
    this.jobs = jobs;
  }

  /** Errors: BAD_REQUEST, NOT_FOUND, MEDIA_MISSING, MODEL_NOT_FOUND, MODEL_WRONG_KIND. */
  async enqueue(request: Input<"jobs.animate">["request"], destination?: Destination): Promise<JobSnapshot> {
    const { media, models } = this.parts;
    const picture = await media.find(request.picture, "picture");
    const sound = await media.find(request.sound, "sound");
    const { summary } = await models.find(request.model, undefined, undefined, "animate");
    const [job] = await this.jobs.add(
      [this.runner.newJob(resolveAnimation(request, summary, picture, sound))],
      destination,
    );
    return job!;
  }

  /** The keyframes please. Errors: NOT_FOUND, BAD_REQUEST (there is nothing to approve). */
  async approve(id: string): Promise<JobSnapshot> {
    this.waiting(id);
    return this.jobs.requeue(id, { stage: "motion" });
  }

  /** Draws keyframes anew with a fresh seed. Errors: NOT_FOUND, BAD_REQUEST. */
  async reroll({ id, only, prompt }: Input<"jobs.reroll">): Promise<JobSnapshot> {
    const { request, keyframes } = this.waiting(id);
    if (only?.some((place) => place >= keyframes.length) === true)
      throw new StudioError("BAD_REQUEST", `The clip has ${keyframes.length} keyframes, counted from 0.`);
    const roll: Roll = { seed: randomSeed(), prompt: prompt ?? request.rolls.at(-1)?.prompt ?? request.prompt, only };
    return this.jobs.requeue(id, { stage: "keyframes", request: { rolls: [...request.rolls, roll] } });
  }

  /** Where the keyframes of a stretch of sound go. Errors: as `enqueue`, and those of the engine. */
  async plan(input: Input<"animation.plan">): Promise<AnimationPlan> {
    const { media, models, engine } = this.parts;
    const { range, follow, curve, fixed } = input;
    const sound = await media.sound(input.sound, range);
    const options = {
      sound,
      frames: range.frames,
      follow,
      curve,
      fixed,
      selection: input.selection ?? "even",
      seed: input.seed ?? 0,
    } as const;
    if (follow !== "predicted") return planAnimation({ ...options, localise: noModel });
    const model = await models.find(input.model, undefined, undefined, "animate");
    await mkdir(this.parts.workRoot, { recursive: true });
    const file = partPath(this.parts.workRoot);
    await replaceFile(file, planarBytes(sound));
    try {
      const { sampleRate, channels } = sound;
      const localise = (start: number): Promise<Float32Array> =>
        engine.localise(
          {
            pack: model.folder,
            threads: engineThreads(),
            precision: model.summary.defaults.precision,
            device: "cpu",
            sound: {
              file,
              sampleRate,
              channels: channels.length,
              samples: channels[0]?.length ?? 0,
              from: Math.round((start / ANIMATION_FPS) * sampleRate),
              length: Math.round((SEGMENT_FRAMES / ANIMATION_FPS) * sampleRate),
            },
          },
          new AbortController().signal,
        );
      return await planAnimation({ ...options, localise });
    } finally {
      await rm(file, { force: true });
    }
  }

  /** A keyframe's picture, RGBA8, the size of the clip. Errors: NOT_FOUND. */
  async keyframe(jobId: string, place: number): Promise<Uint8Array> {
    const job = this.jobs.get(jobId);
    if (job.kind !== "animate") throw new StudioError("NOT_FOUND", "This clip has no keyframes.");
    return this.runner.keyframe(job, place);
  }

  private waiting(id: string): AnimateJob {
    const job = this.jobs.get(id);
    if (job.kind !== "animate" || job.state !== "waiting" || job.stage !== "approval")
      throw new StudioError("BAD_REQUEST", "This clip has no keyframes that wait to be looked at.");
    return job;
  }
}

const noModel = () => Promise.reject(new StudioError("INTERNAL", "A model was asked without need."));
