import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { type JobSnapshot, type MediaJob, type MediaStatus, StudioError } from "../../../core/contract/index.ts";
import type { MediaTools } from "../../media/index.ts";
import { PreparedCache, type Step } from "./cache.ts";
import { playsAsItIs, typeOf } from "./playable.ts";
import { Preparer, STOPPED } from "./preparer.ts";
import { ProxyRunner } from "./proxy-runner.ts";
import { isMissing, type MediaSource, type MediaSources, type MissingSource } from "./sources.ts";

export interface MediaShowsOptions {
  /** Where what is made lies. */
  readonly folder: string;
  /** Bytes that it may take. */
  readonly limit: number;
  readonly sources: MediaSources;
  readonly tools: () => Promise<MediaTools>;
  readonly proxies: ProxyLine;
  /** All that shows media has been made. */
  readonly onIdle: () => void;
  readonly onStatus: (status: MediaStatus[]) => void;
  readonly log: (line: string) => void;
}

/** Where proxies are queued: one for each version of media. */
export interface ProxyLine {
  /** @param again also what failed or was stopped */
  want(sources: readonly MediaSource[], again: boolean): Promise<void>;
  /** The job for this version in the list; null: none. */
  find(version: string): MediaJob | null;
  stop(versions: readonly string[]): Promise<void>;
}

/** What of media can be fetched. */
export type MediaPart = "original" | Step;

export interface MediaFile {
  readonly path: string;
  readonly size: number;
  /** MIME type. */
  readonly type: string;
  /** True for what never changes under its address. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  ".jpg": "image/jpeg",
  ".png": "image/png",
  ".mp4": "video/mp4",
  ".m4a": "audio/mp4",
  ".webm": "video/webm",
  ".bin": "application/octet-stream",
};

/** How media are shown: where each stands, what is made of it for that, and the files that a page may fetch. */
export class MediaShows {
  readonly sources: MediaSources;
  private readonly options: MediaShowsOptions;
  private readonly cache: PreparedCache;
  private readonly preparer: Preparer;
  /** How proxies are made when their turn in the queue comes. */
  readonly proxyRunner: ProxyRunner;
  /** How many are being asked about, and may have to be made. */
  private asking = 0;
  /** Ids that were asked about, by version: who is told when something was made. */
  private readonly ids = new Map<string, Set<string>>();

  constructor(options: MediaShowsOptions) {
    this.options = options;
    this.sources = options.sources;
    this.cache = new PreparedCache(options.folder, options.limit);
    this.preparer = new Preparer({
      cache: this.cache,
      tools: options.tools,
      onIdle: options.onIdle,
      log: options.log,
      onChange: (key) => this.tellVersion(key),
    });
    const { cache, sources } = this;
    this.proxyRunner = new ProxyRunner({ cache, sources, tools: options.tools });
  }

  start(): Promise<void> {
    return this.cache.start();
  }

  /** Where media stand; what is not prepared is put in line. */
  async status(ids: readonly string[]): Promise<MediaStatus[]> {
    return this.ready(ids, false);
  }

  private async ready(ids: readonly string[], again: boolean): Promise<MediaStatus[]> {
    this.asking += 1;
    try {
      return await this.readyNow(ids, again);
    } finally {
      this.asking -= 1;
      if (this.isQuiet) this.options.onIdle();
    }
  }

  private async readyNow(ids: readonly string[], again: boolean): Promise<MediaStatus[]> {
    const found = await this.sources.resolve(ids);
    const there = found.filter((each): each is MediaSource => !isMissing(each));
    const lacking: MediaSource[] = [];
    for (const source of there)
      if (!playsAsItIs(source.media, source.technical) && (await this.proxyOf(source)) === undefined)
        lacking.push(source);
    // Queued before anything else is made: whoever looks in between must not believe that nothing is left to do.
    const queued = this.options.proxies.want(lacking, again).catch((error: unknown) => {
      this.options.log(`proxies: ${String(error)}`); // a full disk: there is no room for a proxy either
    });
    await this.preparer.want(there, again);
    await queued;
    return Promise.all(found.map((each) => this.describe(each)));
  }

