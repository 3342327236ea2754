import { FLICKS_PER_SECOND, type Flicks, secondsToFlicks } from "../../core/time/index.ts";
import { asInput } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";
import { TextTail } from "./text-tail.ts";

/** What decoding a file's pictures needs to know of it, from ffmpeg's own description: needs no ffprobe. */
export interface VideoFacts {
  /** ffmpeg's names of the container's format, with commas between. */
  readonly container: string;
  /** ffmpeg's name of the codec; null where there are no pictures. */
  readonly codec: string | null;
  readonly pixelFormat: string;
  /** Pixels as stored. */
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly matrix: "bt709" | "bt601" | "bt2020";
  /** Black is 0 and white 255, not 16 and 235. */
  readonly isFullRange: boolean;
  /** PQ or HLG: brighter than a display that shows the timeline, hence to be tone mapped. */
  readonly hdr: "pq" | "hlg" | null;
  readonly isInterlaced: boolean;
  /** The container's own time at which the media begins. */
  readonly start: Flicks;
  /** The unit in which the container counts the pictures' times. */
  readonly tick: Flicks;
}

/** An input that ffmpeg describes on stderr when it opens it. */
export const describeArgs = (input: readonly string[]): string[] => [
  ...BASE_ARGS.filter((arg) => arg !== "-v" && arg !== "error"),
  ...PROTOCOLS,
  ...asInput(input),
];

/** @param input ffmpeg's arguments for it, the address last */
export async function videoFacts(tools: MediaTools, input: readonly string[]): Promise<VideoFacts> {
  const tail = new TextTail(32_768);
  // It complains that no output is named, which is no failure.
  await runMedia(tools.ffmpeg, describeArgs(input), { onStderr: (chunk) => tail.push(chunk) }).catch(() => {});
  return parseVideoFacts(tail.text);
}

const ALPHA = /^(yuva|rgba|bgra|argb|abgr|gbrap|ya8|ya16|pal8|ayuv|vuya|rgba64|bgra64)/;

/** Reads ffmpeg's description of its first input. Pure. */
export function parseVideoFacts(text: string): VideoFacts {
  const start = Number(/Duration: [^\n]*?start: (-?\d+\.\d+)/.exec(text)?.[1] ?? 0);
  const line = [...text.matchAll(/^ +Stream #0:\d+[^:]*: Video: (.*)$/gm)].find(
    ([, rest]) => !rest!.includes("(attached pic)"),
  )?.[1];
  const none = {
    codec: null,
    pixelFormat: "",
    width: 0,
    height: 0,
    hasAlpha: false,
    matrix: "bt709",
    isFullRange: false,
    hdr: null,
    isInterlaced: false,
    tick: 1,
  } as const;
  const container = /^Input #0, ([\w,]+), from/m.exec(text)?.[1] ?? "";
  if (line === undefined) return { ...none, container, start: secondsToFlicks(start) };
  const codec = /^(\w+)/.exec(line)?.[1] ?? null;
  const format = /, ([a-z][a-z0-9]+)(?:\(([^)]*)\))?, \d+x\d+/.exec(line);
  const size = /, (\d+)x(\d+)/.exec(line);
  const [pixelFormat, tags] = [format?.[1] ?? "", format?.[2] ?? ""];
  const height = Number(size?.[2] ?? 0);
  const said = tags.split(", ").find((tag) => /bt|smpte|fcc|arib/.test(tag)) ?? "";
  const matrix = said.startsWith("bt2020")
    ? "bt2020"
    : said.startsWith("bt709")
      ? "bt709"
      : /smpte170m|bt470bg|smpte240m|fcc/.test(said.split("/")[0]!)
        ? "bt601"
        : "bt709";
  return {
    container,
    codec,
    pixelFormat,
    width: Number(size?.[1] ?? 0),
    height,
    // WebM's alpha lies beside the stream that says it.
    hasAlpha: ALPHA.test(pixelFormat) || (/^vp[89]/.test(codec ?? "") && /alpha_mode\s*: 1/.test(text)),
    matrix,
    isFullRange: pixelFormat.startsWith("yuvj") || tags.split(", ").includes("pc"),
    hdr: /smpte2084/.test(said) ? "pq" : /arib-std-b67/.test(said) ? "hlg" : null,
    isInterlaced: /top first|bottom first|top coded first|bottom coded first/.test(tags),
    tick: tickOf(/, ([\d.]+k?) tbn/.exec(line)?.[1]),
    start: secondsToFlicks(start),
  };
}

/** `90k`, `1k`, `12800`: ticks a second, thousands written short. */
function tickOf(text = ""): Flicks {
  const count = Number.parseFloat(text) * (text.endsWith("k") ? 1000 : 1);
  return count > 0 ? FLICKS_PER_SECOND / count : 1;
}
