import { randomBytes } from "node:crypto";
import {
  type Clip,
  type ExportResult,
  type JobKind,
  type JobSnapshot,
  type Progress,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { PreviewStore } from "./previews.ts";
import type { ProduceListener } from "./produce.ts";
import { type AnimationChange, hasEnded, type Queue, type QueueEvent, reduce, WAITING } from "./queue.ts";
import type { Destination } from "./studio.ts";

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
}

/** What the queue asks of one kind of job. */
export interface JobRunner {
  /** Works on the job from where it stands. Resolves with what it made, or with null when it now waits for the user. */
  run(job: JobSnapshot, context: JobContext): Promise<Clip | ExportResult | null>;
  /** The job as it is to be queued again after it ended. Errors: MODEL_NOT_FOUND and others that make it pointless. */
  again(job: JobSnapshot): Promise<JobSnapshot>;
  /** The job is gone for good, and with it whatever it kept on disk. Absent: it keeps nothing. */
  forget?(id: string): Promise<void>;
}

export interface JobServiceOptions {
  /** The queue as it was left. */
  readonly queue: Queue;
  readonly queueLog: QueueLog;
  readonly runners: Readonly<Record<JobKind, JobRunner>>;
  readonly emit: (event: StudioEvent) => void;
  /** A clip was made and lies in the library. */
  readonly onClip: () => void;
  readonly log: (line: string) => void;
}

/**
 * The queue of long work: one job at a time, in order; cancel, pause, retry, dismiss; every change is journalled before it is told.
 * A job that waits for the user's word stands aside and lets the others pass.
 */
export class JobService {
  private readonly options: JobServiceOptions;
  private queue: Queue;
  private readonly previews = new PreviewStore();
  /** Destinations outside the library, of jobs of this process only. */
  private readonly destinations = new Map<string, Destination>();
  private running: { id: string; abort: AbortController; isPausing: boolean } | null = null;
  private pumping: Promise<void> | null = null;
  private closing = false;
  private readonly waiters = new Map<string, ((job: JobSnapshot) => void)[]>();

  constructor(options: JobServiceOptions) {
    this.options = options;
    this.queue = options.queue;
  }

  /** Goes on with jobs that waited when the studio was closed. */
  resumeQueue(): void {
    this.pump();
  }

  list(): JobSnapshot[] {
    return [...this.queue];
  }

  /** Errors: NOT_FOUND. */
  get(id: string): JobSnapshot {
    const job = this.queue.find((candidate) => candidate.id === id);
    if (job === undefined) throw new StudioError("NOT_FOUND", "This job is no longer in the list.");
    return job;
  }

  /** Puts new jobs at the queue's end; their ids must be fresh. */
  async add<J extends JobSnapshot>(jobs: readonly J[], destination?: Destination): Promise<J[]> {
    await this.options.queueLog.append(...jobs.map((job) => ({ type: "enqueued", job }) as const));
    for (const job of jobs) {
      if (destination !== undefined) this.destinations.set(job.id, destination);
      this.set({ type: "enqueued", job });
    }
    this.pump();
    return jobs.map(({ id }) => this.get(id) as J);
  }

  /** A job that waits is taken out at once; the running one stops between two steps. An ended one stays as it is. Errors: NOT_FOUND. */
  async cancel(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (this.running?.id === id) this.running.abort.abort();
    else if (!hasEnded(job)) {
      await this.apply({ type: "cancelled", id, at: now() });
      await this.forget(job);
    }
    return this.get(id);
  }

  /** Holds a job that is queued or running; what it has computed is kept. Errors: NOT_FOUND, BAD_REQUEST (it is neither). */
  async pause(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (this.running?.id === id) {
      this.running.isPausing = true;
      this.running.abort.abort();
      return job;
    }
    if (job.state !== "queued")
      throw new StudioError("BAD_REQUEST", "Only a clip that waits its turn or is being made can be paused.");
    await this.apply({ type: "paused", id });
    return this.get(id);
  }

  /** Puts a paused job back among those that wait their turn. Errors: NOT_FOUND, BAD_REQUEST (not paused). */
  async resume(id: string): Promise<JobSnapshot> {
    if (this.get(id).state !== "paused") throw new StudioError("BAD_REQUEST", "This clip is not paused.");
    return this.requeue(id);
  }

  /** The user's word has come: an animation goes on, changed as told. Errors: NOT_FOUND. */
  async requeue(id: string, change?: AnimationChange): Promise<JobSnapshot> {
    const events: QueueEvent[] = [
      ...(change === undefined ? [] : [{ type: "advanced", id, change } as const]),
      { type: "requeued", id },
    ];
    await this.options.queueLog.append(...events);
    for (const event of events) this.set(event);
    this.pump();
    return this.get(id);
  }

  /** Queues the same request again: same seed, so the same clip. Errors: NOT_FOUND, BAD_REQUEST (not ended yet), MODEL_NOT_FOUND. */
  async retry(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (!hasEnded(job))
      throw new StudioError(
        "BAD_REQUEST",
        "This clip is still in the queue: cancel it first, or wait until it is done.",
      );
    const [again] = await this.add([await this.again(id)], this.destinations.get(id));
    return again!;
  }

  /** A job that asks for the same as this one, not in line yet. Errors: NOT_FOUND, MODEL_NOT_FOUND. */
  async again(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    return this.options.runners[job.kind].again(job);
  }

