import { StudioError } from "../../../core/contract/index.ts";
import type { ExportPlan } from "../../../core/export/index.ts";
import { FLICKS_PER_SECOND, type Flicks, frameToFlicks } from "../../../core/time/index.ts";
import {
  describeArgs,
  type MediaTools,
  openFrameReader,
  parseVideoFacts,
  runMedia,
  TextTail,
  type VideoFacts,
} from "../../media/index.ts";

/** A stream of a finished file, from its packets. */
export interface StreamFacts {
  readonly codec: string;
  readonly packets: number;
  /** Flicks; the end is that of the last packet. */
  readonly start: Flicks;
  readonly end: Flicks;
  readonly width: number | null;
  readonly height: number | null;
}

/** Reads every packet of a file without decoding it, and how ffmpeg describes it. Errors: FFMPEG_FAILED. */
export async function streamsOf(
  tools: MediaTools,
  input: readonly string[],
): Promise<{ readonly streams: StreamFacts[]; readonly facts: VideoFacts }> {
  const found: {
    codec: string;
    packets: number;
    start: number;
    end: number;
    width: number | null;
    height: number | null;
    tick: number;
  }[] = [];
  let rest = "";
  const line = (text: string): void => {
    const header = /^#(\w+) (\d+): (.+)$/.exec(text);
    if (header !== null) {
      const n = Number(header[2]);
      found[n] ??= {
        codec: "",
        packets: 0,
        start: Number.POSITIVE_INFINITY,
        end: Number.NEGATIVE_INFINITY,
        width: null,
        height: null,
        tick: 1,
      };
      const value = header[3]!;
      if (header[1] === "codec_id") found[n].codec = value;
      if (header[1] === "tb")
        found[n].tick = FLICKS_PER_SECOND * (Number(value.split("/")[0]) / Number(value.split("/")[1]));
      if (header[1] === "dimensions")
        [found[n].width, found[n].height] = value.split("x").map(Number) as [number, number];
      return;
    }
    // stream, dts, pts, duration, size, checksum
    const fields = text.split(",").map((field) => Number(field));
    const stream = found[fields[0]!];
    if (stream === undefined || fields.length < 5 || text.startsWith("#")) return;
    stream.packets += 1;
    stream.start = Math.min(stream.start, fields[2]! * stream.tick);
    stream.end = Math.max(stream.end, (fields[2]! + fields[3]!) * stream.tick);
  };
  const words = new TextTail(32_768);
  const copy = ["-map", "0", "-c", "copy", "-f", "framecrc", "pipe:1"];
  await runMedia(tools.ffmpeg, [...describeArgs(input), ...copy], {
    onStderr: (chunk) => words.push(chunk),
    onStdout: (chunk) => {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop()!;
      for (const each of lines) line(each);
    },
  });
  const streams = found.map(({ codec, packets, start, end, width, height }) => ({
    codec,
    packets,
    width,
    height,
    start: Math.round(start),
    end: Math.round(end),
  }));
  return { streams, facts: parseVideoFacts(words.text) };
}

/** ffmpeg's names of what we call otherwise. */
const CODEC_IDS: Readonly<Record<string, string>> = {
  "prores-422-hq": "prores",
  "prores-4444": "prores",
  jpeg: "mjpeg",
  pcm: "pcm_s24le",
};

const idOf = (codec: string): string => CODEC_IDS[codec] ?? codec;

/** Picture and sound may begin this far apart: less than anybody notices, more than any codec's packets round. */
const APART = FLICKS_PER_SECOND / 40;

/**
 * Which streams a finished file has, and that they are as long as the film. Resolves with how ffmpeg describes it; null where it
 * cannot read it. Errors: FFMPEG_FAILED.
 */
