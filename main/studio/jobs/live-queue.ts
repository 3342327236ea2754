import { type JobSnapshot, type QueueHold, StudioError, type StudioEvent } from "../../../core/contract/index.ts";
import type { QueueLog } from "./job-runner.ts";
import { hasEnded, type Queue, type QueueBook, type QueueEvent, reduce, reduceHold } from "./queue.ts";

/** The queue as it is now: what changes it is in the journal before it is here, and here before anybody is told. */
export class LiveQueue {
  private readonly queueLog: QueueLog;
  private readonly emit: (event: StudioEvent) => void;
  private readonly waiters = new Map<string, ((job: JobSnapshot) => void)[]>();
  private queue: Queue;
  private held: QueueHold | null;

  constructor({ queue, hold }: QueueBook, queueLog: QueueLog, emit: (event: StudioEvent) => void) {
    this.queue = queue;
    this.held = hold;
    this.queueLog = queueLog;
    this.emit = emit;
  }

  get jobs(): Queue {
    return this.queue;
  }

  get hold(): QueueHold | null {
    return this.held;
  }

  /** Errors: NOT_FOUND. */
  get(id: string): JobSnapshot {
    const job = this.queue.find((candidate) => candidate.id === id);
    if (job === undefined) throw new StudioError("NOT_FOUND", "This job is no longer in the list.");
    return job;
  }

  /** Changes that must survive a restart, all or none. Errors: the journal's. */
  async record(...events: readonly QueueEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.queueLog.append(...events);
    for (const event of events) this.set(event);
  }

  /** A change that the journal could not take: lost to it, but not to the one who looks at it. */
  set(event: QueueEvent): void {
    this.queue = reduce(this.queue, event);
    this.held = reduceHold(this.held, event);
    if (event.type !== "held") this.tell(event.type === "enqueued" ? event.job.id : event.id);
  }

  /** A change that need not survive a restart. */
  show(id: string, change: (job: JobSnapshot) => JobSnapshot): void {
    this.queue = this.queue.map((job) => (job.id === id ? change(job) : job));
    this.tell(id);
  }

  /** Resolves when the job has ended. Errors: NOT_FOUND. */
  ended(id: string): Promise<JobSnapshot> {
    const job = this.get(id);
    if (hasEnded(job)) return Promise.resolve(job);
    return new Promise((resolve) => this.waiters.set(id, [...(this.waiters.get(id) ?? []), resolve]));
  }

  private tell(id: string): void {
    const job = this.queue.find((candidate) => candidate.id === id);
    if (job === undefined) return;
    this.emit({ type: "job", job });
    if (!hasEnded(job)) return;
    for (const resolve of this.waiters.get(id) ?? []) resolve(job);
    this.waiters.delete(id);
  }
}
