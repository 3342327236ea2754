import { open } from "node:fs/promises";
import { readHead } from "./head.ts";
import type { MediaTools } from "./locate.ts";

/** Brands of pictures that are compressed with HEVC (ISO/IEC 23008-12, annex B.4), as telephones write them. */
const HEVC_BRANDS: ReadonlySet<string> = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx"]);

/** Whether a file is a HEIC picture: what its `ftyp` box (ISO/IEC 14496-12) says. */
export async function isHeic(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    if (bytesRead < 16 || buffer.toString("latin1", 4, 8) !== "ftyp") return false;
    const end = Math.min(buffer.readUInt32BE(0), bytesRead);
    // The major brand, then its version, then the brands that it is compatible with.
    const brands = [8, ...Array.from({ length: Math.max(0, (end - 16) >> 2) }, (_, i) => 16 + 4 * i)];
    return brands.some((at) => HEVC_BRANDS.has(buffer.toString("latin1", at, at + 4)));
  } finally {
    await handle.close();
  }
}

/**
 * Whether this ffmpeg reads a HEIC picture as one. Older ones read none; newer ones see the tiles of which telephones put their pictures
 * together as so many streams, the first of which is not the picture.
 */
export async function readsHeic(tools: MediaTools, input: readonly string[]): Promise<boolean> {
  const head = await readHead(tools, input).catch(() => null);
  return head?.streams.filter(({ type }) => type === "video").length === 1;
}
