import { StudioError } from "../../../core/contract/index.ts";

/** Ended jobs whose last preview is kept. */
const ENDED_JOBS = 12;
/** Steps kept of a running job: the window may still be fetching the one before the latest. */
const STEPS = 3;

/** Latent previews in memory: a few steps of the running job and the last one of recent jobs. At most some megabytes. */
export class PreviewStore {
  private readonly jobs = new Map<string, Map<number, Uint8Array>>();

  put(jobId: string, step: number, rgba: Uint8Array): void {
    const steps = this.jobs.get(jobId) ?? new Map<number, Uint8Array>();
    steps.set(step, Uint8Array.from(rgba));
    for (const old of steps.keys()) if (steps.size > STEPS) steps.delete(old);
    // Last used last: a Map keeps the order of insertion.
    this.jobs.delete(jobId);
    this.jobs.set(jobId, steps);
    for (const old of this.jobs.keys()) if (this.jobs.size > ENDED_JOBS) this.jobs.delete(old);
  }

  /** Errors: NOT_FOUND. */
  get(jobId: string, step: number): Uint8Array {
    const rgba = this.jobs.get(jobId)?.get(step);
    if (rgba === undefined) throw new StudioError("NOT_FOUND", "This preview is gone: look at the clip itself.");
    return rgba;
  }

  drop(jobId: string): void {
    this.jobs.delete(jobId);
  }
}
