import {
  type FollowJob,
  isHeld,
  type JobSnapshot,
  type MaskStatus,
  type QueueHold,
  StudioError,
  type SubjectLook,
} from "../../../core/contract/index.ts";
import { abortable } from "../abortable.ts";
import type { MediaLine } from "../jobs/media-line.ts";
import type { MediaSource } from "../media/sources.ts";

export interface FollowsOptions {
  readonly line: Pick<MediaLine, "want" | "find">;
  readonly ended: (id: string) => Promise<JobSnapshot>;
  readonly hold: () => QueueHold | null;
}

/** Looks for subjects as jobs of the queue, for those who wait for what they find. */
export class Follows {
  private readonly options: FollowsOptions;

  constructor(options: FollowsOptions) {
    this.options = options;
  }

  /** Puts a look in the queue that is not there; what failed is tried again, what the user stopped only `again`. */
  async want(source: MediaSource, look: SubjectLook, again: boolean): Promise<void> {
    const isToRetry = again || this.find(source, look)?.state === "failed";
    await this.options.line.want("follow", [source], isToRetry, look);
  }

  /** The job in the list, or on its way there. */
  find({ media }: MediaSource, look: SubjectLook): FollowJob | null {
    return this.options.line.find("follow", media.version, look) as FollowJob | null;
  }

  /**
   * Puts a look in the queue and resolves when it is done. Errors: those of looking; BAD_REQUEST where it was stopped in the queue or waits
   * there for the user; CANCELLED by the signal, which leaves the job to others who may wait for it.
   */
  async done(source: MediaSource, look: SubjectLook, signal: AbortSignal): Promise<void> {
    const hold = this.options.hold();
    if (hold !== null && isHeld(hold, "follow")) throw new StudioError("BAD_REQUEST", hold.message);
    await this.want(source, look, true);
    const job = this.find(source, look);
    if (job === null) return; // done, and off the list already
    if (job.state === "paused") throw new StudioError("BAD_REQUEST", pausedWords(source));
    const { state, error } = await abortable(this.options.ended(job.id), signal);
    if (state === "failed" && error !== null) throw StudioError.fromData(error);
    if (state === "cancelled") throw new StudioError("BAD_REQUEST", stoppedWords(source));
  }

  /** How far a look is, or what it waits for, as those see it who wait for it. */
  state(source: MediaSource, look: SubjectLook): Pick<MaskStatus, "making" | "problem"> {
    const job = this.find(source, look);
    if (job === null) return { making: null, problem: stoppedWords(source) };
    if (job.state === "done") return { making: null, problem: null };
    if (job.state === "failed") return { making: null, problem: job.error?.message ?? null };
    if (job.state === "cancelled") return { making: null, problem: stoppedWords(source) };
    if (job.state === "paused") return { making: null, problem: pausedWords(source) };
    const hold = this.options.hold();
    const isWaiting = job.state === "queued" && isHeld(hold, "follow");
    return isWaiting ? { making: null, problem: hold!.message } : { making: job.progress.fraction, problem: null };
  }
}

const stoppedWords = ({ media }: MediaSource): string =>
  `Looking for the subjects of “${media.name}” was stopped in the queue: look again to go on.`;
const pausedWords = ({ media }: MediaSource): string =>
  `Looking for the subjects of “${media.name}” is paused in the queue: resume it there.`;
