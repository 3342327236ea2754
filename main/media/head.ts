import { z } from "zod";
import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";
import { TextTail } from "./text-tail.ts";

/** What a file's head says of one stream. Zeros and empty words where it says nothing. */
export interface Stream {
  readonly type: string;
  readonly codec: string;
  /** Pixels as stored. */
  readonly width: number;
  readonly height: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly layout: string;
  /** A cover picture inside a sound file. */
  readonly isAttached: boolean;
  readonly frames: number;
  readonly seconds: number;
  /** First timestamp, seconds; null where nobody says. */
  readonly start: number | null;
  readonly pixelFormat: string;
  /** Bits of a component. */
  readonly bits: number;
  readonly transfer: string;
  /** ffmpeg's name of the YCbCr matrix. */
  readonly matrix: string;
  readonly fieldOrder: string;
  /** VP8 and VP9 keep alpha beside the picture. */
  readonly alphaMode: boolean;
  /** Degrees clockwise to be upright. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Width of a stored pixel by its height. */
  readonly pixelAspect: number;
  /** Frames by seconds, and the rate that times are multiples of. */
  readonly meanRate: number;
  readonly baseRate: number;
}

export interface Head {
  readonly format: string;
  readonly seconds: number;
  readonly start: number | null;
  readonly streams: readonly Stream[];
}

export const unreadable = (detail: string): StudioError =>
  new StudioError(
    "MEDIA_UNREADABLE",
    "This file is no picture, sound or film that can be read: choose another, or convert it first.",
    detail,
  );

/** @param input arguments before the address, which comes last. Errors: MEDIA_UNREADABLE, FFMPEG_MISSING, CANCELLED. */
export async function readHead(tools: MediaTools, input: readonly string[]): Promise<Head> {
  if (tools.ffprobe === null) return parseBanner(await complaints(tools.ffmpeg, input));
  const text = await ask(tools.ffprobe, ["-of", "json", "-show_streams", "-show_format", ...input]);
  return parseHead(text);
}

/**
 * When each picture of the first video stream is shown, seconds, in the order of time. @param around where to look, seconds: some
 * hundred pictures each; none: all of the file. Empty without ffprobe.
 */
