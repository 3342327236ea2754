/** Installed styles, a folder each beside the models: the LoRA's file and a note of what it is. */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { z } from "zod";
import { type Input, type Mix, type Style, StudioError, styleSchema } from "../../../core/contract/index.ts";
import { readLoraFacts } from "../../inference/index.ts";
import { replaceFile } from "../files.ts";
import type { StyleWish } from "../studio.ts";
import { idFromFile } from "./model-files.ts";

/** Folder of styles inside the models' folder: it moves with them. */
export const STYLES = ".styles";
const NOTE = "style.json";
const noteSchema = styleSchema.extend({
  schema: z.literal("plume.style/1"),
  file: z.string().regex(/^[\w.-]+$/u),
  sha256: z.string(),
});
type Note = z.infer<typeof noteSchema>;

const PICTURES: Readonly<Record<string, string>> = { ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp" };
const MOST_PREVIEW = 300_000;

export class StyleService {
  private readonly place: () => string;

  /** @param place the folder that models lie in */
  constructor(place: () => string) {
    this.place = place;
  }

  /** By name; a folder that cannot be read is left out. */
  async list(): Promise<Style[]> {
    const names = await readdir(this.folder()).catch(() => [] as string[]);
    const notes = await Promise.all(names.map((name) => this.read(name).catch(() => null)));
    const styles = notes.flatMap((note) => (note === null ? [] : [styleSchema.parse(note)]));
    return styles.sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Takes a LoRA's file (a copy) among the styles. Errors: CHECKPOINT_UNREADABLE; MODEL_WRONG_KIND when it is none; DISK_FULL.
   * Whether it fits a model shows when it is mixed.
   */
  async install(path: string, wish: StyleWish = {}): Promise<Style> {
    const facts = await readLoraFacts(path);
    if (facts === null)
      throw new StudioError(
        "MODEL_WRONG_KIND",
        "This file is no style (LoRA): install a whole model with `plume models install FILE`.",
        basename(path),
      );
    const bytes = await readFile(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const known = (await this.notes()).find((note) => note.sha256 === sha256);
    if (known !== undefined) return styleSchema.parse(known);
    const wanted = idFromFile(path);
    let id = wanted;
    for (let n = 2; (await stat(join(this.folder(), id)).catch(() => null)) !== null; n++)
      id = `${wanted.slice(0, 60)}-${n}`;
    const note: Note = {
      schema: "plume.style/1",
      id,
      name: wish.name ?? facts.name ?? basename(path, extname(path)),
      about: facts.about ?? "",
      triggers: [...(wish.triggers ?? facts.triggers)],
      licence: wish.licence ?? facts.licence ?? "not stated",
      bytes: bytes.byteLength,
      layers: facts.layers,
      preview: (await picture(wish.preview ?? (await beside(path)))) ?? facts.preview,
      file: `lora${/\.(?:pt|pth|ckpt|bin|safetensors)$/i.exec(path)?.[0].toLowerCase() ?? ".pt"}`,
      sha256,
    };
    const draft = join(this.folder(), `.new-${randomBytes(6).toString("hex")}`);
    await mkdir(draft, { recursive: true });
    try {
      await copyFile(path, join(draft, note.file), constants.COPYFILE_FICLONE);
      await replaceFile(join(draft, NOTE), JSON.stringify(note, null, 2));
      await rename(draft, join(this.folder(), id));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
    return styleSchema.parse(note);
  }

  async edit({ id, ...change }: Input<"styles.edit">): Promise<Style> {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const note = { ...(await this.read(id)), ...given };
    await replaceFile(join(this.folder(), id, NOTE), JSON.stringify(note, null, 2));
    return styleSchema.parse(note);
  }

  async remove(id: string): Promise<void> {
    await this.read(id);
    await rm(join(this.folder(), id), { recursive: true, force: true });
  }

  /** The files and strengths of a mix, in its order. Errors: NOT_FOUND. */
  async files(styles: Mix["styles"]): Promise<{ file: string; scale: number }[]> {
    const files: { file: string; scale: number }[] = [];
    for (const { id, strength } of styles)
      files.push({ file: join(this.folder(), id, (await this.read(id)).file), scale: strength });
    return files;
  }

  /** The id and name of a mix: the same wish always leads to the same model. Errors: NOT_FOUND. */
  async named({ model, styles }: Mix, base: string): Promise<{ id: string; name: string }> {
    const notes = await Promise.all(styles.map(({ id }) => this.read(id)));
    const identity = styles.map(({ strength }, n) => [notes[n]!.sha256, strength]);
    const hash = createHash("sha256")
      .update(JSON.stringify([model, identity]))
      .digest("hex")
      .slice(0, 8);
    const parts = styles.map(({ strength }, n) => `${notes[n]!.name}${strength === 1 ? "" : ` ${strength}`}`);
    return { id: `${model.slice(0, 50)}-${hash}`, name: `${base} + ${parts.join(" + ")}` };
  }

  private folder(): string {
    return join(this.place(), STYLES);
  }

  private async notes(): Promise<Note[]> {
    const names = await readdir(this.folder()).catch(() => [] as string[]);
    const notes = await Promise.all(names.map((name) => this.read(name).catch(() => null)));
    return notes.filter((note) => note !== null);
  }

  private async read(id: string): Promise<Note> {
    try {
      return noteSchema.parse(JSON.parse(await readFile(join(this.folder(), basename(id), NOTE), "utf8")));
    } catch {
      throw new StudioError("NOT_FOUND", "This style is not installed: `plume styles list` shows those that are.", id);
    }
  }
}

/** A picture of the same name, as trainers and sites lay it beside a LoRA. */
async function beside(path: string): Promise<string | null> {
  const stem = path.slice(0, path.length - extname(path).length);
  for (const end of [".preview.png", ".png", ".jpg", ".jpeg", ".webp"])
    if ((await stat(stem + end).catch(() => null))?.isFile() === true) return stem + end;
  return null;
}

/** As a data URL; null: there is none, or it is too large to be a card's picture. */
async function picture(path: string | null): Promise<string | null> {
  const type = path === null ? undefined : PICTURES[extname(path).toLowerCase()];
  if (path === null || type === undefined) return null;
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.byteLength > MOST_PREVIEW) return null;
  return `data:image/${type};base64,${bytes.toString("base64")}`;
}
