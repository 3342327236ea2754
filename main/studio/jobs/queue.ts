import { z } from "zod";
import {
  type AnimateJob,
  animateJobSchema,
  clipSchema,
  downloadJobSchema,
  errorDataSchema,
  type ExportJob,
  exportResultSchema,
  isMediaJob,
  type JobSnapshot,
  jobSnapshotSchema,
  type ModelJob,
  type Progress,
  type QueueHold,
  prioritySchema,
  queueHoldSchema,
} from "../../../core/contract/index.ts";

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
  z.object({
    type: z.literal("stored"),
    id: z.string(),
    at: z.iso.datetime(),
    result: downloadJobSchema.shape.result.unwrap(),
  }),
  /** What was to be made of media is there. */
  z.object({ type: z.literal("prepared"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("failed"), id: z.string(), at: z.iso.datetime(), error: errorDataSchema }),
  z.object({ type: z.literal("cancelled"), id: z.string(), at: z.iso.datetime() }),
  z.object({ type: z.literal("dismissed"), id: z.string() }),
  /** Back among those that wait their turn: approved, resumed, or rolled again. */
  z.object({ type: z.literal("requeued"), id: z.string() }),
  /** Waits for the user's word. */
  z.object({ type: z.literal("waiting"), id: z.string() }),
  z.object({ type: z.literal("paused"), id: z.string() }),
  /** Stopped for the queue's sake, not the user's wish for this job: waits for its turn again. */
  z.object({ type: z.literal("yielded"), id: z.string() }),
  /** Stands directly before another one now (null: at the end). */
  z.object({ type: z.literal("moved"), id: z.string(), before: z.string().nullable() }),
  z.object({ type: z.literal("prioritized"), id: z.string(), priority: prioritySchema }),
  /** The queue as a whole stands still, or (null) goes on. */
  z.object({ type: z.literal("held"), hold: queueHoldSchema.nullable() }),
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
  if (event.type === "held") return queue;
  if (event.type === "enqueued") return queue.some((job) => job.id === event.job.id) ? queue : [...queue, event.job];
  const job = queue.find((candidate) => candidate.id === event.id);
  if (job === undefined) return queue;
  if (event.type === "moved") return moved(queue, job, event.before);
  if (event.type === "dismissed") return hasEnded(job) ? queue.filter((other) => other !== job) : queue;
  const stepped = step(job, event);
  const next = stepped.waitsFor !== null && stepped.state !== "queued" ? { ...stepped, waitsFor: null } : stepped;
  return next === job ? queue : queue.map((other) => (other === job ? next : other));
}

function moved(queue: Queue, job: JobSnapshot, before: string | null): Queue {
  if (before === job.id) return queue;
  const others = queue.filter((other) => other !== job);
  const place = before === null ? others.length : others.findIndex(({ id }) => id === before);
  return place < 0 ? queue : others.toSpliced(place, 0, job);
}

/** What holds the queue after one more event. */
export function reduceHold(hold: QueueHold | null, event: QueueEvent): QueueHold | null {
  return event.type === "held" ? event.hold : hold;
}

type StepEvent = Exclude<QueueEvent, { type: "enqueued" | "dismissed" | "moved" | "held" }>;

function step(job: JobSnapshot, event: StepEvent): JobSnapshot {
  if (hasEnded(job)) return job;
  switch (event.type) {
    case "started":
      return job.state === "queued"
        ? { ...job, state: "running", startedAt: job.startedAt ?? event.at, error: null }
        : job;
    case "requeued":
      return job.state === "waiting" || job.state === "paused" ? { ...job, state: "queued", progress: kept(job) } : job;
    case "waiting":
      return job.state === "running" ? { ...job, state: "waiting" } : job;
    case "paused":
      return job.state === "running" || job.state === "queued" ? paused(job) : job;
    case "yielded":
      return job.state === "running" ? { ...job, state: "queued", progress: kept(job) } : job;
    case "prioritized":
      return job.priority === event.priority ? job : { ...job, priority: event.priority };
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
    case "stored":
      return job.state === "running" && isModelJob(job) ? stored(job, event) : job;
    case "prepared":
      return job.state === "running" && isMediaJob(job)
        ? { ...job, finishedAt: event.at, state: "done", progress: { ...job.progress, ...FINISHED } }
        : job;
  }
}

