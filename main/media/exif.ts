import { open } from "node:fs/promises";

/** EXIF stands at a picture's beginning; cameras put thumbnails before the end of this much. */
const HEAD_BYTES = 256 * 1024;

/**
 * How a picture wants to be turned, 1 to 8 as in EXIF's tag Orientation (0x0112); 1 where it says nothing. Read here because
 * versions of ffmpeg differ in whether they turn pictures by themselves, so it is told not to.
 */
export async function orientationOf(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    return parseOrientation(head.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Finds the TIFF block of a JPEG (APP1), PNG (eXIf), WebP (EXIF) or TIFF and reads its orientation. Pure; anything odd is 1. */
export function parseOrientation(head: Buffer): number {
  const tiff = tiffStart(head);
  if (tiff < 0 || tiff + 8 > head.length) return 1;
  const isLittle = head.toString("latin1", tiff, tiff + 2) === "II";
  const u16 = (at: number): number => (isLittle ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const u32 = (at: number): number => (isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const directory = tiff + u32(tiff + 4);
  if (u16(tiff + 2) !== 42 || directory + 2 > head.length) return 1;
  const entries = u16(directory);
  for (let n = 0; n < entries; n += 1) {
    const entry = directory + 2 + 12 * n;
    if (entry + 12 > head.length) return 1;
    if (u16(entry) !== 0x0112) continue;
    const value = u16(entry + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function tiffStart(head: Buffer): number {
  const magic = head.toString("latin1", 0, 4);
  if (magic.startsWith("II*\0") || magic.startsWith("MM\0*")) return 0;
  if (head.length > 2 && head.readUInt16BE(0) === 0xffd8) return after(head, "Exif\0\0", 6);
  if (magic === "\x89PNG") return after(head, "eXIf", 4);
  if (magic === "RIFF") {
    const chunk = after(head, "EXIF", 8); // name and length; some writers repeat JPEG's own mark
    return chunk >= 0 && head.toString("latin1", chunk, chunk + 4) === "Exif" ? chunk + 6 : chunk;
  }
  return -1;
}

function after(head: Buffer, mark: string, skip: number): number {
  const at = head.indexOf(mark, 0, "latin1");
  return at < 0 ? -1 : at + skip;
}
