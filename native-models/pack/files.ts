/** Hashing and durable writing of a pack's files. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { StudioError } from "../../core/contract/errors.ts";
import { HashThread } from "./hash-thread.ts";

const CHUNK = 4 * 2 ** 20;

/** Throws CANCELLED once the signal has been raised. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StudioError("CANCELLED", "Stopped; nothing was changed.");
}

/**
 * sha256 of a file, hex, read in pieces.
 * @param onBytes is told the number of bytes after each piece.
 * Errors: CANCELLED.
 */
export async function sha256File(
  path: string,
  onBytes: (bytes: number) => void | Promise<void> = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const handle = await open(path, "r");
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      throwIfAborted(signal);
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
      await onBytes(bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** A new file, written from front to back and hashed on the way. */
export class HashedWriter {
  readonly #handle: FileHandle;
  readonly #hash: Hash | HashThread;
  #position = 0;

  private constructor(handle: FileHandle, hash: Hash | HashThread) {
    this.#handle = handle;
    this.#hash = hash;
  }

  /**
   * @param isLarge hash on a thread of its own, beside the writing
   * Errors: those of the file system; the file must not exist.
   */
  static async create(path: string, isLarge = false): Promise<HashedWriter> {
    const handle = await open(path, "wx");
    return new HashedWriter(handle, isLarge ? new HashThread(path) : createHash("sha256"));
  }

  get position(): number {
    return this.#position;
  }

  async write(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let done = 0; done < bytes.byteLength; ) {
      throwIfAborted(signal);
      const piece = bytes.subarray(done, done + CHUNK);
      if (!(this.#hash instanceof HashThread)) this.#hash.update(piece);
      for (let written = 0; written < piece.byteLength; )
        written += (await this.#handle.write(piece, written, piece.byteLength - written)).bytesWritten;
      done += piece.byteLength;
      this.#position += piece.byteLength;
      if (this.#hash instanceof HashThread) this.#hash.advance(this.#position);
    }
  }

  /** Zeros up to the next multiple of `alignment`. */
  async align(alignment: number): Promise<void> {
    const rest = this.#position % alignment;
    if (rest > 0) await this.write(new Uint8Array(alignment - rest));
  }

  /** On the disk for good; returns the file's size and hash. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    const sha256 = this.#hash instanceof HashThread ? this.#hash.digest(this.#position) : this.#hash.digest("hex");
    await Promise.all([this.#handle.sync(), sha256]);
    await this.#handle.close();
    return { bytes: this.#position, sha256: await sha256 };
  }

  /** Closes without finishing; safe after `finish` too. */
  async abandon(): Promise<void> {
    if (this.#hash instanceof HashThread) await this.#hash.abandon();
    await this.#handle.close().catch(() => undefined);
  }
}

/** Writes a small text file durably. */
export async function writeDurably(path: string, text: string): Promise<{ bytes: number; sha256: string }> {
  const writer = await HashedWriter.create(path);
  try {
    await writer.write(Buffer.from(text));
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** Makes a rename inside a folder durable; where folders cannot be synced (Windows), the rename itself must do. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "EISDIR" && code !== "EPERM" && code !== "EINVAL" && code !== "EACCES") throw error;
  }
}