/** How far a job is that waits for its turn again. Work on media is short, and begins anew. */
function kept(job: JobSnapshot): Progress {
  return isMediaJob(job) ? WAITING : { ...WAITING, fraction: job.progress.fraction };
}

function paused(job: JobSnapshot): JobSnapshot {
  return isMediaJob(job) ? { ...job, state: "paused", progress: WAITING } : { ...job, state: "paused" };
}

const FINISHED = { done: 1, total: 1, fraction: 1, etaMs: 0 } as const;

function exported(job: ExportJob, { at, result }: Extract<QueueEvent, { type: "exported" }>): ExportJob {
  return { ...job, finishedAt: at, state: "done", result, progress: { ...FINISHED, phase: "check" } };
}

function stored(job: ModelJob, { at, result }: Extract<QueueEvent, { type: "stored" }>): ModelJob {
  return { ...job, finishedAt: at, state: "done", result, progress: { ...job.progress, ...FINISHED } };
}

export const isModelJob = (job: JobSnapshot): job is ModelJob => job.kind === "download" || job.kind === "convert";

function advance(job: AnimateJob, { request, ...rest }: AnimationChange): AnimateJob {
  return { ...job, ...defined(rest), request: { ...job.request, ...defined(request ?? {}) } };
}

/** Without the fields that are undefined, which a spread would copy. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}

export function hasEnded(job: JobSnapshot): boolean {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** Ended jobs that are remembered over a restart; their clips are in the library in any case. */
const REMEMBERED = 200;
/** The same of work on media that failed or was stopped, so that it is not begun again at every start. */
const REMEMBERED_MEDIA = 5000;
/** Work on models and media goes on by itself after the studio was killed, but not once it looks as if the work itself were to blame. */
const MAX_INTERRUPTIONS = 2;

/** The queue with what holds it. */
export interface QueueBook {
  readonly queue: Queue;
  readonly hold: QueueHold | null;
}

/**
 * The queue as it is after a restart, from the journal's values: unreadable values (an older version's) are skipped; waiting jobs wait
 * on. A job that was running when the studio was killed is paused, with what it has computed: it may have been the cause. Downloads and
 * conversions, which only carry files, and what is done for media go on by themselves. Previews lived in memory and are gone.
 */
export function restore(values: readonly unknown[], now: string): QueueBook {
  let queue: Queue = [];
  let hold: QueueHold | null = null;
  for (const value of values) {
    const event = queueEventSchema.safeParse(value);
    if (!event.success) continue;
    queue = reduce(queue, event.data);
    hold = reduceHold(hold, event.data);
  }
  const ended = queue.filter(hasEnded);
  const old = new Set([
    ...ended.filter((job) => !isMediaJob(job)).slice(0, -REMEMBERED),
    ...ended.filter(isMediaJob).slice(0, -REMEMBERED_MEDIA),
  ]);
  const kept = queue.filter((job) => !old.has(job));
  return { queue: kept.map((job) => interrupted({ ...job, preview: null, waitsFor: null }, now)), hold };
}

function interrupted(job: JobSnapshot, now: string): JobSnapshot {
  // A film that was held begins anew when it goes on: its frames lived in the process that painted them.
  if (job.kind === "export" && job.state === "paused") return { ...job, progress: WAITING, speed: null };
  if (job.state !== "running") return job;
  const again = { ...job, interruptions: job.interruptions + 1 };
  const goesOn = isModelJob(again) || isMediaJob(again);
  if (goesOn && again.interruptions <= MAX_INTERRUPTIONS) return { ...again, state: "queued", progress: kept(again) };
  if (job.kind !== "export") return { ...again, state: "paused" };
  const message = "The studio stopped while this film was being exported: press Retry to export it again.";
  return { ...again, state: "failed", finishedAt: now, error: { code: "CANCELLED", message } };
}

/** The shortest journal that gives this queue again. */
export function compact({ queue, hold }: QueueBook): QueueEvent[] {
  const jobs = queue.map((job) => ({ type: "enqueued", job }) as const);
  return hold === null ? jobs : [...jobs, { type: "held", hold }];
}
