import { type MediaFacts, StudioError } from "../../../core/contract/index.ts";
import { bestPoster, type Shot, type SubjectMasks, type Track } from "../../../core/vision/index.ts";
import type { EngineHost } from "../../inference/index.ts";
import type { MediaTools } from "../../media/index.ts";
import { pictureSource } from "../media/preparer.ts";
import type { MediaSource } from "../media/sources.ts";
import type { InstalledModel, ModelService } from "../models/model-service.ts";
import { lookWith, type Sights } from "./look.ts";
import type { Care } from "./sampling.ts";
import { type Stretch, survey } from "./survey.ts";

export interface AnalyzeParts {
  readonly eyes: EngineHost;
  readonly models: ModelService;
  readonly workRoot: string;
  readonly tools: () => Promise<MediaTools>;
}

export interface AnalyzeOptions {
  readonly care: Care;
  /** What the model is asked for; `wanted`: without a model there is nothing to tell, else it is left out and said so. */
  readonly model: "wanted" | "welcome";
  /** Absent: the model that ships with the studio, else the first installed. */
  readonly modelId?: string | undefined;
  readonly objects: boolean;
  readonly masks: boolean;
  readonly inBackground: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Facts of a picture or a film, and what was followed through it. */
export interface Analysis {
  readonly facts: MediaFacts;
  readonly tracks: readonly Track[];
}

/** Share of the bar that belongs to going through the film without a model. */
const SURVEY = 0.4;
/** The same where the model looks at many moments. */
const MASK_SURVEY = 0.1;
/** A thing seen at a single moment of many is a mistake more often than not. */
const LEAST_MOMENTS = 2;

/** Looks at media: colours, shots and the best frame by arithmetic, tags and objects by a model. */
export class AnalyzeService {
  private readonly parts: AnalyzeParts;

  constructor(parts: AnalyzeParts) {
    this.parts = parts;
  }

  /** Errors: BAD_REQUEST (a sound), MODEL_NOT_FOUND, MEDIA_UNREADABLE, those of the engine, CANCELLED. */
  async analyze(source: MediaSource, options: AnalyzeOptions): Promise<Analysis> {
    const { media } = source;
    if (media.kind === "sound")
      throw new StudioError("BAD_REQUEST", `“${media.name}” is a sound: choose a picture or a film.`);
    // First what can be refused at once.
    const { model, problem } = await this.model(options);
    const tools = await this.parts.tools();
    const pictures = pictureSource(source);
    const onProgress = (from: number, span: number) => (fraction: number) =>
      options.onProgress?.(from + span * fraction);
    const seen = await survey(tools, pictures, {
      ...options,
      onProgress: onProgress(0, model === null ? 1 : SURVEY),
    }).catch((error: unknown) => {
      throw named(error, media.name);
    });
    const sights =
      model === null
        ? null
        : await lookWith(this.parts, tools, pictures, model, {
            ...options,
            shots: seen.shots,
            onProgress: onProgress(SURVEY, 1 - SURVEY),
          });
    const poster = posterOf(seen.candidates, seen.shots, sights);
    return {
      facts: {
        version: media.version,
        tags: sights?.tags ?? [],
        objects: sights?.objects ?? [],
        colours: seen.colours,
        shots: seen.shots,
        shotInterval: seen.interval,
        poster,
        model: model?.summary.id ?? null,
        moments: sights?.moments ?? 0,
        interval: sights?.interval ?? 0,
        problem,
      },
      tracks: sights?.tracker.tracks(sights.moments >= 2 * LEAST_MOMENTS ? LEAST_MOMENTS : 1) ?? [],
    };
  }

  /**
   * Follows everything that is seen through a stretch of a film, with masks.
   * Errors: those of `analyze`.
   */
  async masks(
    source: MediaSource,
    { stretch, signal, onProgress }: Pick<AnalyzeOptions, "signal" | "onProgress"> & { readonly stretch: Stretch },
  ): Promise<SubjectMasks> {
    const { media } = source;
    if (media.kind === "sound")
      throw new StudioError("BAD_REQUEST", `“${media.name}” is a sound: choose a picture or a film.`);
    const { model } = await this.model({ model: "wanted", signal });
    const tools = await this.parts.tools();
    const pictures = pictureSource(source);
    const common = { care: "mask", stretch, inBackground: false, signal } as const;
    const progress = (from: number, span: number) => (fraction: number) => onProgress?.(from + span * fraction);
    const { shots } = await survey(tools, pictures, { ...common, onProgress: progress(0, MASK_SURVEY) }).catch(
      (error: unknown) => {
        throw named(error, media.name);
      },
    );
    const sights = await lookWith(this.parts, tools, pictures, model!, {
      ...common,
      objects: true,
      masks: true,
      shots,
      onProgress: progress(MASK_SURVEY, 1 - MASK_SURVEY),
    });
    const { width, height } = media;
    const { start, end } = stretch;
    const tracks = sights.tracker.tracks(sights.moments >= 2 * LEAST_MOMENTS ? LEAST_MOMENTS : 1);
    return { model: model!.summary.id, width, height, start, end, interval: sights.interval, tracks };
  }

  private async model({ model, modelId, signal }: Pick<AnalyzeOptions, "model" | "modelId" | "signal">): Promise<{
    readonly model: InstalledModel | null;
    readonly problem: string | null;
  }> {
    try {
      return { model: await this.parts.models.find(modelId, undefined, signal, "vision"), problem: null };
    } catch (cause) {
      const error = StudioError.from(cause);
      if (model === "wanted" || error.code === "CANCELLED" || modelId !== undefined) throw error;
      return { model: null, problem: error.message };
    }
  }
}

function posterOf(
  candidates: readonly { readonly time: number; readonly sharpness: number; readonly exposure: number }[],
  shots: readonly Shot[],
  sights: Sights | null,
): MediaFacts["poster"] {
  const subjectAt = (time: number): number => {
    const near = sights?.subjects.findLast((each) => each.time <= time + 1e-6);
    return near?.subject ?? 0;
  };
  const cuts = shots.filter(({ opening }) => opening !== "start").map(({ start }) => start);
  const best = bestPoster(
    candidates.map((candidate) => ({ ...candidate, subject: subjectAt(candidate.time) })),
    cuts,
  );
  return { time: best?.time ?? 0, hasSubject: (best?.subject ?? 0) > 0 };
}

/** The sentence for one file among several names it. */
function named(cause: unknown, name: string): StudioError {
  const error = StudioError.from(cause);
  if (error.code !== "MEDIA_UNREADABLE") return error;
  return new StudioError(
    error.code,
    error.message.replace(/^None of its /, `None of the `).replace(/: /, ` in “${name}”: `),
    error.detail,
  );
}
