import fluent from "fluent-ffmpeg";
import { z } from "zod";
import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";

/** What a file's video stream says of itself, and how many frames really decode. */
export interface VideoProbe {
  readonly codec: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames that were decoded, not what the header promises. */
  readonly frames: number;
  /** Null where only ffmpeg is at hand and the tags cannot be read. */
  readonly tags: ColourTags | null;
  /** Number of streams of every kind. */
  readonly streams: number;
  /** Null where there is no sound. */
  readonly sound: SoundProbe | null;
}

/** The sound track's place beside the picture, seconds; null where only ffmpeg is at hand and does not say. */
export interface SoundProbe {
  readonly codec: string;
  readonly start: number | null;
  readonly seconds: number | null;
  readonly videoStart: number | null;
  readonly videoSeconds: number | null;
}

export interface ColourTags {
  readonly pixelFormat: string;
  readonly range: string;
  readonly matrix: string;
  readonly primaries: string;
  readonly transfer: string;
}

/** The only place that knows fluent-ffmpeg: its ffprobe call gives a parsed answer; it is used for nothing else. */
const probeOutputSchema = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      codec_name: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
      nb_read_frames: z.coerce.number().optional(),
      pix_fmt: z.string().optional(),
      color_range: z.string().optional(),
      color_space: z.string().optional(),
      color_primaries: z.string().optional(),
      color_transfer: z.string().optional(),
      start_time: z.coerce.number().optional().catch(undefined),
      duration: z.coerce.number().optional().catch(undefined),
    }),
  ),
});

/**
 * Decodes every frame of a video file and tells what is in it. `file` must be absolute.
 * Errors: FFMPEG_FAILED when it is no video or a frame does not decode.
 */
export async function probeVideo(tools: MediaTools, file: string): Promise<VideoProbe> {
  return tools.ffprobe === null ? probeByDecoding(tools.ffmpeg, file) : probeByFfprobe(tools.ffprobe, file);
}

const unreadable = (detail: string): StudioError =>
  new StudioError("FFMPEG_FAILED", "The video file cannot be read: it is damaged or not a video.", detail);

async function probeByFfprobe(ffprobe: string, file: string): Promise<VideoProbe> {
  const answer = await new Promise<unknown>((resolve, reject) => {
    fluent(`file:${file}`)
      .setFfprobePath(ffprobe)
      .ffprobe(["-v", "error", ...PROTOCOLS, "-count_frames"], (error: unknown, data: unknown) => {
        if (error === null || error === undefined) resolve(data);
        else reject(unreadable(error instanceof Error ? error.message : JSON.stringify(error)));
      });
  });
  const parsed = probeOutputSchema.safeParse(answer);
  if (!parsed.success) throw unreadable(parsed.error.message);
  const video = parsed.data.streams.find((stream) => stream.codec_type === "video");
  if (video?.width === undefined || video.height === undefined) throw unreadable("no video stream");
  const sound = parsed.data.streams.find((stream) => stream.codec_type === "audio");
  return {
    sound:
      sound === undefined
        ? null
        : {
            codec: sound.codec_name ?? "unknown",
            start: sound.start_time ?? null,
            seconds: sound.duration ?? null,
            videoStart: video.start_time ?? null,
            videoSeconds: video.duration ?? null,
          },
    codec: video.codec_name ?? "unknown",
    width: video.width,
    height: video.height,
    frames: video.nb_read_frames ?? 0,
    streams: parsed.data.streams.length,
    tags: {
      pixelFormat: video.pix_fmt ?? "unknown",
      range: video.color_range ?? "unknown",
      matrix: video.color_space ?? "unknown",
      primaries: video.color_primaries ?? "unknown",
      transfer: video.color_transfer ?? "unknown",
    },
  };
}

/**
 * Without ffprobe: the framecrc muxer prints `#dimensions 0: 320x256` and one line a frame. Copied packets name the codec,
 * decoded frames prove that each one decodes.
 */
async function probeByDecoding(ffmpeg: string, file: string): Promise<VideoProbe> {
  const read = async (codec: readonly string[]): Promise<string> => {
    const chunks: Buffer[] = [];
    await runMedia(ffmpeg, [...BASE_ARGS, ...PROTOCOLS, "-i", `file:${file}`, ...codec, "-f", "framecrc", "pipe:1"], {
      onStdout: (chunk) => chunks.push(chunk),
    });
    return Buffer.concat(chunks).toString("utf8");
  };
  const packets = await read(["-map", "0", "-c", "copy"]);
  const decoded = await read(["-map", "0:v:0"]);
  const size = /^#dimensions 0: (\d+)x(\d+)/m.exec(decoded);
  if (size === null) throw unreadable(decoded.slice(0, 500));
  const soundStream = /^#media_type (\d+): audio/m.exec(packets)?.[1];
  const soundCodec =
    soundStream === undefined
      ? undefined
      : (new RegExp(`^#codec_id ${soundStream}: (\\S+)`, "m").exec(packets)?.[1] ?? "unknown");
  return {
    codec: /^#codec_id 0: (\S+)/m.exec(packets)?.[1] ?? "unknown",
    width: Number(size[1]),
    height: Number(size[2]),
    frames: decoded.split("\n").filter((line) => /^\d+,/.test(line)).length,
    streams: packets.split("\n").filter((line) => line.startsWith("#codec_id ")).length,
    tags: null,
    sound: soundCodec === undefined ? null : { ...unknownTimes, codec: soundCodec },
  };
}

const unknownTimes = { start: null, seconds: null, videoStart: null, videoSeconds: null };