  /** Takes an ended job off the list. Errors: NOT_FOUND, BAD_REQUEST (not ended yet). */
  async dismiss(id: string): Promise<void> {
    const job = this.get(id);
    if (!hasEnded(job)) throw new StudioError("BAD_REQUEST", "This clip is still in the queue: cancel it first.");
    await this.apply({ type: "dismissed", id });
    this.previews.drop(id);
    this.destinations.delete(id);
    await this.forget(job);
    this.options.emit({ type: "job-dismissed", id });
  }

  /** Resolves when the job has ended. Errors: NOT_FOUND. */
  ended(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (hasEnded(job)) return Promise.resolve(job);
    return new Promise((resolve) => this.waiters.set(id, [...(this.waiters.get(id) ?? []), resolve]));
  }

  /** Errors: NOT_FOUND. */
  preview(id: string, step: number): Uint8Array {
    return this.previews.get(id, step);
  }

  /** Stops what runs without noting an end: after a restart it shows as interrupted. Waiting jobs stay waiting. */
  async close(): Promise<void> {
    this.closing = true;
    this.running?.abort.abort();
    await this.pumping;
    await this.options.queueLog.close();
  }

  private async forget(job: JobSnapshot): Promise<void> {
    await this.options.runners[job.kind]
      .forget?.(job.id)
      .catch((error: unknown) => this.options.log(`job ${job.id}: ${String(error)}`));
  }

  private pump(): void {
    this.pumping ??= this.work().finally(() => {
      this.pumping = null;
    });
  }

  private async work(): Promise<void> {
    for (;;) {
      const next = this.queue.find((job) => job.state === "queued");
      if (next === undefined || this.closing) return;
      await this.runJob(next).catch((error: unknown) => {
        // Only the journal can fail here (its disk is full): the job is lost to it but not to the one who looks at it.
        this.options.log(`job ${next.id}: ${String(error)}`);
        this.fail(next.id, StudioError.from(error));
      });
    }
  }

  private async runJob({ id, kind }: JobSnapshot): Promise<void> {
    const running = { id, abort: new AbortController(), isPausing: false };
    this.running = running;
    try {
      await this.apply({ type: "started", id, at: now() });
      const made = await this.options.runners[kind].run(this.get(id), this.context(id, running.abort.signal));
      if (made === null) await this.apply({ type: "waiting", id });
      else {
        if ("record" in made) {
          await this.apply({ type: "succeeded", id, at: now(), clip: made });
          this.options.onClip();
        } else await this.apply({ type: "exported", id, at: now(), result: made });
        await this.forget(this.get(id));
      }
    } catch (cause) {
      const error = StudioError.from(cause);
      if (this.closing) return;
      if (error.code === "CANCELLED" && running.isPausing) await this.apply({ type: "paused", id });
      else if (error.code === "CANCELLED") {
        await this.apply({ type: "cancelled", id, at: now() });
        await this.forget(this.get(id));
      } else {
        this.options.log(`job ${id}: ${error.code} ${error.message} ${error.detail ?? ""}`);
        await this.apply({ type: "failed", id, at: now(), error: error.toData() });
      }
    } finally {
      this.running = null;
    }
  }

  private context(id: string, signal: AbortSignal): JobContext {
    return {
      signal,
      destination: this.destinations.get(id) ?? null,
      progress: (progress) => this.show(id, (job) => ({ ...job, progress })),
      preview: (preview, rgba) => {
        this.previews.put(id, preview.step, rgba);
        this.show(id, (job) => ({ ...job, preview }));
      },
      exporting: (progress, speed) =>
        this.show(id, (job) => (job.kind === "export" ? { ...job, progress, speed } : job)),
      advance: async (change) => {
        await this.apply({ type: "advanced", id, change });
        return this.get(id);
      },
    };
  }

  /** A change that need not survive a restart. */
  private show(id: string, change: (job: JobSnapshot) => JobSnapshot): void {
    this.queue = this.queue.map((job) => (job.id === id && job.state === "running" ? change(job) : job));
    this.tell(id);
  }

  /** A change that must survive a restart: journal first, then memory, then everybody. */
  private async apply(event: QueueEvent): Promise<void> {
    await this.options.queueLog.append(event);
    this.set(event);
  }

  private fail(id: string, error: StudioError): void {
    this.set({ type: "started", id, at: now() });
    this.set({ type: "failed", id, at: now(), error: error.toData() });
  }

  private set(event: QueueEvent): void {
    this.queue = reduce(this.queue, event);
    this.tell(event.type === "enqueued" ? event.job.id : event.id);
  }

  private tell(id: string): void {
    const job = this.queue.find((candidate) => candidate.id === id);
    if (job === undefined) return;
    this.options.emit({ type: "job", job });
    if (!hasEnded(job)) return;
    for (const resolve of this.waiters.get(id) ?? []) resolve(job);
    this.waiters.delete(id);
  }
}

/** What every new job starts with. */
export function freshJob() {
  return {
    id: randomBytes(9).toString("base64url"),
    state: "queued",
    progress: WAITING,
    preview: null,
    clip: null,
    error: null,
    createdAt: now(),
    startedAt: null,
    finishedAt: null,
  } as const;
}

function now(): string {
  return new Date().toISOString();
}