export async function packetTimes(
  tools: MediaTools,
  input: readonly string[],
  around: readonly number[],
): Promise<number[][]> {
  if (tools.ffprobe === null) return [];
  const packets = ["-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
  const groups: number[][] = [];
  // One run for each place: ffprobe does not say where one interval ends and the next begins.
  for (const at of around.length === 0 ? [null] : around) {
    const where = at === null ? [] : ["-read_intervals", `${at.toFixed(3)}%+#150`];
    const text = await ask(tools.ffprobe, [...packets, ...where, ...input]).catch((error: unknown) => {
      if (StudioError.from(error).code === "CANCELLED") throw error;
      return ""; // the end is damaged: what there is tells enough
    });
    const times = text.split("\n").map(Number.parseFloat).filter(Number.isFinite);
    groups.push(times.sort((a, b) => a - b));
  }
  return groups;
}

/** Runs ffprobe and gives what it prints. */
async function ask(ffprobe: string, args: readonly string[]): Promise<string> {
  const chunks: Buffer[] = [];
  await runMedia(ffprobe, ["-v", "error", ...PROTOCOLS, ...args], { onStdout: (chunk) => chunks.push(chunk) }).catch(
    (error: unknown) => {
      const known = StudioError.from(error);
      throw known.code === "FFMPEG_FAILED" || known.code === "OUTPUT_UNWRITABLE"
        ? unreadable(known.detail ?? known.message)
        : known;
    },
  );
  return Buffer.concat(chunks).toString("utf8");
}

const number = z.coerce.number().catch(0);
const word = z.string().catch("");
const outputSchema = z.object({
  format: z.object({ format_name: word, duration: number, start_time: z.coerce.number().nullable().catch(null) }),
  streams: z.array(
    z.object({
      codec_type: word,
      codec_name: word,
      width: number,
      height: number,
      sample_rate: number,
      channels: number,
      channel_layout: word,
      nb_frames: number,
      duration: number,
      start_time: z.coerce.number().nullable().catch(null),
      pix_fmt: word,
      bits_per_raw_sample: number,
      color_transfer: word,
      color_space: word,
      field_order: word,
      sample_aspect_ratio: word,
      avg_frame_rate: word,
      r_frame_rate: word,
      disposition: z.object({ attached_pic: z.number().default(0) }).optional(),
      tags: z.record(z.string(), z.string()).catch({}).default({}),
      side_data_list: z
        .array(z.looseObject({ rotation: number }))
        .catch([])
        .default([]),
    }),
  ),
});

/** Reads ffprobe's JSON. Pure. Errors: MEDIA_UNREADABLE. */
export function parseHead(text: string): Head {
  const parsed = outputSchema.safeParse(parseJson(text));
  if (!parsed.success) throw unreadable(parsed.error.message);
  const { format, streams } = parsed.data;
  return {
    format: format.format_name,
    seconds: format.duration,
    start: format.start_time,
    streams: streams.map((stream) => {
      const tags = Object.fromEntries(Object.entries(stream.tags).map(([name, value]) => [name.toLowerCase(), value]));
      const turn = stream.side_data_list.find(({ rotation }) => rotation !== 0)?.rotation;
      return {
        type: stream.codec_type,
        codec: stream.codec_name,
        width: stream.width,
        height: stream.height,
        sampleRate: stream.sample_rate,
        channels: stream.channels,
        layout: stream.channel_layout,
        isAttached: stream.disposition?.attached_pic === 1,
        frames: stream.nb_frames,
        // Matroska states a stream's length in a tag: 00:00:05.005000000
        seconds: stream.duration || clock(tags["duration"] ?? ""),
        start: stream.start_time,
        pixelFormat: stream.pix_fmt,
        bits: stream.codec_type === "video" ? stream.bits_per_raw_sample : 0,
        transfer: stream.color_transfer,
        matrix: stream.color_space,
        fieldOrder: stream.field_order,
        alphaMode: tags["alpha_mode"] === "1",
        rotation: turn === undefined ? quarter(Number(tags["rotate"] ?? 0)) : quarter(-turn),
        pixelAspect: ratio(stream.sample_aspect_ratio.replace(":", "/")) || 1,
        meanRate: ratio(stream.avg_frame_rate),
        baseRate: ratio(stream.r_frame_rate),
      };
    }),
  };
}

/** Everything that ffmpeg has to say about a file. It then complains that no output is named, which is no failure. */
export async function complaints(ffmpeg: string, input: readonly string[]): Promise<string> {
  const tail = new TextTail(32_768);
  const args = [...BASE_ARGS.filter((arg) => arg !== "-v" && arg !== "error"), ...PROTOCOLS, ...asInput(input)];
  await runMedia(ffmpeg, args, { onStderr: (chunk) => tail.push(chunk) }).catch(() => {});
  return tail.text;
}

/**
 * A file of exactly this name, the address last: ffmpeg's reader of pictures takes a % for a number and would open other files.
 */
export function fileInput(path: string): string[] {
  const address = `file:${path}`;
  if (!path.includes("%")) return [address];
  if (/\.gif$/i.test(path)) return ["-f", "gif", address];
  return /\.(png|jpe?g|bmp|tiff?|tga|webp|dpx|exr|p[bgpn]m)$/i.test(path)
    ? ["-f", "image2", "-pattern_type", "none", address]
    : [address];
}

/** Arguments of ffprobe (the address last) as ffmpeg wants them. */
export const asInput = (input: readonly string[]): string[] => [...input.slice(0, -1), "-i", input.at(-1)!];

const silent: Stream = {
  type: "",
  codec: "",
  width: 0,
  height: 0,
  sampleRate: 0,
  channels: 0,
  layout: "",
  isAttached: false,
  frames: 0,
  seconds: 0,
  start: null,
  pixelFormat: "",
  bits: 0,
  transfer: "",
  matrix: "",
  fieldOrder: "",
  alphaMode: false,
  rotation: 0,
  pixelAspect: 1,
  meanRate: 0,
  baseRate: 0,
};

/** Reads ffmpeg's description of its first input, where there is no ffprobe. Pure. Errors: MEDIA_UNREADABLE. */
export function parseBanner(text: string): Head {
  const format = /^Input #0, (.+?), from /m.exec(text)?.[1];
  if (format === undefined) throw unreadable(text.slice(-500));
  const seconds = clock(/Duration: ([\d:.]+)/.exec(text)?.[1] ?? "");
  const start = /Duration: [^\n]*start: (-?[\d.]+)/.exec(text)?.[1];
  const streams = [...text.matchAll(/^ +Stream #0:\d+[^:]*: (Video|Audio): (\w+)(.*)$((?:\n {4,}.*)*)/gm)].map(
    ([, type = "", codec = "", rest = "", more = ""]): Stream => {
      const size = /, (\d+)x(\d+)/.exec(rest);
      const layout = /\d Hz, ([^,]+)/.exec(rest)?.[1] ?? "";
      const surround = /^(\d)\.(\d)/.exec(layout);
      const counted = /^(\d+) channels/.exec(layout)?.[1];
      const turn = /rotation of (-?[\d.]+) degrees/.exec(more)?.[1];
      return {
        ...silent,
        type: type.toLowerCase(),
        codec,
        width: Number(size?.[1] ?? 0),
        height: Number(size?.[2] ?? 0),
        sampleRate: Number(/(\d+) Hz/.exec(rest)?.[1] ?? 0),
        channels:
          counted !== undefined
            ? Number(counted)
            : surround !== null
              ? Number(surround[1]) + Number(surround[2])
              : layout.startsWith("mono")
                ? 1
                : 2,
        layout,
        isAttached: rest.includes("(attached pic)"),
        pixelFormat:
          type === "Video" ? (/, ((?:yuv|rgb|bgr|gbr|gray|pal|nv|p0|ya|argb|abgr)\w*)/.exec(rest)?.[1] ?? "") : "",
        transfer: /smpte2084|arib-std-b67/.exec(rest)?.[0] ?? "",
        matrix: /bt709|smpte170m|bt470bg|bt2020nc/.exec(rest)?.[0] ?? "",
        rotation: turn === undefined ? 0 : quarter(-Number(turn)),
        pixelAspect: ratio((/SAR (\d+:\d+)/.exec(rest)?.[1] ?? "").replace(":", "/")) || 1,
        meanRate: Number(/([\d.]+) fps/.exec(rest)?.[1] ?? 0),
        baseRate: Number(/([\d.]+) tbr/.exec(rest)?.[1] ?? 0),
      };
    },
  );
  return { format, seconds, start: start === undefined ? null : Number(start), streams };
}

/** "30000/1001" → 29.97…; 0 for "0/0" and everything else that is none. */
function ratio(text: string): number {
  const [above = Number.NaN, below = 1] = text.split("/").map(Number);
  const value = above / below;
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function quarter(degrees: number): 0 | 90 | 180 | 270 {
  const turns = ((Math.round(degrees / 90) % 4) + 4) % 4;
  return ([0, 90, 180, 270] as const)[turns] ?? 0;
}

/** "01:02:03.5" → 3723.5; 0 where it is no time. */
function clock(text: string): number {
  const parts = /^(\d+):(\d+):(\d+(?:\.\d+)?)/.exec(text);
  return parts === null ? 0 : Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
