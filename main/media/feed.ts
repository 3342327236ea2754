import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { StudioError } from "../../core/contract/index.ts";
import { onLeash } from "./leash.ts";
import { mediaError } from "./run.ts";
import { TextTail } from "./text-tail.ts";

/** An ffmpeg that is fed pictures on stdin and sound on file descriptor 3, each as fast as it takes them. */
export class Feed {
  private readonly child: ChildProcess;
  private readonly tail = new TextTail(16_384);
  private readonly ended: Promise<void>;
  private killed = false;

  constructor(tool: string, args: readonly string[]) {
    const detached = process.platform !== "win32";
    this.child = spawn(tool, args, { stdio: ["pipe", "ignore", "pipe", "pipe"], windowsHide: true, detached });
    onLeash(this.child);
    this.child.stderr!.on("data", (chunk: Buffer) => this.tail.push(chunk));
    // EPIPE says only that the process died; its exit code and stderr say why.
    for (const pipe of [this.picture, this.sound]) pipe.on("error", () => {});
    this.ended = new Promise<void>((resolve, reject) => {
      this.child.once("error", (cause) =>
        reject(
          new StudioError(
            "FFMPEG_MISSING",
            "ffmpeg could not be started: check that it is installed and may be run.",
            cause.message,
          ),
        ),
      );
      this.child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else
          reject(
            this.killed
              ? new StudioError("CANCELLED", "The work was cancelled.")
              : mediaError(this.tail.text, code, signal),
          );
      });
    });
    this.ended.catch(() => {});
  }

  get picture(): Writable {
    return this.child.stdin!;
  }

  get sound(): Writable {
    return this.child.stdio[3] as Writable;
  }

  /** What it said on stderr. */
  get words(): string {
    return this.tail.text;
  }

  /** Resolves when the bytes are taken and may be overwritten. Errors: whatever ended the process. */
  async write(pipe: Writable, bytes: Uint8Array): Promise<void> {
    if (pipe.destroyed || this.child.exitCode !== null) return this.ended;
    const taken = await new Promise<boolean>((resolve) => {
      pipe.write(bytes, (error) => resolve(error === null || error === undefined));
    });
    if (!taken) await this.ended;
  }

  /** Both pipes are at their end; resolves when the process has ended well. Errors: those of ffmpeg. */
  async finish(): Promise<void> {
    this.picture.end();
    this.sound.end();
    await this.ended;
  }

  /** Ends it at once. Never rejects. */
  async kill(): Promise<void> {
    this.killed = true;
    this.picture.destroy();
    this.sound.destroy();
    this.child.kill("SIGKILL");
    await this.ended.catch(() => {});
  }
}
