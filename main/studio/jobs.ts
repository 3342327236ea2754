import { randomBytes } from "node:crypto";
import {
  type Clip,
  type GenerationRequest,
  type JobSnapshot,
  type ModelSummary,
  type ResolvedRequest,
  StudioError,
  type StudioEvent,
} from "../../core/contract/index.ts";
import { PreviewStore } from "./previews.ts";
import type { ProduceListener } from "./produce.ts";
import { hasEnded, type Queue, type QueueEvent, reduce, WAITING } from "./queue.ts";
import { resolveRequest, variation } from "./resolve-request.ts";
import type { Destination } from "./studio.ts";

/** Where the queue's events are kept. */
export interface QueueLog {
  /** All or none. */
  append(...events: readonly QueueEvent[]): Promise<void>;
  close(): Promise<void>;
}

export interface JobServiceOptions {
  /** The queue as it was left. */
  readonly queue: Queue;
  readonly queueLog: QueueLog;
  readonly findModel: (id: string | undefined) => Promise<ModelSummary>;
  readonly produce: (
    request: ResolvedRequest,
    destination: Destination | null,
    listener: ProduceListener,
    signal: AbortSignal,
  ) => Promise<Clip>;
  readonly emit: (event: StudioEvent) => void;
  /** A clip was made and lies in the library. */
  readonly onClip: () => void;
  readonly log: (line: string) => void;
}

/** The queue of long work: one job at a time, in order; cancel, retry, dismiss; every change is journalled before it is told. */
export class JobService {
  private readonly options: JobServiceOptions;
  private queue: Queue;
  private readonly previews = new PreviewStore();
  /** Destinations outside the library, of jobs of this process only. */
  private readonly destinations = new Map<string, Destination>();
  private running: { id: string; abort: AbortController } | null = null;
  private pumping: Promise<void> | null = null;
  private closing = false;
  private readonly waiters = new Map<string, ((job: JobSnapshot) => void)[]>();

  constructor(options: JobServiceOptions) {
    this.options = options;
    this.queue = options.queue;
  }

  /** Goes on with jobs that waited when the studio was closed. */
  resume(): void {
    this.pump();
  }

  list(): JobSnapshot[] {
    return [...this.queue];
  }

  /** Errors: BAD_REQUEST, MODEL_NOT_FOUND. */
  async enqueue(request: GenerationRequest, variations: number, destination?: Destination): Promise<JobSnapshot[]> {
    const first = resolveRequest(request, await this.options.findModel(request.model));
    return this.add(
      Array.from({ length: variations }, (_, n) => variation(first, n)),
      destination,
    );
  }

  /** A waiting job is taken out at once; the running one stops between two steps. An ended one stays as it is. Errors: NOT_FOUND. */
  async cancel(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (this.running?.id === id) this.running.abort.abort();
    else if (job.state === "queued") await this.apply({ type: "cancelled", id, at: now() });
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
    await this.options.findModel(job.request.model);
    const [again] = await this.add([job.request], this.destinations.get(id));
    return again!;
  }

  /** Takes an ended job off the list. Errors: NOT_FOUND, BAD_REQUEST (not ended yet). */
  async dismiss(id: string): Promise<void> {
    if (!hasEnded(this.get(id)))
      throw new StudioError("BAD_REQUEST", "This clip is still in the queue: cancel it first.");
    await this.apply({ type: "dismissed", id });
    this.previews.drop(id);
    this.destinations.delete(id);
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

  private get(id: string): JobSnapshot {
    const job = this.queue.find((candidate) => candidate.id === id);
    if (job === undefined) throw new StudioError("NOT_FOUND", "This job is no longer in the list.");
    return job;
  }

  private async add(
    requests: readonly ResolvedRequest[],
    destination: Destination | undefined,
  ): Promise<JobSnapshot[]> {
    const jobs = requests.map(newJob);
    await this.options.queueLog.append(...jobs.map((job) => ({ type: "enqueued", job }) as const));
    for (const job of jobs) {
      if (destination !== undefined) this.destinations.set(job.id, destination);
      this.set({ type: "enqueued", job });
    }
    this.pump();
    return jobs.map(({ id }) => this.get(id));
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

  private async runJob(job: JobSnapshot): Promise<void> {
    const { id } = job;
    const abort = new AbortController();
    this.running = { id, abort };
    try {
      await this.apply({ type: "started", id, at: now() });
      const clip = await this.options.produce(
        job.request,
        this.destinations.get(id) ?? null,
        this.listener(id),
        abort.signal,
      );
      await this.apply({ type: "succeeded", id, at: now(), clip });
      this.options.onClip();
    } catch (cause) {
      const error = StudioError.from(cause);
      if (this.closing) return;
      if (error.code === "CANCELLED") await this.apply({ type: "cancelled", id, at: now() });
      else {
        this.options.log(`job ${id}: ${error.code} ${error.message} ${error.detail ?? ""}`);
        await this.apply({ type: "failed", id, at: now(), error: error.toData() });
      }
    } finally {
      this.running = null;
    }
  }

  private listener(id: string): ProduceListener {
    return {
      progress: (progress) => this.show(id, (job) => ({ ...job, progress })),
      preview: (preview, rgba) => {
        this.previews.put(id, preview.step, rgba);
        this.show(id, (job) => ({ ...job, preview }));
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

function newJob(request: ResolvedRequest): JobSnapshot {
  return {
    id: randomBytes(9).toString("base64url"),
    kind: "generate",
    state: "queued",
    request,
    progress: WAITING,
    preview: null,
    clip: null,
    error: null,
    createdAt: now(),
    startedAt: null,
    finishedAt: null,
  };
}

function now(): string {
  return new Date().toISOString();
}