export async function verifyStreams(tools: MediaTools, plan: ExportPlan, file: string): Promise<VideoFacts | null> {
  const { video, audio, settings, range } = plan;
  // This ffmpeg cannot read animated WebP back; the pictures are looked at by nobody else either.
  if (settings.container === "webp") return null;
  const { streams, facts } = await streamsOf(tools, [`file:${file}`]);
  const wrong = (what: string): never => {
    throw new StudioError(
      "FFMPEG_FAILED",
      "The finished file did not read back as it was written, so it was thrown away: try again.",
      `${what}; found ${JSON.stringify(streams)}`,
    );
  };
  const picture = streams.find(({ width }) => width !== null);
  const sound = streams.find(({ width }) => width === null);
  if ((picture === undefined) !== (video === null) || (sound === undefined) !== (audio === null)) wrong("streams");
  if (video !== null && picture !== undefined) {
    if (picture.codec !== idOf(video.codec) || picture.width !== video.width || picture.height !== video.height)
      wrong("picture");
    if (settings.container !== "gif") {
      if (picture.packets !== video.frames) wrong(`${video.frames} frames expected`);
      const length = frameToFlicks(video.frames, video.rate);
      const clock = settings.container === "webm" || settings.container === "mkv" ? FLICKS_PER_SECOND / 500 : 2;
      if (Math.abs(picture.end - picture.start - length) > clock + length * 1e-9) wrong(`${length} flicks expected`);
    }
  }
  if (audio !== null && sound !== undefined) {
    if (sound.codec !== idOf(audio.codec)) wrong("sound");
    // Lossy codecs begin before the sound and end after it, by whole packets.
    const length = sound.end - Math.max(0, sound.start);
    if (length < range.duration - 2 * APART || length > range.duration + 6 * APART) wrong("length of the sound");
    if (picture !== undefined && Math.abs(Math.max(0, sound.start) - Math.max(0, picture.start)) > APART)
      wrong("picture and sound do not begin together");
  }
  return facts;
}

/** Side of the blocks whose mean colours are compared. */
const BLOCK = 16;
/** Steps of 255 by which the mean of a block may differ from what was painted, on average: codecs lose detail, not colours. */
const CLOSE = 12;

/** Of this many pixels across and down, one is looked at: the same in both pictures. */
const SAMPLE = 2;

/** Mean colours of a picture's blocks, three a block. */
export function blocksOf(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number): Float32Array {
  const [columns, rows] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const sums = new Float32Array(columns * rows * 3);
  const counts = new Float32Array(columns * rows);
  for (let y = 0; y < height; y += SAMPLE) {
    const row = Math.floor(y / BLOCK) * columns;
    for (let x = 0, at = 4 * y * width; x < width; x += SAMPLE, at += 4 * SAMPLE) {
      const block = row + Math.floor(x / BLOCK);
      const alpha = rgba[at + 3]! / 255;
      sums[3 * block]! += rgba[at]! * alpha;
      sums[3 * block + 1]! += rgba[at + 1]! * alpha;
      sums[3 * block + 2]! += rgba[at + 2]! * alpha;
      counts[block]! += 1;
    }
  }
  return sums.map((sum, i) => sum / counts[Math.floor(i / 3)]!);
}

/** Decodes the first and the last frame and compares them with what was painted. Errors: FFMPEG_FAILED. */
export async function verifyPictures(
  tools: MediaTools,
  { video, settings }: ExportPlan,
  { file, facts }: { readonly file: string; readonly facts: VideoFacts },
  painted: { readonly first: Float32Array; readonly last: Float32Array },
): Promise<void> {
  if (video === null || settings.container === "webp" || settings.container === "gif") return;
  const input = [`file:${file}`];
  const { width, height, rate, frames } = video;
  const look = async (n: number, expected: Float32Array): Promise<void> => {
    const reader = openFrameReader(tools, { name: "the finished file", input, facts, rate, width, height }, 1);
    try {
      const { pixels } = await reader.frameAt(frameToFlicks(n, rate));
      const found = blocksOf(pixels, width, height);
      let sum = 0;
      for (let i = 0; i < found.length; i++) sum += Math.abs(found[i]! - expected[i]!);
      if (sum / found.length > CLOSE)
        throw new StudioError(
          "FFMPEG_FAILED",
          "The finished file does not show what it should, so it was thrown away: try again, with another encoder if it happens again.",
          `frame ${n} differs by ${(sum / found.length).toFixed(1)} steps`,
        );
    } finally {
      await reader.close();
    }
  };
  await Promise.all([look(0, painted.first), look(frames - 1, painted.last)]);
}
