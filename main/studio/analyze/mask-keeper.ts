import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type MaskStatus, StudioError } from "../../../core/contract/index.ts";
import type { SubjectWant } from "../../../core/render-plan/index.ts";
import { decodeMasks, encodeMasks, kindsOf } from "../../../core/vision/index.ts";
import { replaceFile } from "../files.ts";
import { isMissing, type MediaSource, type MediaSources } from "../media/sources.ts";
import type { ClipFile } from "../studio.ts";
import type { AnalyzeService } from "./analyze-service.ts";
import type { Follows } from "./follows.ts";
import type { Stretch } from "./survey.ts";

export interface MaskKeeperOptions {
  readonly folder: string;
  readonly analyze: Pick<AnalyzeService, "masks">;
  readonly sources: MediaSources;
  /** Puts looks in the queue. */
  readonly follows: Follows;
  /** Id of the model that would look now; null where none is installed. */
  readonly model: () => Promise<string | null>;
  /** The same, once it is installed where it ships with the studio. Errors: MODEL_NOT_FOUND. */
  readonly findModel: (signal: AbortSignal) => Promise<string>;
  readonly onStatus: (status: MaskStatus[]) => void;
}

/** Of all mask files together, bytes; a minute with three things takes about one MB. */
const LIMIT = 256 * 2 ** 20;
/** Films up to this length are looked at as a whole, seconds: so trimming a clip never needs another look. */
const WHOLE = 120;
/** Edges of stretches of longer films lie on multiples of this, seconds. */
const STEP = 10;
/** The longest stretch, seconds: beyond it there would be too few moments to follow anything. */
const LONGEST = 600;
/** Containers and rates round: a stretch may reach so far beyond the end, seconds. */
const SLACK = 0.5;

/** A stretch that somebody wants. */
interface Place {
  readonly source: MediaSource;
  readonly stretch: Stretch;
  readonly key: string;
}

/** Looks for subjects when somebody wants them, as jobs of the queue, and keeps what is found by the media's version and the model. */
export class MaskKeeper {
  private readonly options: MaskKeeperOptions;
  private readonly kinds = new Map<string, string[]>();
  /** What was wanted last of each media. */
  private readonly wanted = new Map<string, Place>();
  /** Why what was wanted last cannot even be looked for. */
  private readonly problems = new Map<string, string>();
  private readonly abort = new AbortController();

  constructor(options: MaskKeeperOptions) {
    this.options = options;
  }

  /**
   * What there is of these, each media once; what is not there is put in the queue, also what failed before.
   * @param again also what the user stopped
   */
  async status(wants: readonly SubjectWant[], again = false): Promise<MaskStatus[]> {
    for (const want of wants) {
      this.problems.delete(want.id);
      await this.put(want, again).catch((cause: unknown) =>
        this.problems.set(want.id, StudioError.from(cause).message),
      );
    }
    return Promise.all([...new Set(wants.map(({ id }) => id))].map((id) => this.describe(id)));
  }

  /** Resolves with the file of each stretch when it is there. Errors: those of looking, MEDIA_MISSING, CANCELLED. */
  async ready(
    wants: readonly SubjectWant[],
    signal: AbortSignal,
  ): Promise<{ readonly media: string; readonly path: string }[]> {
    const files: { media: string; path: string }[] = [];
    for (const want of wants) {
      const { source, stretch, key } = await this.place(want);
      if (!(await this.isThere(key))) await this.options.follows.done(source, { for: "masks", ...stretch }, signal);
      files.push({ media: want.id, path: this.path(key) });
    }
    return files;
  }

  /** Errors: NOT_FOUND. */
  async file(id: string, key: string): Promise<ClipFile> {
    const [source] = await this.options.sources.resolve([id]);
    const isOurs = source !== undefined && !isMissing(source) && key.startsWith(`${source.media.version}-`);
    const path = this.path(key);
    const info = isOurs ? await stat(path).catch(() => null) : null;
    if (info === null) throw new StudioError("NOT_FOUND", "This has not been made yet: wait for it, or ask again.");
    return { path, size: info.size };
  }

  close(): void {
    this.abort.abort();
  }

  /** Looks through a stretch, where it was not looked before, and keeps what was found. Errors: those of looking. */
  async make(
    source: MediaSource,
    stretch: Stretch,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ): Promise<void> {
    const key = keyOf(source.media.version, stretch, await this.options.findModel(options.signal));
    if (await this.isThere(key)) return;
    const masks = await this.options.analyze.masks(source, { stretch, ...options });
    await mkdir(this.options.folder, { recursive: true });
    await replaceFile(this.path(key), encodeMasks(masks));
    await this.shrink(key);
  }

  /** A look at media of this version has come further, or ended: whoever wanted it is told. */
  async tell(version: string): Promise<void> {
    const ids = [...this.wanted].flatMap(([id, { source }]) => (source.media.version === version ? [id] : []));
    const status = await Promise.all(ids.map((id) => this.describe(id)));
    if (status.length > 0 && !this.abort.signal.aborted) this.options.onStatus(status);
  }

