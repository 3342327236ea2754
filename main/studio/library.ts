import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type Clip, type ClipRecord, recordSchema, StudioError } from "../../core/contract/index.ts";
import { FileExistsError, type FinishedVideo } from "../media/index.ts";
import { prepareFile } from "./files.ts";
import { makeFolder } from "./folders.ts";
import { clipBaseName } from "./slug.ts";
import type { ClipFile, Destination } from "./studio.ts";

/** A record larger than this is none of ours. */
const MAX_RECORD_BYTES = 1 << 20;
/** After so many clips of one name somebody should tidy up. */
const MAX_SAME_NAME = 10_000;

interface Entry {
  readonly clip: Clip;
  readonly path: string;
  readonly recordPath: string;
}

/** The id of a clip: from its file name, so that it stays the same over restarts and says nothing about the place. */
function clipId(fileName: string): string {
  return createHash("sha256").update(fileName.normalize("NFC")).digest("hex").slice(0, 24);
}

const recordPathOf = (video: string): string => `${video.slice(0, -extname(video).length)}.json`;

/** Clips on disk: `name.mp4` and its record `name.json`, side by side. The folder itself is the catalogue; nothing else is kept. */
export class Library {
  readonly folder: string;
  private readonly trashFolder: string;
  private readonly cache = new Map<string, { stamp: string; record: ClipRecord | null }>();

  constructor(folder: string, trashFolder: string) {
    this.folder = folder;
    this.trashFolder = trashFolder;
  }

  /** Makes the folder. Errors: OUTPUT_UNWRITABLE, DISK_FULL. */
  async prepare(): Promise<void> {
    await makeFolder(
      this.folder,
      "The folder for clips cannot be made: set PLUME_OUTPUT to a folder of yours, or free some space.",
    );
  }

  /** Every clip that has its record and its video, newest first. A folder that does not exist yet holds none. */
  async list(): Promise<Clip[]> {
    const entries = await this.entries(this.folder);
    return entries.map(({ clip }) => clip).sort((a, b) => b.record.createdAt.localeCompare(a.record.createdAt));
  }

  /** Errors: NOT_FOUND. */
  async file(id: string): Promise<ClipFile> {
    const { path, clip } = await this.find(id, this.folder);
    return { path, size: clip.bytes };
  }

  /**
   * Names a finished video and its record, both or none, and never over another file: a number is appended until both names are free.
   */
  async add(video: FinishedVideo, record: ClipRecord): Promise<Clip> {
    const base = clipBaseName(titleOf(record), record.request.seed);
    for (let n = 1; n <= MAX_SAME_NAME; n += 1) {
      const file = join(this.folder, `${base}${n === 1 ? "" : `-${n}`}.mp4`);
      if ((await exists(file)) || (await exists(recordPathOf(file)))) continue;
      try {
        return await this.addTo(video, record, { file, overwrite: false });
      } catch (error) {
        if (!(error instanceof FileExistsError)) throw error; // somebody took the name in this very moment
      }
    }
    throw new StudioError("OUTPUT_UNWRITABLE", "Too many clips have this name: move some of them elsewhere.");
  }

  /** The same under a name of the caller's choice. Errors: FileExistsError (an OUTPUT_UNWRITABLE). */
  async addTo(video: FinishedVideo, record: ClipRecord, destination: Destination): Promise<Clip> {
    const { file, overwrite } = destination;
    const recordFile = recordPathOf(file);
    // The record is complete on disk before the video gets its name: what is left then is two renames that need no space.
    const pending = await prepareFile(dirname(file), `${JSON.stringify(record, null, 2)}\n`);
    try {
      await video.publish(file, overwrite);
      try {
        await pending.publish(recordFile, overwrite);
      } catch (error) {
        // Only a record that appeared within the last milliseconds gets here. The video goes back under a temporary name, so that
        // a later attempt can name the pair anew.
        if (!overwrite) await video.unpublish(file);
        throw error;
      }
    } finally {
      await pending.discard();
    }
    return toClip(basename(file), (await stat(file)).size, record);
  }

  /** Moves clip and record to the trash folder. Errors: NOT_FOUND. */
  async trash(id: string): Promise<void> {
    const { path, recordPath } = await this.find(id, this.folder);
    await mkdir(this.trashFolder, { recursive: true });
    await movePair(path, recordPath, this.trashFolder);
  }

