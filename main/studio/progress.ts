import type { Progress } from "../../core/contract/index.ts";

type EnginePhase = "load" | "calibrate" | "text" | "denoise" | "decode";

/** The last hundredth of the bar belongs to closing and verifying the file, which takes a few tenths of a second. */
const ENGINE_SHARE = 0.99;

/** The part of the job's bar that one run fills: an animation's first run ends where the user is asked. */
export interface ProgressSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * Turns the engine's reports into the job's progress. The engine's `fraction` is the share of the clip's known floating-point work;
 * the time left is extrapolated from how long measured work of the *same* phase took, and stays null until two steps were measured
 * (the first one also pays for loading weights and is left out).
 */
export class ProgressMeter {
  private progress: Progress = { phase: "load", done: 0, total: 0, fraction: 0, etaMs: null };
  private first: { phase: EnginePhase; at: number; fraction: number } | null = null;
  private readonly now: () => number;

  private readonly span: ProgressSpan;

  /** `now` in milliseconds. */
  constructor(span: ProgressSpan = { from: 0, to: 1 }, now: () => number = () => performance.now()) {
    this.span = span;
    this.now = now;
    this.progress = { ...this.progress, fraction: span.from };
  }

  get current(): Progress {
    return this.progress;
  }

  report(phase: EnginePhase, done: number, total: number, engineFraction: number): Progress {
    const now = this.now();
    const { from, to } = this.span;
    const share = to < 1 ? 1 : ENGINE_SHARE;
    const fraction = Math.max(this.progress.fraction, from + engineFraction * share * (to - from));
    let etaMs = this.progress.etaMs;
    if ((phase === "calibrate" || phase === "denoise" || phase === "decode") && done >= 1) {
      if (this.first?.phase !== phase) this.first = { phase, at: now, fraction: engineFraction };
      else if (engineFraction > this.first.fraction) {
        const msPerShare = (now - this.first.at) / (engineFraction - this.first.fraction);
        etaMs = Math.max(0, Math.round((1 - engineFraction) * msPerShare));
      }
    }
    const samePhase = this.progress.phase === phase;
    this.progress = { phase, done: samePhase ? Math.max(done, this.progress.done) : done, total, fraction, etaMs };
    return this.progress;
  }

  /** The frames are all there; the file is being closed and read back. */
  encoding(): Progress {
    this.progress = {
      phase: "encode",
      done: 0,
      total: 0,
      fraction: Math.max(this.progress.fraction, ENGINE_SHARE),
      etaMs: null,
    };
    return this.progress;
  }

  /** A model is being installed on the way; it has no share of the clip's own work. */
  installing(fraction: number): Progress {
    this.progress = {
      ...this.progress,
      phase: "load",
      done: Math.round(fraction * 100),
      total: 100,
      etaMs: null,
    };
    return this.progress;
  }

  /** The sound is being listened to; next to the pictures that takes no time. */
  listening(): Progress {
    this.progress = { ...this.progress, phase: "listen", done: 0, total: 0, etaMs: null };
    return this.progress;
  }
}
