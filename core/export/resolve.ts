import {
  endOf,
  flicksToFrame,
  type Flicks,
  FLICKS_PER_SECOND,
  frameToFlicks,
  type Rate,
  type TimeRange,
} from "../time/index.ts";
import { laneOf, type Timeline } from "../timeline/index.ts";
import {
  type AudioCodec,
  type ExportAudio,
  type ExportSettings,
  type ExportVideo,
  evenCodecs,
  type VideoCodec,
} from "./settings.ts";

/** An export with everything decided that the timeline decides. */
export interface ExportPlan {
  readonly settings: ExportSettings;
  readonly range: TimeRange;
  readonly video:
    | (Omit<ExportVideo, "width" | "height" | "rate"> & {
        readonly width: number;
        readonly height: number;
        readonly rate: Rate;
        readonly frames: number;
      })
    | null;
  /** `samples`: of the finished file, at the mix's rate `mixRate`. */
  readonly audio:
    | (Omit<ExportAudio, "sampleRate"> & {
        readonly sampleRate: number;
        readonly mixRate: number;
        readonly samples: number;
      })
    | null;
}

const OPUS_RATES = [48_000, 24_000, 16_000, 12_000, 8000];
const MP3_RATES = [48_000, 44_100, 32_000];

/** Rates that the codec has; the nearest that loses nothing. */
function rateFor(codec: AudioCodec, wanted: number): number {
  if (codec === "opus") return OPUS_RATES.findLast((rate) => rate >= wanted) ?? 48_000;
  if (codec === "mp3") return MP3_RATES.findLast((rate) => rate >= wanted) ?? 48_000;
  return codec === "aac" ? Math.min(wanted, 96_000) : wanted;
}

/** When the timeline's last clip ends. */
export const endOfTimeline = (document: Timeline): Flicks =>
  Math.max(0, ...document.tracks.map((track) => laneOf(track).end));

/** Frames that begin within the range. */
function framesIn({ duration }: TimeRange, rate: Rate): number {
  const last = flicksToFrame(duration, rate);
  return Math.max(1, frameToFlicks(last, rate) < duration ? last + 1 : last);
}

/** Sizes of 4:2:0 pictures are even. */
const sizeFor = (codec: VideoCodec, pixels: number): number =>
  evenCodecs.includes(codec) ? Math.max(2, 2 * Math.round(pixels / 2)) : pixels;

/**
 * Null where there is nothing to export. Picture and sound are equally long: as many frames as begin in the range, and the samples of
 * just that time.
 */
export function planExport(document: Timeline, settings: ExportSettings): ExportPlan | null {
  const end = endOfTimeline(document);
  const range = settings.range ?? { start: 0, duration: end };
  if (range.duration <= 0 || range.start >= end || endOf(range) <= 0) return null;
  const { video, audio } = settings;
  const rate = video?.rate ?? document.settings.rate;
  const frames = framesIn(range, rate);
  const length = video === null ? range.duration : frameToFlicks(frames, rate);
  const mixRate = document.settings.sampleRate;
  return {
    settings,
    range: { start: range.start, duration: length },
    video:
      video === null
        ? null
        : {
            ...video,
            width: sizeFor(video.codec, video.width ?? document.settings.width),
            height: sizeFor(video.codec, video.height ?? document.settings.height),
            rate,
            frames,
          },
    audio:
      audio === null
        ? null
        : {
            ...audio,
            mixRate,
            sampleRate: rateFor(audio.codec, audio.sampleRate ?? mixRate),
            samples: Math.round((length / FLICKS_PER_SECOND) * mixRate),
          },
  };
}
