import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  ANIMATION_FPS,
  asLaneMedia,
  type LaneMedia,
  type Media,
  type SoundRange,
  StudioError,
} from "../../../core/contract/index.ts";
import {
  type DecodedPicture,
  type DecodedSound,
  decodePicture,
  decodeSound,
  type MediaTools,
  partPath,
  probeMedia,
  publish,
  sweepParts,
  wavBytes,
  writePng,
} from "../../media/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { prepareFile } from "../files.ts";
import { fingerprint } from "../fingerprint.ts";
import type { ClipFile } from "../studio.ts";
import { Catalogue, type Entry, LOOK, type Source } from "./catalogue.ts";
import { lookInto } from "./look-into.ts";

export interface MediaServiceOptions {
  /** Folder of the list; what is made from the media (stills, stretches of sound) lies there too. */
  readonly folder: string;
  readonly tools: () => Promise<MediaTools>;
  readonly onChange: (media: Media[]) => void;
  readonly log: (line: string) => void;
}

const MAX_NAME = 200;

/** Media that is missed, and what its file is known by. */
export interface Wanted {
  readonly id: string;
  readonly fingerprint: Fingerprint;
}
type Fingerprint = MediaReference["fingerprint"];

/** Errors: MEDIA_MISSING, BAD_REQUEST. */
async function checkIdentity(path: string, name: string, wanted: Wanted): Promise<void> {
  const found = await fingerprint(path).catch(() => {
    throw new StudioError("MEDIA_MISSING", `“${name}” is not there: check its path.`, path);
  });
  checkFingerprint(name, found, wanted);
}

/** Errors: BAD_REQUEST when it is something else than what is missed; of a media that nobody has seen yet anything may be it. */
export function checkFingerprint(name: string, found: Fingerprint, { fingerprint: wanted }: Wanted): void {
  // Another editor's timeline tells the name alone; then the user's word counts.
  if (wanted.bytes === 0) return;
  if (found.bytes !== wanted.bytes || found.sha256 !== wanted.sha256)
    throw new StudioError(
      "BAD_REQUEST",
      `“${name}” is another file than the one that was used: choose that one, or import this as new media.`,
    );
}

/** Pictures, sounds and films that the user gave to the studio: list, look into, cut out, replace. Users' own files are only ever read. */
export class MediaService {
  readonly catalogue: Catalogue;
  private readonly options: MediaServiceOptions;
  private changes = 0;
  private telling: Promise<void> | null = null;

  constructor(options: MediaServiceOptions) {
    this.options = options;
    this.catalogue = new Catalogue(options.folder);
  }

  /** Sweeps what a killed studio left: half uploads, pictures of sequences that never became whole, and stretches of sound, which are cut out anew when they are asked for. */
  async start(): Promise<void> {
    await sweepParts(this.options.folder);
    await rm(this.stretchFolder, { recursive: true, force: true });
    await rm(join(this.options.folder, "piles"), { recursive: true, force: true });
  }

  /** Newest first. Files that changed since they were looked into are looked into again; those that are gone say so. */
  async list(): Promise<Media[]> {
    const entries = await this.catalogue.all();
    return (await Promise.all(entries.map((entry) => this.refresh(entry)))).map(({ media }) => media);
  }

  /**
   * Takes a file of the user's into the list; it stays where it is. @param as media that this is, found again
   * Errors: MEDIA_UNREADABLE, MEDIA_MISSING, BAD_REQUEST (it is another file than the one that is missed).
   */
  async import(file: string, as?: Wanted): Promise<Media> {
    const path = resolve(file);
    const name = basename(path);
    if (as !== undefined) {
      await checkIdentity(path, name, as);
      return this.take(await this.lookInto(as.id, name, { kind: "file", path }));
    }
    const known = (await this.catalogue.all()).find(({ source }) => source.kind === "file" && source.path === path);
    const entry =
      known === undefined ? await this.lookInto(newId(), name, { kind: "file", path }) : await this.refresh(known);
    // What is known and has become unreadable is looked into once more, so that the reason is told.
    return this.take(entry.media.isThere ? entry : await this.lookInto(entry.media.id, name, { kind: "file", path }));
  }

  /** Takes bytes into the list, of which the studio keeps a copy. Errors: MEDIA_UNREADABLE, DISK_FULL. */
  async upload(name: string, bytes: AsyncIterable<Uint8Array>, as?: Wanted): Promise<Media> {
    const { folder } = this.options;
    await mkdir(folder, { recursive: true });
    const part = partPath(folder);
    const id = as?.id ?? newId();
    const own = { kind: "own", name: `${id}.data` } as const;
    let isNew = false;
    try {
      await pipeline(bytes, createWriteStream(part, { flags: "wx" }));
      if (as !== undefined) await checkIdentity(part, cleanName(name), as);
      await publish(part, join(folder, own.name), as !== undefined);
      isNew = true;
      return await this.take(await this.lookInto(id, cleanName(name), own));
    } catch (error) {
      await unlink(part).catch(() => {}); // published, or never made
      if (isNew && as === undefined) await this.catalogue.forget(id, true);
      throw StudioError.from(error);
    }
  }

