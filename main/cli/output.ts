import cliProgress from "cli-progress";
import type { Progress, StudioError } from "../../core/contract/index.ts";

/** Exit codes, documented in `plume --help`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cancelled: 130 } as const;

function exitCodeOf(error: StudioError): number {
  if (error.code === "CANCELLED") return EXIT.cancelled;
  return error.code === "BAD_REQUEST" ? EXIT.usage : EXIT.failed;
}

export interface OutputOptions {
  /** One JSON object on stdout and nothing else. */
  readonly json: boolean;
  /** Nothing but errors. */
  readonly quiet: boolean;
}

/** Where a command's words go: results to stdout, everything else to stderr, a moving bar only where somebody watches. */
export class Output {
  private readonly options: OutputOptions;
  private bar: cliProgress.SingleBar | null = null;
  private code: number = EXIT.ok;

  constructor(options: OutputOptions) {
    this.options = options;
  }

  /** The exit code that goes with what was told. */
  get exitCode(): number {
    return this.code;
  }

  /** The command's answer: `value` as JSON, or `text` for people; `ok` false for an answer that is bad news. */
  result(value: Record<string, unknown>, text: string, ok = true): void {
    this.clear();
    this.code = ok ? EXIT.ok : EXIT.failed;
    if (this.options.json) process.stdout.write(`${JSON.stringify({ ok, ...value })}\n`);
    else if (!this.options.quiet && text !== "") process.stdout.write(`${text}\n`);
  }

  /** A failure: one sentence on stderr, or one JSON object on stdout. */
  failure(error: StudioError): void {
    this.clear();
    this.code = exitCodeOf(error);
    if (this.options.json) process.stdout.write(`${JSON.stringify({ ok: false, error: error.toData() })}\n`);
    else process.stderr.write(`plume: ${error.message}\n`);
  }

  /** Words that must be read before going on, in pipes too. With --json they stand in the error's detail. */
  tell(text: string): void {
    this.clear();
    if (!this.options.json) process.stderr.write(`${text}\n`);
  }

  /** A remark for whoever watches; silent in pipes. */
  remark(text: string): void {
    if (this.watched) process.stderr.write(`${text}\n`);
  }

  /** Moves the bar to `fraction` (0 to 1) with a word about what is going on. */
  progress(fraction: number, text: string): void {
    if (!this.watched) return;
    if (this.bar === null) {
      this.bar = new cliProgress.SingleBar({
        format: "{bar} {percentage}%  {text}",
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 28,
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        // Redrawn when something happens, so that the text never lags behind the bar.
        fps: 20,
      });
      this.bar.start(1000, 0, { text });
    }
    this.bar.update(Math.floor(fraction * 1000), { text });
  }

  /** Takes the bar away. */
  clear(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private get watched(): boolean {
    return !this.options.json && !this.options.quiet && process.stderr.isTTY;
  }
}

const PHASES: Record<Progress["phase"], string> = {
  queue: "waiting",
  load: "loading the model",
  calibrate: "measuring ranges for int8 (once per model)",
  listen: "listening to the sound",
  text: "reading the prompt",
  denoise: "forming the picture",
  decode: "drawing frames",
  encode: "writing the file",
  measure: "measuring the loudness",
  render: "writing the film",
  check: "checking the file",
  download: "downloading",
  verify: "comparing with what was published",
  convert: "converting",
  proxy: "making it play smoothly",
  look: "looking at what it shows",
};

/** "forming the picture, step 2 of 4, about 20 s left" */
export function describe(progress: Progress): string {
  const parts = [PHASES[progress.phase]];
  if (progress.done > 0 && progress.phase === "denoise") parts.push(`step ${progress.done} of ${progress.total}`);
  if (progress.done > 0 && progress.phase === "decode") parts.push(`${progress.done} of ${progress.total}`);
  if (progress.etaMs !== null && progress.etaMs > 0) parts.push(`about ${duration(progress.etaMs)} left`);
  return parts.join(", ");
}

/** Rounded the way people speak: 40 s, 3 min, 1 h 20 min. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds < 20 ? seconds : Math.round(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
