import { StudioError } from "../../core/contract/index.ts";
import { isVariable, meanRate } from "./frame-times.ts";
import { asInput, complaints, fileInput, type Head, packetTimes, readHead, type Stream, unreadable } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { checkPictureSize } from "./picture-size.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";

/** What a file turned out to be. */
export type MediaFacts = PictureFacts | SoundFacts | FilmFacts;

export interface PictureFacts {
  readonly kind: "picture";
  /** Pixels as stored, before any rotation. */
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
  /** ffmpeg's names. */
  readonly codec: string;
  readonly pixelFormat: string;
  readonly format: string;
  readonly hdr: Hdr;
}

export interface SoundFacts {
  readonly kind: "sound";
  /** Length that the container states; 0 where it states none. */
  readonly seconds: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** "stereo", "5.1(side)"; empty where nobody says. */
  readonly layout: string;
  readonly codec: string;
  readonly format: string;
  /** True when it has more than one sound track. */
  readonly hasMore: boolean;
}

export interface FilmFacts {
  readonly kind: "video";
  /** Upright, square pixels. */
  readonly width: number;
  readonly height: number;
  /** How long pictures are shown. */
  readonly seconds: number;
  /** Frames per second, the mean where it varies. */
  readonly framesPerSecond: number;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly format: string;
  readonly depth: number;
  readonly hdr: Hdr;
  /** ffmpeg's name of the YCbCr matrix; empty where the file does not say. */
  readonly matrix: string;
  readonly alpha: boolean;
  readonly isVariable: boolean;
  readonly rotation: 0 | 90 | 180 | 270;
  readonly isInterlaced: boolean;
  readonly pixelAspect: number;
  /** First picture, seconds after `origin`. */
  readonly start: number;
  /** The file's first timestamp. */
  readonly origin: number;
  readonly audio: SoundFacts | null;
}

type Hdr = "pq" | "hlg" | null;

/** Formats that hold one picture, by ffmpeg's demuxer names; a GIF, APNG or WebP may hold a film. */
const PICTURE_FORMATS = /^(image2|gif|apng|[a-z0-9_]+_pipe|webp|ico|tiff?)(,|$)/;

/**
 * Tells what a file holds. Films without pictures are sounds (a cover picture counts as none), animations with one picture are pictures.
 * Reads heads, and the packets' times where the head does not tell whether they are even.
 * Errors: MEDIA_UNREADABLE when ffmpeg finds nothing, or nothing that lasts.
 */
export async function probeMedia(tools: MediaTools, file: string): Promise<MediaFacts> {
  return probeInput(tools, fileInput(file), () => refuseGiant(tools.ffmpeg, file));
}

/** The same for what needs more words than a path: a numbered sequence. @param input ffmpeg's arguments, the address last */
export async function probeInput(
  tools: MediaTools,
  input: readonly string[],
  whenEmpty: () => Promise<void> = async () => {},
): Promise<MediaFacts> {
  const head = await readHead(tools, input);
  const { format, streams } = head;
  const sound = soundOf(head);
  const picture = streams.find(
    ({ type, width, height, isAttached }) => type === "video" && width > 0 && height > 0 && !isAttached,
  );
  if (picture === undefined) {
    if (sound !== null) return sound;
    await whenEmpty();
    throw unreadable(`format ${format}`);
  }
  if (sound === null && (await isStill(tools, input, head, picture)))
    return {
      kind: "picture",
      width: picture.width,
      height: picture.height,
      alpha: hasAlpha(picture) && (await seesThrough(tools, input)),
      codec: picture.codec,
      pixelFormat: picture.pixelFormat,
      format,
      hdr: hdrOf(picture),
    };
  return filmOf(tools, input, head, picture, sound);
}

function soundOf({ format, seconds, streams }: Head): SoundFacts | null {
  const sounds = streams.filter(({ type, sampleRate, channels }) => type === "audio" && sampleRate > 0 && channels > 0);
  const [sound] = sounds;
  if (sound === undefined) return null;
  const { sampleRate, channels, layout, codec } = sound;
  const length = sound.seconds > 0 ? sound.seconds : seconds;
  return { kind: "sound", seconds: length, sampleRate, channels, layout, codec, format, hasMore: sounds.length > 1 };
}

async function isStill(tools: MediaTools, input: readonly string[], head: Head, picture: Stream): Promise<boolean> {
  if (input.includes("-start_number") || !PICTURE_FORMATS.test(head.format)) return false;
  if (!/^(gif|apng)/.test(head.format)) return true;
  return picture.frames > 0 ? picture.frames === 1 : ((await packetTimes(tools, input, []))[0] ?? []).length <= 1;
}

