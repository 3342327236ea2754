import type { ErrorCode, QueueHold } from "../../../core/contract/index.ts";

/** How many deaths of the engine within how long stop the queue. */
const DEATHS = 3;
const WINDOW_MS = 5 * 60_000;

const DEADLY: ReadonlySet<ErrorCode> = new Set(["ENGINE_CRASHED", "ENGINE_UNRESPONSIVE", "MODEL_OUT_OF_MEMORY"]);

/**
 * Counts how often jobs ended because their engine died, hung or ran out of memory. Three within five minutes mean that the next job
 * would most likely end the same way: the queue stops and says so, and the rest of the list is not burnt.
 */
export class DeathWatch {
  private readonly now: () => number;
  private deaths: number[] = [];

  /** @param now milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Notes how a job failed; resolves to what must hold the queue now, or null. */
  note(code: ErrorCode): QueueHold | null {
    if (!DEADLY.has(code)) return null;
    const now = this.now();
    this.deaths = [...this.deaths.filter((at) => now - at < WINDOW_MS), now];
    if (this.deaths.length < DEATHS) return null;
    this.deaths = [];
    const cause =
      code === "MODEL_OUT_OF_MEMORY"
        ? "close other programs or choose smaller clips, then press Resume."
        : "look at what the failed jobs say, then press Resume.";
    return {
      by: "deaths",
      message: `The engine stopped ${DEATHS} times within five minutes, so the queue waits: ${cause}`,
    };
  }

  /** The user says go on: what was counted is forgiven. */
  forget(): void {
    this.deaths = [];
  }
}
