import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Media, StudioError } from "../../../core/contract/index.ts";
import { numberedName, patternOf } from "../../../core/sequence/index.ts";
import { partPath, publish } from "../../media/index.ts";
import type { SequenceSource } from "./catalogue.ts";
import { checkFingerprint, cleanName, type MediaService, newId, type Wanted } from "./media-service.ts";

/** Frames a second where nobody says. */
const USUAL_RATE = 24;
/** An hour of pictures. */
const MAX_FRAMES = 100_000;

interface Pile {
  /** Names and, for the user's own files, where they lie. */
  readonly frames: { readonly name: string; readonly path: string | null }[];
}

/** Pictures of sequences that come one by one, until all are there. */
export class Assembly {
  private readonly media: MediaService;
  private readonly piles = new Map<string, Pile>();

  constructor(media: MediaService) {
    this.media = media;
  }

  /** Lays a file of the user's aside; it stays where it is. */
  async addFile(sequence: string, file: string): Promise<void> {
    const path = resolve(file);
    this.lay(sequence, { name: basename(path), path });
  }

  /** Keeps a copy of a picture. Errors: DISK_FULL, BAD_REQUEST. */
  async addBytes(sequence: string, name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const clean = cleanName(name);
    if (numberedName(clean) === null)
      throw new StudioError("BAD_REQUEST", `“${clean}” is no numbered picture: import it by itself.`);
    const folder = this.pileFolder(sequence);
    await mkdir(folder, { recursive: true });
    const part = partPath(folder);
    try {
      await pipeline(bytes, createWriteStream(part, { flags: "wx" }));
      await publish(part, join(folder, clean), true);
    } finally {
      await rm(part, { force: true });
    }
    this.lay(sequence, { name: clean, path: null });
  }

  /** Makes one film of what was laid aside. @param as media that this is, found again. Errors: BAD_REQUEST, MEDIA_UNREADABLE, NOT_FOUND. */
  async finish(sequence: string, framesPerSecond = USUAL_RATE, as?: Wanted): Promise<Media> {
    const pile = this.piles.get(sequence);
    if (pile === undefined) throw new StudioError("NOT_FOUND", "None of these pictures has arrived: drop them again.");
    this.piles.delete(sequence);
    const frames = [...pile.frames].sort((a, b) => numberOf(a.name) - numberOf(b.name));
    const isOwn = frames[0]!.path === null;
    const folder = isOwn ? null : dirname(frames[0]!.path!);
    const id = as?.id ?? newId();
    try {
      const found = patternOf(frames.map(({ name }) => name));
      const isTogether = frames.every(({ path }) => (path === null ? isOwn : dirname(path) === folder));
      if (found === null || !isTogether)
        throw new StudioError("BAD_REQUEST", "These pictures are not numbered one after the other in one folder.");
      if (isOwn) {
        await rm(this.media.catalogue.framesFolder(id), { recursive: true, force: true });
        await rename(this.pileFolder(sequence), this.media.catalogue.framesFolder(id));
      }
      const source: SequenceSource = { kind: "sequence", folder, ...found, count: frames.length, framesPerSecond };
      const name = nameOf(frames.map((frame) => frame.name));
      const entry = await this.media.lookInto(id, name, source);
      if (as !== undefined && entry.fingerprint !== null) checkFingerprint(name, entry.fingerprint, as);
      return await this.media.take(entry);
    } catch (error) {
      if (isOwn) {
        await rm(this.pileFolder(sequence), { recursive: true, force: true });
        if (as === undefined) await this.media.catalogue.forget(id, true);
        else await rm(this.media.catalogue.framesFolder(id), { recursive: true, force: true });
      }
      throw error;
    }
  }

  private lay(sequence: string, frame: Pile["frames"][number]): void {
    const pile = this.piles.get(sequence) ?? { frames: [] };
    if (pile.frames.length >= MAX_FRAMES)
      throw new StudioError("BAD_REQUEST", `A sequence has at most ${MAX_FRAMES} pictures: split it.`);
    this.piles.set(sequence, pile);
    pile.frames.push(frame);
  }

  private pileFolder(sequence: string): string {
    return join(this.media.catalogue.folder, "piles", sequence);
  }
}

const numberOf = (name: string): number => numberedName(name)?.number ?? -1;

/** “shot_[0001-0120].png” */
function nameOf(names: readonly string[]): string {
  const [first, last] = [numberedName(names[0]!)!, numberedName(names.at(-1)!)!];
  const digits = (each: typeof first): string => String(each.number).padStart(each.digits, "0");
  return `${first.prefix}[${digits(first)}-${digits(last)}]${first.suffix}`;
}