async function filmOf(
  tools: MediaTools,
  input: readonly string[],
  head: Head,
  picture: Stream,
  sound: SoundFacts | null,
): Promise<FilmFacts> {
  const stated = picture.seconds > 0 ? picture.seconds : head.seconds;
  // A recorder that was cut off states no length: its packets do.
  const first = head.start ?? 0;
  const times = await packetTimes(tools, input, stated > 0 ? [first, first + stated / 2] : []);
  const seen = times.flat();
  if (seen.length === 0 && tools.ffprobe !== null) throw noLength();
  const framesPerSecond = rateOf(picture) ?? meanRate(times) ?? 25;
  const seconds = stated > 0 ? stated : (seen.at(-1) ?? 0) - (seen[0] ?? 0) + 1 / framesPerSecond;
  if (!(seconds > 0)) throw noLength();
  const origin = head.start ?? picture.start ?? 0;
  const isTurned = picture.rotation === 90 || picture.rotation === 270;
  const shown = { width: Math.max(1, Math.round(picture.width * picture.pixelAspect)), height: picture.height };
  return {
    kind: "video",
    width: isTurned ? shown.height : shown.width,
    height: isTurned ? shown.width : shown.height,
    seconds,
    framesPerSecond: Math.min(1000, framesPerSecond),
    codec: picture.codec,
    pixelFormat: picture.pixelFormat,
    format: head.format,
    depth: depthOf(picture),
    hdr: hdrOf(picture),
    matrix: /unknown|reserved/.test(picture.matrix) ? "" : picture.matrix,
    alpha: hasAlpha(picture) && (!/^(gif|apng)/.test(head.format) || (await seesThrough(tools, input))),
    isVariable: isVariable(times),
    rotation: picture.rotation,
    isInterlaced: /^(tt|bb|tb|bt)$/.test(picture.fieldOrder),
    pixelAspect: picture.pixelAspect,
    start: Math.max(0, (picture.start ?? origin) - origin),
    origin,
    audio: sound,
  };
}

/** The rate that times are multiples of, where frames come at nearly that rate: means are off by what the file's ends round to. */
function rateOf({ meanRate: mean, baseRate: base }: Stream): number | null {
  if (mean <= 0) return base > 0 ? base : null;
  return base > 0 && Math.abs(mean / base - 1) < 0.05 ? base : mean;
}

const noLength = (): StudioError =>
  new StudioError("MEDIA_UNREADABLE", "This file has no length, so there is nothing in it to show: choose another.");

const HDR: Readonly<Record<string, Hdr>> = { smpte2084: "pq", "arib-std-b67": "hlg" };
const hdrOf = ({ transfer }: Stream): Hdr => HDR[transfer] ?? null;
const hasAlpha = ({ pixelFormat, alphaMode }: Stream): boolean =>
  alphaMode || /^(yuva|rgba|argb|bgra|abgr|gbrap|ya\d|pal8)/.test(pixelFormat);

/** Bits of a component: what the codec says, else what the pixel format's name does (yuv420p10le, p010le, rgb48be). */
function depthOf({ bits, pixelFormat }: Stream): number {
  if (bits > 0) return bits;
  const planar =
    /p(?:lanar)?(9|10|12|14|16)(?:le|be)?$/.exec(pixelFormat)?.[1] ?? /^p0(10|12|16)/.exec(pixelFormat)?.[1];
  if (planar !== undefined) return Number(planar);
  return /48(le|be)$|64(le|be)$|16(le|be)$/.test(pixelFormat) ? 16 : 8;
}

/** Whether a picture of the first frame can be seen through anywhere; formats with a place for alpha often hold none. */
export async function seesThrough(tools: MediaTools, input: readonly string[]): Promise<boolean> {
  const small = [
    "-map",
    "0:v:0",
    "-frames:v",
    "1",
    "-vf",
    "scale=64:64:flags=area,format=rgba",
    "-f",
    "rawvideo",
    "pipe:1",
  ];
  let isSeenThrough = false;
  let at = 0;
  await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...asInput(input), ...small], {
    onStdout: (chunk) => {
      for (let i = (3 - (at % 4) + 4) % 4; i < chunk.length; i += 4) isSeenThrough ||= chunk[i]! < 250;
      at += chunk.length;
    },
  }).catch((error: unknown) => {
    const known = StudioError.from(error);
    throw known.code === "FFMPEG_FAILED" ? unreadable(known.detail ?? known.message) : known;
  });
  return isSeenThrough;
}

/** ffmpeg does not even tell the size of pictures beyond a quarter of a gigapixel, except in its complaint. */
async function refuseGiant(ffmpeg: string, file: string): Promise<void> {
  const size = /Picture size (\d+)x(\d+) is invalid/.exec(await complaints(ffmpeg, fileInput(file)));
  if (size !== null) checkPictureSize(Number(size[1]), Number(size[2]));
}

/** Whether the first picture decodes: a head is easily forged. Errors: FFMPEG_MISSING, CANCELLED. */
export async function decodesPicture(tools: MediaTools, input: readonly string[]): Promise<boolean> {
  let bytes = 0;
  const one = [
    "-map",
    "0:v:0",
    "-frames:v",
    "1",
    "-vf",
    "scale=16:16",
    "-pix_fmt",
    "rgb24",
    "-f",
    "rawvideo",
    "pipe:1",
  ];
  try {
    await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...asInput(input), ...one], {
      onStdout: (chunk) => void (bytes += chunk.length),
    });
  } catch (error) {
    const { code } = StudioError.from(error);
    if (code === "FFMPEG_MISSING" || code === "CANCELLED") throw error;
  }
  return bytes > 0;
}
