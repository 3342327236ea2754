import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { stripSchema } from "../../../core/contract/index.ts";
import { partPath, sweepParts } from "../../media/index.ts";
import { replaceFile } from "../files.ts";
import { parseJson } from "../parse-json.ts";

/** What is made of media so that it can be shown quickly. */
export const steps = ["poster", "peaks", "strip", "proxy"] as const;
export type Step = (typeof steps)[number];

const madeSchema = z.object({
  schema: z.literal("plume.prepared/1"),
  /** File names of what is there. */
  files: z.partialRecord(z.enum(steps), z.string().regex(/^(poster|peaks|strip|proxy)\.[a-z0-9]{2,4}$/)),
  strip: stripSchema.nullable(),
});
export type Made = z.infer<typeof madeSchema>;

const NOTHING: Made = { schema: "plume.prepared/1", files: {}, strip: null };
const KEY = /^[0-9a-z]{16,64}$/;
/** That something was used is noted this often at most, ms. */
const NOTE_EVERY = 10 * 60_000;

/**
 * What was made of media, a folder for each version of it, named by the version: the same bytes under another name or in another project
 * find what is there. When all together are larger than the limit, what was not used for longest goes.
 */
export class PreparedCache {
  private readonly folder: string;
  private readonly limit: number;
  private readonly known = new Map<string, Made>();
  private readonly used = new Map<string, number>();
  private readonly sizes = new Map<string, number>();

  /** @param limit bytes */
  constructor(folder: string, limit: number) {
    this.folder = folder;
    this.limit = limit;
  }

  /** Reads what is there; half-written files of a studio that was killed go. */
  async start(): Promise<void> {
    for (const key of await readdir(this.folder).catch(() => [] as string[])) {
      if (!KEY.test(key)) continue;
      const folder = join(this.folder, key);
      await sweepParts(folder);
      const info = await stat(join(folder, "made.json")).catch(() => null);
      if (info === null) {
        await rm(folder, { recursive: true, force: true });
        continue;
      }
      this.used.set(key, info.mtimeMs);
      this.sizes.set(key, await sizeOf(folder));
    }
    await this.shrink(null);
  }

  async made(key: string): Promise<Made> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = await readFile(join(this.folder, key, "made.json"), "utf8").then(
      (text) => madeSchema.safeParse(parseJson(text)).data ?? NOTHING,
      () => NOTHING,
    );
    // A file that somebody removed is made anew.
    const files: Made["files"] = {};
    for (const step of steps) {
      const name = made.files[step];
      if (name !== undefined && (await stat(join(this.folder, key, name)).catch(() => null)) !== null)
        files[step] = name;
    }
    const sound = { ...made, files, strip: files.strip === undefined ? null : made.strip };
    this.known.set(key, sound);
    return sound;
  }

  /** Path of something that was made; null when it was not. */
  async file(key: string, step: Step): Promise<string | null> {
    const name = (await this.made(key)).files[step];
    if (name === undefined) return null;
    this.touch(key);
    return join(this.folder, key, name);
  }

  /** Makes one thing: `work` writes it to the path it is given; only when it has succeeded is the file there. */
  async make(
    key: string,
    step: Step,
    extension: string,
    work: (path: string) => Promise<Partial<Pick<Made, "strip">>>,
  ): Promise<void> {
    const folder = join(this.folder, key);
    await mkdir(folder, { recursive: true });
    const part = partPath(folder);
    try {
      const facts = await work(part);
      const name = `${step}.${extension}`;
      await rename(part, join(folder, name));
      const before = await this.made(key);
      const made = { ...before, ...facts, files: { ...before.files, [step]: name } };
      await replaceFile(join(folder, "made.json"), JSON.stringify(made, null, 1));
      this.known.set(key, made);
    } finally {
      await rm(part, { force: true });
    }
    this.used.set(key, Date.now());
    this.sizes.set(key, await sizeOf(folder));
    await this.shrink(key);
  }

  /** Bytes of everything. */
  get bytes(): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  private touch(key: string): void {
    const now = Date.now();
    if (now - (this.used.get(key) ?? 0) < NOTE_EVERY) return;
    this.used.set(key, now);
    utimes(join(this.folder, key, "made.json"), now / 1000, now / 1000).catch(() => {}); // a note for the order of going, no more
  }

  /** @param spared what was just made, which stays however large it is */
  private async shrink(spared: string | null): Promise<void> {
    const oldest = [...this.sizes.keys()].sort((a, b) => (this.used.get(a) ?? 0) - (this.used.get(b) ?? 0));
    for (const key of oldest) {
      if (this.bytes <= this.limit) return;
      if (key === spared) continue;
      await rm(join(this.folder, key), { recursive: true, force: true });
      this.sizes.delete(key);
      this.known.delete(key);
      this.used.delete(key);
    }
  }
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder).catch(() => [] as string[]))
    bytes += (await stat(join(folder, name)).catch(() => null))?.size ?? 0;
  return bytes;
}