  /** What holds the queue has changed. */
  async tellAll(): Promise<void> {
    for (const version of new Set([...this.wanted.values()].map(({ source }) => source.media.version)))
      await this.tell(version);
  }

  /** Puts a stretch in the queue that is not there. Errors: MODEL_NOT_FOUND, MEDIA_MISSING, BAD_REQUEST (too long). */
  private async put(want: SubjectWant, again: boolean): Promise<void> {
    const place = await this.place(want);
    this.wanted.set(want.id, place);
    const { source, stretch, key } = place;
    if (!(await this.isThere(key))) await this.options.follows.want(source, { for: "masks", ...stretch }, again);
  }

  private async place(want: SubjectWant): Promise<Place> {
    const source = await this.options.sources.get(want.id);
    const stretch = stretchOf(source, want);
    const model = await this.options.findModel(this.abort.signal);
    return { source, stretch, key: keyOf(source.media.version, stretch, model) };
  }

  private async isThere(key: string): Promise<boolean> {
    return (await stat(this.path(key)).catch(() => null)) !== null;
  }

  private async describe(id: string): Promise<MaskStatus> {
    const [source] = await this.options.sources.resolve([id]);
    const version = source === undefined || isMissing(source) ? null : source.media.version;
    const model = await this.options.model();
    const files = await readdir(this.options.folder).catch(() => [] as string[]);
    const keys = files.flatMap((name) => {
      const stretch = version === null || model === null ? null : stretchIn(name, version, model);
      return stretch === null ? [] : [stretch];
    });
    const kinds = await Promise.all(keys.map(({ key }) => this.kindsOf(key)));
    return {
      id,
      stretches: keys,
      kinds: [...new Set(kinds.flat())],
      ...(await this.howFar(id)),
    };
  }

  private async howFar(id: string): Promise<Pick<MaskStatus, "making" | "problem">> {
    const problem = this.problems.get(id) ?? null;
    const place = this.wanted.get(id);
    if (problem !== null || place === undefined || (await this.isThere(place.key))) return { making: null, problem };
    return this.options.follows.state(place.source, { for: "masks", ...place.stretch });
  }

  private async kindsOf(key: string): Promise<string[]> {
    const known = this.kinds.get(key);
    if (known !== undefined) return known;
    const masks = decodeMasks(await readFile(this.path(key)).catch(() => new Uint8Array()));
    const kinds = masks === null ? [] : kindsOf(masks);
    this.kinds.set(key, kinds);
    return kinds;
  }

  private path(key: string): string {
    return join(this.options.folder, `${key}${EXTENSION}`);
  }

  /** What is oldest goes until all fit; it can be looked for again. @param spared what was just made */
  private async shrink(spared: string): Promise<void> {
    const { folder } = this.options;
    const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION) || name.endsWith(TRACKS));
    const files = await Promise.all(
      names.map(async (name) => {
        const info = await stat(join(folder, name)).catch(() => null);
        return { name, bytes: info?.size ?? 0, at: info?.mtimeMs ?? 0 };
      }),
    );
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files.toSorted((a, b) => a.at - b.at)) {
      if (bytes <= LIMIT) return;
      if (file.name === `${spared}${EXTENSION}`) continue;
      await rm(join(folder, file.name), { force: true });
      bytes -= file.bytes;
    }
  }
}

const EXTENSION = ".masks";
/** Of what is kept of subjects without masks (see `TrackKeeper`). */
export const TRACKS = ".tracks";

/** The stretch that is looked at so that a wanted one is known. Errors: BAD_REQUEST. */
function stretchOf({ media }: MediaSource, want: Stretch): Stretch {
  if (media.kind === "sound")
    throw new StudioError("BAD_REQUEST", `“${media.name}” is a sound: only pictures and films have a subject.`);
  if (media.kind === "picture") return { start: 0, end: 0 };
  if (media.seconds <= WHOLE) return { start: 0, end: media.seconds };
  const start = Math.min(Math.floor(want.start / STEP) * STEP, Math.floor(media.seconds / STEP) * STEP);
  const end = Math.min(Math.max(start + STEP, Math.ceil((want.end - SLACK) / STEP) * STEP), media.seconds);
  if (end - start > LONGEST + STEP)
    throw new StudioError(
      "BAD_REQUEST",
      "This clip is longer than ten minutes, too long to follow its subject: split it, and cut out the part that you need.",
    );
  return { start, end };
}

/** Of a model in the names of what it found. */
export const modelWord = (model: string): string => createHash("sha256").update(model).digest("hex").slice(0, 8);
const milliseconds = (seconds: number): number => Math.round(seconds * 1000);

const keyOf = (version: string, { start, end }: Stretch, model: string): string =>
  `${version}-${milliseconds(start)}-${milliseconds(end)}-${modelWord(model)}`;

function stretchIn(name: string, version: string, model: string): (Stretch & { readonly key: string }) | null {
  const key = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : "";
  const found = /^([0-9a-z]+)-(\d+)-(\d+)-([0-9a-f]{8})$/.exec(key);
  if (found === null || found[1] !== version || found[4] !== modelWord(model)) return null;
  return { start: Number(found[2]) / 1000, end: Number(found[3]) / 1000, key };
}
