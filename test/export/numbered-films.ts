import { openFrameReader, type MediaTools, videoFacts } from "../../main/media/index.ts";
import { frameToFlicks, type Rate } from "../../core/time/index.ts";
import type { MediaReference } from "../../core/timeline/index.ts";
import { HEIGHT, numberOf, WIDTH } from "../viewer/numbered.ts";

/** Frames of each film. */
export const FRAMES = 96;
/** Arguments of ffmpeg: groups of pictures of 12 frames, reordered. */
export const x264 = [
  "-c:v",
  "libx264",
  "-preset",
  "veryfast",
  "-crf",
  "16",
  "-bf",
  "2",
  "-g",
  "12",
  "-sc_threshold",
  "0",
  "-color_range",
  "tv",
];

export const reference = (name: string, rate: Rate): MediaReference => ({
  id: name.replace(".", "-"),
  kind: "video",
  name,
  path: name,
  fingerprint: { bytes: 1, sha256: "ab".repeat(32) },
  availableRange: { start: 0, duration: frameToFlicks(FRAMES, rate) },
  rate,
  size: { width: WIDTH, height: HEIGHT },
  audio: null,
  record: null,
});

export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Numbers of the frames of a file, as ffmpeg decodes them. */
export async function decoded(tools: MediaTools, file: string, rate: Rate, count: number): Promise<number[]> {
  const input = [`file:${file}`];
  const reader = openFrameReader(
    tools,
    { name: file, input, facts: await videoFacts(tools, input), rate, width: WIDTH, height: HEIGHT },
    1,
  );
  const numbers: number[] = [];
  try {
    for (let n = 0; n < count; n++)
      numbers.push(numberOf((await reader.frameAt(frameToFlicks(n, rate))).pixels, WIDTH, HEIGHT));
  } finally {
    await reader.close();
  }
  return numbers;
}
