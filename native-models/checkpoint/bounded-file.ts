/** A file opened for reading whose every read is checked against its size. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { StudioError } from "../../core/contract/errors.ts";

/** One sentence for every way in which a checkpoint cannot be read; the technical cause goes into the detail. */
export function unreadable(message: string, detail?: string, cause?: unknown): StudioError {
  return new StudioError("CHECKPOINT_UNREADABLE", message, detail, cause === undefined ? undefined : { cause });
}

/** Largest single read, bytes: the slowest disk that is worth the name gives so much well within `ANSWER_MS`. */
const CHUNK = 64 * 2 ** 20;

/** A disk that was silent for so long, ms, is gone: a network drive that was cut off, a stick that was pulled out and is still "mounted". */
const ANSWER_MS = 120_000;
const CLOSE_MS = 5000;

/**
 * What was awaited, or an error when it does not come: nobody is left waiting for a disk that never answers. What was begun goes on unheard.
 * Errors: CHECKPOINT_UNREADABLE. @param name the file's, for the sentence
 */
export async function answered<T>(awaited: Promise<T>, name: string, limitMs = ANSWER_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `The disk with ${name} does not answer any more: check that it is connected, then try again.`;
      reject(unreadable(message, `nothing for ${limitMs / 1000} s`));
    }, limitMs);
  });
  try {
    return await Promise.race([awaited, silence]);
  } finally {
    clearTimeout(timer);
  }
}

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
      // Asked before it is opened: opening a pipe that nobody writes to never ends.
      if (!(await answered(stat(path), basename(path))).isFile())
        throw unreadable(`${path} is not a file: choose the checkpoint itself.`);
      const opening = open(path, "r");
      handle = await answered(opening, basename(path)).catch((cause: unknown) => {
        opening.then((late) => late.close()).catch(() => {});
        throw cause;
      });
    } catch (cause) {
      if (cause instanceof StudioError) throw cause;
      const code = cause instanceof Error && "code" in cause ? cause.code : "";
      const sentence =
        code === "ENOENT" || code === "ENOTDIR"
          ? `There is no file at ${path}: check the path.`
          : `The file ${basename(path)} cannot be opened: check that it is a file and that you may read it.`;
      throw unreadable(sentence, String(cause), cause);
    }
    try {
      const { size } = await answered(handle.stat(), basename(path));
      if (size === 0) throw unreadable(`The file ${basename(path)} is empty: download it again.`);
      return new BoundedFile(path, size, handle);
    } catch (error) {
      await closed(handle, basename(path));
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
      const reading = answered(this.#handle.read(target, done, part, offset + done), this.name);
      const { bytesRead } = await reading.catch((cause: unknown) => {
        if (cause instanceof StudioError) throw cause;
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
    await closed(this.#handle, this.name);
  }
}

/** Closing waits for the reads under way; of a disk that does not answer nobody waits. */
async function closed(handle: FileHandle, name: string): Promise<void> {
  await answered(handle.close(), name, CLOSE_MS).catch(() => {});
}
