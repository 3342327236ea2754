import { resolve } from "node:path";
import {
  type Input,
  type MaskStatus,
  type MediaFacts,
  type MediaStatus,
  type MediaTrack,
  type Method,
  type ModelSummary,
  type Output,
  StudioError,
  type StudioEvent,
} from "../../../core/contract/index.ts";
import type { SubjectWant } from "../../../core/render-plan/index.ts";
import { type CropKeyframes, reframeParameters } from "../../../core/reframe/index.ts";
import { findClip, mediaOf, type Timeline } from "../../../core/timeline/index.ts";
import type { Track } from "../../../core/vision/index.ts";
import type { EngineHost } from "../../inference/index.ts";
import { pictureSource } from "../media/preparer.ts";
import type { MediaDesk } from "../media/desk.ts";
import { isMissing, type MediaSource } from "../media/sources.ts";
import type { ModelService } from "../models/model-service.ts";
import type { Destination } from "../studio.ts";
import { AnalysisRunner } from "./analysis-runner.ts";
import { type AnalyzeParts, AnalyzeService } from "./analyze-service.ts";
import { FactsKeeper, type KnownFacts } from "./facts-keeper.ts";
import { FollowRunner } from "./follow-runner.ts";
import { Follows, type FollowsOptions } from "./follows.ts";
import { MaskKeeper } from "./mask-keeper.ts";
import { checkDrawing, drawFindings, type DrawnKind } from "./overlay.ts";
import { reframe } from "./reframe.ts";
import { TrackKeeper } from "./track-keeper.ts";

type Handlers = { [M in Extract<Method, `analysis.${string}`>]: (input: Input<M>) => Promise<Output<M>> };

/** What `plume analyze` asks for. */
export interface AnalyzeWish {
  readonly tags: boolean;
  readonly objects: boolean;
  readonly masks: boolean;
  /** Width by height of a crop that follows the subject. */
  readonly aspect: number | null;
  readonly model?: string | undefined;
  /** A PNG of the best frame with what was found. */
  readonly drawing?: (Destination & { readonly kind: DrawnKind }) | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface AnalyzeReport {
  readonly kind: "picture" | "video";
  readonly name: string;
  /** Upright pixels. */
  readonly width: number;
  readonly height: number;
  /** 0 for a picture. */
  readonly seconds: number;
  readonly facts: MediaFacts;
  readonly tracks: MediaTrack[];
  /** The crop in whole pixels, and its centre over time in parts of the picture. */
  readonly reframe: {
    readonly width: number;
    readonly height: number;
    readonly inside: number;
    readonly keyframes: CropKeyframes;
  } | null;
}

export interface AnalyzeDeskOptions extends Omit<AnalyzeParts, "models"> {
  readonly models: ModelService;
  readonly factsFolder: string;
  readonly masksFolder: string;
  readonly desk: MediaDesk;
  readonly engine: EngineHost;
  /** Puts media in the queue to be looked at. */
  readonly queue: (sources: readonly MediaSource[]) => Promise<void>;
  /** Puts looks for subjects in the queue. */
  readonly follows: FollowsOptions;
  readonly onFacts: (known: KnownFacts[]) => void;
  readonly onMasks: (status: MaskStatus[]) => void;
  readonly document: (project: string) => Timeline;
  readonly edit: (input: Input<"projects.edit">) => Promise<Output<"projects.edit">>;
  readonly log: (line: string) => void;
}

/** Everything of the studio that has to do with looking at media. */
export class AnalyzeDesk {
  readonly keeper: FactsKeeper;
  readonly masks: MaskKeeper;
  /** How media are looked at when their turn in the queue comes. */
  readonly runner: AnalysisRunner;
  /** The same of what somebody waits for. */
  readonly followRunner: FollowRunner;
  /** Versions that were put in the queue when they came in. */
  private readonly heard = new Set<string>();
  private readonly service: AnalyzeService;
  private readonly tracks: TrackKeeper;
  private readonly options: AnalyzeDeskOptions;

  constructor(options: AnalyzeDeskOptions) {
    this.options = options;
    this.service = new AnalyzeService(options);
    const model = async () => modelOf(await options.models.list());
    const findModel = async (signal: AbortSignal) =>
      (await options.models.find(undefined, undefined, signal, "vision")).summary.id;
    const shared = {
      folder: options.masksFolder,
      analyze: this.service,
      findModel,
      follows: new Follows(options.follows),
    };
    this.masks = new MaskKeeper({ ...shared, sources: options.desk.sources, model, onStatus: options.onMasks });
    this.tracks = new TrackKeeper(shared);
    this.keeper = new FactsKeeper({
      folder: options.factsFolder,
      sources: options.desk.sources,
      model,
      queue: options.queue,
      onFacts: options.onFacts,
      log: options.log,
    });
    const { service: analyze, keeper, masks, tracks } = this;
    this.followRunner = new FollowRunner({ masks, tracks, sources: options.desk.sources });
    this.runner = new AnalysisRunner({ analyze, keeper, sources: options.desk.sources });
  }

  readonly handlers: Handlers = {
    "analysis.facts": ({ ids }) => this.keeper.facts(ids),
    "analysis.masks": ({ wants, again }) => this.masks.status(wants, again),
    "analysis.reframe": (input) => this.reframeClip(input),
  };

