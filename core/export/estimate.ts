import { FLICKS_PER_SECOND } from "../time/index.ts";
import type { ExportPlan } from "./resolve.ts";
import type { VideoCodec } from "./settings.ts";

/**
 * Bits for one pixel of ordinary film at quality 75, and by how many points of quality they double. Rules of thumb: ordinary film and generated
 * clips; calm pictures need a third of it, noise several times as much. Codecs without a quality double never.
 */
const BITS: Readonly<Record<VideoCodec, readonly [perPixel: number, doubling: number]>> = {
  h264: [0.11, 22],
  hevc: [0.065, 22],
  av1: [0.05, 24],
  vp9: [0.06, 24],
  "prores-422-hq": [3.5, Number.POSITIVE_INFINITY],
  "prores-4444": [5.3, Number.POSITIVE_INFINITY],
  gif: [2.2, Number.POSITIVE_INFINITY],
  webp: [0.35, 30],
  png: [9, Number.POSITIVE_INFINITY],
  jpeg: [1.6, 25],
};

/** How large the file becomes, bytes. With a bitrate it is known to a few percent, else it is a guess, and `low` and `high` say how good. */
export function estimateSize(plan: ExportPlan): {
  readonly bytes: number;
  readonly low: number;
  readonly high: number;
} {
  const seconds = plan.range.duration / FLICKS_PER_SECOND;
  let sound = 0;
  if (plan.audio !== null) {
    const { codec, bitrate, channels, sampleRate } = plan.audio;
    const raw = channels * sampleRate * 24;
    sound = ((codec === "pcm" ? raw : codec === "flac" ? raw * 0.55 : bitrate * 1000) * seconds) / 8;
  }
  const { video } = plan;
  if (video === null) return { bytes: Math.round(sound), low: Math.round(sound * 0.8), high: Math.round(sound * 1.2) };
  const [perPixel, doubling] = BITS[video.codec];
  const isKnown = video.bitrate !== null;
  const bits = isKnown
    ? video.bitrate! * 1000 * seconds
    : video.width * video.height * video.frames * perPixel * 2 ** ((video.quality - 75) / doubling);
  const spread = isKnown ? 1.08 : Number.isFinite(doubling) ? 2.5 : 1.8;
  const picture = bits / 8;
  return {
    bytes: Math.round(picture + sound),
    low: Math.round(picture / spread + sound),
    high: Math.round(picture * spread + sound),
  };
}
