/** Runs in Chromium: decodes media with the viewer's own readers and tells which frame they show. */
import type { Rate } from "../../core/time/index.ts";
import { MediaFile } from "../../renderer/viewer/decode/media-file.ts";
import { VideoReader } from "../../renderer/viewer/decode/video-reader.ts";
import { numberOf } from "./numbered.ts";

let file: MediaFile | null = null;
let reader: VideoReader | null = null;
const canvas = document.createElement("canvas");

function shown(time: number): number | null {
  const frame = reader!.at(time);
  if (frame === null) return null;
  const { image, width, height } = frame.picture;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, width, height);
  return numberOf(context.getImageData(0, 0, width, height).data, width, height);
}

const page = {
  async open(url: string, rate: Rate | null): Promise<{ readonly first: number; readonly tick: number }> {
    reader?.dispose();
    file?.dispose();
    file = new MediaFile(url, rate);
    const facts = await file.videoTrack();
    reader = new VideoReader(facts, 64 * 2 ** 20);
    return { first: facts.grid.first, tick: facts.grid.tick };
  },
  /** Numbers of the frames at these times, as one who jumps there would see them. */
  async seek(times: readonly number[]): Promise<(number | null)[]> {
    const numbers: (number | null)[] = [];
    for (const time of times) {
      await reader!.ready(time);
      numbers.push(shown(time));
    }
    return numbers;
  },
  /** The same while playing that way. */
  async play(times: readonly number[], direction: 1 | -1): Promise<(number | null)[]> {
    const numbers: (number | null)[] = [];
    for (const time of times) {
      await reader!.ready(time, direction);
      numbers.push(shown(time));
    }
    return numbers;
  },
  /** Asks for many places at once, as a quick hand does; only the last must be shown. */
  async scrub(times: readonly number[]): Promise<number | null> {
    await Promise.all(times.map((time) => reader!.ready(time)));
    return shown(times.at(-1)!);
  },
  size(time: number): readonly [number, number] {
    const { width, height } = reader!.at(time)!.picture;
    return [width, height];
  },
  /** What `open` says of a file that cannot be shown. */
  async problem(url: string): Promise<string> {
    const broken = new MediaFile(url, null);
    try {
      await broken.videoTrack();
      return "no problem";
    } catch (cause) {
      return `${(cause as Error).constructor.name}: ${(cause as Error).message}`;
    } finally {
      broken.dispose();
    }
  },
};
export type DecodePage = typeof page;
(globalThis as unknown as { decodePage: DecodePage }).decodePage = page;
