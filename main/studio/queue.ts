import { z } from "zod";
import {
  type AnimateJob,
  animateJobSchema,
  clipSchema,
  errorDataSchema,
  type ExportJob,
  exportResultSchema,
  type JobSnapshot,
  jobSnapshotSchema,
  type Progress,
} from "../../core/contract/index.ts";

/** What of an animation's snapshot changes while it is made. */
const animationChangeSchema = animateJobSchema
  .pick({ stage: true, keyframes: true, rolled: true, curve: true })
  .extend({ request: animateJobSchema.shape.request.pick({ segments: true, rolls: true }).partial() })
  .partial();
export type AnimationChange = z.infer<typeof animationChangeSchema>;

/** What happens to jobs, as it is written to the journal. The state of the queue is `events.reduce(reduce, [])`. */
export const queueEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("enqueued"), job: jobSnapshotSchema }),
  z.object({ type: z.literal("started"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("succeeded"), id: z.string(), at: z.iso.datetime(), clip: clipSchema }),
  z.object({ type: z.literal("exported"), id: z.string(), at: z.iso.datetime(), result: exportResultSchema }),
  z.object({ type: z.literal("failed"), id: z.string(), at: z.iso.datetime(), error: errorDataSchema }),
  z.object({ type: z.literal("cancelled"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("dismissed"), id: z.string() }),
  /** Back among those that wait their turn: approved, resumed, or rolled again. */
  z.object({ type: z.literal("requeued"), id: z.string() }),
  /** Waits for the user's word. */
  z.object({ type: z.literal("waiting"), id: z.string() }),
  z.object({ type: z.literal("paused"), id: z.string() }),
  /** An animation has come further. */
  z.object({ type: z.literal("advanced"), id: z.string(), change: animationChangeSchema }),
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

type StepEvent = Exclude<QueueEvent, { type: "enqueued" | "dismissed" }>;

function step(job: JobSnapshot, event: StepEvent): JobSnapshot {
  if (hasEnded(job)) return job;
  switch (event.type) {
    case "started":
      return job.state === "queued"
        ? { ...job, state: "running", startedAt: job.startedAt ?? event.at, error: null }
        : job;
    case "requeued":
      return job.state === "waiting" || job.state === "paused"
        ? { ...job, state: "queued", progress: { ...WAITING, fraction: job.progress.fraction } }
        : job;
    case "waiting":
      return job.state === "running" ? { ...job, state: "waiting" } : job;
    case "paused":
      return job.state === "running" || job.state === "queued" ? { ...job, state: "paused" } : job;
    case "advanced":
      return job.kind === "animate" ? advance(job, event.change) : job;
    case "cancelled":
      return { ...job, finishedAt: event.at, state: "cancelled" };
    case "failed":
      return job.state === "running" ? { ...job, finishedAt: event.at, state: "failed", error: event.error } : job;
    case "succeeded":
      return job.state === "running"
        ? { ...job, finishedAt: event.at, state: "done", clip: event.clip, progress: { ...FINISHED, phase: "encode" } }
        : job;
    case "exported":
      return job.state === "running" && job.kind === "export" ? exported(job, event) : job;
  }
}

const FINISHED = { done: 1, total: 1, fraction: 1, etaMs: 0 } as const;

function exported(job: ExportJob, { at, result }: Extract<QueueEvent, { type: "exported" }>): ExportJob {
  return { ...job, finishedAt: at, state: "done", result, progress: { ...FINISHED, phase: "check" } };
}

function advance(job: AnimateJob, { request, ...rest }: AnimationChange): AnimateJob {
  return { ...job, ...defined(rest), request: { ...job.request, ...defined(request ?? {}) } };
}

/** Without the fields that are undefined, which a spread would copy. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
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
    // What an animation has computed lies in its work folder: it goes on from there when the user says so.
    if (job.kind === "animate") return { ...quiet, state: "paused" };
    const message =
      job.kind === "export"
        ? "The studio stopped while this film was being exported: press Retry to export it again."
        : "The studio stopped while this clip was being made: press Retry to make it again.";
    return { ...quiet, state: "failed", finishedAt: now, error: { code: "CANCELLED", message } };
  });
}

/** The shortest journal that gives this queue again. */
export function compact(queue: Queue): QueueEvent[] {
  return queue.map((job) => ({ type: "enqueued", job }));
}