  /** As `Studio.analyze`. */
  async analyze(id: string, wish: AnalyzeWish): Promise<AnalyzeReport> {
    const { drawing, aspect, signal, onProgress } = wish;
    const source = await this.options.desk.sources.get(id);
    if (drawing !== undefined) await checkDrawing(drawing, ".png");
    const objects = wish.objects || wish.masks || aspect !== null;
    const analysis = await this.service.analyze(source, {
      care: objects ? "follow" : "watch",
      model: objects || wish.tags ? "wanted" : "welcome",
      modelId: wish.model,
      objects: objects || !wish.tags,
      masks: wish.masks,
      inBackground: false,
      signal,
      onProgress,
    });
    const { media } = source;
    if (media.kind === "sound") throw new StudioError("INTERNAL", "A sound was looked at.");
    const seconds = media.kind === "video" ? media.seconds : 0;
    if (drawing !== undefined) {
      const { facts, tracks } = analysis;
      const target = { ...drawing, file: resolve(drawing.file) };
      const what = { kind: drawing.kind, tracks, time: facts.poster.time, interval: facts.interval };
      await drawFindings(await this.options.tools(), pictureSource(source), what, target, signal);
    }
    const crop = aspect === null ? null : reframe(analysis, { ...media, seconds }, aspect);
    return {
      kind: media.kind,
      name: media.name,
      width: media.width,
      height: media.height,
      seconds,
      facts: analysis.facts,
      tracks: analysis.tracks.map(trackData),
      reframe: crop && {
        width: Math.max(1, Math.round(crop.crop.width * media.width)),
        height: Math.max(1, Math.round(crop.crop.height * media.height)),
        inside: crop.inside,
        keyframes: crop.keyframes,
      },
    };
  }

  /** Whoever waits for a look is told how far it is. */
  follow(event: StudioEvent): void {
    const tells =
      event.type === "job" && event.job.kind === "follow"
        ? this.masks.tell(event.job.request.version)
        : event.type === "queue"
          ? this.masks.tellAll()
          : null;
    tells?.catch((error: unknown) => this.options.log(`masks: ${String(error)}`));
  }

  /** What comes in, and what was made, is put in the queue once it can be shown; its proxy may come later. */
  hear(event: StudioEvent): void {
    if (event.type === "media-status") {
      const isNew = ({ isOnline, work, version }: MediaStatus): boolean =>
        isOnline && (work === null || work.step === "proxy") && !this.heard.has(version);
      const ready = event.status.filter(isNew);
      for (const { version } of ready) this.heard.add(version);
      if (ready.length > 0) this.keeper.want(ready.map(({ id }) => id));
    } else if (event.type === "job" && event.job.finishedAt !== null && event.job.kind !== "export") {
      if (event.job.clip !== null) this.keeper.want([event.job.clip.id]);
    }
  }

  close(): void {
    this.masks.close();
  }

  /**
   * Masks of stretches of these files, looked for where they are not known. A file that is not in the list (of a project from somewhere
   * else) is taken in first. Errors: those of `MaskKeeper.ready`.
   */
  async masksOf(
    wants: readonly SubjectWant[],
    files: readonly { readonly reference: { readonly id: string }; readonly path: string }[],
    signal: AbortSignal,
  ): Promise<{ readonly media: string; readonly path: string }[]> {
    const found: { media: string; path: string }[] = [];
    for (const want of wants) {
      const [known] = await this.options.desk.sources.resolve([want.id]);
      const isThere = known !== undefined && !isMissing(known);
      const file = files.find(({ reference }) => reference.id === want.id);
      const id =
        isThere || file === undefined ? want.id : ((await this.options.desk.importFile(file.path))?.id ?? want.id);
      for (const { path } of await this.masks.ready([{ ...want, id }], signal)) found.push({ media: want.id, path });
    }
    return found;
  }

  /** Turns the subject's way through a clip into keyframes of its position and size: one step to undo. */
  private async reframeClip({ id, clip: clipId }: Input<"analysis.reframe">): Promise<Output<"analysis.reframe">> {
    const document = this.options.document(id);
    const clip = findClip(document, clipId);
    if (clip === null) throw new StudioError("NOT_FOUND", "This clip is not in the timeline any more.");
    const media = mediaOf(document, clip);
    if (media === null || media.size === null)
      throw new StudioError("BAD_REQUEST", "Only clips of pictures and films can be reframed: choose another.");
    const source = await this.options.desk.sources.get(media.id);
    const analysis = await this.tracks.ready(source, new AbortController().signal);
    const { width, height } = document.settings;
    const seconds = source.media.kind === "video" ? source.media.seconds : 0;
    const { crop, paths } = reframe(analysis, { ...media.size, seconds }, width / height);
    const parameters = reframeParameters({ settings: document.settings, clip, size: media.size, crop, paths });
    return this.options.edit({ id, name: "reframe", arguments: { clip: clipId, parameters } });
  }
}

/** The default for looking: the one that ships with the studio, else the first. */
const modelOf = (models: readonly ModelSummary[]): string | null =>
  models.find(({ vision }) => vision !== undefined)?.id ?? null;

const trackData = ({ id, label, points }: Track): MediaTrack => ({
  id,
  label,
  score: points.reduce((sum, { score }) => sum + score, 0) / points.length,
  points: points.map(({ time, score, box }) => ({ time, score, box: [...box] })),
});
