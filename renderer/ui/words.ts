import type { JobSnapshot, Progress } from "../../core/contract/index.ts";
import { formatEstimate } from "./format.ts";

const phases: Readonly<Record<Progress["phase"], string>> = {
  queue: "Waiting",
  load: "Loading the model",
  calibrate: "Measuring for int8, once a model",
  text: "Reading the prompt",
  denoise: "Forming the picture",
  decode: "Drawing frames",
  encode: "Writing the file",
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

/** A tile's accessible name. */
export function describe(job: Pick<JobSnapshot, "state" | "request">): string {
  const states = {
    queued: "waiting",
    running: "being made",
    done: "finished",
    failed: "failed",
    cancelled: "stopped",
  } as const;
  return `${job.request.prompt}, seed ${job.request.seed}, ${states[job.state]}`;
}
