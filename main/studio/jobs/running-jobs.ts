import type { Lane } from "./turns.ts";

/** How a running job is to stop: for good, until the user says go on, or until its turn comes again. */
export type Stop = "cancel" | "pause" | "yield";

export interface Running {
  readonly id: string;
  readonly abort: AbortController;
  stop: Stop;
}

/** The jobs that are worked on, one a lane. */
export class RunningJobs {
  private readonly byLane = new Map<Lane, Running>();

  begin(lane: Lane, id: string): Running {
    const running: Running = { id, abort: new AbortController(), stop: "cancel" };
    this.byLane.set(lane, running);
    return running;
  }

  end(lane: Lane): void {
    this.byLane.delete(lane);
  }

  /** Asks a job to stop; false when it is not worked on. */
  stop(id: string, how: Stop): boolean {
    const running = [...this.byLane.values()].find((each) => each.id === id);
    if (running === undefined) return false;
    // Whoever asked to end it for good is not overruled by a pause that comes later.
    if (!running.abort.signal.aborted || how === "cancel") running.stop = how;
    running.abort.abort();
    return true;
  }

  /** They wait for their turns again. */
  yieldAll(): void {
    for (const { id } of this.byLane.values()) this.stop(id, "yield");
  }
}
