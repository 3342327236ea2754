import type { Progress } from "../../../core/contract/index.ts";
import type { ExportSettings } from "../../../core/export/index.ts";
import type { ExportPhase } from "./task.ts";

/** Seconds over which the speed is measured: films are of light and heavy stretches. */
const WINDOW_MS = 5000;

/** Turns an export's reports into the job's progress: one bar over all phases that only rises. */
export class ExportMeter {
  private readonly shares: Readonly<Record<ExportPhase, readonly [number, number]>>;
  private readonly now: () => number;
  private readonly isFilm: boolean;
  private progress: Progress = { phase: "render", done: 0, total: 0, fraction: 0, etaMs: null };
  private seen: { at: number; done: number }[] = [];

  /** `now` in milliseconds. */
  constructor(settings: ExportSettings, now: () => number = () => performance.now()) {
    this.now = now;
    this.isFilm = settings.video !== null;
    const measured = settings.audio?.loudness != null;
    // Mixing costs little next to painting; without pictures the two passes are alike.
    const begin = measured ? (this.isFilm ? 0.06 : 0.5) : 0;
    this.shares = { measure: [0, begin], render: [begin, 0.97], check: [0.97, 1] };
  }

  /** Frames a second; null before it is known, and where there is only sound. */
  get speed(): number | null {
    const [first, last] = [this.seen[0], this.seen.at(-1)];
    if (!this.isFilm || first === undefined || last === undefined || last.at - first.at < 200) return null;
    return (1000 * (last.done - first.done)) / (last.at - first.at);
  }

  /** After a pause, whose time does not count. */
  goOn(): void {
    this.seen = [];
  }

  report(phase: ExportPhase, done: number, total: number): Progress {
    const [from, to] = this.shares[phase];
    const fraction = Math.max(this.progress.fraction, from + (to - from) * (total === 0 ? 0 : done / total));
    const now = this.now();
    let etaMs: number | null = null;
    if (phase === "render") {
      this.seen.push({ at: now, done });
      while (this.seen.length > 2 && this.seen[0]!.at < now - WINDOW_MS) this.seen.shift();
      const [first, last] = [this.seen[0]!, this.seen.at(-1)!];
      if (last.done > first.done && last.at - first.at > 500)
        etaMs = Math.round(((total - done) * (last.at - first.at)) / (last.done - first.done));
    } else this.seen = [];
    this.progress = { phase, done, total, fraction, etaMs };
    return this.progress;
  }
}
