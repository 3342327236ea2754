import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Clip, type Media, type MediaJob, StudioError, type VideoMedia } from "../../../core/contract/index.ts";
import { rateFrom } from "../../../core/time/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { fingerprint } from "../fingerprint.ts";
import type { Library } from "../library.ts";
import { type Entry, versionOf } from "./catalogue.ts";
import type { MediaService } from "./media-service.ts";

/** A file that the user gave to the studio or the studio made: the only files that are ever read for a project. */
export interface MediaSource {
  readonly id: string;
  readonly media: Media;
  readonly technical: Entry["technical"];
  /** The file; of a sequence its first picture. */
  readonly path: string;
  /** ffmpeg's arguments to read it, the address last and without `-i`. */
  readonly input: readonly string[];
  readonly fingerprint: MediaReference["fingerprint"];
  /** Name of the folder that it lies in; null for copies that the studio keeps. */
  readonly folder: string | null;
  /** Of a clip of the library. */
  readonly clip: Clip | null;
}

/** Media that cannot be read now, and why. */
export interface MissingSource {
  readonly id: string;
  readonly reason: string;
  readonly folder: string | null;
}

export const isMissing = (found: MediaSource | MissingSource): found is MissingSource => "reason" in found;

/**
 * The gate: media by their id, in the catalogue or the library, and nowhere else. A path that stands in a project file is never opened;
 * what neither knows is offline until the user shows where it lies.
 */
export class MediaSources {
  private readonly media: MediaService;
  private readonly library: Pick<Library, "list" | "file">;
  /** Versions of library clips by path and time of change: their bytes are read once. */
  private readonly known = new Map<string, { readonly stamp: string; readonly source: MediaSource }>();

  constructor(media: MediaService, library: Pick<Library, "list" | "file">) {
    this.media = media;
    this.library = library;
  }

  /** Errors: NOT_FOUND (neither list has it), MEDIA_MISSING with a sentence. */
  async get(id: string): Promise<MediaSource> {
    const [found] = await this.resolve([id]);
    if (found === undefined || isMissing(found))
      throw new StudioError("MEDIA_MISSING", found?.reason ?? "This media is not there.");
    return found;
  }

  /**
   * The media that somebody asked for, or any other with the same bytes; null: the file holds other bytes now, and nothing else has these.
   * Errors: MEDIA_MISSING.
   */
  async ofVersion({ media: id, version }: MediaJob["request"]): Promise<MediaSource | null> {
    const others = (await this.media.catalogue.all()).filter(
      ({ media }) => media.id !== id && media.version === version,
    );
    const found = await this.resolve([id, ...others.map(({ media }) => media.id)]);
    const same = found.find((each): each is MediaSource => !isMissing(each) && each.media.version === version);
    if (same !== undefined) return same;
    const [first] = found;
    if (first !== undefined && isMissing(first)) throw new StudioError("MEDIA_MISSING", first.reason);
    return null;
  }

  /** In the order of the ids. */
  async resolve(ids: readonly string[]): Promise<(MediaSource | MissingSource)[]> {
    const clips = new Map((await this.library.list()).map((clip) => [clip.id, clip]));
    return Promise.all(ids.map((id) => this.one(id, clips.get(id) ?? null)));
  }

  private async one(id: string, clip: Clip | null): Promise<MediaSource | MissingSource> {
    const entry = await this.media.entry(id);
    if (entry !== null) return this.ofEntry(entry);
    if (clip !== null) return this.ofClip(clip);
    const reason = "This file was never given to this studio, or was taken off its list: locate it.";
    return { id, reason, folder: null };
  }

  private async ofEntry(entry: Entry): Promise<MediaSource | MissingSource> {
    const { media, source, technical, fingerprint: print } = entry;
    const { catalogue } = this.media;
    const folder = catalogue.folderName(source);
    if (!media.isThere || print === null) {
      const place = folder === null ? "" : ` in “${folder}”`;
      return { id: media.id, reason: `“${media.name}” is no longer${place}: locate it, or put it back.`, folder };
    }
    return {
      id: media.id,
      media,
      technical,
      path: catalogue.pathOf(source, media.id),
      input: catalogue.entryInput(entry),
      fingerprint: print,
      folder,
      clip: null,
    };
  }

  private async ofClip(clip: Clip): Promise<MediaSource | MissingSource> {
    const file = await this.library.file(clip.id).catch(() => null);
    const info = file === null ? null : await stat(file.path).catch(() => null);
    if (file === null || info === null)
      return { id: clip.id, reason: `“${clip.fileName}” is no longer in the library: bring it back.`, folder: null };
    const stamp = `${file.path} ${info.size} ${info.mtimeMs}`;
    const known = this.known.get(clip.id);
    if (known?.stamp === stamp) return known.source;
    const source = {
      id: clip.id,
      media: { ...filmOf(clip), version: await versionOf(file.path) },
      technical: clipTechnical(clip),
      path: file.path,
      input: [`file:${file.path}`],
      fingerprint: await fingerprint(file.path),
      folder: basename(dirname(file.path)),
      clip,
    };
    this.known.set(clip.id, { stamp, source });
    return source;
  }
}

/** What the studio writes itself it need not look into. */
function filmOf(clip: Clip): VideoMedia {
  const { id, fileName, bytes, width, height, frames, fps, record } = clip;
  const seconds = frames / fps;
  const sound = record.schema === "plume.animation/1" ? record.inputs.sound : null;
  return {
    kind: "video",
    id,
    name: fileName,
    bytes,
    version: "",
    isThere: true,
    note: null,
    addedAt: record.createdAt,
    width,
    height,
    seconds,
    rate: rateFrom(fps),
    video: {
      codec: "h264",
      depth: 8,
      hdr: null,
      alpha: false,
      isVariable: false,
      rotation: 0,
      isInterlaced: false,
      pixelAspect: 1,
      sequence: null,
      start: 0,
      origin: 0,
    },
    audio: sound && { seconds, sampleRate: sound.sampleRate, channels: sound.channels, layout: "" },
  };
}

const clipTechnical = ({ record }: Clip): Entry["technical"] => ({
  format: "mov,mp4,m4a,3gp,3g2,mj2",
  codec: "h264",
  pixelFormat: "yuv420p",
  audioCodec: record.schema === "plume.animation/1" ? "aac" : "",
  matrix: "bt709",
  hdr: null,
});
