import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { StudioError } from "../../core/contract/index.ts";
import { onLeash } from "./leash.ts";
import { TextTail } from "./text-tail.ts";

/** Bytes of stderr kept for the error's detail. */
const TAIL_BYTES = 8192;
/** Between SIGTERM and SIGKILL. ffmpeg ends within milliseconds of SIGTERM unless the disk hangs. */
const TERM_GRACE_MS = 3000;

export interface RunOptions {
  readonly signal?: AbortSignal;
  /**
   * Called with each piece of stdout. Absent: stdout is read and dropped. While a promise that it returns is pending (it must not reject)
   * nothing more is read, so that the process waits.
   */
  readonly onStdout?: (chunk: Buffer) => unknown;
  /** Called with each piece of stderr, whose end is kept for the error in any case. */
  readonly onStderr?: (chunk: Buffer) => void;
  /** True for work that nobody waits for: it gets only what the rest of the computer leaves over. */
  readonly inBackground?: boolean;
}

/** A running ffmpeg (or ffprobe) that is being fed through its stdin. */
export interface MediaProcess {
  /**
   * Writes bytes to stdin and resolves when the process has room for more (back-pressure). The buffer may be reused after that.
   * Errors: whatever ended the process.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes stdin and resolves when the process has ended well. Errors: see `mediaError`; CANCELLED after an abort. */
  finish(): Promise<void>;
  /** Ends the process at once (SIGTERM, then SIGKILL); resolves when it is gone. Never rejects. */
  kill(): Promise<void>;
}

/**
 * Arguments that every run starts with: no banner, never waits for a keyboard, errors only on stderr, no question about
 * overwriting (our outputs are fresh temporary names), and no protocol but files and pipes, so that a crafted playlist cannot
 * reach the network.
 */
export const BASE_ARGS = ["-hide_banner", "-nostdin", "-v", "error", "-y"] as const;
export const PROTOCOLS = ["-protocol_whitelist", "file,pipe"] as const;

/**
 * Starts a media tool. Arguments are an array and never pass through a shell. stderr's end is kept for the error.
 */
export function startMedia(tool: string, args: readonly string[], options: RunOptions = {}): MediaProcess {
  // A process group of its own: Ctrl-C in a terminal reaches the whole group, and would end ffmpeg before we decide what to do.
  const detached = process.platform !== "win32";
  const child = spawn(tool, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true, detached });
  onLeash(child);
  if (options.inBackground === true) stepAside(child.pid);
  const tail = new TextTail(TAIL_BYTES);
  let cancelled = false;
  let killTimer: NodeJS.Timeout | undefined;

  const stop = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // ffmpeg notices SIGTERM only between two reads, and would wait in its read for a frame that never comes.
    child.stdin.destroy();
    child.kill("SIGTERM");
    killTimer ??= setTimeout(() => child.kill("SIGKILL"), TERM_GRACE_MS);
  };
  const onAbort = (): void => {
    cancelled = true;
    stop();
  };

  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(startError(tool, cause)));
    child.once("close", (code, signal) => {
      if (code === 0 && !cancelled) resolve();
      else if (cancelled) reject(new StudioError("CANCELLED", "The work was cancelled."));
      else reject(mediaError(tail.text, code, signal));
    });
  }).finally(() => {
    clearTimeout(killTimer);
    options.signal?.removeEventListener("abort", onAbort);
  });
  // The failure is reported by whoever awaits write or finish; without this line an early death would be an unhandled rejection.
  ended.catch(() => {});

  child.stderr.on("data", (chunk: Buffer) => {
    tail.push(chunk);
    options.onStderr?.(chunk);
  });
  child.stdout.on("data", (chunk: Buffer) => {
    const taking = options.onStdout?.(chunk);
    if (!(taking instanceof Promise)) return;
    child.stdout.pause();
    void taking.finally(() => child.stdout.resume());
  });
  // EPIPE says only that the process died; its exit code and stderr say why, and they arrive through `ended`.
  child.stdin.on("error", () => {});

  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });

  return {
    async write(bytes) {
      if (child.stdin.destroyed || child.exitCode !== null) return ended;
      const flushed = new Promise<boolean>((resolve) => {
        child.stdin.write(bytes, (error) => resolve(error === null || error === undefined));
      });
      if (!(await flushed)) await ended;
    },
    async finish() {
      child.stdin.end();
      await ended;
    },
    async kill() {
      stop();
      await ended.catch(() => {});
    },
  };
}

function stepAside(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or this system does not let us: the work is done all the same.
  }
}

/** Runs a media tool to its end without feeding it. Errors as `MediaProcess.finish`. */
export async function runMedia(tool: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  await startMedia(tool, args, options).finish();
}

function startError(tool: string, cause: Error): StudioError {
  return new StudioError(
    "FFMPEG_MISSING",
    "ffmpeg could not be started: check that it is installed and may be run.",
    `${tool}: ${cause.message}`,
    { cause },
  );
}

/** Turns the end of ffmpeg's stderr and its exit into one sentence. Pure; the messages are libc's, in English, as ffmpeg prints them. */
export function mediaError(stderr: string, code: number | null, signal: NodeJS.Signals | null): StudioError {
  const detail = `${signal === null ? `exit code ${code}` : `signal ${signal}`}\n${stderr}`.trim();
  if (/No space left on device|Disk quota exceeded/i.test(stderr))
    return new StudioError("DISK_FULL", "The disk is full: free some space and try again.", detail);
  if (/Permission denied|Read-only file system|Operation not permitted/i.test(stderr))
    return new StudioError(
      "OUTPUT_UNWRITABLE",
      "The video cannot be written to this folder: choose another one or change its permissions.",
      detail,
    );
  if (/Unknown encoder/i.test(stderr))
    return new StudioError(
      "FFMPEG_FAILED",
      "This ffmpeg was built without the H.264 encoder libx264: install a full build of ffmpeg and try again.",
      detail,
    );
  if (signal !== null)
    return new StudioError(
      "FFMPEG_FAILED",
      "ffmpeg was ended from outside while it wrote the video: try again.",
      detail,
    );
  return new StudioError("FFMPEG_FAILED", "ffmpeg could not write the video; the details carry its own words.", detail);
}
