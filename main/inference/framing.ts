import type { Duplex } from "node:stream";

/**
 * One message on the wire between studio and engine:
 *
 *   u32 LE  length of everything that follows
 *   u32 LE  length of the head
 *   head    JSON, UTF-8
 *   body    raw bytes (pixels), often empty
 *
 * Pixels therefore never pass through JSON, and one ordered stream carries everything: a frame that was sent before `done`
 * arrives before it.
 */
export interface Message {
  readonly head: unknown;
  readonly body: Uint8Array;
}

/** A 1024 × 1024 preview of 26 RGBA frames would be 109 MB; anything larger than this is a broken stream. */
export const MAX_MESSAGE_BYTES = 128 * 2 ** 20;
const MAX_HEAD_BYTES = 4 * 2 ** 20;
const PREFIX_BYTES = 8;

/** The stream does not follow the format: the other side is broken and nothing after this point can be trusted. */
export class FramingError extends Error {
  override readonly name = "FramingError";
}

/** Prefix and head of a message; the body is written after it, uncopied. */
export function encodeHead(head: unknown, bodyBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(head), "utf8");
  const length = 4 + json.length + bodyBytes;
  if (json.length > MAX_HEAD_BYTES || length > MAX_MESSAGE_BYTES)
    throw new FramingError(`a message of ${length} bytes is too long`);
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + json.length);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(json.length, 4);
  json.copy(bytes, PREFIX_BYTES);
  return bytes;
}

/** Cuts a byte stream, however it was chopped on its way, into messages. Errors: FramingError. */
export class MessageDecoder {
  private chunks: Uint8Array[] = [];
  private bytes = 0;

  /** Adds bytes and returns the messages that are now complete. */
  push(chunk: Uint8Array): Message[] {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    const messages: Message[] = [];
    for (let message = this.next(); message !== null; message = this.next()) messages.push(message);
    return messages;
  }

  /** Bytes of an unfinished message; not zero at the end of a stream means that it was cut off. */
  get pending(): number {
    return this.bytes;
  }

  private next(): Message | null {
    if (this.bytes < PREFIX_BYTES) return null;
    // Only the first chunk is looked at; gather moves enough bytes into it. Each byte is copied at most twice.
    const prefix = this.gather(PREFIX_BYTES);
    const length = prefix.readUInt32LE(0);
    const headLength = prefix.readUInt32LE(4);
    if (length > MAX_MESSAGE_BYTES || headLength > MAX_HEAD_BYTES || headLength + 4 > length)
      throw new FramingError(`impossible lengths ${length} and ${headLength}`);
    if (this.bytes < 4 + length) return null;
    const message = this.gather(4 + length);
    this.drop(4 + length);
    const json = message.toString("utf8", PREFIX_BYTES, PREFIX_BYTES + headLength);
    try {
      return { head: JSON.parse(json), body: message.subarray(PREFIX_BYTES + headLength, 4 + length) };
    } catch {
      throw new FramingError(`a head that is not JSON: ${json.slice(0, 80)}`);
    }
  }

  /** The first `count` bytes in one piece (a view where they lie in one chunk already). */
  private gather(count: number): Buffer {
    if (this.chunks[0]!.length < count) {
      const parts: Uint8Array[] = [];
      let have = 0;
      while (have < count) {
        const part = this.chunks.shift()!;
        parts.push(part);
        have += part.length;
      }
      this.chunks.unshift(Buffer.concat(parts));
    }
    const first = this.chunks[0]!;
    return Buffer.from(first.buffer, first.byteOffset, count);
  }

  private drop(count: number): void {
    const first = this.chunks[0]!;
    if (first.length === count) this.chunks.shift();
    else this.chunks[0] = first.subarray(count);
    this.bytes -= count;
  }
}

/** Messages over a duplex stream, with back-pressure both ways. */
export class Channel {
  private readonly stream: Duplex;

  constructor(stream: Duplex) {
    this.stream = stream;
    // A broken pipe is seen as the end of `messages` and as `send` resolving false; the process's exit says why.
    stream.on("error", () => {});
  }

  /** Resolves when the bytes have left this process (the body may then be reused); false when the other side is gone. */
  async send(head: unknown, body?: Uint8Array): Promise<boolean> {
    if (this.stream.destroyed || this.stream.writableEnded) return false;
    const first = encodeHead(head, body?.length ?? 0);
    if (body === undefined || body.length === 0) return this.write(first);
    this.stream.cork();
    const headWritten = this.write(first);
    const bodyWritten = this.write(body);
    this.stream.uncork();
    return (await headWritten) && (await bodyWritten);
  }

  /** Messages in order until the other side closes. No more bytes are read while a message is being handled. Errors: FramingError. */
  async *messages(): AsyncGenerator<Message, void, undefined> {
    const decoder = new MessageDecoder();
    try {
      for await (const chunk of this.stream) yield* decoder.push(chunk as Buffer);
    } catch (error) {
      if (error instanceof FramingError) throw error;
      return; // ECONNRESET and its like: the other side is gone.
    }
  }

  close(): void {
    this.stream.destroy();
  }

  private write(bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.stream.write(bytes, (error) => resolve(error === null || error === undefined));
    });
  }
}
