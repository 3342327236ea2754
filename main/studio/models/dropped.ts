/** Checkpoints that the user gave to the window: laid aside under a word, then installed together. */
import { createWriteStream } from "node:fs";
import { link, mkdir, readdir, rm, stat, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { StudioError } from "../../../core/contract/index.ts";
import { share } from "./place.ts";
import { freeBytes, gigabytes, SPARE_BYTES } from "./room.ts";

const CHECKPOINT = /\.(?:pt|pth|ckpt|bin|safetensors)$/i;
const MOST_FILES = 64;

export class DroppedFiles {
  private readonly place: () => string;

  /** @param place the folder that holds one folder for each word */
  constructor(place: () => string) {
    this.place = place;
  }

  folder(word: string): string {
    return join(this.place(), `drop-${word}`);
  }

  /** A file on this computer is only pointed at, wherever it lies. Errors: CHECKPOINT_UNREADABLE. */
  async take(path: string, word: string): Promise<void> {
    if ((await stat(path).catch(() => null))?.isFile() !== true)
      throw new StudioError("CHECKPOINT_UNREADABLE", "This file cannot be read: check that it is still there.", path);
    const target = await this.room(basename(path), word);
    await link(path, target).catch(() => symlink(path, target).catch(() => share(path, target)));
  }

  /**
   * Keeps a copy of what comes as bytes. @param size how many will come; null: nobody says
   * Errors: CHECKPOINT_UNREADABLE; DISK_FULL, before the first byte where the size is known.
   */
  async receive(name: string, bytes: AsyncIterable<Uint8Array>, word: string, size: number | null): Promise<void> {
    const target = await this.room(name, word);
    if (size !== null) await this.demand(basename(target), size);
    try {
      await pipeline(bytes, createWriteStream(target, { flags: "wx" }));
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
  }

  /** What to install: the one file, or the folder. Errors: NOT_FOUND. */
  async installable(word: string): Promise<string> {
    const folder = this.folder(word);
    const names = await readdir(folder).catch(() => [] as string[]);
    if (names.length === 0) throw new StudioError("NOT_FOUND", "The files are not there any more: drop them again.");
    return names.length === 1 ? join(folder, names[0]!) : folder;
  }

  async forget(word: string): Promise<void> {
    await rm(this.folder(word), { recursive: true, force: true });
  }

  /** The copy, and the model that comes of it, must fit. */
  private async demand(name: string, size: number): Promise<void> {
    const free = await freeBytes(this.place());
    if (free === null || free >= 2 * size + SPARE_BYTES) return;
    throw new StudioError(
      "DISK_FULL",
      `The window has to copy ${name} first, which takes ${gigabytes(2 * size)} GB with the model that it becomes, and ${gigabytes(free)} GB are free: \`plume models install FILE\` takes it from where it lies.`,
    );
  }

  private async room(name: string, word: string): Promise<string> {
    const clean = basename(name.replaceAll("\\", "/"));
    if (!CHECKPOINT.test(clean) || clean.startsWith("."))
      throw new StudioError(
        "CHECKPOINT_UNREADABLE",
        "That is no checkpoint: drop a .pt, .ckpt, .pth or .safetensors file, or a folder of them.",
        clean,
      );
    const folder = this.folder(word);
    await mkdir(folder, { recursive: true });
    const there = await readdir(folder);
    if (there.length >= MOST_FILES)
      throw new StudioError("BAD_REQUEST", `A model has at most ${MOST_FILES} files: drop those of one model.`);
    return join(folder, there.includes(clean) ? `${there.length}-${clean}` : clean);
  }
}
