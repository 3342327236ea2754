import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type MediaFacts, mediaFactsSchema } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";
import { isMissing, type MediaSource, type MediaSources } from "../media/sources.ts";
import { parseJson } from "../parse-json.ts";

export interface KnownFacts {
  readonly id: string;
  /** Null until they are known. */
  readonly facts: MediaFacts | null;
}

export interface FactsKeeperOptions {
  /** One small file for each version of media. */
  readonly folder: string;
  readonly sources: Pick<MediaSources, "resolve">;
  /** Id of the model that would look now; null where none is installed. */
  readonly model: () => Promise<string | null>;
  /** Puts media in the queue to be looked at. */
  readonly queue: (sources: readonly MediaSource[]) => Promise<void>;
  readonly onFacts: (known: KnownFacts[]) => void;
  readonly log: (line: string) => void;
}

const VERSION = /^[0-9a-z]{16,64}$/;

/**
 * What is known of media, by their version, so that the same bytes are never looked at twice; what is not known is queued
 * (`AnalysisRunner` then looks).
 */
export class FactsKeeper {
  private readonly options: FactsKeeperOptions;
  private readonly known = new Map<string, MediaFacts>();
  /** Who is told when a version was looked at. */
  private readonly ids = new Map<string, Set<string>>();
  /** Versions that this run of the studio has looked at, each with the model that was to look: a model that saw nothing is not asked for ever. */
  private readonly looked = new Map<string, string | null>();

  constructor(options: FactsKeeperOptions) {
    this.options = options;
  }

  /** What is known of these; what is not is put in the queue. */
  async facts(ids: readonly string[]): Promise<KnownFacts[]> {
    const model = await this.options.model();
    const found = await this.options.sources.resolve(ids);
    const seen = await Promise.all(
      found.map(async (source) => {
        if (isMissing(source) || source.media.kind === "sound") return { id: source.id, facts: null, unknown: [] };
        const { version } = source.media;
        this.ids.set(version, (this.ids.get(version) ?? new Set()).add(source.id));
        const facts = await this.read(version);
        return { id: source.id, facts, unknown: this.isEnough(facts, version, model) ? [] : [source] };
      }),
    );
    // In the order in which they were asked for, however the disk answered.
    const unknown = seen.flatMap((each) => each.unknown);
    if (unknown.length > 0)
      await this.options.queue(unknown).catch((error: unknown) => this.options.log(`facts: ${String(error)}`));
    return seen.map(({ id, facts }) => ({ id, facts }));
  }

  /** Puts media in the queue that are not known yet. */
  want(ids: readonly string[]): void {
    this.facts(ids).catch((error: unknown) => this.options.log(`facts: ${String(error)}`));
  }

  /** Whether looking at this version would tell nothing new. */
  async isKnown(version: string): Promise<boolean> {
    return this.isEnough(await this.read(version), version, await this.options.model());
  }

  /** Keeps what was seen in media of this version, and tells whoever asked. */
  async keep(id: string, facts: MediaFacts): Promise<void> {
    const { version } = facts;
    this.looked.set(version, await this.options.model());
    this.known.set(version, facts);
    await this.write(version, facts);
    const ids = (this.ids.get(version) ?? new Set()).add(id);
    this.options.onFacts([...ids].map((each) => ({ id: each, facts })));
  }

  /** A model that was installed since then may see more. */
  private isEnough(facts: MediaFacts | null, version: string, model: string | null): boolean {
    return facts !== null && (facts.model === model || this.looked.get(version) === model);
  }

  private async read(version: string): Promise<MediaFacts | null> {
    const known = this.known.get(version);
    if (known !== undefined) return known;
    if (!VERSION.test(version)) return null;
    const text = await readFile(this.file(version), "utf8").catch(() => "");
    const parsed = mediaFactsSchema.safeParse(parseJson(text));
    if (!parsed.success) return null;
    this.known.set(version, parsed.data);
    return parsed.data;
  }

  private async write(version: string, facts: MediaFacts): Promise<void> {
    if (!VERSION.test(version)) return;
    await mkdir(this.options.folder, { recursive: true });
    await replaceFile(this.file(version), `${JSON.stringify(facts)}\n`);
  }

  private file(version: string): string {
    return join(this.options.folder, `${version}.json`);
  }
}
