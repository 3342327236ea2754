/** Small media of every kind that an export meets, and timelines made of them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { FLICKS_PER_SECOND, FRAME_RATES, frameToFlicks, type Rate } from "../../core/time/index.ts";
import {
  applyEdit,
  type Blend,
  type EditArguments,
  type EditName,
  laneOf,
  type MediaReference,
  newTimeline,
  type Settings,
  type TextStyle,
  type Timeline,
} from "../../core/timeline/index.ts";
import { fingerprint } from "../../main/studio/fingerprint.ts";

export const WIDTH = 320;
export const HEIGHT = 180;
const MEDIA_SECONDS = 3;

/** Moving shapes that a codec can carry: a test of colours, not of noise. */
const picture = (rate: string, hue: number): string[] => [
  "-f",
  "lavfi",
  "-i",
  `testsrc2=s=${WIDTH}x${HEIGHT}:r=${rate},hue=h=${hue}`,
];
const TAGS = [
  "-vf",
  "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
  "-colorspace",
  "bt709",
  "-color_primaries",
  "bt709",
  "-color_trc",
  "bt709",
  "-color_range",
  "tv",
];
const X264 = [...TAGS, "-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-g", "24", "-bf", "2"];

/** A tone on each side, exact: what is heard can be worked out. */
export const tone = (left: number, right: number): string =>
  `aevalsrc=exprs=0.5*sin(2*PI*${left}*t)|0.4*sin(2*PI*${right}*t):s=48000`;

interface Recipe {
  readonly kind: MediaReference["kind"];
  readonly rate: Rate | null;
  readonly audio: MediaReference["audio"];
  readonly args: readonly string[];
  readonly seconds: number | null;
}

const STEREO = { channels: 2, sampleRate: 48_000 };

const recipes: Readonly<Record<string, Recipe>> = {
  "film.mp4": {
    kind: "video",
    rate: FRAME_RATES["24"],
    audio: null,
    seconds: MEDIA_SECONDS,
    args: [...picture("24", 0), ...X264],
  },
  "other.mp4": {
    kind: "video",
    rate: FRAME_RATES["24"],
    audio: null,
    seconds: MEDIA_SECONDS,
    args: [...picture("24", 120), ...X264],
  },
  "ntsc.mkv": {
    kind: "video",
    rate: FRAME_RATES["29.97"],
    audio: null,
    seconds: MEDIA_SECONDS,
    args: [...picture("30000/1001", 60), ...X264],
  },
  "still.png": {
    kind: "image",
    rate: null,
    audio: null,
    seconds: null,
    args: [...picture("24", 200), "-frames:v", "1"],
  },
  "tone.wav": {
    kind: "audio",
    rate: null,
    audio: STEREO,
    seconds: MEDIA_SECONDS,
    args: ["-f", "lavfi", "-i", tone(441, 632), "-c:a", "pcm_f32le"],
  },
  "mono.wav": {
    kind: "audio",
    rate: null,
    audio: { channels: 1, sampleRate: 48_000 },
    seconds: MEDIA_SECONDS,
    args: ["-f", "lavfi", "-i", "aevalsrc=exprs=0.5*sin(2*PI*300*t):s=48000", "-c:a", "pcm_f32le"],
  },
  "sounding.mp4": {
    kind: "video",
    rate: FRAME_RATES["24"],
    audio: STEREO,
    seconds: MEDIA_SECONDS,
    args: [...picture("24", 0), "-f", "lavfi", "-i", tone(441, 632), ...X264, "-c:a", "aac", "-b:a", "256k"],
  },
};

/** Makes media in a folder and tells what a project would say of them. */
export async function makeMedia(folder: string, names: readonly string[]): Promise<MediaReference[]> {
  const made: MediaReference[] = [];
  for (const name of names) {
    const { kind, rate, audio, seconds, args } = recipes[name]!;
    const path = join(folder, name);
    const length = seconds === null ? [] : ["-t", String(seconds)];
    await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args, ...length, path]);
    const frames = rate === null || seconds === null ? null : Math.floor((seconds * rate.numerator) / rate.denominator);
    const duration = frames === null ? (seconds ?? 0) * FLICKS_PER_SECOND : frameToFlicks(frames, rate!);
    made.push({
      id: name.replace(".", "-"),
      kind,
      name,
      path: name,
      fingerprint: await fingerprint(path),
      availableRange: seconds === null ? null : { start: 0, duration },
      rate,
      size: kind === "audio" ? null : { width: WIDTH, height: HEIGHT },
      audio,
      record: null,
    });
  }
  return made;
}

/** A timeline in the making; times are frames of its rate. */
export class Film {
  document: Timeline;

  constructor(media: readonly MediaReference[], settings: Partial<Settings> = {}) {
    this.document = newTimeline("Film", { width: WIDTH, height: HEIGHT, background: "#203040", ...settings });
    this.edit("addMedia", { media: [...media] });
  }

  frames = (count: number): number => frameToFlicks(count, this.document.settings.rate);

  edit<N extends EditName>(name: N, args: EditArguments<N>): this {
    const result = applyEdit(this.document, { name, arguments: args });
    if (!result.ok) throw new Error(`${name}: ${result.error.message}`);
    this.document = result.value;
    return this;
  }

  /** Puts a stretch of a media on a track. */
  put(
    track: string,
    media: string,
    { at = 0, from = 0, count = 24, name = media }: { at?: number; from?: number; count?: number; name?: string } = {},
  ): this {
    const clip = {
      media: media.replace(".", "-"),
      name,
      sourceRange: { start: this.frames(from), duration: this.frames(count) },
    };
    return this.edit("overwrite", { at: this.frames(at), link: false, clips: [{ track: this.track(track), clip }] });
  }

  text(style: Partial<TextStyle> & { text: string }, { at = 0, count = 24 } = {}): this {
    const clip = { text: { size: 0.2, ...style }, duration: this.frames(count) };
    return this.edit("overwrite", { at: this.frames(at), clips: [{ track: this.track("T1"), clip }] });
  }

  set(clip: string, values: Readonly<Record<string, number>>): this {
    for (const [parameter, value] of Object.entries(values))
      this.edit("setParameter", { clips: [this.clip(clip)], parameter, value } as EditArguments<"setParameter">);
    return this;
  }

  /** Blend and fades (in frames) of a clip. */
  setClip(clip: string, { fadeIn, fadeOut, ...more }: { fadeIn?: number; fadeOut?: number; blend?: Blend }): this {
    return this.edit("setClip", {
      clips: [this.clip(clip)],
      ...more,
      ...(fadeIn === undefined ? {} : { fadeIn: this.frames(fadeIn) }),
      ...(fadeOut === undefined ? {} : { fadeOut: this.frames(fadeOut) }),
    });
  }

  track(name: string): string {
    return this.document.tracks.find((track) => track.name === name)!.id;
  }

  clip(name: string): string {
    for (const track of this.document.tracks)
      for (const { clip } of laneOf(track).placed) if (clip.name === name) return clip.id;
    throw new Error(`There is no clip ${name}.`);
  }
}
