import fluent from "fluent-ffmpeg";
import { z } from "zod";
import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { checkPictureSize } from "./picture-size.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";
import { TextTail } from "./text-tail.ts";

/** What a file turned out to be, as far as its head tells. */
export type MediaFacts =
  | {
      readonly kind: "picture";
      /** Pixels as stored, before any rotation. */
      readonly width: number;
      readonly height: number;
      /** True for animations and films: only the first frame is used. */
      readonly moves: boolean;
    }
  | {
      readonly kind: "sound";
      /** Length that the container states; 0 where it states none. */
      readonly seconds: number;
      readonly sampleRate: number;
      readonly channels: number;
      /** True when it has more than one sound track or pictures beside the sound. */
      readonly hasMore: boolean;
    };

interface Stream {
  readonly type: string;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** A cover picture inside a sound file. */
  readonly isAttached: boolean;
  readonly frames: number;
}

/** Formats that hold one picture, or a short animation of it, by ffmpeg's demuxer names. */
const PICTURE_FORMATS = /^(image2|gif|apng|[a-z0-9_]+_pipe|webp|ico|tiff?)(,|$)/;

/**
 * Tells whether a file is a picture or a sound. A film counts as its sound where it has one. Reads the head only.
 * Errors: MEDIA_UNREADABLE when ffmpeg finds neither.
 */
export async function probeMedia(tools: MediaTools, file: string): Promise<MediaFacts> {
  const { format, seconds, streams } =
    tools.ffprobe === null ? await askFfmpeg(tools.ffmpeg, file) : await askFfprobe(tools.ffprobe, file);
  const sounds = streams.filter(({ type }) => type === "audio");
  const pictures = streams.filter(({ type, width, height }) => type === "video" && width > 0 && height > 0);
  const [sound] = sounds;
  if (sound !== undefined && sound.sampleRate > 0 && sound.channels > 0)
    return {
      kind: "sound",
      seconds,
      sampleRate: sound.sampleRate,
      channels: sound.channels,
      hasMore: sounds.length > 1 || pictures.some(({ isAttached }) => !isAttached),
    };
  const [picture] = pictures;
  if (picture === undefined) {
    await refuseGiant(tools.ffmpeg, file);
    throw unreadable(`format ${format}`);
  }
  const isStill = PICTURE_FORMATS.test(format) && picture.frames <= 1 && !/^(gif|apng)/.test(format);
  return { kind: "picture", width: picture.width, height: picture.height, moves: !isStill && seconds > 0.2 };
}

/** ffmpeg does not even tell the size of pictures beyond a quarter of a gigapixel, except in its complaint. */
async function refuseGiant(ffmpeg: string, file: string): Promise<void> {
  const size = /Picture size (\d+)x(\d+) is invalid/.exec(await complaints(ffmpeg, file));
  if (size !== null) checkPictureSize(Number(size[1]), Number(size[2]));
}

export const unreadable = (detail: string): StudioError =>
  new StudioError(
    "MEDIA_UNREADABLE",
    "This file is neither a picture nor a sound that can be read: choose another, or convert it first.",
    detail,
  );

const outputSchema = z.object({
  format: z.object({ format_name: z.string().default(""), duration: z.coerce.number().catch(0) }),
  streams: z.array(
    z.object({
      codec_type: z.string().default(""),
      codec_name: z.string().default(""),
      width: z.number().default(0),
      height: z.number().default(0),
      sample_rate: z.coerce.number().catch(0),
      channels: z.number().default(0),
      nb_frames: z.coerce.number().catch(0),
      disposition: z.object({ attached_pic: z.number().default(0) }).optional(),
    }),
  ),
});

interface Head {
  readonly format: string;
  readonly seconds: number;
  readonly streams: readonly Stream[];
}

async function askFfprobe(ffprobe: string, file: string): Promise<Head> {
  const answer = await new Promise<unknown>((resolve, reject) => {
    fluent(`file:${file}`)
      .setFfprobePath(ffprobe)
      .ffprobe(["-v", "error", ...PROTOCOLS], (error: unknown, data: unknown) => {
        if (error === null || error === undefined) resolve(data);
        else reject(unreadable(error instanceof Error ? error.message : JSON.stringify(error)));
      });
  });
  const parsed = outputSchema.safeParse(answer);
  if (!parsed.success) throw unreadable(parsed.error.message);
  const { format, streams } = parsed.data;
  return {
    format: format.format_name,
    seconds: format.duration,
    streams: streams.map((stream) => ({
      type: stream.codec_type,
      codec: stream.codec_name,
      width: stream.width,
      height: stream.height,
      sampleRate: stream.sample_rate,
      channels: stream.channels,
      isAttached: stream.disposition?.attached_pic === 1,
      frames: stream.nb_frames,
    })),
  };
}

/** Without ffprobe: what ffmpeg itself prints about its input. It then complains that no output is named, which is no failure. */
async function askFfmpeg(ffmpeg: string, file: string): Promise<Head> {
  return parseBanner(await complaints(ffmpeg, file));
}

/** Everything that ffmpeg has to say about a file. */
async function complaints(ffmpeg: string, file: string): Promise<string> {
  const tail = new TextTail(32_768);
  const args = [...BASE_ARGS.filter((arg) => arg !== "-v" && arg !== "error"), ...PROTOCOLS, "-i", `file:${file}`];
  await runMedia(ffmpeg, args, { onStderr: (chunk) => tail.push(chunk) }).catch(() => {});
  return tail.text;
}

/** Reads ffmpeg's description of its first input. Pure. Errors: MEDIA_UNREADABLE. */
export function parseBanner(text: string): Head {
  const format = /^Input #0, (.+?), from /m.exec(text)?.[1];
  if (format === undefined) throw unreadable(text.slice(-500));
  const duration = /Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/.exec(text);
  const seconds = duration === null ? 0 : Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3]);
  const streams = [...text.matchAll(/^ +Stream #0:\d+[^:]*: (Video|Audio): (\w+)(.*)$/gm)].map(
    ([, type = "", codec = "", rest = ""]) => {
      const size = /, (\d+)x(\d+)/.exec(rest);
      const layout = /\d Hz, ([^,]+)/.exec(rest)?.[1] ?? "";
      const surround = /^(\d)\.(\d)/.exec(layout);
      const counted = /^(\d+) channels/.exec(layout)?.[1];
      return {
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
        isAttached: rest.includes("(attached pic)"),
        frames: 0,
      };
    },
  );
  return { format, seconds, streams };
}
