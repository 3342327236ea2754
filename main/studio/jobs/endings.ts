import { type Clip, type ExportResult, type JobSnapshot, StudioError } from "../../../core/contract/index.ts";
import type { MediaResult, ModelResult } from "./job-runner.ts";
import type { QueueEvent } from "./queue.ts";

/** How a job that made this ends. */
export function success(id: string, made: Clip | ExportResult | ModelResult | MediaResult): QueueEvent {
  if ("record" in made) return { type: "succeeded", id, at: now(), clip: made };
  if ("version" in made) return { type: "prepared", id, at: now() };
  return "model" in made
    ? { type: "stored", id, at: now(), result: made }
    : { type: "exported", id, at: now(), result: made };
}

/** How a job ends that may not even have begun. */
export function failure(id: string, error: StudioError): QueueEvent[] {
  return [
    { type: "started", id, at: now() },
    { type: "failed", id, at: now(), error: error.toData() },
  ];
}

/** Why a job cannot begin that needs one which came to nothing. */
export function hopeless({ state, error }: JobSnapshot): StudioError {
  const why = state === "cancelled" || error === null ? "was cancelled" : `failed (${error.message})`;
  return new StudioError("CANCELLED", `What this needs ${why}: start that again first, then press Retry here.`);
}

export function now(): string {
  return new Date().toISOString();
}
