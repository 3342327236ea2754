import { createWriteStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import yauzl from "yauzl";
import yazl from "yazl";
import { type ExchangeFormat, StudioError } from "../../../core/contract/index.ts";
import {
  cuesOf,
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
import { assertWritable, FileExistsError, partPath, publish } from "../../media/index.ts";
import { prepareFile } from "../files.ts";
import type { Destination } from "../studio.ts";
import type { MediaGate } from "./export-service.ts";
import { removeTarget } from "./target.ts";

/** More than any timeline is. */
const MAX_BYTES = 200 * 2 ** 20;

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

/** A zip of `content.otio`, `version.txt` and `media/`, nothing compressed, as OpenTimelineIO defines it. */
async function writeBundle(
  timeline: Timeline,
  files: ReadonlyMap<string, string>,
  { file, overwrite }: Destination,
): Promise<string[]> {
  const names = new Map<string, string>();
  for (const [id, path] of files) {
    const [extension, taken] = [extname(path), new Set(names.values())];
    const base = basename(path, extension);
    let name = base + extension;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}${extension}`;
    names.set(id, name);
  }
  const zip = new yazl.ZipFile();
  const url = (media: MediaReference): string =>
    `media/${encodeURIComponent(names.get(media.id) ?? basename(media.path))}`;
  zip.addBuffer(Buffer.from(writeOtio(timeline, url)), "content.otio", { compress: false });
  zip.addBuffer(Buffer.from("1.0.0\n"), "version.txt", { compress: false });
  for (const [id, path] of files) zip.addFile(path, `media/${names.get(id)}`, { compress: false });
  const part = partPath(dirname(file));
  try {
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(part, { flags: "wx" }));
    await publish(part, file, overwrite);
  } finally {
    await removeTarget(part);
  }
  const lost = Object.values(timeline.media).filter(({ id }) => !files.has(id));
  return lost.map(({ name }) => `“${name}” is not there and not in the bundle.`);
}

/** A timeline of another editor, with the folder that its media's relative paths begin in. */
export interface ReadTimeline extends Imported {
  readonly folder: string;
}

/**
 * Reads a timeline of another editor, or subtitles as a timeline of titles. @param media folder into which a bundle's media are unpacked
 * @param name the file's own name, where it lies under another. Errors: NOT_FOUND, BAD_REQUEST with a sentence.
 */
export async function readExchange(path: string, media: string, name: string = basename(path)): Promise<ReadTimeline> {
  const file = resolve(path);
  const info = await stat(file).catch(() => null);
  if (info === null) throw new StudioError("NOT_FOUND", `There is no file ${basename(file)}: check its path.`, file);
  const format = extname(name).slice(1).toLowerCase();
  if (format === "otioz") return { ...understood(await unpack(file, media), readOtio), folder: media };
  if (info.size > MAX_BYTES)
    throw new StudioError("BAD_REQUEST", "This file is too large to be a timeline: choose another.");
  const text = await readFile(file, "utf8");
  const folder = dirname(file);
  if (format === "srt" || format === "vtt")
    return { ...understood(text, (words) => subtitled(words, basename(name, extname(name)))), folder };
  if (format === "otio") return { ...understood(text, readOtio), folder };
  if (format === "fcpxml" || format === "xml") return { ...understood(text, readFcpxml), folder };
  throw new StudioError(
    "BAD_REQUEST",
    "Timelines are read from .otio, .otioz and .fcpxml, subtitles from .srt and .vtt: choose one of these.",
  );
}

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

/** Unpacks a bundle's media and returns its timeline. Names that lead out of the folder are refused. */
async function unpack(file: string, media: string): Promise<string> {
  const zip = await new Promise<yauzl.ZipFile>((done, fail) =>
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, opened) => (error ? fail(error) : done(opened))),
  ).catch(() => {
    throw new StudioError("BAD_REQUEST", "This .otioz file is damaged: ask for it again.");
  });
  const open = (entry: yauzl.Entry) =>
    new Promise<NodeJS.ReadableStream>((done, fail) =>
      zip.openReadStream(entry, (error, stream) => (error ? fail(error) : done(stream))),
    );
  let content: string | null = null;
  try {
    const entries = await new Promise<yauzl.Entry[]>((done, fail) => {
      const all: yauzl.Entry[] = [];
      zip.on("entry", (entry: yauzl.Entry) => {
        all.push(entry);
        zip.readEntry();
      });
      zip.on("end", () => done(all));
      zip.on("error", fail);
      zip.readEntry();
    });
    for (const entry of entries) {
      const name = entry.fileName;
      if (name === "content.otio" && entry.uncompressedSize <= MAX_BYTES) {
        const chunks: Buffer[] = [];
        for await (const chunk of await open(entry)) chunks.push(Buffer.from(chunk as Uint8Array));
        content = Buffer.concat(chunks).toString("utf8");
      } else if (/^media\/[^/\\]+$/.test(name) && basename(name) === name.slice(6) && !name.endsWith("/..")) {
        await mkdir(join(media, "media"), { recursive: true });
        await pipeline(await open(entry), createWriteStream(join(media, "media", basename(name)), { flags: "wx" }));
      }
    }
  } finally {
    zip.close();
  }
  if (content === null) throw new StudioError("BAD_REQUEST", "This .otioz file holds no timeline: ask for it again.");
  return content;
}

/** Where a media of an imported timeline should lie. */
export const placeOfMedia = (folder: string, { path }: MediaReference): string =>
  isAbsolute(path) ? path : resolve(folder, path);
