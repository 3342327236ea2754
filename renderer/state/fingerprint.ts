import type { MediaReference } from "../../core/timeline/index.ts";

const EDGE = 64 * 1024;

/**
 * What a file is recognised by when it has moved: its size and the sha256 of its first and last 64 KiB, as the studio takes it. Found in
 * the window, so that of a whole disk only the files that are missed are handed over.
 */
export async function fingerprintOf(file: Blob): Promise<MediaReference["fingerprint"]> {
  const edges = file.size <= 2 * EDGE ? file : new Blob([file.slice(0, EDGE), file.slice(file.size - EDGE)]);
  return { bytes: file.size, sha256: await hexOf(await edges.arrayBuffer()) };
}

/** The same for a numbered sequence of pictures, in its order: by all their sizes, and the first, the middle and the last of them. */
export async function sequenceFingerprintOf(files: readonly Blob[]): Promise<MediaReference["fingerprint"]> {
  const told = [files[0]!, files[Math.floor(files.length / 2)]!, files.at(-1)!];
  const hashes = await Promise.all(told.map(async (file) => (await fingerprintOf(file)).sha256));
  const text = new TextEncoder().encode(String(files.length) + hashes.join(""));
  return { bytes: files.reduce((sum, { size }) => sum + size, 0), sha256: await hexOf(text) };
}

async function hexOf(bytes: BufferSource): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
