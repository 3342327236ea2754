import type { Media } from "../../../core/contract/index.ts";
import type { Entry } from "./catalogue.ts";

type Technical = Entry["technical"];

/** More pixels than this are decoded, but not beside other work on a laptop. */
const SMOOTH_PIXELS = 1920 * 1088;
const SMOOTH_RATE = 61;
/** A still may be larger than a screen, for zooming in; beyond this it costs a hundred megabytes of memory. */
const STILL_SIDE = 4096;

const SOUND_CODECS = /^(aac|mp3|opus|vorbis|flac|pcm_(u8|s16le|s24le|s32le|f32le|s16be|s24be|mulaw|alaw))$/;
const SOUND_FORMATS = /^(mov,|matroska|mp3$|wav$|flac$|ogg$|aac$)/;

/**
 * Whether Chromium, with mediabunny before it, plays the file as it is and smoothly; otherwise it needs a proxy. Debian's Chromium and
 * Electron decode H.264, VP8, VP9 and AV1 with 8 bits and 4:2:0; neither decodes ProRes, nor HEVC without the help of a graphics card.
 */
export function playsAsItIs(media: Media, technical: Technical): boolean {
  if (media.kind === "picture") return stillShows(media, technical);
  if (media.kind === "sound") return soundPlays(technical.audioCodec, technical.format, media.channels);
  const { video, audio, width, height, rate } = media;
  const { codec, format, pixelFormat } = technical;
  const isKnown =
    (codec === "h264" && /^yuvj?420p$/.test(pixelFormat)) ||
    (/^(vp8|vp9|av1)$/.test(codec) && /^yuva?420p$/.test(pixelFormat));
  const isEven = !video.isVariable && !video.isInterlaced && video.pixelAspect === 1 && video.sequence === null;
  const isLight = width * height <= SMOOTH_PIXELS && rate.numerator / rate.denominator <= SMOOTH_RATE;
  const isHeard = audio === null || soundPlays(technical.audioCodec, format, audio.channels);
  return isKnown && isEven && isLight && isHeard && video.hdr === null && /^(mov,|matroska)/.test(format);
}

const soundPlays = (codec: string, format: string, channels: number): boolean =>
  SOUND_CODECS.test(codec) && SOUND_FORMATS.test(format) && channels <= 2;

function stillShows(
  { width, height }: { readonly width: number; readonly height: number },
  technical: Technical,
): boolean {
  const { codec, pixelFormat, hdr } = technical;
  if (hdr !== null || Math.max(width, height) > STILL_SIDE) return false;
  // JPEGs of other colour models than YCbCr and grey (printers' CMYK) come out inverted in browsers.
  if (codec === "mjpeg") return /^(yuv|gray)/.test(pixelFormat);
  return /^(png|webp|bmp|gif)$/.test(codec);
}

const CONTAINERS: readonly (readonly [RegExp, string, string])[] = [
  [/^mov,/, "video/mp4", "audio/mp4"],
  [/^matroska/, "video/x-matroska", "audio/x-matroska"],
  [/^mp3$/, "audio/mpeg", "audio/mpeg"],
  [/^wav$/, "audio/wav", "audio/wav"],
  [/^flac$/, "audio/flac", "audio/flac"],
  [/^ogg$/, "video/ogg", "audio/ogg"],
  [/^aac$/, "audio/aac", "audio/aac"],
  [/^mpegts$/, "video/mp2t", "video/mp2t"],
];
const STILLS: Readonly<Record<string, string>> = {
  mjpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  bmp: "image/bmp",
  av1: "image/avif",
  tiff: "image/tiff",
};

/** MIME type of the original. What no browser shows is plain bytes, so that none guesses. */
export function typeOf(media: Media, { format, codec }: Technical): string {
  if (media.kind === "picture") return STILLS[codec] ?? "application/octet-stream";
  if (codec === "gif" || codec === "webp") return `image/${codec}`;
  const found = CONTAINERS.find(([name]) => name.test(format));
  if (found === undefined) return "application/octet-stream";
  return media.kind === "sound" ? found[2] : found[1];
}
