import { readSync } from "node:fs";

/** Of 256 MB that the library wants at a time it gets these bytes, and asks again for the rest. */
const PIECE = 2 ** 22;

/**
 * A file as the browser's Blob, as far as the C2PA library uses one: it cuts pieces and reads each at once with a FileReaderSync, which
 * Node has not. Nothing but the piece that is asked for is ever in memory.
 */
class FileBlob {
  readonly size: number;
  private readonly fd: number;
  private readonly start: number;

  constructor(fd: number, start: number, size: number) {
    this.fd = fd;
    this.start = start;
    this.size = size;
  }

  slice(from: number, to: number): FileBlob {
    const end = Math.min(this.size, to, from + PIECE);
    return new FileBlob(this.fd, this.start + from, Math.max(0, end - from));
  }

  bytesNow(): ArrayBuffer {
    const bytes = new Uint8Array(this.size);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(this.fd, bytes, done, bytes.length - done, this.start + done);
      if (count === 0) throw new Error("The file became shorter while it was read.");
      done += count;
    }
    return bytes.buffer;
  }
}

class BytesBlob {
  readonly size: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  slice(from: number, to: number): BytesBlob {
    return new BytesBlob(this.bytes.subarray(from, to));
  }

  bytesNow(): ArrayBuffer {
    return new Uint8Array(this.bytes).buffer;
  }
}

/** @param fd an open file, which must stay open while the blob is used */
export const fileBlob = (fd: number, size: number): Blob => asBlob(new FileBlob(fd, 0, size));

/** A few bytes as such a blob. */
export const bytesBlob = (bytes: Uint8Array): Blob => asBlob(new BytesBlob(bytes));

function asBlob(blob: FileBlob | BytesBlob): Blob {
  const { FileReaderSync } = globalThis as { FileReaderSync?: unknown };
  if (FileReaderSync === undefined)
    Object.assign(globalThis, {
      FileReaderSync: class {
        readAsArrayBuffer(each: FileBlob | BytesBlob): ArrayBuffer {
          return each.bytesNow();
        }
      },
    });
  return blob as unknown as Blob;
}
