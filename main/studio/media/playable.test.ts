import { expect, it } from "vitest";
import type { VideoMedia } from "../../../core/contract/index.ts";
import type { Entry } from "./catalogue.ts";
import { playsAsItIs, typeOf } from "./playable.ts";

const common = {
  id: "m",
  name: "m",
  bytes: 1,
  version: "1",
  isThere: true,
  note: null,
  addedAt: "2026-01-01T00:00:00.000Z",
};
const video: VideoMedia["video"] = {
  codec: "h264",
  depth: 8,
  hdr: null,
  alpha: false,
  isVariable: false,
  rotation: 0,
  isInterlaced: false,
  pixelAspect: 1,
  sequence: null,
  start: 0,
  origin: 0,
};
const film = (change: Partial<VideoMedia> = {}, facts: Partial<VideoMedia["video"]> = {}): VideoMedia => ({
  kind: "video",
  ...common,
  width: 1920,
  height: 1080,
  seconds: 1,
  rate: { numerator: 25, denominator: 1 },
  audio: null,
  ...change,
  video: { ...video, ...facts },
});
const mp4 = "mov,mp4,m4a,3gp,3g2,mj2";
const technical = (change: Partial<Entry["technical"]> = {}): Entry["technical"] => ({
  format: mp4,
  codec: "h264",
  pixelFormat: "yuv420p",
  audioCodec: "",
  matrix: "",
  hdr: null,
  ...change,
});
const sound = { seconds: 1, sampleRate: 48_000, channels: 2, layout: "stereo" };

it.each([
  ["H.264 as phones and cameras write it", film(), technical(), true],
  ["the same turned on its side", film({ width: 1080, height: 1920 }, { rotation: 90 }), technical(), true],
  ["with AAC", film({ audio: sound }), technical({ audioCodec: "aac" }), true],
  [
    "VP9 with alpha in WebM",
    film({}, { alpha: true }),
    technical({ format: "matroska,webm", codec: "vp9", pixelFormat: "yuva420p" }),
    true,
  ],
  ["4K", film({ width: 3840, height: 2160 }), technical(), false],
  ["120 frames a second", film({ rate: { numerator: 120, denominator: 1 } }), technical(), false],
  ["uneven frames", film({}, { isVariable: true }), technical(), false],
  ["ten bits", film({}, { depth: 10 }), technical({ pixelFormat: "yuv420p10le" }), false],
  ["HDR", film({}, { hdr: "pq" }), technical({ hdr: "pq" }), false],
  ["interlaced", film({}, { isInterlaced: true }), technical(), false],
  ["pixels that are not square", film({}, { pixelAspect: 4 / 3 }), technical(), false],
  ["HEVC", film(), technical({ codec: "hevc" }), false],
  ["ProRes", film(), technical({ codec: "prores", pixelFormat: "yuv422p10le" }), false],
  ["a container that is none of the web's", film(), technical({ format: "mpegts" }), false],
  ["surround sound", film({ audio: { ...sound, channels: 6 } }), technical({ audioCodec: "aac" }), false],
  ["AC-3", film({ audio: sound }), technical({ audioCodec: "ac3" }), false],
  ["a sequence of pictures", film({}, { sequence: 12 }), technical({ format: "image2", codec: "png" }), false],
  ["MP3", { kind: "sound", ...common, ...sound }, technical({ format: "mp3", codec: "mp3", audioCodec: "mp3" }), true],
  ["AIFF", { kind: "sound", ...common, ...sound }, technical({ format: "aiff", audioCodec: "pcm_s16be" }), false],
  [
    "a JPEG",
    { kind: "picture", ...common, width: 4000, height: 3000, alpha: false },
    technical({ format: "image2", codec: "mjpeg", pixelFormat: "yuvj420p" }),
    true,
  ],
  [
    "a printer's JPEG",
    { kind: "picture", ...common, width: 400, height: 300, alpha: false },
    technical({ format: "image2", codec: "mjpeg", pixelFormat: "gbrp" }),
    false,
  ],
  [
    "a huge PNG",
    { kind: "picture", ...common, width: 8000, height: 3000, alpha: false },
    technical({ format: "png_pipe", codec: "png", pixelFormat: "rgb24" }),
    false,
  ],
  [
    "a TIFF",
    { kind: "picture", ...common, width: 80, height: 30, alpha: false },
    technical({ format: "tiff_pipe", codec: "tiff", pixelFormat: "rgb24" }),
    false,
  ],
] as const)("%s", (_, media, facts, plays) => {
  expect(playsAsItIs(media, facts)).toBe(plays);
});

it("types that a browser knows, and plain bytes for all others", () => {
  expect(typeOf(film(), technical())).toBe("video/mp4");
  expect(typeOf({ kind: "sound", ...common, ...sound }, technical({ format: "wav" }))).toBe("audio/wav");
  expect(typeOf(film(), technical({ format: "avi" }))).toBe("application/octet-stream");
});