  /** A proxy's job has come further. */
  hear(job: JobSnapshot): void {
    if (job.kind === "proxy") this.tellVersion(job.request.version);
  }

  /** Everything that shows media is there: what takes longer may begin. */
  get isQuiet(): boolean {
    return this.asking === 0 && this.preparer.isIdle;
  }

  private async proxyOf({ media }: MediaSource): Promise<string | undefined> {
    return (await this.cache.made(media.version)).files.proxy;
  }

  private tellVersion(version: string): void {
    void this.tell([...(this.ids.get(version) ?? [])]);
  }

  /** Puts new media in line and tells everybody. */
  async announce(ids: readonly string[]): Promise<void> {
    this.options.onStatus(await this.status(ids));
  }

  /** Tells everybody where these stand now. */
  async tell(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const found = await this.sources.resolve(ids);
      this.options.onStatus(await Promise.all(found.map((each) => this.describe(each))));
    } catch (error) {
      this.options.log(`media: ${String(error)}`);
    }
  }

  /** Makes after all what was stopped or failed. */
  async prepare(ids: readonly string[]): Promise<void> {
    this.options.onStatus(await this.ready(ids, true));
  }

  async cancel(ids: readonly string[]): Promise<void> {
    const found = await this.sources.resolve(ids);
    const versions = found.flatMap((each) => (isMissing(each) ? [] : [each.media.version]));
    this.preparer.cancel(versions);
    await this.options.proxies.stop(versions);
  }

  /** A file that a page may fetch. Errors: NOT_FOUND (not made yet), MEDIA_MISSING. */
  async file(id: string, version: string, part: MediaPart): Promise<MediaFile> {
    const source = await this.sources.get(id);
    if (part === "original") {
      const { size } = await stat(source.path);
      return { path: source.path, size, type: typeOf(source.media, source.technical), immutable: false };
    }
    const path = source.media.version === version ? await this.cache.file(version, part) : null;
    const info = path === null ? null : await stat(path).catch(() => null);
    if (path === null || info === null)
      throw new StudioError("NOT_FOUND", "This has not been made yet: wait for it, or ask again.");
    return { path, size: info.size, type: TYPES[extname(path)] ?? "application/octet-stream", immutable: true };
  }

  close(): Promise<void> {
    return this.preparer.close();
  }

  private async describe(found: MediaSource | MissingSource): Promise<MediaStatus> {
    if (isMissing(found)) {
      const { id, reason, folder } = found;
      const none = {
        fingerprint: null,
        type: "",
        play: "original",
        poster: false,
        strip: null,
        peaks: false,
        proxy: false,
      } as const;
      return { id, version: "", isOnline: false, reason, folder, ...none, work: null, problem: null };
    }
    const { id, media, technical, folder, fingerprint } = found;
    const key = media.version;
    this.ids.set(key, (this.ids.get(key) ?? new Set()).add(id));
    const { files, strip } = await this.cache.made(key);
    const job = files.proxy === undefined ? this.options.proxies.find(key) : null;
    return {
      id,
      version: key,
      isOnline: true,
      reason: null,
      folder,
      fingerprint,
      type: typeOf(media, technical),
      play: playsAsItIs(media, technical) ? "original" : "proxy",
      poster: files.poster !== undefined,
      strip,
      peaks: files.peaks !== undefined,
      proxy: files.proxy !== undefined,
      work: this.preparer.work(key) ?? workOf(job),
      problem: this.preparer.problem(key) ?? problemOf(job),
    };
  }
}

/** How far a proxy is. */
function workOf(job: MediaJob | null): MediaStatus["work"] {
  if (job === null || job.finishedAt !== null) return null;
  return {
    step: "proxy",
    state: job.state === "running" ? "running" : "waiting",
    fraction: job.state === "running" ? job.progress.fraction : 0,
  };
}

/** Why there is no proxy and none is on its way. */
function problemOf(job: MediaJob | null): string | null {
  return job?.state === "cancelled" ? STOPPED : (job?.error?.message ?? null);
}