  /** Brings a clip back; when its name was taken meanwhile, a number is appended. Errors: NOT_FOUND. */
  async restore(id: string): Promise<Clip> {
    const { path, recordPath, clip } = await this.find(id, this.trashFolder);
    const moved = await movePair(path, recordPath, this.folder);
    return toClip(basename(moved), clip.bytes, clip.record);
  }

  private async find(id: string, folder: string): Promise<Entry> {
    const entry = (await this.entries(folder)).find(({ clip }) => clip.id === id);
    if (entry === undefined)
      throw new StudioError("NOT_FOUND", "This clip is no longer there: it was moved or deleted outside the studio.");
    return entry;
  }

  private async entries(folder: string): Promise<Entry[]> {
    const names = await readdir(folder).catch(() => [] as string[]);
    const found: Entry[] = [];
    for (const name of names) {
      if (!name.endsWith(".mp4") || name.startsWith(".")) continue;
      const path = join(folder, name);
      const recordPath = recordPathOf(path);
      const [record, info] = await Promise.all([this.record(recordPath), stat(path).catch(() => null)]);
      if (record === null || info === null || !info.isFile()) continue;
      found.push({ clip: toClip(name, info.size, record), path, recordPath });
    }
    return found;
  }

  /** The record at this path, or null when there is none of ours. Read again only when the file has changed. */
  private async record(path: string): Promise<ClipRecord | null> {
    const info = await stat(path).catch(() => null);
    if (info === null || !info.isFile() || info.size > MAX_RECORD_BYTES) return null;
    const stamp = `${info.ino} ${info.mtimeMs} ${info.size}`;
    const known = this.cache.get(path);
    if (known?.stamp === stamp) return known.record;
    const record = await readRecord(path);
    this.cache.set(path, { stamp, record });
    return record;
  }
}

/** A clip's record, or null when the file is something else. */
export async function readRecord(path: string): Promise<ClipRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null; // somebody else's JSON, or a record that was edited beyond recognition
  }
}

/** What a clip is called: by its words, or without any by what it was made from. */
function titleOf(record: ClipRecord): string {
  if (record.schema === "plume.generation/1" || record.request.prompt.trim() !== "") return record.request.prompt;
  const { picture, sound } = record.inputs;
  return [picture, sound].map(({ name }) => basename(name, extname(name))).join(" ");
}

/**
 * Refuses a destination before any work is done for it. Errors: BAD_REQUEST (no .mp4), OUTPUT_UNWRITABLE (exists; or the record's
 * name belongs to a file that is no record, which is never replaced).
 */
export async function checkDestination({ file, overwrite }: Destination): Promise<void> {
  if (extname(file).toLowerCase() !== ".mp4")
    throw new StudioError("BAD_REQUEST", "The output file's name must end in .mp4.", file);
  const record = recordPathOf(file);
  if (!overwrite) {
    for (const path of [file, record]) if (await exists(path)) throw new FileExistsError(path);
    return;
  }
  const info = await stat(file).catch(() => null);
  if ((info !== null && !info.isFile()) || ((await exists(record)) && (await readRecord(record)) === null))
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      `${basename(info?.isFile() === false ? file : record)} is something else and is not replaced: choose another name.`,
    );
}

function toClip(fileName: string, bytes: number, record: ClipRecord): Clip {
  const { width, height, frames, fps } = record.request;
  return { id: clipId(fileName), fileName, bytes, width, height, frames, fps, record };
}

/** Moves a video and its record into a folder under a free name; returns the video's new path. */
async function movePair(video: string, record: string, folder: string): Promise<string> {
  const name = basename(video, extname(video));
  for (let n = 1; n <= MAX_SAME_NAME; n += 1) {
    const target = join(folder, `${name}${n === 1 ? "" : `-${n}`}.mp4`);
    if ((await exists(target)) || (await exists(recordPathOf(target)))) continue;
    await rename(video, target);
    await rename(record, recordPathOf(target));
    return target;
  }
  throw new StudioError("OUTPUT_UNWRITABLE", "Too many clips have this name: move some of them elsewhere.");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
