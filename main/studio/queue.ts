import { z } from "zod";
import {
  clipSchema,
  errorDataSchema,
  type JobSnapshot,
  jobSnapshotSchema,
  type Progress,
} from "../../core/contract/index.ts";

/** What happens to jobs, as it is written to the journal. The state of the queue is `events.reduce(reduce, [])`. */
export const queueEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("enqueued"), job: jobSnapshotSchema }),
  z.object({ type: z.literal("started"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("succeeded"), id: z.string(), at: z.iso.datetime(), clip: clipSchema }),
  z.object({ type: z.literal("failed"), id: z.string(), at: z.iso.datetime(), error: errorDataSchema }),
  z.object({ type: z.literal("cancelled"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("dismissed"), id: z.string() }),
]);
export type QueueEvent = z.infer<typeof queueEventSchema>;

export const WAITING: Progress = { phase: "queue", done: 0, total: 0, fraction: 0, etaMs: null };

/** Jobs in the order in which they were queued. */
export type Queue = readonly JobSnapshot[];

/**
 * The queue after one more event. Pure and total: an event about an unknown job, or one that does not fit the job's state, changes
 * nothing, so that any prefix or mixture of journals can be replayed.
 */
export function reduce(queue: Queue, event: QueueEvent): Queue {
  if (event.type === "enqueued") return queue.some((job) => job.id === event.job.id) ? queue : [...queue, event.job];
  const job = queue.find((candidate) => candidate.id === event.id);
  if (job === undefined) return queue;
  if (event.type === "dismissed") return hasEnded(job) ? queue.filter((other) => other !== job) : queue;
  const next = step(job, event);
  return next === job ? queue : queue.map((other) => (other === job ? next : other));
}

function step(job: JobSnapshot, event: Exclude<QueueEvent, { type: "enqueued" | "dismissed" }>): JobSnapshot {
  if (hasEnded(job)) return job;
  if (event.type === "started") return job.state === "queued" ? { ...job, state: "running", startedAt: event.at } : job;
  const ended = { ...job, finishedAt: event.at };
  if (event.type === "cancelled") return { ...ended, state: "cancelled" };
  if (job.state !== "running") return job;
  if (event.type === "failed") return { ...ended, state: "failed", error: event.error };
  const progress: Progress = { phase: "encode", done: 1, total: 1, fraction: 1, etaMs: 0 };
  return { ...ended, state: "done", clip: event.clip, progress };
}

export function hasEnded(job: JobSnapshot): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** Ended jobs that are remembered over a restart; their clips are in the library in any case. */
const REMEMBERED = 200;

/**
 * The queue as it is after a restart, from the journal's values: unreadable values (an older version's) are skipped; a job that was
 * running is failed and says so; waiting jobs wait on. Previews lived in memory and are gone.
 */
export function restore(values: readonly unknown[], now: string): Queue {
  let queue: Queue = [];
  for (const value of values) {
    const event = queueEventSchema.safeParse(value);
    if (event.success) queue = reduce(queue, event.data);
  }
  const old = new Set(queue.filter(hasEnded).slice(0, -REMEMBERED));
  const kept = queue.filter((job) => !old.has(job));
  return kept.map((job): JobSnapshot => {
    const quiet = { ...job, preview: null };
    if (job.state !== "running") return quiet;
    const message = "The studio stopped while this clip was being made: press Retry to make it again.";
    return { ...quiet, state: "failed", finishedAt: now, error: { code: "CANCELLED", message } };
  });
}

/** The shortest journal that gives this queue again. */
export function compact(queue: Queue): QueueEvent[] {
  return queue.map((job) => ({ type: "enqueued", job }));
}
