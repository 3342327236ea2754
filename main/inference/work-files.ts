import { open, readFile } from "node:fs/promises";
import { StudioError } from "../../core/contract/index.ts";
import type { Sound } from "../../core/sound/index.ts";
import type { PictureFile, SoundFile } from "./protocol.ts";

/*
 * Sounds and pictures go between studio and engine as files in the job's work folder; messages only name them.
 */

/** Reads a stretch of a planar float32 file; beyond its end is silence. Errors: INTERNAL when the file is not as described. */
export async function readSound({ file, sampleRate, channels, samples, from, length }: SoundFile): Promise<Sound> {
  const planes = Array.from({ length: channels }, () => new Float32Array(length));
  const wanted = Math.max(0, Math.min(length, samples - from));
  const handle = await open(file, "r");
  try {
    for (const [n, plane] of planes.entries()) {
      const bytes = new Uint8Array(plane.buffer, 0, wanted * 4);
      await fill(handle, bytes, (n * samples + from) * 4);
    }
  } finally {
    await handle.close();
  }
  return { sampleRate, channels: planes };
}

/** One picture of a work file, RGB8. */
export interface WorkPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Reads `count` pictures. Errors: INTERNAL when there are fewer. */
export async function readPictures(pictures: PictureFile, count: number): Promise<WorkPicture[]> {
  const read: WorkPicture[] = [];
  for (let n = 0; n < count; n += 1) read.push(await readPicture(pictures, n));
  return read;
}

/** Reads the n-th picture. Errors: INTERNAL when there is none. */
export async function readPicture({ file, width, height }: PictureFile, n: number): Promise<WorkPicture> {
  const handle = await open(file, "r");
  try {
    const rgb = new Uint8Array(width * height * 3);
    await fill(handle, rgb, n * rgb.length);
    return { width, height, rgb };
  } finally {
    await handle.close();
  }
}

async function fill(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) throw new StudioError("INTERNAL", "A work file is shorter than it should be: start it again.");
    at += bytesRead;
  }
}

/** A sampler's state. One that cannot be read any more costs the steps that it stood for, nothing else. */
export async function readSavedState(file: string | null): Promise<Uint8Array | undefined> {
  const bytes = file === null ? null : await readFile(file).catch(() => null);
  return bytes === null ? undefined : new Uint8Array(bytes);
}
