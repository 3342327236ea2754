import { type Flicks, flicksToSeconds, secondsToFlicks } from "../time/index.ts";
import { laneOf, type Timeline } from "../timeline/index.ts";
import { ExchangeError } from "./assemble.ts";

/** One subtitle. */
export interface Cue {
  readonly start: Flicks;
  readonly end: Flicks;
  /** Plain text; line ends as `\n`. */
  readonly text: string;
}

/** The texts of a timeline's text tracks that are not muted, in the order of time. */
export function cuesOf(document: Timeline): Cue[] {
  const cues = document.tracks.flatMap((track) =>
    track.kind !== "text" || track.muted
      ? []
      : laneOf(track).placed.flatMap(({ clip, start }) =>
          clip.content.type === "text" && clip.enabled && clip.content.style.text.trim() !== ""
            ? [{ start, end: start + clip.sourceRange.duration, text: clip.content.style.text }]
            : [],
        ),
  );
  return cues.sort((a, b) => a.start - b.start || a.end - b.end);
}

const two = (value: number): string => String(value).padStart(2, "0");

function clock(time: Flicks, separator: string): string {
  const ms = Math.round(flicksToSeconds(time) * 1000);
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${separator}${String(ms % 1000).padStart(3, "0")}`;
}

/** An empty line would end the subtitle. */
const body = (text: string): string => text.replace(/\n(?:[ \t]*\n)+/g, "\n").trim();

/** SubRip: numbered, a comma before the milliseconds, lines end as on Windows. */
export function writeSrt(cues: readonly Cue[]): string {
  return cues
    .map(
      ({ start, end, text }, i) =>
        `${i + 1}\r\n${clock(start, ",")} --> ${clock(end, ",")}\r\n${body(text).replaceAll("\n", "\r\n")}\r\n`,
    )
    .join("\r\n");
}

const escaped = (text: string): string =>
  body(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** WebVTT (https://www.w3.org/TR/webvtt1/). */
export function writeVtt(cues: readonly Cue[]): string {
  return `WEBVTT\n\n${cues.map(({ start, end, text }) => `${clock(start, ".")} --> ${clock(end, ".")}\n${escaped(text)}\n`).join("\n")}`;
}

const TIMES = /^\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})/;

/**
 * Reads SubRip and WebVTT alike, as they are found: with either separator, with or without numbers, hours, settings and markup. In SubRip a
 * text may hold empty lines and end without one, since the next times say where it ends; in WebVTT an empty line ends it. Empty and reversed
 * ones are passed over. Errors: ExchangeError where there is none at all.
 */
export function readSubtitles(text: string): Cue[] {
  const lines = text
    .replace(/^\uFEFF/, "")
    .replace(/\r\n?/g, "\n")
    .split("\n");
  const isWeb = /^WEBVTT(?:[ \t]|$)/.test(lines[0]!);
  const starts = lines.flatMap((line, i) => (TIMES.test(line) ? [i] : []));
  const cues = starts.flatMap((at, n): Cue[] => {
    const [h1, m1, s1, f1, h2, m2, s2, f2] = TIMES.exec(lines[at]!)!.slice(1);
    const start = moment(h1, m1!, s1!, f1!);
    const end = moment(h2, m2!, s2!, f2!);
    const words = plain(wordsAfter(lines.slice(at + 1, starts[n + 1] ?? lines.length), isWeb, n + 1 < starts.length));
    return end > start && words !== "" ? [{ start, end, text: words }] : [];
  });
  if (cues.length === 0) throw new ExchangeError("This file holds no subtitles: choose an .srt or .vtt file.");
  return cues.sort((a, b) => a.start - b.start);
}

/** The text among the lines up to the next times: without the number that belongs to those. */
function wordsAfter(lines: readonly string[], isWeb: boolean, hasNext: boolean): string {
  if (isWeb) {
    const end = lines.findIndex((line) => line.trim() === "");
    return lines.slice(0, end < 0 ? lines.length : end).join("\n");
  }
  const words = hasNext && /^\s*\d+\s*$/.test(lines.at(-1) ?? "") ? lines.slice(0, -1) : lines;
  return words.join("\n");
}

/**
 * The text of a file that other programs wrote: UTF-8, UTF-16 where it says so at its beginning, or else what Windows of Western Europe
 * wrote before (which reads any bytes).
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function moment(hours: string | undefined, minutes: string, seconds: string, fraction: string): Flicks {
  return secondsToFlicks(
    Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(fraction.padEnd(3, "0")) / 1000,
  );
}

/** Markup of SubRip and WebVTT, and the times of karaoke; other words in angle brackets are somebody's words. */
const TAGS = /<\/?(?:b|i|u|s|font|c|v|lang|ruby|rt)(?:[.\s][^>\n]*)?>|<\d[\d:.]*>/gi;

/** Without tags (`<i>`, `<v Anna>`, `{\an8}`), entities, and the blanks that Kdenlive puts at the ends of lines. */
function plain(text: string): string {
  const bare = text.replace(TAGS, "").replace(/\{\\[^}\n]*\}/g, "");
  const entities: Readonly<Record<string, string>> = {
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&nbsp;": " ",
    "&lrm;": "",
    "&rlm;": "",
  };
  const words = bare.replace(/&(?:amp|lt|gt|nbsp|lrm|rlm);/g, (entity) => entities[entity]!);
  return words.replace(/[ \t]+$/gm, "").trim();
}
