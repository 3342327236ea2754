import type { Progress } from "../../../core/contract/index.ts";

/** Speed is measured over so long, so that a pause shows and a hiccup does not. */
const WINDOW_MS = 8000;
const TELL_EVERY_MS = 250;

/** Turns bytes into a job's progress: never falling, told a few times a second, with the speed of the last seconds. */
export class TransferMeter {
  private readonly tell: (progress: Progress, speed: number | null) => void;
  private readonly now: () => number;
  private samples: { readonly at: number; readonly done: number }[] = [];
  private toldAt = Number.NEGATIVE_INFINITY;
  private fraction = 0;
  private done = 0;
  private phase: Progress["phase"] | null = null;

  /** @param now milliseconds */
  constructor(tell: (progress: Progress, speed: number | null) => void, now = () => performance.now()) {
    this.tell = tell;
    this.now = now;
  }

  report(phase: "download" | "verify", done: number, total: number): void {
    const at = this.now();
    if (phase !== this.phase) {
      this.phase = phase;
      this.samples = [];
      this.done = 0;
    }
    this.done = Math.min(total, Math.max(this.done, done));
    if (at - this.toldAt < TELL_EVERY_MS && done < total) return;
    this.toldAt = at;
    this.samples = [...this.samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, done }];
    const [first] = this.samples;
    const seconds = (at - first!.at) / 1000;
    const speed = seconds >= 0.5 && done > first!.done ? (done - first!.done) / seconds : null;
    this.fraction = Math.max(this.fraction, total > 0 ? Math.min(1, this.done / total) : 0);
    const etaMs = speed === null ? null : Math.round(((total - done) / speed) * 1000);
    this.tell({ phase, done: this.done, total, fraction: this.fraction, etaMs }, phase === "download" ? speed : null);
  }
}
