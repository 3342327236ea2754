import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ANIMATION_FPS, type Media, type SoundRange, StudioError } from "../../../core/contract/index.ts";
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
import { prepareFile } from "../files.ts";
import type { ClipFile } from "../studio.ts";
import { Catalogue, type Entry, fingerprint, type Source, stampOf } from "./catalogue.ts";

export interface MediaServiceOptions {
  /** Folder of the list; what is made from the media (stills, stretches of sound) lies there too. */
  readonly folder: string;
  readonly tools: () => Promise<MediaTools>;
  readonly onChange: (media: Media[]) => void;
}

/** Where the container states no length, this much is decoded to find one. */
const UNKNOWN_LENGTH_SECONDS = 120;
const MAX_NAME = 200;

/** Pictures and sounds that the user gave to the studio: list, look into, cut out, replace. Users' own files are only ever read. */
export class MediaService {
  private readonly options: MediaServiceOptions;
  private readonly catalogue: Catalogue;

  constructor(options: MediaServiceOptions) {
    this.options = options;
    this.catalogue = new Catalogue(options.folder);
  }

  /** Sweeps what a killed studio left: half uploads, and stretches of sound, which are cut out anew when they are asked for. */
  async start(): Promise<void> {
    await sweepParts(this.options.folder);
    await rm(this.stretchFolder, { recursive: true, force: true });
  }

  /** Newest first. Files that changed since they were looked into are looked into again; those that are gone say so. */
  async list(): Promise<Media[]> {
    const entries = await this.catalogue.all();
    return (await Promise.all(entries.map((entry) => this.refresh(entry)))).map(({ media }) => media);
  }

  /** Takes a file of the user's into the list; it stays where it is. Errors: MEDIA_UNREADABLE, MEDIA_MISSING. */
  async import(file: string): Promise<Media> {
    const path = resolve(file);
    const known = (await this.catalogue.all()).find(({ source }) => source.kind === "file" && source.path === path);
    const entry =
      known === undefined
        ? await this.lookInto(newId(), basename(path), { kind: "file", path })
        : await this.refresh(known);
    await this.catalogue.put(entry);
    await this.changed();
    return entry.media;
  }

  /** Takes bytes into the list, of which the studio keeps a copy. Errors: MEDIA_UNREADABLE, DISK_FULL. */
  async upload(name: string, bytes: AsyncIterable<Uint8Array>): Promise<Media> {
    const { folder } = this.options;
    await mkdir(folder, { recursive: true });
    const part = partPath(folder);
    const id = newId();
    const own = { kind: "own", name: `${id}.data` } as const;
    try {
      await pipeline(bytes, createWriteStream(part, { flags: "wx" }));
      await publish(part, join(folder, own.name), false);
      const entry = await this.lookInto(id, cleanName(name), own);
      await this.catalogue.put(entry);
      await this.changed();
      return entry.media;
    } catch (error) {
      await unlink(part).catch(() => {}); // published, or never made
      await this.catalogue.forget(id, true);
      throw StudioError.from(error);
    }
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
    if (old.media.kind !== other.media.kind)
      throw new StudioError("BAD_REQUEST", "A picture can only be replaced by a picture, and a sound by a sound.");
    if (id === by) return old.media;
    const entry: Entry = { ...other, media: { ...other.media, id, addedAt: old.media.addedAt } };
    if (other.media.kind === "picture") await rename(this.still(by), this.still(id)).catch(() => {});
    await this.catalogue.put(entry);
    await this.catalogue.forget(by, false);
    await this.changed();
    return (await this.refresh(entry)).media;
  }

