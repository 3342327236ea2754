import { readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type ExchangeFormat, StudioError } from "../../../core/contract/index.ts";
import {
  cuesOf,
  decodeText,
  ExchangeError,
  type Imported,
  readFcpxml,
  readOtio,
  readSubtitles,
  writeEdl,
  writeFcpxml,
  writeOtio,
  writeSrt,
  writeVtt,
} from "../../../core/exchange/index.ts";
import { applyEdit, type MediaReference, newTimeline, type Timeline } from "../../../core/timeline/index.ts";
import { assertWritable, FileExistsError } from "../../media/index.ts";
import { prepareFile } from "../files.ts";
import type { Destination } from "../studio.ts";
import { MAX_TIMELINE_BYTES, unpackBundle, writeBundle } from "./bundle.ts";
import type { MediaGate } from "./export-service.ts";

/**
 * Writes a timeline for other editors. Media that are there are named by their place, others by the path in the project; `.otioz` carries
 * them along. Returns sentences about what was left out. Errors: BAD_REQUEST, OUTPUT_UNWRITABLE, DISK_FULL.
 */
export async function writeExchange(
  { folder, timeline }: { readonly folder: string; readonly timeline: Timeline },
  gate: MediaGate,
  format: ExchangeFormat,
  { file, overwrite }: Destination,
): Promise<string[]> {
  if (extname(file).toLowerCase() !== `.${format}`)
    throw new StudioError("BAD_REQUEST", `The output file's name must end in .${format}.`, file);
  if (!overwrite && (await stat(file).catch(() => null)) !== null) throw new FileExistsError(file);
  await assertWritable(dirname(file));
  const files = new Map<string, string>();
  for (const media of Object.values(timeline.media)) {
    const found = await gate(media);
    if (found !== null) files.set(media.id, found.path);
  }
  if (format === "otioz") return writeBundle(timeline, files, { file, overwrite });
  const url = (media: MediaReference): string => pathToFileURL(files.get(media.id) ?? resolve(folder, media.path)).href;
  const { text, notes } = written(timeline, format, url);
  const pending = await prepareFile(dirname(file), text);
  try {
    await pending.publish(file, overwrite);
  } finally {
    await pending.discard();
  }
  return notes;
}

function written(
  timeline: Timeline,
  format: Exclude<ExchangeFormat, "otioz">,
  url: (media: MediaReference) => string,
): { text: string; notes: string[] } {
  if (format === "otio") return { text: writeOtio(timeline, url), notes: [] };
  if (format === "edl") return writeEdl(timeline);
  if (format === "fcpxml") return writeFcpxml(timeline, url);
  const cues = cuesOf(timeline);
  if (cues.length === 0)
    throw new StudioError("BAD_REQUEST", "There is no text on this timeline to write as subtitles: add a title first.");
  return { text: format === "srt" ? writeSrt(cues) : writeVtt(cues), notes: [] };
}

/** A timeline of another editor, with the folder that its media's relative paths begin in. */
export interface ReadTimeline extends Imported {
  readonly folder: string;
}

/** The timeline in the folder that an editor writes in the place of a file. */
const INSIDE: Readonly<Record<string, string>> = { fcpxmld: "Info.fcpxml", otiod: "content.otio" };

/**
 * Reads a timeline of another editor, or subtitles as a timeline of titles. @param media folder into which a bundle's media are unpacked
 * @param name the file's own name, where it lies under another. Errors: NOT_FOUND, BAD_REQUEST with a sentence.
 */
export async function readExchange(path: string, media: string, name: string = basename(path)): Promise<ReadTimeline> {
  const file = resolve(path);
  const info = await stat(file).catch(() => null);
  if (info === null) throw new StudioError("NOT_FOUND", `There is no file ${basename(file)}: check its path.`, file);
  const format = extname(name).slice(1).toLowerCase();
  const inside = INSIDE[format];
  if (inside !== undefined && info.isDirectory()) return readExchange(join(file, inside), media);
  if (format === "otioz") return { ...understood(await unpackBundle(file, media), readOtio), folder: media };
  const read = READERS[format];
  if (read === undefined || !info.isFile())
    throw new StudioError(
      "BAD_REQUEST",
      "Timelines are read from .otio, .otioz and .fcpxml, subtitles from .srt and .vtt: choose one of these.",
    );
  if (info.size > MAX_TIMELINE_BYTES)
    throw new StudioError("BAD_REQUEST", "This file is too large to be a timeline: choose another.");
  const text = decodeText(await readFile(file));
  return { ...understood(text, (words) => read(words, basename(name, extname(name)))), folder: dirname(file) };
}

const READERS: Readonly<Record<string, (text: string, name: string) => Imported>> = {
  otio: readOtio,
  fcpxml: readFcpxml,
  xml: readFcpxml,
  srt: subtitled,
  vtt: subtitled,
};

function understood(text: string, read: (text: string) => Imported): Imported {
  try {
    return read(text);
  } catch (cause) {
    if (cause instanceof ExchangeError) throw new StudioError("BAD_REQUEST", cause.message);
    throw cause;
  }
}

function subtitled(text: string, name: string): Imported {
  return { timeline: withSubtitles(newTimeline(name), text), notes: [] };
}

/** The document with subtitles as titles on a text track of their own, which burns them in. Errors: ExchangeError. */
export function withSubtitles(document: Timeline, text: string): Timeline {
  const result = applyEdit(document, { name: "addSubtitles", arguments: { cues: readSubtitles(text) } });
  if (!result.ok) throw new ExchangeError(result.error.message);
  return result.value;
}

/** Where a media of an imported timeline should lie. */
export const placeOfMedia = (folder: string, path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
