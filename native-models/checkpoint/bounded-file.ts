/** A file opened for reading whose every read is checked against its size. */
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";

/** One sentence for every way in which a checkpoint cannot be read; the technical cause goes into the detail. */
export function unreadable(message: string, detail?: string, cause?: unknown): StudioError {
  return new StudioError("CHECKPOINT_UNREADABLE", message, detail, cause === undefined ? undefined : { cause });
}

/** Largest single read that `read` takes in one go; Node refuses more than 2 GiB - 1. */
const CHUNK = 1 << 30;

export class BoundedFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** The file's name without folders, for sentences. */
  get name(): string {
    return basename(this.path);
  }

  /** Errors: CHECKPOINT_UNREADABLE when the file is missing, a folder, not permitted or empty. */
  static async open(path: string): Promise<BoundedFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, "r");
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : "";
      const sentence =
        code === "ENOENT" || code === "ENOTDIR"
          ? `There is no file at ${path}: check the path.`
          : `The file ${basename(path)} cannot be opened: check that it is a file and that you may read it.`;
      throw unreadable(sentence, String(cause), cause);
    }
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw unreadable(`${path} is not a file: choose the checkpoint itself.`);
      if (stat.size === 0) throw unreadable(`The file ${basename(path)} is empty: download it again.`);
      return new BoundedFile(path, stat.size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Exactly `length` bytes from `offset`.
   * Errors: CHECKPOINT_UNREADABLE when they lie outside the file or the file shrinks meanwhile; `what` names them.
   */
  async read(offset: number, length: number, what: string): Promise<Uint8Array> {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
      throw this.truncated(what);
    if (offset + length > this.size) throw this.truncated(what);
    const buffer = new Uint8Array(length);
    await this.readInto(buffer, offset, what);
    return buffer;
  }

  /** Fills `target` from `offset`. Errors as `read`. */
  async readInto(target: Uint8Array, offset: number, what: string): Promise<void> {
    let done = 0;
    while (done < target.byteLength) {
      const part = Math.min(CHUNK, target.byteLength - done);
      const { bytesRead } = await this.#handle.read(target, done, part, offset + done).catch((cause: unknown) => {
        throw unreadable(
          `The disk gave an error while ${what} was read from ${this.name}: copy the file to another disk or download it again.`,
          String(cause),
          cause,
        );
      });
      if (bytesRead === 0) throw this.truncated(what);
      done += bytesRead;
    }
  }

  truncated(what: string): StudioError {
    return unreadable(
      `The file ${this.name} ends before ${what}: it is incomplete, download it again.`,
      `${this.size} bytes`,
    );
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
