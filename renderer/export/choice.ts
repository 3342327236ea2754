import { z } from "zod";
import { type ExchangeFormat, exchangeFormats } from "../../core/contract/index.ts";
import {
  alphaCodecs,
  type AudioCodec,
  audioCodecs,
  bitrateCodecs,
  type Container,
  containerInfo,
  containers,
  type ExportAudio,
  type ExportPreset,
  type ExportSettings,
  type ExportVideo,
  exportAudioSchema,
  exportVideoSchema,
  fitted,
  presets,
  type VideoCodec,
  videoCodecs,
} from "../../core/export/index.ts";
import type { Flicks } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";

/** Chosen in the Export workspace: a preset, and what was changed of it. Kept over a restart, where anything may have happened to it. */
const choiceSchema = z.object({
  /** Id of a preset, or a format for other programs. */
  preset: z.string().catch("h264"),
  container: z.enum(containers).nullable().catch(null),
  video: exportVideoSchema.partial().catch({}),
  /** "none": without sound. */
  audio: z.union([exportAudioSchema.partial(), z.literal("none")]).catch({}),
  smart: z.boolean().catch(true),
  record: z.enum(["full", "without-prompts", "none"]).catch("full"),
  /** Signed as Content Credentials too. */
  credentials: z.boolean().catch(true),
  /** Only what is marked with in and out. */
  marked: z.boolean().catch(false),
  /** Moment of a picture that is written beside the film. */
  poster: z.number().int().min(0).nullable().catch(null),
});
export type Choice = Readonly<z.infer<typeof choiceSchema>>;

const KEY = "plume.export/1";

export const firstChoice: Choice = choiceSchema.parse({});

/** What was chosen last. Marks and posters belong to the film that they were made on. */
export function loadChoice(storage: Pick<Storage, "getItem">): Choice {
  try {
    return { ...choiceSchema.parse(JSON.parse(storage.getItem(KEY) ?? "{}")), marked: false, poster: null };
  } catch {
    return firstChoice; // blocked or damaged storage costs the choice, nothing else
  }
}

export function saveChoice(storage: Pick<Storage, "setItem">, choice: Choice): void {
  try {
    storage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // See loadChoice.
  }
}

/** A choice of another preset: what was changed of the old one does not fit it; what concerns every file stays. */
export const withPreset = (choice: Choice, preset: string): Choice => ({
  ...choice,
  preset,
  container: null,
  video: {},
  audio: {},
});

export const isChanged = ({ container, video, audio }: Choice): boolean =>
  container !== null || audio === "none" || Object.keys(video).length + Object.keys(audio).length > 0;

/** The format for other programs that is chosen; null: a film is. */
export const exchangeOf = ({ preset }: Pick<Choice, "preset">): ExchangeFormat | null =>
  exchangeFormats.find((format) => format === preset) ?? null;

export const presetOf = ({ preset }: Pick<Choice, "preset">): ExportPreset =>
  presets.find(({ id }) => id === preset) ?? presets.find(({ id }) => id === "h264")!;

/** Containers that this kind of preset may become; films have several, all others one. */
export function containersFor({ settings }: ExportPreset): readonly Container[] {
  const films: readonly Container[] = ["mp4", "mov", "webm", "mkv"];
  return films.includes(settings.container) ? films : [settings.container];
}

/** The export's settings. @param marks the marked stretch's begin and end; null where they are not set */
export function settingsOf(
  choice: Choice,
  document: Timeline,
  marks: { readonly inPoint: Flicks | null; readonly outPoint: Flicks | null },
  end: Flicks,
): ExportSettings {
  const base = fitted(presetOf(choice), document.settings);
  const container = choice.container ?? base.container;
  const { inPoint, outPoint } = marks;
  const start = inPoint ?? 0;
  const range =
    choice.marked && (inPoint !== null || outPoint !== null)
      ? { start, duration: Math.max(1, (outPoint ?? end) - start) }
      : null;
  return {
    ...base,
    container,
    range,
    poster: base.video === null ? null : choice.poster,
    smart: choice.smart,
    record: choice.record,
    credentials: choice.credentials,
    video: base.video === null ? null : videoOf(base.video, choice, container),
    audio: base.audio === null || choice.audio === "none" ? null : audioOf(base.audio, choice.audio, container),
  };
}

/** What of the chosen the codec can do. */
function videoOf(base: ExportVideo, { video }: Choice, container: Container): ExportVideo {
  const wanted = { ...base, ...definedIn(video) };
  const fits = containerInfo[container].video;
  const codec: VideoCodec = fits.includes(wanted.codec) ? wanted.codec : fits[0]!;
  return {
    ...wanted,
    codec,
    bitrate: bitrateCodecs.includes(codec) ? wanted.bitrate : null,
    alpha: wanted.alpha && alphaCodecs.includes(codec),
  };
}

function audioOf(
  base: ExportAudio,
  changes: Exclude<Choice["audio"], string>,
  container: Container,
): ExportAudio | null {
  const wanted = { ...base, ...definedIn(changes) };
  const fits = containerInfo[container].audio;
  const codec: AudioCodec | undefined = fits.includes(wanted.codec) ? wanted.codec : fits[0];
  return codec === undefined ? null : { ...wanted, codec };
}

const definedIn = <T extends object>(changes: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never;

export const videoCodecWords: Readonly<Record<(typeof videoCodecs)[number], string>> = {
  h264: "H.264",
  hevc: "HEVC",
  av1: "AV1",
  vp9: "VP9",
  "prores-422-hq": "ProRes 422 HQ",
  "prores-4444": "ProRes 4444",
  gif: "GIF",
  webp: "WebP",
  png: "PNG",
  jpeg: "JPEG",
};
export const audioCodecWords: Readonly<Record<(typeof audioCodecs)[number], string>> = {
  aac: "AAC",
  opus: "Opus",
  mp3: "MP3",
  flac: "FLAC, without loss",
  pcm: "PCM, without loss",
};
export const containerWords: Readonly<Record<Container, string>> = {
  mp4: "MP4",
  mov: "QuickTime (MOV)",
  webm: "WebM",
  mkv: "Matroska (MKV)",
  gif: "GIF",
  webp: "WebP",
  png: "PNG pictures",
  jpeg: "JPEG pictures",
  wav: "WAV",
  flac: "FLAC",
  mp3: "MP3",
};
