import { type JobSnapshot, StudioError } from "../../../core/contract/index.ts";
import type { Queue } from "./queue.ts";
import { type Lane, readyOf } from "./turns.ts";

export interface GateOptions {
  /** Null: this job may begin now; a sentence: what it waits for. Errors: what it is refused with. */
  readonly admit: (job: JobSnapshot) => Promise<string | null>;
  readonly queue: () => Queue;
  /** False: nothing new begins in this lane. */
  readonly isOpen: (lane: Lane) => boolean;
  /** What holds the queue holds this job. */
  readonly isHeld: (job: JobSnapshot) => boolean;
  /** A job waits for this, or for nothing any more. */
  readonly show: (id: string, waitsFor: string | null) => void;
  readonly refuse: (id: string, error: StudioError) => Promise<void>;
  /** What waits is to be looked at again. */
  readonly again: () => void;
  readonly againMs: number;
}

/** Where jobs wait until there is memory for them. Smaller ones pass one that waits. */
export class Gate {
  private readonly options: GateOptions;
  /** Jobs that the user lets begin whatever they wait for. */
  private readonly forced = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(options: GateOptions) {
    this.options = options;
  }

  /** This job need not wait. */
  force(id: string): void {
    this.forced.add(id);
  }

  /** The first in line that may begin in this lane; null: none. */
  async next(lane: Lane): Promise<JobSnapshot | null> {
    const { queue, isOpen, isHeld, show, again, againMs } = this.options;
    const seen = new Set<string>();
    for (;;) {
      // Anew each time: looking takes a moment, in which the queue may have changed.
      const job = readyOf(queue(), lane).find((each) => !seen.has(each.id) && !isHeld(each));
      if (!isOpen(lane)) return null;
      if (job === undefined) break;
      seen.add(job.id);
      const waitsFor = await this.ask(job);
      const now = readyOf(queue(), lane).find(({ id }) => id === job.id);
      if (now === undefined || isHeld(now)) continue;
      if (waitsFor !== now.waitsFor) show(job.id, waitsFor);
      if (waitsFor === null) return isOpen(lane) ? now : null;
    }
    if (queue().some(({ waitsFor }) => waitsFor !== null)) {
      clearTimeout(this.timer);
      this.timer = setTimeout(again, againMs).unref();
    }
    return null;
  }

  close(): void {
    clearTimeout(this.timer);
  }

  /** What a job waits for; one that is refused has ended by then. */
  private async ask(job: JobSnapshot): Promise<string | null> {
    if (this.forced.has(job.id)) return null;
    try {
      return await this.options.admit(job);
    } catch (error) {
      await this.options.refuse(job.id, StudioError.from(error));
      return null;
    }
  }
}
