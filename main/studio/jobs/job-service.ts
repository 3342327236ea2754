import {
  isHeld,
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
import { LiveQueue } from "./live-queue.ts";
import { type AnimationChange, hasEnded, isModelJob, type QueueBook, type QueueEvent } from "./queue.ts";
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
  /** False: this lane begins nothing now; `pump` looks again. */
  readonly mayBegin?: (lane: Lane) => boolean;
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
  private readonly queue: LiveQueue;
  private readonly deaths: DeathWatch;
  private readonly previews = new PreviewStore();
  /** Destinations outside the library, of jobs of this process only. */
  private readonly destinations = new Map<string, Destination>();
  private readonly running = new RunningJobs();
  private readonly pumping = new Map<Lane, Promise<void>>();
  private readonly gate: Gate;
  private works = false;
  private closing = false;

  constructor(options: JobServiceOptions) {
    this.options = options;
    this.queue = new LiveQueue(options.book, options.queueLog, options.emit);
    this.deaths = new DeathWatch(options.now);
    this.gate = new Gate({
      admit: async (job) => (await options.admit?.(job)) ?? null,
      queue: () => this.queue.jobs,
      isOpen: (lane) => !this.closing && !this.isWhollyHeld && options.mayBegin?.(lane) !== false,
      isHeld: ({ kind }) => isHeld(this.hold, kind),
      show: (id, waitsFor) => this.queue.show(id, (job) => ({ ...job, waitsFor })),
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

  /** The queue as a whole. */
  get state(): QueueState {
    return { order: this.queue.jobs.map(({ id }) => id), hold: this.hold };
  }

  private get hold(): QueueHold | null {
    return this.queue.hold;
  }

  private get isWhollyHeld(): boolean {
    return this.hold !== null && this.hold.only === undefined;
  }

  /** Holds the queue: nothing new begins, and what runs stops where it goes on later. A queue that is held stays as it is. */
  async holdAll(): Promise<void> {
    if (this.isWhollyHeld) return;
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
    const priority = before === null ? inLine(this.queue.jobs).at(-1)?.priority : this.get(before).priority;
    await this.queue.record(
      { type: "moved", id, before },
      { type: "prioritized", id, priority: priority ?? job.priority },
    );
    this.options.onQueue();
  }

  /** All or none. Errors: NOT_FOUND. */
  async prioritize(ids: readonly string[], priority: Priority): Promise<void> {
    for (const id of ids) this.get(id);
    await this.queue.record(...ids.map((id) => ({ type: "prioritized", id, priority }) as const));
    this.pump(); // what may not begin yet is looked at in this order
  }

  list(): JobSnapshot[] {
    return [...this.queue.jobs];
  }

  /** Errors: NOT_FOUND. */
  get(id: string): JobSnapshot {
    return this.queue.get(id);
  }

  /** Puts new jobs at the queue's end; their ids must be fresh. */
  async add<J extends JobSnapshot>(jobs: readonly J[], destination?: Destination): Promise<J[]> {
    await this.options.queueLog.append(...jobs.map((job) => ({ type: "enqueued", job }) as const));
    for (const job of jobs) {
      if (destination !== undefined) this.destinations.set(job.id, destination);
      this.queue.set({ type: "enqueued", job });
    }
    this.pump();
    return jobs.map(({ id }) => this.get(id) as J);
  }

  /** Jobs that wait are taken out at once; running ones stop between two steps. Ended ones stay as they are. Errors: NOT_FOUND. */
  async cancel(ids: readonly string[]): Promise<void> {
    const idle = ids.map((id) => this.get(id)).filter((job) => !this.running.stop(job.id, "cancel") && !hasEnded(job));
    await this.queue.record(...idle.map(({ id }) => ({ type: "cancelled", id, at: now() }) as const));
    for (const job of idle) await this.forget(job);
    if (idle.length > 0) this.pump(); // others may have waited for these
  }

  /** Holds jobs that are queued or running; what they have computed is kept. Others stay as they are. Errors: NOT_FOUND. */
  async pause(ids: readonly string[]): Promise<void> {
    const idle = ids
      .map((id) => this.get(id))
      .filter(({ id, state }) => !this.running.stop(id, "pause") && state === "queued");
    await this.queue.record(...idle.map(({ id }) => ({ type: "paused", id }) as const));
  }

  /** Puts paused jobs back among those that wait their turn; those that wait for memory begin in spite of that. Errors: NOT_FOUND. */
  async resume(ids: readonly string[]): Promise<void> {
    const jobs = ids.map((id) => this.get(id));
    for (const { id, waitsFor } of jobs) if (waitsFor !== null) this.gate.force(id);
    const paused = jobs.filter(({ state }) => state === "paused");
    await this.queue.record(...paused.map(({ id }) => ({ type: "requeued", id }) as const));
    this.pump();
  }

  /** The user's word has come: an animation goes on, changed as told. Errors: NOT_FOUND. */
  async requeue(id: string, change?: AnimationChange): Promise<JobSnapshot> {
    const events: QueueEvent[] = [
      ...(change === undefined ? [] : [{ type: "advanced", id, change } as const]),
      { type: "requeued", id },
    ];
    await this.queue.record(...events);
    this.pump();
    return this.get(id);
  }

  /** Queues the same request again: same seed, so the same clip. Errors: NOT_FOUND, BAD_REQUEST (not ended yet), MODEL_NOT_FOUND. */
  async retry(id: string): Promise<JobSnapshot> {
    if (!hasEnded(this.get(id)))
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

  /** Takes ended jobs off the list, all or none. Errors: NOT_FOUND, BAD_REQUEST (one has not ended yet). */
  async dismiss(ids: readonly string[]): Promise<void> {
    const jobs = ids.map((id) => this.get(id));
    if (!jobs.every(hasEnded)) throw new StudioError("BAD_REQUEST", "This job is still in the queue: cancel it first.");
    await this.queue.record(...ids.map((id) => ({ type: "dismissed", id }) as const));
    for (const job of jobs) {
      this.previews.drop(job.id);
      this.destinations.delete(job.id);
      await this.forget(job);
      this.options.emit({ type: "job-dismissed", id: job.id });
    }
  }

  /** Resolves when the job has ended. Errors: NOT_FOUND. */
  ended(id: string): Promise<JobSnapshot> {
    return this.queue.ended(id);
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
      while (!this.closing && !this.isWhollyHeld) {
        for (const { job, because } of stranded(this.queue.jobs)) await this.failUnrun(job.id, hopeless(because));
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
    if (lane === "compute" || lane === "asked") this.giveWay();
    try {
      await this.queue.record({ type: "started", id, at: now() });
      await this.options.makeRoom?.(this.get(id));
      const made = await this.options.runners[kind].run(this.get(id), this.context(id, running.abort.signal));
      if (made === null) await this.queue.record({ type: "waiting", id });
      else {
        await this.queue.record(success(id, made));
        if ("record" in made) this.options.onClip();
        await this.forget(this.get(id));
      }
    } catch (cause) {
      await this.stopped(running, StudioError.from(cause));
    } finally {
      this.running.end(lane);
    }
  }

  /** Looking at media stops for a clip, or for a look that somebody waits for, which get its memory and the computer; it begins anew after that. */
  private giveWay(): void {
    for (const { id, kind } of this.queue.jobs) if (kind === "analysis") this.running.stop(id, "yield");
  }

  /** A job's work ended without a result. */
  private async stopped({ id, stop: how, abort }: Running, error: StudioError): Promise<void> {
    // Whatever broke because it was stopped is no failure of its own.
    if (abort.signal.aborted && how === "yield") await this.queue.record({ type: "yielded", id });
    else if (error.code === "CANCELLED" && how === "pause") await this.queue.record({ type: "paused", id });
    else if (error.code === "CANCELLED") {
      await this.queue.record({ type: "cancelled", id, at: now() });
      await this.forget(this.get(id));
    } else {
      this.options.log(`job ${id}: ${error.code} ${error.message} ${error.detail ?? ""}`);
      await this.queue.record({ type: "failed", id, at: now(), error: error.toData() });
      const hold = this.deaths.note(this.get(id).kind, error.code);
      if (hold !== null && !this.isWhollyHeld) await this.setHold(hold);
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
        await this.queue.record({ type: "advanced", id, change });
        return this.get(id);
      },
    };
  }

  private show(id: string, change: (job: JobSnapshot) => JobSnapshot): void {
    this.queue.show(id, (job) => (job.state === "running" ? change(job) : job));
  }

  private async failUnrun(id: string, error: StudioError): Promise<void> {
    await this.queue.record(...failure(id, error)).catch((cause: unknown) => this.failUnwritten(id, cause));
  }

  private failUnwritten(id: string, cause: unknown): void {
    this.options.log(`job ${id}: ${String(cause)}`);
    for (const event of failure(id, StudioError.from(cause))) this.queue.set(event);
  }

  private async setHold(hold: QueueHold | null): Promise<void> {
    await this.queue.record({ type: "held", hold });
    this.options.onQueue();
  }
}