  /** Takes what was looked into into the list. */
  async take(entry: Entry): Promise<Media> {
    await this.catalogue.put(entry);
    await this.changed();
    return entry.media;
  }

  async remove(id: string): Promise<void> {
    await this.catalogue.remove(id);
    await this.changed();
  }

  async restore(id: string): Promise<Media> {
    const { media } = await this.refresh(await this.catalogue.restore(id));
    await this.changed();
    return media;
  }

  /** `id` now stands for what `by` stood for; `by` leaves the list. Errors: NOT_FOUND, BAD_REQUEST (another kind). */
  async replace(id: string, by: string): Promise<Media> {
    const [old, other] = [await this.catalogue.get(id), await this.catalogue.get(by)];
    if (old.media.kind !== other.media.kind && asLaneMedia(old.media)?.kind !== asLaneMedia(other.media)?.kind)
      throw new StudioError("BAD_REQUEST", "A picture can only be replaced by a picture, and a sound by a sound.");
    if (id === by) return old.media;
    const entry: Entry = { ...other, media: { ...other.media, id, addedAt: old.media.addedAt } };
    if (other.media.kind === "picture") await rename(this.still(by), this.still(id)).catch(() => {});
    if (other.isUnpacked) await rename(this.catalogue.unpackedPath(by), this.catalogue.unpackedPath(id));
    await this.catalogue.put(entry);
    await this.catalogue.forget(by, false);
    await this.changed();
    return (await this.refresh(entry)).media;
  }

  /** The entry as its file is now, with `isThere` false where that is gone; null when the list has none of this id. */
  async entry(id: string): Promise<Entry | null> {
    const entry = await this.catalogue.find(id);
    return entry === null ? null : this.refresh(entry);
  }

  /** Media as an animation uses it. Errors: NOT_FOUND, MEDIA_MISSING, BAD_REQUEST when it is of another kind. */
  async find<K extends LaneMedia["kind"]>(id: string, kind: K): Promise<Extract<LaneMedia, { kind: K }>> {
    return (await this.open(id, kind)).media;
  }

  /** A picture as the model sees it, as PNG. Errors: NOT_FOUND, MEDIA_MISSING. */
  async pictureFile(id: string): Promise<ClipFile> {
    const file = this.still(id);
    await this.catalogue.get(id);
    const info = await stat(file).catch(() => null);
    if (info !== null) return { path: file, size: info.size };
    await this.picture(id);
    return { path: file, size: (await stat(file)).size };
  }

  /** Decodes a picture, and keeps its still. Errors: NOT_FOUND, MEDIA_MISSING, MEDIA_UNREADABLE. */
  async picture(id: string, signal?: AbortSignal): Promise<DecodedPicture> {
    const { media, path } = await this.open(id, "picture");
    return this.makeStill(media.id, path, signal);
  }

  /** Decodes a stretch of a sound, padded with silence to its exact length. Errors: as `picture`. */
  async sound(id: string, range: SoundRange, signal?: AbortSignal): Promise<DecodedSound> {
    const { media, path } = await this.open(id, "sound");
    const stretch = { from: range.from / ANIMATION_FPS, seconds: range.frames / ANIMATION_FPS };
    if (media.seconds > 0 && stretch.from >= media.seconds)
      throw new StudioError(
        "BAD_REQUEST",
        `The sound ends after ${media.seconds.toFixed(1)} seconds: begin earlier in it.`,
      );
    return decodeSound(await this.options.tools(), path, media, stretch, signal);
  }

  /** A stretch of a sound as a WAV file. Errors: as `picture`. */
  async soundFile(id: string, range: SoundRange): Promise<ClipFile> {
    const { media } = await this.open(id, "sound");
    const file = join(this.stretchFolder, `${media.id}-${media.version}-${range.from}-${range.frames}.wav`);
    const known = await stat(file).catch(() => null);
    if (known !== null) return { path: file, size: known.size };
    const bytes = wavBytes(await this.sound(id, range));
    await mkdir(this.stretchFolder, { recursive: true });
    const pending = await prepareFile(this.stretchFolder, bytes);
    try {
      await pending.publish(file, true);
    } finally {
      await pending.discard();
    }
    return { path: file, size: bytes.length };
  }

  private get stretchFolder(): string {
    return join(this.options.folder, "stretches");
  }

