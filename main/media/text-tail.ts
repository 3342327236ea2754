/** Keeps the last `limit` bytes of a stream of text, for error details: a program may print megabytes before it dies. */
export class TextTail {
  private readonly limit: number;
  private chunks: Buffer[] = [];
  private bytes = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  push(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk));
    this.bytes += chunk.length;
    // Whole chunks go first; `text` cuts the rest, so each byte is copied once and memory stays below limit + one chunk.
    while (this.chunks.length > 1 && this.bytes - this.chunks[0]!.length >= this.limit)
      this.bytes -= this.chunks.shift()!.length;
  }

  /** The kept end; a character that was cut in half at the start is dropped. */
  get text(): string {
    const all = Buffer.concat(this.chunks);
    return all
      .subarray(Math.max(0, all.length - this.limit))
      .toString("utf8")
      .replace(/^\uFFFD+/, "")
      .trim();
  }
}
