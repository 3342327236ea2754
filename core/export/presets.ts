import type { Settings } from "../timeline/index.ts";
import type { ExportAudio, ExportSettings, ExportVideo, VideoCodec } from "./settings.ts";

export interface ExportPreset {
  readonly id: string;
  readonly name: string;
  /** One line: what it is for. */
  readonly about: string;
  readonly group: "16:9" | "9:16" | "1:1" | "Timeline" | "Master" | "Animation" | "Pictures" | "Sound";
  readonly settings: ExportSettings;
}

const video = (codec: VideoCodec, more: Partial<ExportVideo> = {}): ExportVideo => ({
  codec,
  width: null,
  height: null,
  rate: null,
  quality: 75,
  bitrate: null,
  alpha: false,
  encoder: "auto",
  ...more,
});
const audio = (codec: ExportAudio["codec"], more: Partial<ExportAudio> = {}): ExportAudio => ({
  codec,
  bitrate: 192,
  channels: 2,
  sampleRate: null,
  loudness: null,
  ...more,
});
const settings = (container: ExportSettings["container"], more: Partial<ExportSettings>): ExportSettings => ({
  container,
  video: null,
  audio: null,
  smart: true,
  range: null,
  poster: null,
  record: "full",
  credentials: true,
  ...more,
});

const SIZES = [
  ["720p", 720],
  ["1080p", 1080],
  ["1440p", 1440],
  ["4k", 2160],
] as const;

const even = (pixels: number): number => 2 * Math.round(pixels / 2);

/** H.264/AAC for a place where films are put, in four sizes. */
function sized(group: "16:9" | "9:16" | "1:1", id: string, about: string): ExportPreset[] {
  return SIZES.map(([name, short]) => {
    const long = even((short * 16) / 9);
    const [width, height] = group === "16:9" ? [long, short] : group === "9:16" ? [short, long] : [short, short];
    return {
      id: `${id}-${name}`,
      name: `${group} ${name === "4k" ? "4K" : name}`,
      about: `${about}, ${width}×${height}, H.264 and AAC`,
      group,
      settings: settings("mp4", { video: video("h264", { width, height }), audio: audio("aac", { loudness: -14 }) }),
    };
  });
}

/** At the timeline's own size. */
const own = (
  id: string,
  name: string,
  about: string,
  group: ExportPreset["group"],
  value: ExportSettings,
): ExportPreset => ({
  id,
  name,
  about,
  group,
  settings: value,
});

export const presets: readonly ExportPreset[] = [
  ...sized("16:9", "youtube", "YouTube and most screens"),
  ...sized("9:16", "vertical", "Reels, Shorts, TikTok"),
  ...sized("1:1", "square", "Square posts"),
  own(
    "h264",
    "H.264",
    "Plays everywhere; untouched stretches are copied, not encoded again",
    "Timeline",
    settings("mp4", { video: video("h264"), audio: audio("aac") }),
  ),
  own(
    "hevc",
    "HEVC",
    "Half of H.264's size, for newer devices",
    "Timeline",
    settings("mp4", { video: video("hevc"), audio: audio("aac") }),
  ),
  own(
    "av1",
    "AV1",
    "Smallest, slow to make",
    "Timeline",
    settings("mp4", { video: video("av1"), audio: audio("aac") }),
  ),
  own(
    "webm",
    "WebM",
    "VP9 and Opus, for web pages",
    "Timeline",
    settings("webm", { video: video("vp9"), audio: audio("opus", { bitrate: 160 }) }),
  ),
  own(
    "prores-422-hq",
    "ProRes 422 HQ",
    "Master for further editing, 10 bit",
    "Master",
    settings("mov", { video: video("prores-422-hq"), audio: audio("pcm") }),
  ),
  own(
    "prores-4444",
    "ProRes 4444",
    "Master with transparency",
    "Master",
    settings("mov", { video: video("prores-4444", { alpha: true }), audio: audio("pcm") }),
  ),
  own(
    "gif",
    "GIF",
    "Loops anywhere, no sound, 480 pixels wide",
    "Animation",
    settings("gif", { video: video("gif", { width: 480, height: 270, rate: { numerator: 50, denominator: 3 } }) }),
  ),
  own(
    "webp",
    "Animated WebP",
    "As GIF with full colour and transparency",
    "Animation",
    settings("webp", { video: video("webp", { alpha: true }) }),
  ),
  own(
    "png-sequence",
    "PNG sequence",
    "Each frame without loss, with transparency",
    "Pictures",
    settings("png", { video: video("png", { alpha: true }) }),
  ),
  own(
    "jpeg-sequence",
    "JPEG sequence",
    "Each frame as a picture",
    "Pictures",
    settings("jpeg", { video: video("jpeg", { quality: 90 }) }),
  ),
  own("wav", "WAV", "Sound without loss, 24 bit", "Sound", settings("wav", { audio: audio("pcm") })),
  own("flac", "FLAC", "Sound without loss, half the size", "Sound", settings("flac", { audio: audio("flac") })),
  own("mp3", "MP3", "Sound for everything that plays", "Sound", settings("mp3", { audio: audio("mp3") })),
];

export const findPreset = (id: string): ExportPreset | undefined => presets.find((preset) => preset.id === id);

/** The preset's picture in the timeline's own shape, where its box (GIF's) is only a limit. */
export function fitted(preset: ExportPreset, { width, height }: Pick<Settings, "width" | "height">): ExportSettings {
  const { settings: value } = preset;
  if (preset.group !== "Animation" || value.video?.width == null) return value;
  const scale = Math.min(1, value.video.width / Math.max(width, height));
  return { ...value, video: { ...value.video, width: even(width * scale), height: even(height * scale) } };
}
