import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { mediaSchema, StudioError } from "../../../core/contract/index.ts";
import { fingerprintSchema } from "../../../core/timeline/index.ts";
import { fileInput } from "../../media/index.ts";
import { replaceFile } from "../files.ts";

/** Pictures that make a film: `pattern` is printf's (`shot_%04d.png`, `%%` for a percent sign). */
const sequenceSchema = z.object({
  kind: z.literal("sequence"),
  /** Where the user's pictures lie; null for copies that the studio keeps. */
  folder: z.string().nullable(),
  pattern: z.string(),
  first: z.number().int().min(0),
  count: z.number().int().min(1),
  framesPerSecond: z.number().min(1).max(240),
});
export type SequenceSource = z.infer<typeof sequenceSchema>;

/** Where the bytes lie: the user's own file, or a copy that the studio keeps because it was handed bytes and no file. */
const sourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("file"), path: z.string() }),
  z.object({ kind: z.literal("own"), name: z.string().regex(/^[A-Za-z0-9_-]+\.data$/) }),
  sequenceSchema,
]);
export type Source = z.infer<typeof sourceSchema>;

/** Raised when looking into files tells more than before: entries of an older look are looked into again. */
export const LOOK = 2;

const entrySchema = z.object({
  schema: z.literal("plume.media/1"),
  look: z.number().default(1),
  media: mediaSchema,
  source: sourceSchema,
  /** True when ffmpeg cannot read the file and reads a copy of it instead that the studio unpacked (an animated WebP). */
  isUnpacked: z.boolean().default(false),
  /** Size and time of change of the file when it was last looked into. */
  stamp: z.string(),
  /** What it is found again by when it has moved; null in entries of an older look. */
  fingerprint: fingerprintSchema.nullable().default(null),
  /** ffmpeg's names of what decides how it is served and shown. */
  technical: z
    .object({
      format: z.string(),
      codec: z.string(),
      pixelFormat: z.string(),
      audioCodec: z.string(),
      matrix: z.string(),
      hdr: z.enum(["pq", "hlg"]).nullable(),
    })
    .default({ format: "", codec: "", pixelFormat: "", audioCodec: "", matrix: "", hdr: null }),
});
export type Entry = z.infer<typeof entrySchema>;

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const EDGE_BYTES = 64 * 1024;

/** What a file's version is told by without reading all of it: sha256 over its length, its first and its last 64 KiB, hex. */
export async function versionOf(path: string): Promise<string> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha256").update(String(size));
    for (const at of [0, Math.max(0, size - EDGE_BYTES)]) {
      const edge = Buffer.alloc(Math.min(EDGE_BYTES, size));
      const { bytesRead } = await handle.read(edge, 0, edge.length, at);
      hash.update(edge.subarray(0, bytesRead));
    }
    return hash.digest("hex").slice(0, 32);
  } finally {
    await handle.close();
  }
}

/** Size and time of change of a file; null when it is not there. */
async function stampOf(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() === true ? `${info.size} ${info.mtimeMs}` : null;
}

/** The n-th name of a printf pattern with one number in it. */
export const frameName = (pattern: string, n: number): string =>
  pattern.replace(/%(?:%|0?(\d*)d)/g, (all, digits: string | undefined) =>
    all === "%%" ? "%" : String(n).padStart(Number(digits ?? "") || 0, "0"),
  );

/** The media list on disk: one small JSON file for each, beside what was made from it. Removed ones rest in `removed/`. */
export class Catalogue {
  readonly folder: string;
  /** Everything on the list, once it was read: thousands of files come in one after the other. This process alone writes the folder. */
  private entries: Promise<Map<string, Entry>> | null = null;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every entry, newest first; files that are none of ours are passed over. */
  async all(): Promise<Entry[]> {
    return [...(await this.known()).values()].sort(
      (a, b) => b.media.addedAt.localeCompare(a.media.addedAt) || a.media.id.localeCompare(b.media.id),
    );
  }

  /** Null when there is none. */
  async find(id: string): Promise<Entry | null> {
    return (await this.known()).get(id) ?? null;
  }

  /** Errors: NOT_FOUND. */
  async get(id: string): Promise<Entry> {
    const entry = await this.find(id);
    if (entry === null) throw notListed();
    return entry;
  }

