import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import type { MediaReference } from "../../core/timeline/index.ts";

const EDGE = 64 * 1024;

/** By what a file is found again when it has moved: its size, and the sha256 of its first and last 64 KiB (of all, when it is shorter). */
export async function fingerprint(path: string): Promise<MediaReference["fingerprint"]> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    const edges = size <= 2 * EDGE ? [[0, size] as const] : [[0, EDGE] as const, [size - EDGE, EDGE] as const];
    for (const [position, length] of edges) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { bytes: size, sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

/** Of a numbered sequence: the bytes of all, and the sha256 over what its first, middle and last pictures are known by. */
export async function sequenceFingerprint(files: readonly string[]): Promise<MediaReference["fingerprint"]> {
  const hash = createHash("sha256").update(String(files.length));
  for (const n of [0, Math.floor(files.length / 2), files.length - 1])
    hash.update((await fingerprint(files[n]!)).sha256);
  let bytes = 0;
  for (const file of files) bytes += (await stat(file)).size;
  return { bytes, sha256: hash.digest("hex") };
}
