import type { ErrorCode, JobKind, QueueHold } from "../../../core/contract/index.ts";

/** How many deaths of the engine within how long stop the queue. */
const DEATHS = 3;
const WINDOW_MS = 5 * 60_000;

const DEADLY: ReadonlySet<ErrorCode> = new Set(["ENGINE_CRASHED", "ENGINE_UNRESPONSIVE", "MODEL_OUT_OF_MEMORY"]);

/** What the engine that looks at media works on. */
const LOOKING = ["analysis", "follow"] as const;

/**
 * Counts how often jobs ended because their engine died, hung or ran out of memory. Three within five minutes mean that the next job
 * would most likely end the same way: the queue stops and says so, and the rest of the list is not burnt. Looking at media has an engine of
 * its own: where that one dies, only what needs it waits, and clips and films go on.
 */
export class DeathWatch {
  private readonly now: () => number;
  private readonly deaths: Record<"making" | "looking", number[]> = { making: [], looking: [] };

  /** @param now milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Notes how a job of this kind failed: what must hold the queue now, or null. */
  note(kind: JobKind, code: ErrorCode): QueueHold | null {
    if (!DEADLY.has(code)) return null;
    const now = this.now();
    const isLooking = LOOKING.some((each) => each === kind);
    const of = isLooking ? "looking" : "making";
    const deaths = [...this.deaths[of].filter((at) => now - at < WINDOW_MS), now];
    this.deaths[of] = deaths.length < DEATHS ? deaths : [];
    if (deaths.length < DEATHS) return null;
    const cause =
      code === "MODEL_OUT_OF_MEMORY"
        ? "close other programs or choose smaller clips, then press Resume."
        : "look at what the failed jobs say, then press Resume.";
    if (isLooking)
      return {
        by: "deaths",
        only: [...LOOKING],
        message: `The engine that looks at media stopped ${DEATHS} times within five minutes, so looking waits while clips and films go on: ${cause}`,
      };
    return {
      by: "deaths",
      message: `The engine stopped ${DEATHS} times within five minutes, so the queue waits: ${cause}`,
    };
  }

  /** The user says go on: what was counted is forgiven. */
  forget(): void {
    this.deaths.making = [];
    this.deaths.looking = [];
  }
}