  async put(entry: Entry): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await replaceFile(this.file(entry.media.id), `${JSON.stringify(entry, null, 2)}\n`);
    (await this.known()).set(entry.media.id, entry);
  }

  /** Takes an entry off the list; `restore` brings it back. Errors: NOT_FOUND. */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await mkdir(join(this.folder, "removed"), { recursive: true });
    await rename(this.file(id), this.removedFile(id));
    (await this.known()).delete(id);
  }

  /** Errors: NOT_FOUND. */
  async restore(id: string): Promise<Entry> {
    if (!ID.test(id)) throw notListed();
    await rename(this.removedFile(id), this.file(id)).catch(() => {
      throw notListed();
    });
    const entry = await this.read(this.file(id));
    if (entry === null) throw notListed();
    (await this.known()).set(id, entry);
    return entry;
  }

  /** Forgets an entry for good; its own copy of the bytes goes only when `withBytes`. */
  async forget(id: string, withBytes: boolean): Promise<void> {
    await unlink(this.file(id)).catch(() => {}); // gone already
    (await this.known()).delete(id);
    await unlink(this.unpackedPath(id)).catch(() => {});
    if (!withBytes) return;
    await unlink(join(this.folder, `${id}.data`)).catch(() => {});
    await rm(this.framesFolder(id), { recursive: true, force: true });
  }

  /** Where copies of a sequence's pictures lie. */
  framesFolder(id: string): string {
    return join(this.folder, `${id}.frames`);
  }

  /** Where the unpacked copy of an entry lies. */
  unpackedPath(id: string): string {
    return join(this.folder, `${id}.mkv`);
  }

  /** What ffmpeg is to read of an entry, the address last. */
  entryInput({ source, media: { id }, isUnpacked }: Pick<Entry, "source" | "media" | "isUnpacked">): string[] {
    return isUnpacked ? [`file:${this.unpackedPath(id)}`] : this.inputOf(source, id);
  }

  /** The file, of a sequence its first picture. */
  pathOf(source: Source, id: string): string {
    if (source.kind === "sequence") return this.frame(source, id, 0);
    return source.kind === "file" ? source.path : join(this.folder, source.name);
  }

  /** What ffmpeg is to read, the address last. */
  inputOf(source: Source, id: string): string[] {
    if (source.kind !== "sequence") return fileInput(this.pathOf(source, id));
    const { first, framesPerSecond, pattern } = source;
    const folder = (source.folder ?? this.framesFolder(id)).replaceAll("%", "%%");
    const numbers = ["-framerate", String(framesPerSecond), "-start_number", String(first)];
    return ["-f", "image2", ...numbers, `file:${join(folder, pattern)}`];
  }

  /** Every file that it consists of. */
  filesOf(source: Source, id: string): string[] {
    if (source.kind !== "sequence") return [this.pathOf(source, id)];
    return Array.from({ length: source.count }, (_, n) => this.frame(source, id, n));
  }

  /** Name of the folder in which the user's file lies; null for what the studio keeps. */
  folderName(source: Source): string | null {
    if (source.kind === "file") return basename(dirname(source.path));
    return source.kind === "sequence" && source.folder !== null ? basename(source.folder) : null;
  }

  /** Changes when the bytes do; null when they are not there. Of a sequence its first, middle and last pictures tell. */
  async stamp(source: Source, id: string): Promise<string | null> {
    if (source.kind !== "sequence") return stampOf(this.pathOf(source, id));
    const places = [0, Math.floor(source.count / 2), source.count - 1];
    const stamps = await Promise.all(places.map((n) => stampOf(this.frame(source, id, n))));
    return stamps.includes(null) ? null : stamps.join(" ");
  }

  private frame(source: SequenceSource, id: string, n: number): string {
    return join(source.folder ?? this.framesFolder(id), frameName(source.pattern, source.first + n));
  }

  private file(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  private removedFile(id: string): string {
    return join(this.folder, "removed", `${id}.json`);
  }

  private known(): Promise<Map<string, Entry>> {
    this.entries ??= (async () => {
      const names = (await readdir(this.folder).catch(() => [] as string[])).filter((name) => name.endsWith(".json"));
      const found = new Map<string, Entry>();
      for (const name of names) {
        const entry = await this.read(join(this.folder, name));
        if (entry !== null) found.set(entry.media.id, entry);
      }
      return found;
    })();
    return this.entries;
  }

  private async read(path: string): Promise<Entry | null> {
    try {
      return entrySchema.parse(JSON.parse(await readFile(path, "utf8")));
    } catch {
      return null; // not there, or not ours
    }
  }
}

const notListed = (): StudioError =>
  new StudioError("NOT_FOUND", "This picture, sound or film is not in the list any more: drop its file again.");
