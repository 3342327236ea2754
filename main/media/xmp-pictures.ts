import { MAX_PACKET, type ReadAt } from "./xmp-read.ts";

/** XMP in WebP, JPEG and GIF files (Adobe XMP Specification part 3; WebP Container Specification). */

const JPEG_NAME = Buffer.from("http://ns.adobe.com/xap/1.0/\0", "latin1");
/** Its length field has two bytes and counts itself. */
const JPEG_MOST = 0xffff - 2 - JPEG_NAME.length;
const GIF_NAME = Buffer.from("XMP DataXMP", "latin1");
/** Leads a reader that takes the packet for sub-blocks to the end of it: 1, 255 down to 0, and the end of the extension. */
const GIF_TRAILER = Buffer.from([1, ...Array.from({ length: 256 }, (_, n) => 255 - n), 0]);
const VP8X_XMP = 0x04;

/** A WebP file with the packet at its end; null where it is a plain still that has no header for it. Pure. */
export function webpWithXmp(webp: Buffer, packet: string): Buffer | null {
  if (webp.toString("latin1", 12, 16) !== "VP8X") return null;
  const body = Buffer.from(packet, "utf8");
  const head = Buffer.alloc(8);
  head.write("XMP ", 0, "latin1");
  head.writeUInt32LE(body.length, 4);
  const whole = Buffer.concat([webp, head, body, Buffer.alloc(body.length % 2)]);
  whole.writeUInt32LE(whole.length - 8, 4);
  whole[20]! |= VP8X_XMP;
  return whole;
}

/** A JPEG with the packet first of all; null where it does not fit into a segment. Pure. */
export function jpegWithXmp(jpeg: Buffer, packet: string): Buffer | null {
  const body = Buffer.from(packet, "utf8");
  if (body.length > JPEG_MOST) return null;
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(2 + JPEG_NAME.length + body.length, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, JPEG_NAME, body, jpeg.subarray(2)]);
}

/** A GIF with the packet before its last byte. Pure. */
export function gifWithXmp(gif: Buffer, packet: string): Buffer {
  const end = gif.length - 1;
  const head = Buffer.from([0x21, 0xff, GIF_NAME.length]);
  return Buffer.concat([
    gif.subarray(0, end),
    head,
    GIF_NAME,
    Buffer.from(packet, "utf8"),
    GIF_TRAILER,
    gif.subarray(end),
  ]);
}

export async function readFromWebp(read: ReadAt, size: number): Promise<string | null> {
  for (let at = 12, n = 0; at + 8 <= size && n < 100_000; n += 1) {
    const head = await read(at, 8);
    const length = head.readUInt32LE(4);
    if (head.toString("latin1", 0, 4) === "XMP " && length <= MAX_PACKET)
      return (await read(at + 8, length)).toString("utf8");
    at += 8 + length + (length % 2);
  }
  return null;
}

export async function readFromJpeg(read: ReadAt, size: number): Promise<string | null> {
  for (let at = 2, n = 0; at + 4 <= size && n < 1000; n += 1) {
    const head = await read(at, 4);
    // Pictures' own data follows: no more segments of this kind.
    if (head[0] !== 0xff || head[1] === 0xda) return null;
    const length = head.readUInt16BE(2);
    if (head[1] === 0xe1) {
      const body = await read(at + 4, length - 2);
      if (body.subarray(0, JPEG_NAME.length).equals(JPEG_NAME)) return body.subarray(JPEG_NAME.length).toString("utf8");
    }
    at += 2 + length;
  }
  return null;
}

/** Ours stands at the end: it is looked for there. */
export async function readFromGif(read: ReadAt, size: number): Promise<string | null> {
  const count = Math.min(size, MAX_PACKET);
  const tail = await read(size - count, count);
  const at = tail.lastIndexOf(GIF_NAME);
  const end = tail.indexOf(GIF_TRAILER, at);
  return at < 0 || end < 0 ? null : tail.toString("utf8", at + GIF_NAME.length, end);
}
