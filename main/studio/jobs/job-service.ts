import {
  type JobKind,
  type JobSnapshot,
  type Priority,
  type QueueHold,
  type QueueState,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import type { Destination } from "../studio.ts";
import { DeathWatch } from "./deaths.ts";
import { failure, hopeless, now, success } from "./endings.ts";
import { Gate } from "./gate.ts";
import type { JobContext, JobRunner, QueueLog } from "./job-runner.ts";
import { PreviewStore } from "./previews.ts";
import {
  type AnimationChange,
  hasEnded,
  isModelJob,
  type Queue,
  type QueueBook,
  type QueueEvent,
  reduce,
  reduceHold,
} from "./queue.ts";
import { type Running, RunningJobs } from "./running-jobs.ts";
import { inLine, type Lane, lanes, stranded } from "./turns.ts";

export interface JobServiceOptions {
  /** The queue as it was left. */
  readonly book: QueueBook;
  readonly queueLog: QueueLog;
  readonly runners: Readonly<Record<JobKind, JobRunner>>;
  readonly emit: (event: StudioEvent) => void;
  /** A clip was made and lies in the library. */
  readonly onClip: () => void;
  /** The order or what holds the queue has changed. */
  readonly onQueue: () => void;
  /** Null: this job may begin now; a sentence: what it waits for. Errors: what it is refused with. */
  readonly admit?: (job: JobSnapshot) => Promise<string | null>;
  /** Before a job begins: lets go what it has no room beside. */
  readonly makeRoom?: (job: JobSnapshot) => Promise<void>;
  /** Milliseconds after which a job that waits for memory is looked at again. */
  readonly lookAgainMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  readonly log: (line: string) => void;
}

const LOOK_AGAIN_MS = 5000;

/**
 * The queue of long work: one job at a time in each lane, by priority and order; cancel, pause, retry, dismiss, move; every change is
 * journalled before it is told. A job that waits for the user's word stands aside and lets the others pass.
 */
export class JobService {
  private readonly options: JobServiceOptions;
  private queue: Queue;
  private hold: QueueHold | null;
  private readonly deaths: DeathWatch;
  private readonly previews = new PreviewStore();
  /** Destinations outside the library, of jobs of this process only. */
  private readonly destinations = new Map<string, Destination>();
  private readonly running = new RunningJobs();
  private readonly pumping = new Map<Lane, Promise<void>>();
  private readonly gate: Gate;
  private works = false;
  private closing = false;
  private readonly waiters = new Map<string, ((job: JobSnapshot) => void)[]>();

  constructor(options: JobServiceOptions) {
    this.options = options;
    this.queue = options.book.queue;
    this.hold = options.book.hold;
    this.deaths = new DeathWatch(options.now);
    this.gate = new Gate({
      admit: async (job) => (await options.admit?.(job)) ?? null,
      queue: () => this.queue,
      isOpen: () => !this.closing && this.hold === null,
      show: (id, waitsFor) => {
        this.queue = this.queue.map((job) => (job.id === id ? { ...job, waitsFor } : job));
        this.tell(id);
      },
      refuse: (id, error) => this.failUnrun(id, error),
      again: () => this.pump(),
      againMs: options.lookAgainMs ?? LOOK_AGAIN_MS,
    });
  }

  /** From now on jobs are worked on, those first that waited when the studio was closed. */
  begin(): void {
    this.works = true;
    this.pump();
  }

  /** Nothing new begins. */
  get isHeld(): boolean {
    return this.hold !== null;
  }

  /** The queue as a whole, but for what is made beside it. */
  get state(): Omit<QueueState, "background"> {
    return { order: this.queue.map(({ id }) => id), hold: this.hold };
  }

  /** Holds the queue: nothing new begins, and what runs stops where it goes on later. A queue that is held stays as it is. */
  async holdAll(): Promise<void> {
    if (this.hold !== null) return;
    await this.setHold({ by: "user", message: "The queue is paused: press Resume to go on." });
    this.running.yieldAll();
  }

  /** Goes on, whatever held the queue. */
  async release(): Promise<void> {
    this.deaths.forget();
    if (this.hold !== null) await this.setHold(null);
    this.pump();
  }

  /** Lets a job stand directly before another and share its priority; null: at the end of the line. Errors: NOT_FOUND, BAD_REQUEST. */
  async move(id: string, before: string | null): Promise<void> {
    const job = this.get(id);
    if (hasEnded(job)) throw new StudioError("BAD_REQUEST", "This job has ended, so it has no place in the queue.");
    const priority = before === null ? inLine(this.queue).at(-1)?.priority : this.get(before).priority;
    await this.applyAll([
      { type: "moved", id, before },
      { type: "prioritized", id, priority: priority ?? job.priority },
    ]);
    this.options.onQueue();
  }

  /** Errors: NOT_FOUND. */
  async prioritize(id: string, priority: Priority): Promise<JobSnapshot> {
    this.get(id);
    await this.apply({ type: "prioritized", id, priority });
    return this.get(id);
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
    if (!this.running.stop(id, "cancel") && !hasEnded(job)) {
      await this.apply({ type: "cancelled", id, at: now() });
      await this.forget(job);
      this.pump(); // others may have waited for this one
    }
    return this.get(id);
  }

  /** Holds a job that is queued or running; what it has computed is kept. Errors: NOT_FOUND, BAD_REQUEST (it is neither). */
  async pause(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (this.running.stop(id, "pause")) return job;
    if (job.state !== "queued")
      throw new StudioError("BAD_REQUEST", "Only a job that waits its turn or is worked on can be paused.");
    await this.apply({ type: "paused", id });
    return this.get(id);
  }

  /**
   * Puts a paused job back among those that wait their turn; one that waits for memory begins in spite of that. Errors: NOT_FOUND,
   * BAD_REQUEST (neither).
   */
  async resume(id: string): Promise<JobSnapshot> {
    if (this.get(id).waitsFor !== null) {
      this.gate.force(id);
      this.pump();
      return this.get(id);
    }
    if (this.get(id).state !== "paused") throw new StudioError("BAD_REQUEST", "This job is not paused.");
    return this.requeue(id);
  }

  /** The user's word has come: an animation goes on, changed as told. Errors: NOT_FOUND. */
  async requeue(id: string, change?: AnimationChange): Promise<JobSnapshot> {
    const events: QueueEvent[] = [
      ...(change === undefined ? [] : [{ type: "advanced", id, change } as const]),
      { type: "requeued", id },
    ];
    await this.applyAll(events);
    this.pump();
    return this.get(id);
  }

  /** Queues the same request again: same seed, so the same clip. Errors: NOT_FOUND, BAD_REQUEST (not ended yet), MODEL_NOT_FOUND. */
  async retry(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (!hasEnded(job))
      throw new StudioError(
        "BAD_REQUEST",
        "This job is still in the queue: cancel it first, or wait until it is done.",
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
    if (!hasEnded(job)) throw new StudioError("BAD_REQUEST", "This job is still in the queue: cancel it first.");
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

  /** Stops what runs; at the next start it goes on where it was. */
  async close(): Promise<void> {
    this.closing = true;
    this.gate.close();
    this.running.yieldAll();
    await Promise.all(this.pumping.values());
    await this.options.queueLog.close();
  }

  private async forget(job: JobSnapshot): Promise<void> {
    await this.options.runners[job.kind]
      .forget?.(job.id)
      .catch((error: unknown) => this.options.log(`job ${job.id}: ${String(error)}`));
  }

  /** Jobs that wait for something are looked at again now. */
  pump(): void {
    if (!this.works) return;
    for (const lane of lanes) {
      if (this.pumping.has(lane)) continue;
      // Begins a moment later: it must not be over before it is noted.
      this.pumping.set(
        lane,
        Promise.resolve().then(() => this.work(lane)),
      );
    }
  }

  private async work(lane: Lane): Promise<void> {
    try {
      while (!this.closing && this.hold === null) {
        for (const { job, because } of stranded(this.queue)) await this.failUnrun(job.id, hopeless(because));
        const next = await this.gate.next(lane);
        if (next === null) return;
        // Only the journal can fail here (its disk is full): the job is lost to it but not to the one who looks at it.
        await this.runJob(next, lane).catch((error: unknown) => this.failUnwritten(next.id, error));
        // Something in another lane may have waited for this one.
        this.pump();
      }
    } finally {
      // In the same turn in which it saw that nothing is left: what is added from now on begins anew.
      this.pumping.delete(lane);
    }
  }

  private async runJob({ id, kind }: JobSnapshot, lane: Lane): Promise<void> {
    const running = this.running.begin(lane, id);
    try {
      await this.apply({ type: "started", id, at: now() });
      await this.options.makeRoom?.(this.get(id));
      const made = await this.options.runners[kind].run(this.get(id), this.context(id, running.abort.signal));
      if (made === null) await this.apply({ type: "waiting", id });
      else {
        await this.apply(success(id, made));
        if ("record" in made) this.options.onClip();
        await this.forget(this.get(id));
      }
    } catch (cause) {
      await this.stopped(running, StudioError.from(cause));
    } finally {
      this.running.end(lane);
    }
  }

  /** A job's work ended without a result. */
  private async stopped({ id, stop: how, abort }: Running, error: StudioError): Promise<void> {
    // Whatever broke because it was stopped is no failure of its own.
    if (abort.signal.aborted && how === "yield") await this.apply({ type: "yielded", id });
    else if (error.code === "CANCELLED" && how === "pause") await this.apply({ type: "paused", id });
    else if (error.code === "CANCELLED") {
      await this.apply({ type: "cancelled", id, at: now() });
      await this.forget(this.get(id));
    } else {
      this.options.log(`job ${id}: ${error.code} ${error.message} ${error.detail ?? ""}`);
      await this.apply({ type: "failed", id, at: now(), error: error.toData() });
      const hold = this.deaths.note(error.code);
      if (hold !== null && this.hold === null) await this.setHold(hold);
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
      storing: (progress, speed) => this.show(id, (job) => (isModelJob(job) ? { ...job, progress, speed } : job)),
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
    await this.applyAll([event]);
  }

  /** All or none. */
  private async applyAll(events: readonly QueueEvent[]): Promise<void> {
    await this.options.queueLog.append(...events);
    for (const event of events) this.set(event);
  }

  private async failUnrun(id: string, error: StudioError): Promise<void> {
    await this.applyAll(failure(id, error)).catch((cause: unknown) => this.failUnwritten(id, cause));
  }

  private failUnwritten(id: string, cause: unknown): void {
    this.options.log(`job ${id}: ${String(cause)}`);
    for (const event of failure(id, StudioError.from(cause))) this.set(event);
  }

  private async setHold(hold: QueueHold | null): Promise<void> {
    await this.apply({ type: "held", hold });
    this.options.onQueue();
  }

  private set(event: QueueEvent): void {
    this.queue = reduce(this.queue, event);
    this.hold = reduceHold(this.hold, event);
    if (event.type !== "held") this.tell(event.type === "enqueued" ? event.job.id : event.id);
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
