import type { Rate } from "../../core/time/index.ts";
import { asInput } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { IN_STEP, type SoundSource } from "./make-peaks.ts";
import { makeStill, type PictureSource, readFrom } from "./make-poster.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";
import { canToneMap, fitWithin, showFilters } from "./show-filters.ts";

/** Longest side of a film's proxy, pixels: enough for a viewer beside a timeline, and light to decode. */
const PROXY_SIDE = 960;
/** Longest side of a still's. */
const STILL_SIDE = 4096;
/** Short groups of pictures make jumping about quick. */
const GOP_SECONDS = 0.5;

const SOUND = ["-ac", "2", "-ar", "48000", "-af", IN_STEP, "-c:a", "aac", "-b:a", "192k"];
/** Nothing of the machine or the moment goes into the file. */
const PLAIN = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"];

/**
 * Writes a film as Chromium plays it smoothly: H.264 and AAC in MP4, or VP9 with alpha in WebM where it is transparent; constant rate,
 * upright, square pixels, standard range, at most 960 pixels wide and high. Time 0 is that of the media.
 * Errors: FFMPEG_FAILED, DISK_FULL, CANCELLED.
 */
export async function makeFilmProxy(
  tools: MediaTools,
  source: PictureSource & { readonly rate: Rate; readonly audio: boolean },
  file: string,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { rate, alpha, audio, seconds } = source;
  const size = fitWithin(source, PROXY_SIDE, true);
  const fps = rate.numerator / rate.denominator;
  const even = `fps=${rate.numerator}/${rate.denominator}:start_time=0`;
  const filters = [...showFilters(source, size, await canToneMap(tools)), even];
  const gop = ["-g", String(Math.max(1, Math.round(fps * GOP_SECONDS)))];
  const tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];
  const codec = alpha
    ? [
        "-c:v",
        "libvpx-vp9",
        "-pix_fmt",
        "yuva420p",
        "-crf",
        "30",
        "-b:v",
        "0",
        "-deadline",
        "realtime",
        "-cpu-used",
        "6",
        "-auto-alt-ref",
        "0",
      ]
    : ["-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-pix_fmt", "yuv420p", "-bf", "0"];
  const container = alpha ? ["-f", "webm"] : ["-movflags", "+faststart", "-f", "mp4"];
  const sound = !audio ? ["-an"] : alpha ? [...SOUND.slice(0, -4), "-c:a", "libopus", "-b:a", "128k"] : SOUND;
  const streams = ["-map", "0:v:0", ...(audio ? ["-map", "0:a:0"] : []), "-sn", "-dn"];
  const args = [
    ...readFrom(source, 0),
    ...streams,
    "-vf",
    filters.join(","),
    ...codec,
    ...gop,
    ...tags,
    ...sound,
    ...PLAIN,
  ];
  await runWithProgress(tools, [...args, ...container, `file:${file}`], seconds, onProgress, signal);
}

/** Writes a sound as AAC in MP4. Errors: as `makeFilmProxy`. */
export async function makeSoundProxy(
  tools: MediaTools,
  source: SoundSource,
  file: string,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const args = [...asInput(source.input), "-map", "0:a:0", "-vn", ...SOUND, ...PLAIN];
  await runWithProgress(
    tools,
    [...args, "-movflags", "+faststart", "-f", "mp4", `file:${file}`],
    source.seconds,
    onProgress,
    signal,
  );
}

/** Writes a still as every browser shows it: upright, standard range, at most 4096 pixels wide and high. */
export async function makeStillProxy(
  tools: MediaTools,
  source: PictureSource,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  await makeStill(tools, source, { at: 0, side: STILL_SIDE, quality: 2 }, file, signal);
}

async function runWithProgress(
  tools: MediaTools,
  args: readonly string[],
  seconds: number,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  let rest = "";
  await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, "-progress", "pipe:1", ...args], {
    inBackground: true,
    onStdout: (chunk) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      const time = doneSeconds(lines);
      if (time !== null && seconds > 0) onProgress(Math.min(1, time / seconds));
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** How far ffmpeg's `-progress` lines say that it is: out_time_us counts microseconds, "N/A" before the first picture. Pure. */
export function doneSeconds(lines: readonly string[]): number | null {
  const last = lines.findLast((line) => /^out_time_us=\d+$/.test(line));
  return last === undefined ? null : Number(last.slice("out_time_us=".length)) / 1e6;
}
