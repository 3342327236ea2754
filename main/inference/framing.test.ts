import { PassThrough } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Channel, encodeHead, FramingError, MessageDecoder } from "./framing.ts";

const message = fc.record({
  head: fc.jsonValue(),
  body: fc.uint8Array({ maxLength: 300 }),
});

function encode(messages: readonly { head: unknown; body: Uint8Array }[]): Buffer {
  return Buffer.concat(messages.flatMap(({ head, body }) => [encodeHead(head, body.length), body]));
}

/** What JSON makes of a value (-0 becomes 0). */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("framing", () => {
  it("gives back every message, however the bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat({ max: 400 })), (messages, cuts) => {
        const bytes = encode(messages);
        const decoder = new MessageDecoder();
        const found: { head: unknown; body: number[] }[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          const end = Math.min(bytes.length, at + cut);
          // A fresh copy each time, as a socket hands out.
          for (const { head, body } of decoder.push(Uint8Array.from(bytes.subarray(at, end))))
            found.push({ head, body: [...body] });
          at = end;
        }
        for (const { head, body } of decoder.push(Uint8Array.from(bytes.subarray(at))))
          found.push({ head, body: [...body] });
        expect(found).toEqual(messages.map(({ head, body }) => ({ head: plain(head), body: [...body] })));
        expect(decoder.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("gives nothing for a message that was cut off, and says that bytes are left", () => {
    const bytes = encode([{ head: { type: "x" }, body: new Uint8Array(5) }]);
    for (let end = 1; end < bytes.length; end += 1) {
      const decoder = new MessageDecoder();
      expect(decoder.push(bytes.subarray(0, end))).toEqual([]);
      expect(decoder.pending).toBe(end);
    }
  });

  it("answers any bytes with messages or FramingError, never with another exception or endless memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          new MessageDecoder().push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FramingError);
        }
      }),
      { numRuns: 500 },
    );
    expect(() => new MessageDecoder().push(Buffer.from("HTTP/1.1 200 OK\r\n"))).toThrow(FramingError);
    expect(() => encodeHead({}, 2 ** 30)).toThrow(FramingError);
  });

  it("reads no further message while one is being handled", async () => {
    const stream = new PassThrough({ highWaterMark: 64 });
    const channel = new Channel(stream);
    const sent: number[] = [];
    void (async () => {
      for (let i = 0; i < 50; i += 1) {
        await channel.send({ i }, new Uint8Array(64));
        sent.push(i);
      }
      stream.end();
    })();
    let seen = 0;
    for await (const { head } of channel.messages()) {
      expect(head).toEqual({ i: seen });
      seen += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(sent.length).toBeLessThan(seen + 6);
    }
    expect(seen).toBe(50);
  });
});