  /** The entry as its file is now. Errors: NOT_FOUND, MEDIA_MISSING, BAD_REQUEST when it is of another kind. */
  async find<K extends Media["kind"]>(id: string, kind: K): Promise<Extract<Media, { kind: K }>> {
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
    return this.makeStill(media.id, path, media, signal);
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

  private async open<K extends Media["kind"]>(
    id: string,
    kind: K,
  ): Promise<{ media: Extract<Media, { kind: K }>; path: string }> {
    const { media, source } = await this.refresh(await this.catalogue.get(id));
    if (media.kind !== kind)
      throw new StudioError("BAD_REQUEST", `“${media.name}” is a ${media.kind}, not a ${kind}: choose another.`);
    if (!media.isThere)
      throw new StudioError(
        "MEDIA_MISSING",
        `“${media.name}” is no longer where it was: put it back, or drop it again.`,
      );
    return { media: media as Extract<Media, { kind: K }>, path: this.catalogue.pathOf(source) };
  }

  /** The entry as its file is now; written down when that has changed. */
  private async refresh(entry: Entry): Promise<Entry> {
    const { media, source } = entry;
    const stamp = await stampOf(this.catalogue.pathOf(source));
    if (stamp === null) return { ...entry, media: { ...media, isThere: false } };
    if (stamp === entry.stamp) return { ...entry, media: { ...media, isThere: true } };
    const fresh = await this.lookInto(media.id, media.name, source).catch(() => null);
    // What it became is no picture and no sound: what the list says of it is the last that is known.
    if (fresh === null || fresh.media.kind !== media.kind) return { ...entry, media: { ...media, isThere: false } };
    const updated = { ...fresh, media: { ...fresh.media, addedAt: media.addedAt } };
    await this.catalogue.put(updated);
    return updated;
  }

  private async lookInto(id: string, name: string, source: Source): Promise<Entry> {
    const path = this.catalogue.pathOf(source);
    const info = await stat(path).catch(() => null);
    if (info === null) throw new StudioError("MEDIA_MISSING", `“${name}” is not there: check its path.`, path);
    if (!info.isFile())
      throw new StudioError("MEDIA_UNREADABLE", `“${name}” is a folder: choose the file inside it.`, path);
    const tools = await this.options.tools();
    const facts = await probeMedia(tools, path).catch((error: unknown) => {
      throw named(error, name);
    });
    const common = {
      id,
      name,
      bytes: info.size,
      version: await fingerprint(path),
      isThere: true,
      addedAt: new Date().toISOString(),
    };
    const stamp = `${info.size} ${info.mtimeMs}`;
    if (facts.kind === "picture") {
      await mkdir(this.options.folder, { recursive: true });
      const { width, height } = await this.makeStill(id, path, facts).catch((error: unknown) => {
        throw named(error, name);
      });
      const note = facts.moves ? "This picture moves: its first frame is used." : null;
      const media: Media = { kind: "picture", ...common, width, height, note };
      return { schema: "plume.media/1", media, source, stamp };
    }
    const { sampleRate, channels } = facts;
    // A head is easily forged; sound is what decodes.
    const probed = await decodeSound(tools, path, facts, {
      from: 0,
      seconds: facts.seconds > 0 ? Math.min(facts.seconds, 1) : UNKNOWN_LENGTH_SECONDS,
    }).catch((error: unknown) => {
      throw named(error, name);
    });
    if (probed.filled === 0)
      throw new StudioError("MEDIA_UNREADABLE", `“${name}” holds no sound that can be read: choose another.`);
    const seconds = facts.seconds > 0 ? facts.seconds : probed.filled / probed.sampleRate;
    const note = facts.hasMore ? "Only the first sound track of this file is used." : null;
    const media: Media = { kind: "sound", ...common, seconds, sampleRate, channels, note };
    return { schema: "plume.media/1", media, source, stamp };
  }

  private async makeStill(
    id: string,
    path: string,
    stored: { width: number; height: number },
    signal?: AbortSignal,
  ): Promise<DecodedPicture> {
    const tools = await this.options.tools();
    const size = await probeMedia(tools, path);
    const picture = await decodePicture(tools, path, size.kind === "picture" ? size : stored, signal);
    const part = partPath(this.options.folder);
    try {
      await writePng(tools, picture, part);
      await publish(part, this.still(id), true);
    } finally {
      await unlink(part).catch(() => {}); // published
    }
    return picture;
  }

  private async changed(): Promise<void> {
    this.options.onChange(await this.list());
  }
}

const newId = (): string => randomBytes(12).toString("base64url");

/** A name for display from what an upload calls itself: the last part of any path, without controls. */
function cleanName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const clean = last.replace(/\p{C}/gu, "").trim().slice(0, MAX_NAME);
  return clean === "" ? "untitled" : clean;
}

/** The sentence for one file among several names it. */
function named(cause: unknown, name: string): StudioError {
  const error = StudioError.from(cause);
  if (error.code !== "MEDIA_UNREADABLE") return error;
  const message = error.message.replace(/^This (file|picture) /, `“${name}” `);
  return new StudioError(error.code, message, error.detail);
}
