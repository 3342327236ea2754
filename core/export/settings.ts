import { z } from "zod";
import { rateSchema, timeRangeSchema } from "../timeline/schema.ts";
import { MAX_FLICKS } from "../time/index.ts";

/** What a file is made of: a preset is one of these, and so is what somebody puts together. */

export const videoCodecs = [
  "h264",
  "hevc",
  "av1",
  "vp9",
  "prores-422-hq",
  "prores-4444",
  "gif",
  "webp",
  "png",
  "jpeg",
] as const;
export const audioCodecs = ["aac", "opus", "mp3", "flac", "pcm"] as const;
export const containers = ["mp4", "mov", "webm", "mkv", "gif", "webp", "png", "jpeg", "wav", "flac", "mp3"] as const;
export type VideoCodec = (typeof videoCodecs)[number];
export type AudioCodec = (typeof audioCodecs)[number];
export type Container = (typeof containers)[number];

interface ContainerInfo {
  readonly extension: string;
  readonly video: readonly VideoCodec[];
  readonly audio: readonly AudioCodec[];
}

/** What each container holds; the first codec of each kind is the usual one. `png` and `jpeg` are a folder of numbered pictures. */
export const containerInfo: Readonly<Record<Container, ContainerInfo>> = {
  mp4: { extension: ".mp4", video: ["h264", "hevc", "av1"], audio: ["aac", "flac", "opus"] },
  mov: { extension: ".mov", video: ["prores-422-hq", "prores-4444", "h264", "hevc"], audio: ["pcm", "aac"] },
  webm: { extension: ".webm", video: ["vp9", "av1"], audio: ["opus"] },
  mkv: { extension: ".mkv", video: ["h264", "hevc", "av1", "vp9"], audio: ["flac", "aac", "opus", "pcm"] },
  gif: { extension: ".gif", video: ["gif"], audio: [] },
  webp: { extension: ".webp", video: ["webp"], audio: [] },
  png: { extension: "", video: ["png"], audio: [] },
  jpeg: { extension: "", video: ["jpeg"], audio: [] },
  wav: { extension: ".wav", video: [], audio: ["pcm"] },
  flac: { extension: ".flac", video: [], audio: ["flac"] },
  mp3: { extension: ".mp3", video: [], audio: ["mp3"] },
};

/** Codecs that can keep what is transparent. */
export const alphaCodecs: readonly VideoCodec[] = ["prores-4444", "vp9", "gif", "webp", "png"];
/** Codecs whose colour planes are halved: width and height must be even. */
export const evenCodecs: readonly VideoCodec[] = ["h264", "hevc", "av1", "vp9", "prores-422-hq", "prores-4444"];
/** Codecs that a bitrate can be asked of. */
export const bitrateCodecs: readonly VideoCodec[] = ["h264", "hevc", "av1", "vp9"];

const side = z
  .number()
  .int()
  .min(16, "The picture is too small: 16 pixels at least.")
  .max(8192, "The picture is too large: 8192 pixels a side at most.");

export const exportVideoSchema = z.strictObject({
  codec: z.enum(videoCodecs),
  /** Pixels; null: the timeline's. */
  width: side.nullable(),
  height: side.nullable(),
  /** Frames per second; null: the timeline's. */
  rate: rateSchema.nullable(),
  /** 0 small to 100 fine. Of no effect where `bitrate` is given, and with ProRes, GIF and PNG. */
  quality: z.number().int().min(0).max(100),
  /** Thousand bits a second; null: as many as the quality needs. */
  bitrate: z.number().int().min(50, "The bitrate is too low: 50 kbit/s at least.").max(800_000).nullable(),
  /** Without a background, where the codec can keep that. */
  alpha: z.boolean(),
  /** `auto` takes the graphics hardware where it works. */
  encoder: z.enum(["auto", "software"]),
});
export type ExportVideo = z.infer<typeof exportVideoSchema>;

export const exportAudioSchema = z.strictObject({
  codec: z.enum(audioCodecs),
  /** Thousand bits a second, of codecs that lose something. */
  bitrate: z.number().int().min(32).max(512),
  channels: z.union([z.literal(1), z.literal(2)]),
  /** Samples per second; null: the timeline's, or what the codec allows. */
  sampleRate: z.number().int().min(8000).max(192_000).nullable(),
  /** Integrated loudness in LUFS (EBU R128) that all of it is brought to; null: as it was mixed. */
  loudness: z.number().min(-40).max(-8).nullable(),
});
export type ExportAudio = z.infer<typeof exportAudioSchema>;

const time = z.number().int().min(0).max(MAX_FLICKS);

export const exportSettingsSchema = z
  .strictObject({
    container: z.enum(containers),
    video: exportVideoSchema.nullable(),
    audio: exportAudioSchema.nullable(),
    /** Stretches of the timeline that are one untouched clip of a fitting file are copied and not encoded again. */
    smart: z.boolean(),
    /** What of the timeline; null: from its beginning to its last clip's end. */
    range: timeRangeSchema.nullable(),
    /** A moment whose picture is written beside the file; null: none. */
    poster: time.nullable(),
    /** How generated clips were made is written into the file: all of it, all but the prompts, or nothing. */
    record: z.enum(["full", "without-prompts", "none"]),
    /** What is written is also signed as Content Credentials (C2PA), where the format can hold them. */
    credentials: z.boolean().default(true),
  })
  .superRefine((settings, context) => {
    const { container, video, audio } = settings;
    const info = containerInfo[container];
    const complain = (message: string): void => context.addIssue({ code: "custom", message });
    if (video === null && audio === null) complain("Choose pictures, sound, or both: a file needs one of them.");
    if (video !== null && !info.video.includes(video.codec))
      complain(`A ${container} file cannot hold ${video.codec}: choose ${info.video.join(", ") || "no pictures"}.`);
    if (audio !== null && !info.audio.includes(audio.codec))
      complain(`A ${container} file cannot hold ${audio.codec} sound: choose ${info.audio.join(", ") || "no sound"}.`);
    if (video?.alpha === true && !alphaCodecs.includes(video.codec))
      complain(`${video.codec} cannot keep transparency: choose ${alphaCodecs.join(", ")}.`);
    if (video !== null && (video.width === null) !== (video.height === null))
      complain("Give both width and height, or neither.");
    if (video?.bitrate != null && !bitrateCodecs.includes(video.codec))
      complain(`${video.codec} has no bitrate to choose: leave it out.`);
  });
export type ExportSettings = z.infer<typeof exportSettingsSchema>;

/** A folder of numbered pictures instead of one file. */
export const isSequence = ({ container }: Pick<ExportSettings, "container">): boolean =>
  container === "png" || container === "jpeg";
