import { mkdir, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { mediaFactsSchema, StudioError } from "../../../core/contract/index.ts";
import { replaceFile } from "../files.ts";
import type { MediaSource } from "../media/sources.ts";
import type { Analysis, AnalyzeService } from "./analyze-service.ts";
import type { Follows } from "./follows.ts";
import { modelWord, TRACKS } from "./mask-keeper.ts";
import { parseJson } from "../parse-json.ts";

export interface TrackKeeperOptions {
  /** Where masks are too: the oldest of both go when there are too many. */
  readonly folder: string;
  readonly analyze: Pick<AnalyzeService, "analyze">;
  readonly follows: Follows;
  /** Id of the model that looks. Errors: MODEL_NOT_FOUND. */
  readonly findModel: (signal: AbortSignal) => Promise<string>;
}

const number = z.number();
const analysisSchema = z.object({
  facts: mediaFactsSchema,
  tracks: z.array(
    z.object({
      id: number,
      label: z.string(),
      points: z.array(z.object({ time: number, score: number, box: z.tuple([number, number, number, number]) })),
    }),
  ),
});

/** Where the subjects of media are throughout, by version and model: a clip that is reframed twice is looked at once. */
export class TrackKeeper {
  private readonly options: TrackKeeperOptions;

  constructor(options: TrackKeeperOptions) {
    this.options = options;
  }

  /** Errors: those of `Follows.done`, MODEL_NOT_FOUND, BAD_REQUEST (a sound), MEDIA_MISSING. */
  async ready(source: MediaSource, signal: AbortSignal): Promise<Analysis> {
    const { media } = source;
    if (media.kind === "sound")
      throw new StudioError("BAD_REQUEST", `“${media.name}” is a sound: choose a picture or a film.`);
    const known = await this.read(source, signal);
    if (known !== null) return known;
    await this.options.follows.done(source, { for: "reframe" }, signal);
    const found = await this.read(source, signal);
    if (found === null)
      throw new StudioError("MEDIA_MISSING", `“${media.name}” changed while it was looked at: try again.`);
    return found;
  }

  /** Looks, where it was not looked before, and keeps what there is. Errors: those of looking. */
  async make(
    source: MediaSource,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ): Promise<void> {
    if ((await this.read(source, options.signal)) !== null) return;
    const { facts, tracks } = await this.options.analyze.analyze(source, {
      care: "follow",
      model: "wanted",
      objects: true,
      masks: false,
      inBackground: false,
      ...options,
    });
    const places = tracks.map(({ id, label, points }) => ({
      id,
      label,
      points: points.map(({ time, score, box }) => ({ time, score, box })),
    }));
    await mkdir(this.options.folder, { recursive: true });
    await replaceFile(await this.path(source, options.signal), JSON.stringify({ facts, tracks: places }));
  }

  private async read(source: MediaSource, signal: AbortSignal): Promise<Analysis | null> {
    const path = await this.path(source, signal);
    const text = await readFile(path, "utf8").catch(() => null);
    if (text === null) return null;
    const parsed = analysisSchema.safeParse(parseJson(text));
    if (!parsed.success) return null;
    const now = new Date();
    await utimes(path, now, now).catch(() => {}); // what is used is not the oldest
    return parsed.data;
  }

  private async path({ media }: MediaSource, signal: AbortSignal): Promise<string> {
    const model = await this.options.findModel(signal);
    return join(this.options.folder, `${media.version}-${modelWord(model)}${TRACKS}`);
  }
}
