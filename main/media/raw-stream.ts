import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { StudioError } from "../../core/contract/index.ts";
import type { Flicks } from "../../core/time/index.ts";
import { filterText } from "./filter-text.ts";
import { onLeash } from "./leash.ts";
import { mediaError } from "./run.ts";

/** Lines of stderr kept for the error's detail. */
const TAIL_LINES = 40;

/** Prints the time of every frame that passes, in flicks, on stderr: raw frames on stdout carry none. */
export const TELL_TIMES = `settb=1/705600000,metadata=mode=add:key=t:value=1,metadata=mode=print:file=${filterText("pipe:2")}:direct=1`;

/**
 * Decoded bytes of a media, pulled piece by piece: ffmpeg waits while nobody reads, so memory stays at a pipe's worth. With TELL_TIMES
 * among its filters, the time of each frame comes beside its bytes.
 */
export class RawStream {
  private readonly child: ChildProcess;
  private readonly times: Flicks[] = [];
  private readonly tail: string[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private ended = false;
  private linesEnded = false;
  private closing = false;
  private failure: StudioError | null = null;
  private wake: (() => void)[] = [];
  private readonly gone: Promise<void>;

  /** @param isFed whether it reads its stdin, which `write` fills */
  constructor(tool: string, args: readonly string[], isFed = false) {
    const detached = process.platform !== "win32";
    const stdin = isFed ? "pipe" : "ignore";
    this.child = spawn(tool, args, { stdio: [stdin, "pipe", "pipe"], windowsHide: true, detached });
    // EPIPE says only that the process died; its exit code and stderr say why.
    this.child.stdin?.on("error", () => {});
    onLeash(this.child);
    this.child.stdout!.on("readable", () => this.stir());
    this.child.stdout!.on("end", () => {
      this.ended = true;
      this.stir();
    });
    const lines = createInterface({ input: this.child.stderr! });
    lines.on("line", (line) => this.note(line));
    lines.on("close", () => {
      this.linesEnded = true;
      this.stir();
    });
    this.gone = new Promise((resolve) => {
      this.child.once("error", (cause) => {
        this.failure = new StudioError(
          "FFMPEG_MISSING",
          "ffmpeg could not be started: check that it is installed and may be run.",
          cause.message,
        );
        this.ended = this.linesEnded = true;
        this.stir();
        resolve();
      });
      this.child.once("close", (code, signal) => {
        if (code !== 0 && !this.closing) this.failure = mediaError(this.complaints, code, signal);
        this.ended = this.linesEnded = true;
        this.stir();
        resolve();
      });
    });
  }

  /** What ffmpeg complained about so far. */
  get complaints(): string {
    return this.tail.join("\n");
  }

  /** The error that ended the process, if one did. */
  get error(): StudioError | null {
    return this.failure;
  }

  /** Fills the buffer; fewer bytes only at the end. */
  async read(into: Uint8Array): Promise<number> {
    let at = 0;
    for (;;) {
      if (this.rest.length === 0) {
        const chunk = this.child.stdout!.read() as Buffer | null;
        if (chunk === null) {
          if (this.ended) return at;
          await this.stirred();
          continue;
        }
        this.rest = chunk;
      }
      const part = this.rest.subarray(0, into.length - at);
      into.set(part, at);
      at += part.length;
      this.rest = this.rest.subarray(part.length);
      if (at === into.length) return at;
    }
  }

  /** Resolves when the bytes are taken and may be overwritten, or when the process is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    const stdin = this.child.stdin!;
    if (stdin.destroyed) return;
    // Called too when the pipe breaks. (A race against `gone` would leave something at that promise with every frame of a film.)
    await new Promise((resolve) => stdin.write(bytes, resolve));
  }

  /** There is nothing more to write. */
  end(): void {
    this.child.stdin?.end();
  }

  /** The time of the next frame, which stays the next; null when there is none. */
  async nextTime(): Promise<Flicks | null> {
    while (this.times.length === 0 && !this.linesEnded) await this.stirred();
    return this.times[0] ?? null;
  }

  dropTime(): void {
    this.times.shift();
  }

  /** Ends the process; resolves when it is gone. Never rejects. */
  async close(): Promise<void> {
    this.closing = true;
    this.child.stdin?.destroy();
    this.child.stdout!.destroy();
    this.child.kill("SIGKILL");
    this.stir();
    await this.gone;
  }

  /** Resolves when the process has ended by itself. */
  async over(): Promise<void> {
    await this.gone;
  }

  private note(line: string): void {
    const time = /^frame:\d+\s+pts:(-?\d+)/.exec(line);
    if (time !== null) {
      this.times.push(Number(time[1]));
      this.stir();
    } else if (line !== "t=1") {
      this.tail.push(line);
      if (this.tail.length > TAIL_LINES) this.tail.shift();
    }
  }

  private stirred(): Promise<void> {
    return new Promise((resolve) => this.wake.push(resolve));
  }

  private stir(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }
}
