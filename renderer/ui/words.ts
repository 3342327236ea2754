import type { ClipJob, Follow, JobSnapshot, MediaJob, ModelJob, Preset, Progress } from "../../core/contract/index.ts";
import { formatEstimate } from "./format.ts";

const phases: Readonly<Record<Progress["phase"], string>> = {
  queue: "Waiting",
  load: "Loading the model",
  calibrate: "Measuring for int8, once a model",
  listen: "Listening to the sound",
  text: "Reading the prompt",
  denoise: "Forming the picture",
  decode: "Drawing frames",
  encode: "Writing the file",
  measure: "Measuring the loudness",
  render: "Writing the film",
  check: "Checking the file",
  download: "Downloading",
  verify: "Comparing with what was published",
  convert: "Converting",
  proxy: "Making it play smoothly",
  look: "Looking at what it shows",
};

export const presetWords: Readonly<Record<Preset, string>> = {
  draft: "Draft",
  balanced: "Balanced",
  reference: "Reference",
};

/** What keyframes can follow, and what that means. */
export const followWords: Readonly<Record<Follow, { readonly name: string; readonly about: string }>> = {
  predicted: { name: "Model", about: "The motion that the model hears in the sound" },
  kick: { name: "Kick", about: "Low drums" },
  voice: { name: "Voice", about: "The range of voices" },
  loudness: { name: "Loudness", about: "How loud it is" },
  drawn: { name: "Drawn", about: "The curve that you drew" },
};

/** What a job is doing, in words: "Step 3 of 8", "Drawing frames 5 of 16", "Loading the model". */
export function phaseWords({ phase, done, total }: Progress): string {
  if (phase === "denoise" && total > 0) return `Step ${Math.max(1, done)} of ${total}`;
  if ((phase === "decode" || phase === "calibrate") && total > 1) return `${phases[phase]} · ${done} of ${total}`;
  return phases[phase];
}

/** Time left for a running job, or nothing while it cannot be known. */
export function etaWords({ etaMs }: Progress): string | null {
  return etaMs === null ? null : `${formatEstimate(etaMs)} left`;
}

/** What a job or clip is called in a sentence: its words in quotes, or that it is an animation without any. */
export function nameOf(job: Pick<JobSnapshot, "request"> & { readonly title?: string }): string {
  if (job.title !== undefined) return `“${job.title}”`;
  const request = job.request as Exclude<JobSnapshot, ModelJob | MediaJob>["request"];
  if ("fileName" in request) return `“${request.fileName}”`;
  return request.prompt.trim() === "" ? "the animated picture" : `“${request.prompt}”`;
}

/** A tile's accessible name. */
export function describe(job: Pick<ClipJob, "state" | "request">): string {
  const states = {
    queued: "waiting",
    running: "being made",
    waiting: "keyframes ready to be looked at",
    paused: "paused",
    done: "finished",
    failed: "failed",
    cancelled: "stopped",
  } as const;
  const name = job.request.prompt.trim() === "" ? "animated picture" : job.request.prompt;
  return `${name}, seed ${job.request.seed}, ${states[job.state]}`;
}
