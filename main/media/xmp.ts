import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { appendToEbml, readFromEbml } from "./xmp-ebml.ts";
import { gifWithXmp, jpegWithXmp, readFromGif, readFromJpeg, readFromWebp, webpWithXmp } from "./xmp-pictures.ts";
import { MAX_PACKET, type ReadAt } from "./xmp-read.ts";

/** XMP's place in MP4 and QuickTime files: a box of its own type at the top (Adobe XMP Specification part 3, 1.1.2 and table 8). */
const XMP_UUID = Buffer.from("be7acfcb97a942e89c71999491e3afac", "hex");
/** Its place in PNG: an iTXt chunk with this keyword (part 3, 1.1.5). */
const XMP_KEYWORD = "XML:com.adobe.xmp";
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Puts a packet at the end of an MP4 or QuickTime file, where it moves nothing else. */
async function appendXmp(file: string, packet: string): Promise<void> {
  const body = Buffer.from(packet, "utf8");
  const head = Buffer.alloc(8);
  head.writeUInt32BE(24 + body.length, 0);
  head.write("uuid", 4, "latin1");
  const handle = await open(file, "a");
  try {
    await handle.appendFile(Buffer.concat([head, XMP_UUID, body]));
  } finally {
    await handle.close();
  }
}

/** A PNG with the packet after its header. Pure. */
export function pngWithXmp(png: Buffer, packet: string): Buffer {
  const data = Buffer.concat([Buffer.from(`${XMP_KEYWORD}\0\0\0\0\0`, "latin1"), Buffer.from(packet, "utf8")]);
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write("iTXt", 4, "latin1");
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  // The header chunk is always first and 13 bytes long.
  const at = PNG.length + 25;
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
}

/**
 * Writes a packet into a finished file, or into every picture of a folder, where the format has a place for it. False where it has none,
 * or the packet is too large for it: then nothing was changed. @param container as the export calls it
 */
export async function embedXmp(target: string, container: string, packet: string): Promise<boolean> {
  switch (container) {
    case "mp4":
    case "mov":
      await appendXmp(target, packet);
      return true;
    case "webm":
    case "mkv":
      return appendToEbml(target, packet);
    case "png":
    case "jpeg": {
      const put = container === "png" ? pngWithXmp : jpegWithXmp;
      for (const name of await readdir(target)) if (!(await rewrite(join(target, name), put, packet))) return false;
      return true;
    }
    case "webp":
      return rewrite(target, webpWithXmp, packet);
    case "gif":
      return rewrite(target, gifWithXmp, packet);
    default:
      return false;
  }
}

async function rewrite(
  file: string,
  put: (bytes: Buffer, packet: string) => Buffer | null,
  packet: string,
): Promise<boolean> {
  const whole = put(await readFile(file), packet);
  if (whole !== null) await writeFile(file, whole);
  return whole !== null;
}

/** The XMP packet of a film or picture; null where there is none. Reads heads of boxes, chunks and elements only (of a GIF its end). */
export async function readXmpPacket(file: string): Promise<string | null> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const read: ReadAt = async (at, count) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(count, size - at)));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      return buffer.subarray(0, bytesRead);
    };
    const magic = await read(0, 12);
    if (magic.subarray(0, 8).equals(PNG)) return await readFromPng(read, size);
    if (magic.toString("latin1", 8, 12) === "WEBP") return await readFromWebp(read, size);
    if (magic.toString("latin1", 0, 3) === "GIF") return await readFromGif(read, size);
    if (magic[0] === 0xff && magic[1] === 0xd8) return await readFromJpeg(read, size);
    if (magic.length >= 4 && magic.readUInt32BE(0) === 0x1a45dfa3) return await readFromEbml(read, size);
    return await readFromBoxes(read, size);
  } finally {
    await handle.close();
  }
}

async function readFromPng(read: ReadAt, size: number): Promise<string | null> {
  for (let at = 8, n = 0; n < 10_000 && at + 8 <= size; n += 1) {
    const head = await read(at, 8);
    const length = head.readUInt32BE(0);
    if (head.toString("latin1", 4, 8) === "iTXt" && length <= MAX_PACKET) {
      const data = await read(at + 8, length);
      const prefix = `${XMP_KEYWORD}\0\0\0`;
      if (data.toString("latin1", 0, prefix.length) === prefix)
        return data.subarray(data.indexOf(0, data.indexOf(0, prefix.length) + 1) + 1).toString("utf8");
    }
    at += 12 + length;
  }
  return null;
}

async function readFromBoxes(read: ReadAt, size: number): Promise<string | null> {
  for (let at = 0, n = 0; n < 10_000 && at + 8 <= size; n += 1) {
    const head = await read(at, 32);
    const small = head.readUInt32BE(0);
    const length = small === 1 && head.length >= 16 ? Number(head.readBigUInt64BE(8)) : small === 0 ? size - at : small;
    if (length < 8) return null;
    if (head.toString("latin1", 4, 8) === "uuid" && head.subarray(8, 24).equals(XMP_UUID) && length <= MAX_PACKET)
      return (await read(at + 24, length - 24)).toString("utf8");
    at += length;
  }
  return null;
}
