import type { AudioCodec, Container, ExportPlan } from "../../core/export/index.ts";
import type { Encoder } from "./encoders.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";

/** Raw frames on stdin: painted ones, or those that `composeArgs` and `convertArgs` write. */
export type RawFrames = "rgba" | "yuv420p";

/** What was measured of the sound, as ffmpeg's loudnorm wants it in its second pass. */
export interface Loudness {
  readonly integrated: number;
  readonly truePeak: number;
  readonly range: number;
  readonly threshold: number;
  readonly offset: number;
}

/** dBTP that is not passed: lossy codecs overshoot a little. */
const TRUE_PEAK = -1;
/** Frames between key frames at most, in seconds: players seek to them. */
const KEY_SECONDS = 4;

/** Nothing of the machine or the moment goes into the file. */
export const ANONYMOUS = [
  "-map_metadata",
  "-1",
  "-fflags",
  "+bitexact",
  "-flags:v",
  "+bitexact",
  "-flags:a",
  "+bitexact",
];

type Video = NonNullable<ExportPlan["video"]>;
type Audio = NonNullable<ExportPlan["audio"]>;

export const rateText = ({ numerator, denominator }: Video["rate"]): string => `${numerator}/${denominator}`;

/**
 * One run that writes the whole export, from raw frames on stdin and raw stereo float32 at the mix's rate on file descriptor 3.
 * @param target its file, or a pattern with %06d for numbered pictures
 */
export function exportArgs(
  plan: ExportPlan,
  encoder: Encoder | null,
  loudness: Loudness | null,
  target: string,
  frames: RawFrames = "rgba",
): string[] {
  const { video, audio, settings } = plan;
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...(encoder?.device ?? []),
    ...(video === null ? [] : pictureInput(video, frames)),
    ...(audio === null ? [] : soundInput(audio)),
    ...(video === null ? [] : ["-map", "0:v:0", ...pictureOutput(video, encoder!, frames)]),
    ...(audio === null ? [] : ["-map", `${video === null ? 0 : 1}:a:0`, ...soundOutput(audio, loudness)]),
    ...ANONYMOUS,
    ...formatArgs(settings.container, video),
    `file:${target}`,
  ];
}

/**
 * Encodes frames picked from a Matroska film on stdin: those that stand at whole seconds of its clock.
 * @param keys frames of what is written that are key frames
 */
export function cutArgs(
  { video, settings }: ExportPlan,
  encoder: Encoder,
  keys: readonly number[],
  target: string,
): string[] {
  const { rate } = video!;
  const seconds = rate.denominator / rate.numerator;
  const filters = [
    "settb=1/1000",
    "select='not(mod(pts,1000))'",
    `settb=${rate.denominator}/${rate.numerator}`,
    "setpts=N",
    AS_BT709,
  ];
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    "-copyts",
    ...(encoder.threads === undefined ? [] : ["-threads", String(encoder.threads)]),
    "-f",
    "matroska",
    "-i",
    "pipe:0",
    "-map",
    "0:v:0",
    "-vf",
    filters.join(","),
    "-r",
    rateText(rate),
    "-force_key_frames",
    // Frames count as those that a moment has come for.
    keys.map((n) => ((n - 0.25) * seconds).toFixed(6)).join(","),
    "-c:v",
    encoder.name,
    ...codecArgs(video!, encoder),
    "-pix_fmt",
    "yuv420p",
    ...TAGS,
    ...ANONYMOUS,
    ...formatArgs(settings.container, video),
    `file:${target}`,
  ];
}

export function pictureInput(video: Video, frames: RawFrames = "rgba"): string[] {
  const size = `${video.width}x${video.height}`;
  return [
    "-thread_queue_size",
    "8",
    "-f",
    "rawvideo",
    "-pix_fmt",
    frames,
    "-video_size",
    size,
    "-framerate",
    rateText(video.rate),
    "-i",
    "pipe:0",
  ];
}

export function soundInput({ mixRate }: Audio, descriptor = 3): string[] {
  return ["-thread_queue_size", "64", "-f", "f32le", "-ar", String(mixRate), "-ac", "2", "-i", `pipe:${descriptor}`];
}

/** Pixel format of the codec's input. */
export function pixelFormatOf({ codec, alpha }: Pick<Video, "codec" | "alpha">): string {
  if (codec === "prores-422-hq") return "yuv422p10le";
  if (codec === "prores-4444") return alpha ? "yuva444p10le" : "yuv444p10le";
  if (codec === "png") return alpha ? "rgba" : "rgb24";
  if (codec === "jpeg") return "yuvj444p";
  if (codec === "gif") return "bgra";
  if (codec === "webp") return alpha ? "bgra" : "yuv420p";
  return alpha ? "yuva420p" : "yuv420p";
}

