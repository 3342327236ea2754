import {
  type ImportPurpose,
  type Input,
  type Media,
  type Method,
  type Output,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import type { MediaReference } from "../../../core/timeline/index.ts";
import type { MediaTools } from "../../media/index.ts";
import type { Library } from "../library.ts";
import { analyzeSound } from "./analyze-sound.ts";
import { Assembly } from "./assembly.ts";
import { MediaService, type Wanted } from "./media-service.ts";
import { MediaShows, type ProxyLine } from "./shows.ts";
import { MediaSources } from "./sources.ts";

type MediaMethod = Extract<Method, `media.${string}` | "sound.analyze">;
type Handlers = { [M in MediaMethod]: (input: Input<M>) => Promise<Output<M>> };

/** What projects know of media that is missed. */
export interface MissingMedia {
  /** What an open project knows media of this id by; null when none has any. */
  fingerprintOf(id: string): MediaReference["fingerprint"] | null;
  /** It was found again. */
  mediaFound(id: string): Promise<void>;
}

export interface MediaDeskOptions {
  /** Folder of the list. */
  readonly folder: string;
  /** Folder of what is made of media so that it can be shown, and the bytes that may take. */
  readonly prepared: string;
  readonly preparedBytes?: number | undefined;
  readonly tools: () => Promise<MediaTools>;
  /** Where proxies are queued; absent: none are made. */
  readonly proxies?: ProxyLine;
  /** All that shows media has been made. */
  readonly onIdle?: () => void;
  /** No media of this version are in the list any more. */
  readonly onGone?: (version: string) => void;
  readonly library: Pick<Library, "list" | "file">;
  readonly emit: (event: StudioEvent) => void;
  readonly log: (line: string) => void;
}

/** What posters, strips, waveforms and proxies may take of the disk where nobody says. */
const PREPARED_BYTES = 10 * 2 ** 30;

const NO_PROXIES: ProxyLine = { want: async () => {}, find: () => null, stop: async () => {} };

/** Where media come in and are handed out: everything of the studio that has to do with the user's files. */
export class MediaDesk {
  readonly media: MediaService;
  readonly sources: MediaSources;
  readonly shows: MediaShows;
  private readonly assembly: Assembly;
  private readonly log: (line: string) => void;
  private readonly onGone: (version: string) => void;
  private missing: MissingMedia = { fingerprintOf: () => null, mediaFound: async () => {} };
  private prepares = false;

  constructor({ folder, prepared, preparedBytes, tools, proxies, library, emit, log, ...hear }: MediaDeskOptions) {
    this.log = log;
    this.onGone = hear.onGone ?? (() => {});
    this.media = new MediaService({ folder, tools, log, onChange: (media) => emit({ type: "media", media }) });
    this.assembly = new Assembly(this.media);
    this.sources = new MediaSources(this.media, library);
    this.shows = new MediaShows({
      folder: prepared,
      limit: preparedBytes ?? PREPARED_BYTES,
      sources: this.sources,
      tools,
      proxies: proxies ?? NO_PROXIES,
      onIdle: hear.onIdle ?? (() => {}),
      onStatus: (status) => emit({ type: "media-status", status }),
      log,
    });
  }

  readonly handlers: Handlers = {
    "media.list": () => this.media.list(),
    "media.remove": async ({ id }) => {
      const removed = await this.media.catalogue.find(id);
      await this.media.remove(id);
      const others = await this.media.catalogue.all();
      if (removed !== null && others.every(({ media }) => media.version !== removed.media.version))
        this.onGone(removed.media.version);
      await this.shows.tell([id]);
      return {};
    },
    "media.restore": async ({ id }) => {
      const media = await this.media.restore(id);
      this.prepare(id);
      return media;
    },
    "media.replace": async ({ id, by }) => {
      const media = await this.media.replace(id, by);
      await this.missing.mediaFound(id);
      this.prepare(id);
      return media;
    },
    "media.assemble": ({ sequence, rate, as }) =>
      this.takeIn(as, (wanted) => this.assembly.finish(sequence, rate, wanted)),
    "media.status": ({ ids }) => this.shows.status(ids),
    "media.cancel": async ({ ids }) => {
      await this.shows.cancel(ids);
      return {};
    },
    "media.prepare": async ({ ids }) => {
      await this.shows.prepare(ids);
      return {};
    },
    "sound.analyze": async ({ id, range }) => {
      const sound = await this.media.find(id, "sound");
      return analyzeSound(sound, range, await this.media.sound(id, range));
    },
  };

  /** Sweeps what a killed studio left; from now on, what comes in is prepared to be shown. */
  async start(missing: MissingMedia): Promise<void> {
    this.missing = missing;
    await this.media.start();
    await this.shows.start();
    this.prepares = true;
  }

  /** As `Studio.importMedia`. */
  async importFile(path: string, { as, sequence }: ImportPurpose = {}): Promise<Media | null> {
    if (sequence !== undefined) return this.assembly.addFile(sequence, path).then(() => null);
    return this.takeIn(as, (wanted) => this.media.import(path, wanted));
  }

  /** As `Studio.uploadMedia`. */
  async upload(
    name: string,
    bytes: AsyncIterable<Uint8Array>,
    { as, sequence }: ImportPurpose = {},
  ): Promise<Media | null> {
    if (sequence !== undefined) return this.assembly.addBytes(sequence, name, bytes).then(() => null);
    return this.takeIn(as, (wanted) => this.media.upload(name, bytes, wanted));
  }

  close(): Promise<void> {
    return this.shows.close();
  }

  /** What was found again is told to the projects that missed it; everything that comes in is prepared to be shown. */
  private async takeIn(as: string | undefined, take: (wanted?: Wanted) => Promise<Media>): Promise<Media> {
    if (as === undefined) {
      const media = await take();
      this.prepare(media.id);
      return media;
    }
    const known = await this.media.entry(as);
    if (known?.media.isThere === true) return known.media;
    const fingerprint = this.missing.fingerprintOf(as) ?? known?.fingerprint ?? null;
    if (fingerprint === null)
      throw new StudioError("NOT_FOUND", "No open project misses this media: open the project first.");
    const media = await take({ id: as, fingerprint });
    await this.missing.mediaFound(as);
    this.prepare(as);
    return media;
  }

  private prepare(id: string): void {
    if (!this.prepares) return;
    this.shows.announce([id]).catch((error: unknown) => this.log(`media: ${String(error)}`));
  }
}
