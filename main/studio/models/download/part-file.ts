/**
 * What has arrived of one version of one file: the bytes (`<name>.part`) and a note (`<name>.json`) of which they are. The note is
 * written after the bytes that it names are on the disk, so it never promises too much; what it leaves out is fetched again.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { replaceFile } from "../../files.ts";
import { Ranges } from "./ranges.ts";

/** Which version of a file this is, as its server tells. */
const versionSchema = z.object({
  /** The hub's or the server's tag; what tells one version from another. */
  tag: z.string(),
  /** What If-Range takes: a strong ETag or a date. Null: the server gives none. */
  validator: z.string().nullable(),
  size: z.number().int().nonnegative(),
  /** Hex, as the hub states it; null: it does not. */
  sha256: z.string().nullable(),
  /** Commit that the hub's revision stood at. */
  commit: z.string().nullable(),
});
export type Version = z.infer<typeof versionSchema>;

const noteSchema = z.object({
  schema: z.literal("plume.part/1"),
  version: versionSchema,
  held: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()])),
});

const SAVE_EVERY_MS = 2000;
const READ = 4 * 2 ** 20;

export class PartFile {
  readonly version: Version;
  readonly path: string;
  private readonly notePath: string;
  private readonly handle: FileHandle;
  private ranges: Ranges;
  private savedAt = performance.now();
  private isNoted = true;
  private saving: Promise<void> = Promise.resolve();
  private hash: Hash = createHash("sha256");
  private hashed = 0;
  private hashing: Promise<void> | null = null;

  private constructor(folder: string, version: Version, ranges: Ranges, handle: FileHandle) {
    this.version = version;
    [this.path, this.notePath] = paths(folder, version.tag);
    this.ranges = ranges;
    this.handle = handle;
  }

  /** What arrived of this version earlier, or the beginning of it. Errors: the file system's. */
  static async open(folder: string, version: Version): Promise<PartFile> {
    await mkdir(folder, { recursive: true });
    const [path, notePath] = paths(folder, version.tag);
    const note = await readNote(notePath);
    // "r+" keeps what is there; the first time there is nothing to keep.
    const handle = await open(path, "r+").catch(() => open(path, "w+"));
    const known = note?.version.size === version.size ? new Ranges(note.held) : new Ranges();
    const { size } = await handle.stat();
    const within = new Ranges(known.list().map(([from, to]) => [from, Math.min(to, size)] as const));
    return new PartFile(folder, version, within, handle);
  }

  get received(): number {
    return this.ranges.total;
  }

  get missing() {
    return this.ranges.missing(this.version.size);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength; )
      done += (await this.handle.write(bytes, done, bytes.byteLength - done, at + done)).bytesWritten;
    this.ranges.add(at, at + bytes.byteLength);
    this.isNoted = false;
    this.hashing ??= this.hashOn().finally(() => (this.hashing = null));
    // A failure is told by whoever writes or finishes next.
    this.hashing.catch(() => undefined);
    if (performance.now() - this.savedAt > SAVE_EVERY_MS) await this.save();
  }

  /** Notes what has arrived, once it is on the disk. */
  async save(): Promise<void> {
    this.savedAt = performance.now();
    this.isNoted = true;
    const held = this.ranges.list().map(([from, to]): [number, number] => [from, to]);
    this.saving = this.saving
      .catch(() => undefined)
      .then(async () => {
        await this.handle.datasync();
        const note = { schema: "plume.part/1", version: this.version, held } satisfies z.input<typeof noteSchema>;
        await replaceFile(this.notePath, JSON.stringify(note));
      });
    return this.saving;
  }

  /** sha256 of the whole, hex; all of it must be there. It was computed while it came, so that little is left to do. */
  async digest(): Promise<string> {
    while (this.hashed < this.version.size) await (this.hashing ?? this.hashOn());
    return this.hash.copy().digest("hex");
  }

  /** The bytes are not what they should be: they stay on the disk, but the next try fetches every one of them again. */
  async distrust(): Promise<void> {
    this.hash = createHash("sha256");
    this.hashed = 0;
    this.ranges = new Ranges();
    await this.save();
  }

  /** The file is complete and gets its name, together with it the part and its note are gone, and those of other versions. */
  async publish(path: string): Promise<void> {
    await this.handle.sync();
    this.isNoted = true;
    await this.saving.catch(() => undefined);
    await this.handle.close();
    await mkdir(dirname(path), { recursive: true });
    await rename(this.path, path);
    await rm(dirname(this.path), { recursive: true, force: true });
  }

  /** Notes what is there and lets the file go; safe after `publish`. */
  async close(): Promise<void> {
    await this.hashing?.catch(() => undefined);
    if (!this.isNoted) await this.save().catch(() => undefined); // a full disk: less is noted than there is
    await this.handle.close().catch(() => undefined);
  }

  /** Hashes on from where it is to the first gap. */
  private async hashOn(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ);
    while (this.hashed < this.ranges.prefix) {
      const want = Math.min(READ, this.ranges.prefix - this.hashed);
      const { bytesRead } = await this.handle.read(buffer, 0, want, this.hashed);
      if (bytesRead === 0) throw new Error("The file became shorter while it was downloaded.");
      this.hash.update(buffer.subarray(0, bytesRead));
      this.hashed += bytesRead;
    }
  }
}

/** Bytes that have arrived of unfinished files below a folder. */
export async function arrivedBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => []))
    if (name.endsWith(".note.json")) sum += new Ranges((await readNote(join(folder, name)))?.held).total;
  return sum;
}

/** The version that most has arrived of, of those in a folder. */
export async function bestVersion(folder: string): Promise<Version | null> {
  let best: { readonly version: Version; readonly total: number } | null = null;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".note.json")) continue;
    const note = await readNote(join(folder, name));
    const total = new Ranges(note?.held).total;
    if (note && total > (best?.total ?? 0)) best = { version: note.version, total };
  }
  return best?.version ?? null;
}

/** The tag comes from a server: its hash is a name for it that is harmless on every system. */
function paths(folder: string, tag: string): [string, string] {
  const name = createHash("sha256").update(tag).digest("hex").slice(0, 24);
  return [join(folder, `${name}.part`), join(folder, `${name}.note.json`)];
}

async function readNote(path: string): Promise<z.infer<typeof noteSchema> | null> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null; // none, or a damaged one: then nothing counts as arrived
  }
}