  private still(id: string): string {
    return join(this.options.folder, `${id}.png`);
  }

  private async open<K extends LaneMedia["kind"]>(
    id: string,
    kind: K,
  ): Promise<{ media: Extract<LaneMedia, { kind: K }>; path: string }> {
    const { media: found, source, isUnpacked } = await this.refresh(await this.catalogue.get(id));
    const media = asLaneMedia(found);
    if (media?.kind !== kind)
      throw new StudioError(
        "BAD_REQUEST",
        `“${found.name}” is a ${media?.kind ?? "sequence of pictures"}, not a ${kind}: choose another.`,
      );
    if (!media.isThere)
      throw new StudioError(
        "MEDIA_MISSING",
        `“${media.name}” is no longer where it was: put it back, or drop it again.`,
      );
    return {
      media: media as Extract<LaneMedia, { kind: K }>,
      path: isUnpacked ? this.catalogue.unpackedPath(id) : this.catalogue.pathOf(source, id),
    };
  }

  /** The entry as its file is now; written down when that has changed. */
  private async refresh(entry: Entry): Promise<Entry> {
    const { media, source } = entry;
    const stamp = await this.catalogue.stamp(source, media.id);
    if (stamp === null) return { ...entry, media: { ...media, isThere: false } };
    const isReadable =
      !entry.isUnpacked || (await stat(this.catalogue.unpackedPath(media.id)).catch(() => null)) !== null;
    if (stamp === entry.stamp && entry.look === LOOK && isReadable)
      return { ...entry, media: { ...media, isThere: true } };
    const fresh = await this.lookInto(media.id, media.name, source).catch((error: unknown) => {
      this.options.log(`media ${media.id}: ${String(error)}`);
      return null;
    });
    // What it became is none of what it was: what the list says of it is the last that is known.
    const isOther = fresh !== null && asLaneMedia(fresh.media)?.kind !== asLaneMedia(media)?.kind;
    if (fresh === null || isOther) return { ...entry, media: { ...media, isThere: false } };
    const updated = { ...fresh, media: { ...fresh.media, addedAt: media.addedAt } };
    await this.catalogue.put(updated);
    return updated;
  }

  async lookInto(id: string, name: string, source: Source): Promise<Entry> {
    const { entry, facts } = await lookInto(await this.options.tools(), this.catalogue, { id, name, source });
    if (facts.kind !== "picture" || entry.media.kind !== "picture") return entry;
    await mkdir(this.options.folder, { recursive: true });
    const still = await this.makeStill(id, this.catalogue.pathOf(source, id)).catch((error: unknown) => {
      const known = StudioError.from(error);
      if (known.code !== "MEDIA_UNREADABLE") throw known;
      throw new StudioError(known.code, known.message.replace(/^This (file|picture) /, `“${name}” `), known.detail);
    });
    // The still is upright; where it was made smaller, so is what the list says: stored sizes are turned the same way.
    const isTurned = still.width > still.height !== facts.width > facts.height;
    const { width, height } = isTurned ? { width: facts.height, height: facts.width } : facts;
    return { ...entry, media: { ...entry.media, width, height } };
  }

  private async makeStill(id: string, path: string, signal?: AbortSignal): Promise<DecodedPicture> {
    const tools = await this.options.tools();
    const facts = await probeMedia(tools, path);
    if (facts.kind === "sound")
      throw new StudioError("MEDIA_UNREADABLE", "This file holds no picture: choose another.");
    const stored = { width: facts.width, height: facts.height, isUpright: facts.kind === "video" };
    const picture = await decodePicture(tools, path, stored, signal);
    await mkdir(this.options.folder, { recursive: true });
    const part = partPath(this.options.folder);
    try {
      await writePng(tools, picture, part);
      await publish(part, this.still(id), true);
    } finally {
      await unlink(part).catch(() => {}); // published
    }
    return picture;
  }

  /** Tells the list. Of many changes in one moment the last tells for all: a folder of a thousand files is not told a thousand times. */
  private async changed(): Promise<void> {
    this.changes += 1;
    if (this.telling !== null) return;
    this.telling = this.tell().finally(() => {
      this.telling = null;
    });
    // The first is told at once, so that who imported one file has it in the list.
    await this.telling;
  }

  private async tell(): Promise<void> {
    for (let told = 0; told !== this.changes; ) {
      told = this.changes;
      this.options.onChange(await this.list());
    }
  }
}

export const newId = (): string => randomBytes(12).toString("base64url");

/** A name for display from what an upload calls itself: the last part of any path, without controls. */
export function cleanName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const clean = last.replace(/\p{C}/gu, "").trim().slice(0, MAX_NAME);
  return clean === "" ? "untitled" : clean;
}
