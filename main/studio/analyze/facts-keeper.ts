import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type MediaFacts, mediaFactsSchema, StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";
import { isMissing, type MediaSource, type MediaSources } from "../media/sources.ts";
import type { AnalyzeService } from "./analyze-service.ts";

export interface KnownFacts {
  readonly id: string;
  /** Null until they are known. */
  readonly facts: MediaFacts | null;
}

export interface FactsKeeperOptions {
  /** One small file for each version of media. */
  readonly folder: string;
  readonly analyze: Pick<AnalyzeService, "analyze">;
  readonly sources: MediaSources;
  /** Id of the model that would look now; null where none is installed. */
  readonly model: () => Promise<string | null>;
  /** Resolves when nothing else is being prepared. */
  readonly quiet: () => Promise<void>;
  /** Whether somebody waits for the computer: a clip is being made. */
  readonly isBusy: () => boolean;
  /** Hears what is looked at now (null: it waits for its turn), and how much is left. */
  readonly onLine: (title: string | null, left: number) => void;
  readonly onFacts: (known: KnownFacts[]) => void;
  readonly log: (line: string) => void;
}

const VERSION = /^[0-9a-z]{16,64}$/;

/**
 * Looks at all media in the background, one at a time, after everything that shows them has been made and while no clip is being made;
 * keeps what it learns by the media's version, so that the same bytes are never looked at twice.
 */
export class FactsKeeper {
  private readonly options: FactsKeeperOptions;
  private readonly known = new Map<string, MediaFacts>();
  private readonly failed = new Set<string>();
  private readonly line = new Map<string, { readonly source: MediaSource; readonly ids: Set<string> }>();
  private readonly abort = new AbortController();
  private working: Promise<void> | null = null;
  private wake: (() => void) | null = null;

  constructor(options: FactsKeeperOptions) {
    this.options = options;
  }

  /** What is known of these; what is not is put in line. */
  async facts(ids: readonly string[]): Promise<KnownFacts[]> {
    const model = await this.options.model();
    const found = await this.options.sources.resolve(ids);
    return Promise.all(
      found.map(async (source) => {
        if (isMissing(source) || source.media.kind === "sound") return { id: source.id, facts: null };
        const facts = await this.read(source.media.version);
        // A model that was installed since then may see more.
        if (facts === null || facts.model !== model) this.put(source);
        return { id: source.id, facts };
      }),
    );
  }

  /** Puts media in line that is not known yet. */
  want(ids: readonly string[]): void {
    this.facts(ids).catch((error: unknown) => this.options.log(`facts: ${String(error)}`));
  }

  /** Something ended: perhaps there is time now. */
  poke(): void {
    this.wake?.();
  }

  /** Resolves when nothing is in line. */
  async idle(): Promise<void> {
    while (this.working !== null) await this.working;
  }

  async close(): Promise<void> {
    this.line.clear();
    this.abort.abort();
    this.poke();
    await this.idle();
  }

  private put(source: MediaSource): void {
    const { version } = source.media;
    if (this.abort.signal.aborted || this.failed.has(version)) return;
    const waiting = this.line.get(version);
    if (waiting === undefined) this.line.set(version, { source, ids: new Set([source.id]) });
    else waiting.ids.add(source.id);
    this.working ??= this.work().finally(() => {
      this.working = null;
    });
  }

  private async work(): Promise<void> {
    // Whoever put the first in line goes on first.
    await Promise.resolve();
    for (;;) {
      const [next] = this.line;
      this.options.onLine(null, this.abort.signal.aborted ? 0 : this.line.size);
      if (next === undefined || this.abort.signal.aborted) return;
      await this.options.quiet();
      while (this.options.isBusy() && !this.abort.signal.aborted)
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      if (this.abort.signal.aborted) return;
      const [version, { source, ids }] = next;
      this.options.onLine(source.media.name, this.line.size);
      try {
        const facts = await this.look(source);
        this.known.set(version, facts);
        await this.write(version, facts);
        this.options.onFacts([...ids].map((id) => ({ id, facts })));
      } catch (cause) {
        const error = StudioError.from(cause);
        if (!this.abort.signal.aborted) this.failed.add(version);
        this.options.log(`facts of ${source.id}: ${error.message} ${error.detail ?? ""}`);
      }
      this.line.delete(version);
    }
  }

  private async look(source: MediaSource): Promise<MediaFacts> {
    const { facts } = await this.options.analyze.analyze(source, {
      care: "glance",
      model: "welcome",
      objects: true,
      masks: false,
      inBackground: true,
      signal: this.abort.signal,
    });
    return facts;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
