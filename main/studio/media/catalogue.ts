import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { mediaSchema, StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";

/** Where the bytes lie: the user's own file, or a copy that the studio keeps because it was handed bytes and no file. */
const sourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("file"), path: z.string() }),
  z.object({ kind: z.literal("own"), name: z.string().regex(/^[A-Za-z0-9_-]+\.data$/) }),
]);
export type Source = z.infer<typeof sourceSchema>;

const entrySchema = z.object({
  schema: z.literal("plume.media/1"),
  media: mediaSchema,
  source: sourceSchema,
  /** Size and time of change of the file when it was last looked into. */
  stamp: z.string(),
});
export type Entry = z.infer<typeof entrySchema>;

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const EDGE_BYTES = 64 * 1024;

/** What a file is known by without reading all of it: sha256 over its length, its first and its last 64 KiB, hex. */
export async function fingerprint(path: string): Promise<string> {
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
export async function stampOf(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() === true ? `${info.size} ${info.mtimeMs}` : null;
}

/** The media list on disk: one small JSON file for each, beside what was made from it. Removed ones rest in `removed/`. */
export class Catalogue {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every entry, newest first; files that are none of ours are passed over. */
  async all(): Promise<Entry[]> {
    const names = await readdir(this.folder).catch(() => [] as string[]);
    const entries = await Promise.all(
      names.filter((name) => name.endsWith(".json")).map((name) => this.read(join(this.folder, name))),
    );
    return entries
      .filter((entry) => entry !== null)
      .sort((a, b) => b.media.addedAt.localeCompare(a.media.addedAt) || a.media.id.localeCompare(b.media.id));
  }

  /** Errors: NOT_FOUND. */
  async get(id: string): Promise<Entry> {
    const entry = ID.test(id) ? await this.read(this.file(id)) : null;
    if (entry === null) throw notListed();
    return entry;
  }

  async put(entry: Entry): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await replaceFile(this.file(entry.media.id), `${JSON.stringify(entry, null, 2)}\n`);
  }

  /** Takes an entry off the list; `restore` brings it back. Errors: NOT_FOUND. */
  async remove(id: string): Promise<void> {
    await this.get(id);
    await mkdir(join(this.folder, "removed"), { recursive: true });
    await rename(this.file(id), this.removedFile(id));
  }

  /** Errors: NOT_FOUND. */
  async restore(id: string): Promise<Entry> {
    if (!ID.test(id)) throw notListed();
    await rename(this.removedFile(id), this.file(id)).catch(() => {
      throw notListed();
    });
    return this.get(id);
  }

  /** Forgets an entry for good; its own copy of the bytes goes only when `withBytes`. */
  async forget(id: string, withBytes: boolean): Promise<void> {
    await unlink(this.file(id)).catch(() => {}); // gone already
    if (withBytes) await unlink(join(this.folder, `${id}.data`)).catch(() => {});
  }

  pathOf(source: Source): string {
    return source.kind === "file" ? source.path : join(this.folder, source.name);
  }

  private file(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  private removedFile(id: string): string {
    return join(this.folder, "removed", `${id}.json`);
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
  new StudioError("NOT_FOUND", "This picture or sound is not in the list any more: drop its file again.");
