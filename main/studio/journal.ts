import { copyFile, type FileHandle, open, readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { replaceFile } from "./files.ts";

/**
 * An append-only file of JSON values, one (or some that belong together) a line with its CRC-32 in front: `1a2b3c4d {"type":…}`. A torn
 * last line is what a power cut leaves and is dropped. A damaged line in the middle ends the replay there; the file is then set aside,
 * never thrown away.
 */
export class Journal {
  private readonly path: string;
  private handle: FileHandle | null = null;
  /** Bytes of whole lines in the file. */
  private length = 0;
  private tail: Promise<void> = Promise.resolve();

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the journal. `restore` gets the values that were read and returns those to go on with (compaction): the file is rewritten
   * with just these, in one step.
   */
  static async open(
    path: string,
    restore: (values: unknown[]) => unknown[],
    log: (line: string) => void,
  ): Promise<Journal> {
    const bytes = await readFile(path).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    const { values, damaged } = parseJournal(bytes);
    if (damaged) {
      const aside = `${path}.damaged-${Date.now()}`;
      // A copy: what can be read stays in its place until the new file replaces it in one step.
      await copyFile(path, aside);
      log(`a journal was damaged; what could be read was kept, the whole file is ${aside}`);
    }
    const journal = new Journal(path);
    const text = restore(values).map(formatLine).join("");
    await replaceFile(path, text);
    journal.length = Buffer.byteLength(text);
    journal.handle = await open(path, "a");
    return journal;
  }

  /**
   * Appends values, all or none, and forces them to disk; calls are written in the order in which they are made. Errors: the file
   * system's; the file then ends where it ended before, so that a disk that was full does not spoil what is written later.
   */
  append(...values: readonly unknown[]): Promise<void> {
    return this.enqueue(formatBatch(values));
  }

  /** Appends values that stand for themselves: a cut or a damaged line takes only those from there on. Errors: those of `append`. */
  appendEach(values: readonly unknown[]): Promise<void> {
    return this.enqueue(values.map(formatLine).join(""));
  }

  private enqueue(text: string): Promise<void> {
    const lines = Buffer.from(text);
    const written = this.tail.then(() => this.write(lines));
    this.tail = written.catch(() => {}); // the caller hears of it; the next line may succeed
    return written;
  }

  private async write(lines: Buffer): Promise<void> {
    if (this.handle === null) return;
    try {
      await this.handle.appendFile(lines);
      await this.handle.datasync();
      this.length += lines.length;
    } catch (error) {
      await this.handle.truncate(this.length);
      throw error;
    }
  }

  /** Replaces everything by these values in one step, after what was appended before. Errors: the file system's; nothing is lost then. */
  rewrite(values: readonly unknown[]): Promise<void> {
    const written = this.tail.then(() => this.exchange(values.map(formatLine).join("")));
    this.tail = written.catch(() => {});
    return written;
  }

  private async exchange(text: string): Promise<void> {
    if (this.handle === null) return;
    await replaceFile(this.path, text);
    const old = this.handle;
    this.handle = await open(this.path, "a");
    this.length = Buffer.byteLength(text);
    await old.close();
  }

  async close(): Promise<void> {
    await this.tail;
    const handle = this.handle;
    this.handle = null;
    await handle?.close();
  }
}

export function formatLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** Values that belong together as one line, so that a cut leaves all of them or none: a star stands where one value has a space. */
export function formatBatch(values: readonly unknown[]): string {
  if (values.length === 1) return formatLine(values[0]);
  const json = JSON.stringify(values);
  return values.length === 0 ? "" : `${checksum(json)}*${json}\n`;
}

/** Reads as far as every line is whole. Pure. */
export function parseJournal(bytes: Buffer): { values: unknown[]; damaged: boolean } {
  const values: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return { values, damaged: false }; // torn last line
    const line = bytes.toString("utf8", at, end);
    const json = line.slice(9);
    if ((line[8] !== " " && line[8] !== "*") || line.slice(0, 8) !== checksum(json)) return { values, damaged: true };
    const value: unknown = JSON.parse(json);
    if (line[8] === "*") values.push(...(value as unknown[]));
    else values.push(value);
    at = end + 1;
  }
  return { values, damaged: false };
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
