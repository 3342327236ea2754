import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";

/** Bytes that are read at a time. */
const PIECE = 2 ** 20;

/**
 * What yauzl reads a bundle through. Left to itself it reads wherever a damaged directory points, from a callback of Node's, where an
 * impossible position is an exception that nobody can catch and that ends the process.
 */
export class BundleReader extends RandomAccessReader {
  /** Rejects when yauzl threw where nobody could catch it; race it with whatever is awaited. */
  readonly failure: Promise<never>;
  private readonly handle: FileHandle;
  private readonly size: number;
  private fail: (cause: unknown) => void = () => {};

  /** The file stays the caller's to close. @param size of the file, bytes */
  constructor(handle: FileHandle, size: number) {
    super();
    this.handle = handle;
    this.size = size;
    this.failure = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.failure.catch(() => {}); // nobody may be waiting at that moment
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    void this.answer(buffer, offset, length, position, callback);
  }

  private async answer(
    ...[buffer, offset, length, position, callback]: Parameters<BundleReader["read"]>
  ): Promise<void> {
    let problem: Error | null = null;
    try {
      if (!this.holds(position, position + length)) throw new RangeError("The directory points beyond the file.");
      const { bytesRead } = await this.handle.read(buffer, offset, length, position);
      if (bytesRead < length) throw new RangeError("The file became shorter while it was read.");
    } catch (cause) {
      problem = cause as Error;
    }
    try {
      callback(problem, length);
    } catch (cause) {
      this.fail(cause);
    }
  }

  // A stream of the handle's own would close it at its end, and others are still to come.
  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, end), { objectMode: false });
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Buffer> {
    if (!this.holds(start, end)) throw new RangeError("An entry lies beyond the file.");
    for (let at = start; at < end; ) {
      const piece = Buffer.alloc(Math.min(PIECE, end - at));
      const { bytesRead } = await this.handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new RangeError("The file became shorter while it was read.");
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  private holds(start: number, end: number): boolean {
    return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= this.size;
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