/** RGB is full range; without these words swscale would take BT.601's matrix, and players would show other colours. */
export function colourFilter(video: Pick<Video, "codec" | "alpha">): string {
  const format = pixelFormatOf(video);
  if (format === "rgba" || format === "rgb24" || format === "bgra") return `format=${format}`;
  const range = format.startsWith("yuvj") ? "pc" : "tv";
  const scale = `scale=in_range=pc:out_range=${range}:out_color_matrix=${range === "pc" ? "bt601" : "bt709"}:flags=bicubic+accurate_rnd`;
  if (range === "pc") return `${scale},format=${format}`;
  return `${scale},format=${format},${AS_BT709}`;
}

const AS_BT709 = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709";

const TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];

export function pictureOutput(video: Video, encoder: Encoder, frames: RawFrames = "rgba"): string[] {
  const colours = frames === "rgba" ? colourFilter(video) : AS_BT709;
  const filters = [colours, ...(encoder.upload === "" ? [] : [encoder.upload])].join(",");
  const isYuv = !/^(png|jpeg|gif|webp)$/.test(video.codec);
  const format = encoder.isHardware ? [] : ["-pix_fmt", pixelFormatOf(video)];
  return ["-vf", filters, "-c:v", encoder.name, ...codecArgs(video, encoder), ...format, ...(isYuv ? TAGS : [])];
}

/** Between two values by quality: 0 gives `small`, 100 gives `fine`. */
const between = (quality: number, small: number, fine: number): string =>
  String(Math.round(small + ((fine - small) * quality) / 100));

function codecArgs(video: Video, { name, isHardware, isQuick, threads }: Encoder): string[] {
  const { codec, quality, bitrate, rate } = video;
  const keys = ["-g", String(Math.max(1, Math.round((KEY_SECONDS * rate.numerator) / rate.denominator)))];
  const bits =
    bitrate === null
      ? null
      : ["-b:v", `${bitrate}k`, "-maxrate", `${Math.round(bitrate * 1.5)}k`, "-bufsize", `${bitrate * 2}k`];
  const tag = codec === "hevc" ? ["-tag:v", "hvc1"] : [];
  if (isHardware) return [...keys, ...(bits ?? hardwareQuality(name, quality)), ...tag];
  switch (name) {
    case "libx264":
      return [
        "-preset",
        isQuick === true ? "superfast" : "medium",
        ...(threads === undefined ? [] : ["-threads", String(threads)]),
        ...keys,
        ...(bits ?? ["-crf", between(quality, 33, 13)]),
      ];
    case "libopenh264":
      return [...keys, ...(bits ?? ["-q:v", between(quality, 40, 18)])];
    case "libx265":
      return [
        "-preset",
        "medium",
        "-x265-params",
        "log-level=error",
        ...keys,
        ...(bits ?? ["-crf", between(quality, 35, 15)]),
        ...tag,
      ];
    case "libsvtav1":
      return ["-preset", "8", ...keys, ...(bits?.slice(0, 2) ?? ["-crf", between(quality, 55, 18)])];
    case "librav1e":
      return ["-speed", "8", ...keys, ...(bits?.slice(0, 2) ?? ["-qp", between(quality, 200, 60)])];
    case "libaom-av1":
      return ["-cpu-used", "6", "-row-mt", "1", ...keys, ...(bits ?? ["-crf", between(quality, 50, 15), "-b:v", "0"])];
    case "libvpx-vp9":
      return [
        "-deadline",
        "good",
        "-cpu-used",
        "4",
        "-row-mt",
        "1",
        ...keys,
        ...(bits ?? ["-crf", between(quality, 50, 14), "-b:v", "0"]),
      ];
    case "prores_ks":
      return ["-profile:v", codec === "prores-4444" ? "4444" : "hq", "-vendor", "apl0"];
    case "libwebp_anim":
    case "libwebp":
      return ["-lossless", "0", "-quality", String(quality), "-loop", "0"];
    case "mjpeg":
      return ["-q:v", between(quality, 20, 2), "-color_range", "pc"];
    case "png":
      return ["-compression_level", "6"];
    default:
      return [];
  }
}

