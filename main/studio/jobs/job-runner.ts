import { randomBytes } from "node:crypto";
import type { Clip, ExportResult, JobSnapshot, ModelJob, Progress } from "../../../core/contract/index.ts";
import type { ProduceListener } from "../produce.ts";
import type { Destination } from "../studio.ts";
import { type AnimationChange, type QueueEvent, WAITING } from "./queue.ts";

/** Where the queue's events are kept. */
export interface QueueLog {
  /** All or none. */
  append(...events: readonly QueueEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** What a job may say while it is worked on. */
export interface JobContext extends ProduceListener {
  readonly destination: Destination | null;
  readonly signal: AbortSignal;
  /** An animation has come further; resolves with the job as it is then, once that is on disk. */
  advance(change: AnimationChange): Promise<JobSnapshot>;
  /** An export's progress with its frames a second. */
  exporting(progress: Progress, speed: number | null): void;
  /** The same of a download or a conversion, with its bytes a second. */
  storing(progress: Progress, speed: number | null): void;
}

/** What came of work on models. */
export type ModelResult = NonNullable<ModelJob["result"]>;

/** What came of work on media: the version that it was done for. */
export interface MediaResult {
  readonly version: string;
}

/**
 * What the queue asks of one kind of job. A job may be stopped at any time (its signal) and is run again later, in this process or in
 * another: `run` goes on from what it left on disk.
 */
export interface JobRunner {
  /** Works on the job from where it stands. Resolves with what it made, or with null when it now waits for the user. */
  run(job: JobSnapshot, context: JobContext): Promise<Clip | ExportResult | ModelResult | MediaResult | null>;
  /** The job as it is to be queued again after it ended. Errors: MODEL_NOT_FOUND and others that make it pointless. */
  again(job: JobSnapshot): Promise<JobSnapshot>;
  /** The job is gone for good, and with it whatever it kept on disk. Absent: it keeps nothing. */
  forget?(id: string): Promise<void>;
}

/** What every new job starts with. */
export function freshJob() {
  return {
    // A command would take an id that begins with a hyphen for an option.
    id: randomBytes(9).toString("base64url").replace(/^-/, "j"),
    state: "queued",
    priority: "normal",
    after: [] as string[],
    batch: null,
    waitsFor: null,
    interruptions: 0,
    progress: WAITING,
    preview: null,
    clip: null,
    error: null,
    createdAt: new Date().toISOString(),
    startedAt: null,
    finishedAt: null,
  } as const;
}
