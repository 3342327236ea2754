/**
 * What yauzl reads a zip through. Left to itself it reads wherever a damaged directory points, from a callback of Node's, where an
 * impossible position is an exception that nobody can catch and that ends the process.
 */
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";
import type { BoundedFile } from "./bounded-file.ts";

export class ZipReader extends RandomAccessReader {
  /** Rejects when yauzl threw where nobody could catch it; race it with whatever is awaited. */
  readonly failure: Promise<never>;
  readonly #file: BoundedFile;
  #fail: (cause: unknown) => void = () => {};

  /** The file stays the caller's to close. */
  constructor(file: BoundedFile) {
    super();
    this.#file = file;
    this.failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // Nobody may be waiting at that moment.
    this.failure.catch(() => {});
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    void this.#answer(buffer, offset, length, position, callback);
  }

  /** What the callback throws, nobody above could catch. */
  async #answer(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): Promise<void> {
    let problem: Error | null = null;
    try {
      buffer.set(await this.#file.read(position, length, "its directory"), offset);
    } catch (cause) {
      problem = cause as Error;
    }
    try {
      callback(problem, length);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  // Entries are read through the bounded file itself.
  override _readStreamForRange(): Readable {
    return Readable.from([]);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