function hardwareQuality(name: string, quality: number): string[] {
  const level = between(quality, 36, 16);
  if (name.endsWith("_nvenc")) return ["-rc", "vbr", "-cq", level, "-b:v", "0"];
  if (name.endsWith("_qsv")) return ["-global_quality", level];
  if (name.endsWith("_amf")) return ["-rc", "cqp", "-qp_i", level, "-qp_p", level];
  if (name.endsWith("_vaapi")) return ["-rc_mode", "CQP", "-qp", level];
  return ["-q:v", String(Math.max(1, quality))]; // VideoToolbox: 1 to 100
}

const AUDIO_ENCODERS: Readonly<Record<AudioCodec, string>> = {
  aac: "aac",
  opus: "libopus",
  mp3: "libmp3lame",
  flac: "flac",
  pcm: "pcm_s24le",
};

export function soundOutput(audio: Audio, loudness: Loudness | null): string[] {
  const { codec, bitrate, channels, sampleRate } = audio;
  const filters = [
    ...(loudness === null || audio.loudness === null ? [] : [normalise(audio.loudness, loudness)]),
    `aresample=${sampleRate}`,
    // Both sides at half: what is the same on both stays as loud as it is.
    channels === 1 ? "pan=mono|c0=0.5*c0+0.5*c1" : "aformat=channel_layouts=stereo",
  ];
  const bits = codec === "flac" || codec === "pcm" ? [] : ["-b:a", `${bitrate}k`];
  // FLAC takes whole numbers only; 24 bit are finer than any ear. Without `strict`, mp4 refuses FLAC and Opus of old ffmpegs.
  const format = codec === "flac" ? ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"] : [];
  return ["-af", filters.join(","), "-c:a", AUDIO_ENCODERS[codec], ...bits, ...format, "-strict", "-2"];
}

function normalise(target: number, measured: Loudness): string {
  const fields = {
    I: target,
    TP: TRUE_PEAK,
    LRA: 20,
    measured_I: measured.integrated,
    measured_TP: measured.truePeak,
    measured_LRA: measured.range,
    measured_thresh: measured.threshold,
    offset: measured.offset,
    linear: "true",
  };
  return `loudnorm=${Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(":")}`;
}

/** The first of two passes: measures, writes nothing, and says what it found on stderr. */
export function measureArgs(audio: Audio): string[] {
  const filter = `loudnorm=I=${audio.loudness ?? -14}:TP=${TRUE_PEAK}:LRA=20:print_format=json`;
  return [
    "-hide_banner",
    "-nostdin",
    "-v",
    "info",
    ...PROTOCOLS,
    ...soundInput(audio, 0),
    "-af",
    filter,
    "-f",
    "null",
    "-",
  ];
}

export function formatArgs(container: Container, video: Video | null): string[] {
  switch (container) {
    case "mp4":
    case "mov": {
      // The clock counts the rate's own numerator, so that NTSC frames have whole durations.
      const scale = video === null ? [] : ["-video_track_timescale", String(timescale(video))];
      return [...scale, "-movflags", "+faststart", "-f", container];
    }
    case "webm":
      return ["-f", "webm"];
    case "mkv":
      return ["-f", "matroska"];
    case "gif":
      return ["-loop", "0", "-f", "gif"];
    case "webp":
      return ["-loop", "0", "-f", "webp"];
    case "png":
    case "jpeg":
      return ["-start_number", "1", "-f", "image2"];
    case "wav":
      // Beyond 4 GB the header of WAV is too small; RF64 is read wherever such files are.
      return ["-rf64", "auto", "-f", "wav"];
    default:
      return ["-f", container];
  }
}

function timescale({ rate: { numerator } }: Video): number {
  let scale = numerator;
  while (scale < 10_000) scale *= 2;
  return scale;
}

/** GIF's colours are chosen for the whole film, which is looked at twice: it is first kept without loss. */
export function keepArgs(video: Video, target: string): string[] {
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...pictureInput(video),
    "-c:v",
    "ffv1",
    "-level",
    "3",
    "-pix_fmt",
    "bgra",
    "-f",
    "matroska",
    `file:${target}`,
  ];
}

export function paletteArgs(kept: string, palette: string): string[] {
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    "-i",
    `file:${kept}`,
    "-vf",
    "palettegen=stats_mode=diff",
    "-frames:v",
    "1",
    "-c:v",
    "png",
    "-f",
    "image2",
    `file:${palette}`,
  ];
}

export function gifArgs(kept: string, palette: string, target: string): string[] {
  const graph = "[0:v][1:v]paletteuse=dither=sierra2_4a:diff_mode=rectangle";
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    "-i",
    `file:${kept}`,
    "-i",
    `file:${palette}`,
    "-lavfi",
    graph,
    "-loop",
    "0",
    "-f",
    "gif",
    `file:${target}`,
  ];
}
