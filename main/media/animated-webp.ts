import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StudioError } from "../../core/contract/index.ts";
import { type Rate, rateFrom } from "../../core/time/index.ts";
import { unreadable } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { checkPictureSize } from "./picture-size.ts";
import { BASE_ARGS, PROTOCOLS, runMedia, startMedia } from "./run.ts";
import {
  type AnimatedWebp,
  clearFrame,
  drawFrame,
  isAnimatedHead,
  parseAnimatedWebp,
  type WebpFrame,
} from "./webp-container.ts";

/** Larger files are read into memory by nobody. */
const MAX_BYTES = 2 ** 28;
/** Frames that one ffmpeg decodes. */
const TOGETHER = 24;
/** What browsers make of "as fast as possible": delays up to a hundredth of a second are a tenth. */
const SHORTEST_MS = 10;
const USUAL_MS = 100;
const FASTEST = 60;

/**
 * Whether a file is a WebP with several frames. ffmpeg reads them only since version 7 or so, and takes older ones for damaged pictures:
 * it is given their frames one by one.
 */
export async function isAnimatedWebp(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const head = new Uint8Array(21);
    await handle.read(head, 0, head.length, 0);
    return isAnimatedHead(head);
  } finally {
    await handle.close();
  }
}

/** Times of a film made of frames that are shown for these times, ms: its rate, and which frame is shown at each of its own. Pure. */
export function evenFrames(delays: readonly number[]): { readonly rate: Rate; readonly shown: readonly number[] } {
  const lasting = delays.map((delay) => (delay > SHORTEST_MS ? delay : USUAL_MS));
  const rate = rateFrom(Math.min(FASTEST, 1000 / Math.min(...lasting)));
  const step = (1000 * rate.denominator) / rate.numerator;
  const total = lasting.reduce((sum, delay) => sum + delay, 0);
  const shown: number[] = [];
  let [frame, ends] = [0, lasting[0]!];
  for (let n = 0; n < Math.max(1, Math.round(total / step)); n++) {
    // Half a step: a frame's time may be rounded either way.
    while (frame < lasting.length - 1 && n * step + step / 2 > ends) ends += lasting[++frame]!;
    shown.push(frame);
  }
  return { rate, shown };
}

/**
 * Writes an animated WebP as a lossless film (FFV1 in Matroska, RGBA, constant rate) that ffmpeg reads.
 * Errors: MEDIA_UNREADABLE, DISK_FULL, CANCELLED.
 */
export async function unpackWebp(tools: MediaTools, file: string, target: string): Promise<void> {
  const webp = await read(file);
  const { width, height, frames } = webp;
  const { rate, shown } = evenFrames(frames.map(({ delay }) => delay));
  const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", `${width}x${height}`];
  const timing = ["-framerate", `${rate.numerator}/${rate.denominator}`, "-i", "pipe:0"];
  const output = ["-c:v", "ffv1", "-pix_fmt", "bgra", "-f", "matroska", `file:${target}`];
  const encoder = startMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...input, ...timing, ...output]);
  const folder = await mkdtemp(join(tmpdir(), "plume-webp-"));
  const canvas = new Uint8Array(width * height * 4);
  try {
    for (let from = 0; from < frames.length; from += TOGETHER) {
      const some = frames.slice(from, from + TOGETHER);
      const pictures = await decodeStills(tools, some, folder);
      for (const [n, frame] of some.entries()) {
        drawFrame(canvas, width, frame, pictures[n]!);
        for (const at of shown) if (at === from + n) await encoder.write(canvas);
        if (frame.isCleared) clearFrame(canvas, width, frame);
      }
    }
    await encoder.finish();
  } finally {
    await encoder.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(file: string): Promise<AnimatedWebp> {
  const { size } = await stat(file);
  const webp = size > MAX_BYTES ? null : parseAnimatedWebp(await readFile(file));
  if (webp === null)
    throw new StudioError(
      "MEDIA_UNREADABLE",
      "This file is an animation that cannot be read: choose another, or convert it first.",
    );
  checkPictureSize(webp.width, webp.height);
  return webp;
}

/** Each frame's own pixels, straight RGBA. Errors: MEDIA_UNREADABLE. */
async function decodeStills(tools: MediaTools, frames: readonly WebpFrame[], folder: string): Promise<Uint8Array[]> {
  const at = (n: number, kind: string): string => join(folder, `${n}.${kind}`);
  await Promise.all(frames.map(({ still }, n) => writeFile(at(n, "webp"), still)));
  const inputs = frames.flatMap((_, n) => ["-f", "webp_pipe", "-i", `file:${at(n, "webp")}`]);
  const outputs = frames.flatMap((_, n) => [
    "-map",
    `${n}:v:0`,
    "-frames:v",
    "1",
    "-pix_fmt",
    "rgba",
    "-f",
    "rawvideo",
    `file:${at(n, "rgba")}`,
  ]);
  await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...inputs, ...outputs]).catch((error: unknown) => {
    const known = StudioError.from(error);
    throw known.code === "FFMPEG_FAILED" ? unreadable(known.detail ?? known.message) : known;
  });
  return Promise.all(
    frames.map(async ({ width, height }, n) => {
      const rgba = await readFile(at(n, "rgba"));
      if (rgba.length !== width * height * 4) throw unreadable(`frame of ${rgba.length} bytes`);
      return rgba;
    }),
  );
}
