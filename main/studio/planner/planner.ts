import {
  type Input,
  type JobSnapshot,
  type Method,
  type ModelSummary,
  type Output,
  type Plan,
  type PlanWish,
  StudioError,
} from "../../../core/contract/index.ts";
import {
  type ClipCosts,
  engineName,
  learntMemory,
  type Measure,
  type MeasuredRun,
  memoryOf,
  type SecondsWish,
  secondsOf,
  smaller,
  sortSeconds,
} from "../../../core/planner/index.ts";
import { segmentCount } from "../../../core/motion/index.ts";
import { type CostsWish, engineThreads } from "../../inference/index.ts";
import type { InstalledModel, ModelService } from "../models/model-service.ts";
import type { Devices } from "./devices.ts";
import type { Timings } from "./timings.ts";

type PlannerMethod = Extract<Method, `planner.${string}`>;
type Handlers = { [M in PlannerMethod]: (input: Input<M>) => Promise<Output<M>> };

/** A clip that was made, and where its time went. */
export interface MadeClip {
  readonly model: InstalledModel;
  readonly wish: CostsWish;
  readonly frames: number;
  readonly threads: number;
  /** Resident memory of the engine at its peak; 0: not known. */
  readonly peakBytes: number;
  /** By phase, as the clip's record names them. */
  readonly seconds: Readonly<Record<string, number>>;
}

export type ReadCosts = (folder: string, weights: string, wish: CostsWish) => Promise<ClipCosts>;

export interface PlannerOptions {
  readonly models: Pick<ModelService, "find">;
  readonly readCosts: ReadCosts;
  readonly timings: Timings;
  readonly devices: Pick<Devices, "get" | "list">;
  /** Bytes that an engine could have: what is free, and what a warm one holds already. */
  readonly available: () => number;
  /** Bytes of this computer or container. */
  readonly total: () => number;
  readonly log: (line: string) => void;
}

/** Where models run in this version. */
const DEVICE = "cpu";
/** Lengths offered instead of a longer one. */
const LENGTHS = [24, 20, 16, 12, 8, 4];
/** Left for everybody else when it is said that a clip fits. */
const RESERVE = 300e6;

/** Says beforehand what a clip takes: memory and time, and what would make it fit. */
export class Planner {
  private readonly options: PlannerOptions;

  constructor(options: PlannerOptions) {
    this.options = options;
  }

  readonly handlers: Handlers = {
    "planner.plan": async ({ wishes }) => {
      const plans: Plan[] = [];
      for (const wish of wishes) plans.push(await this.plan(wish));
      return plans;
    },
    "planner.devices": ({ again }) => this.options.devices.list(again),
  };

  /** Errors: MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_WRONG_KIND. */
  async plan(wish: PlanWish): Promise<Plan> {
    const work = wish.kind === "generate" ? "text-to-video" : "animate";
    const model = await this.options.models.find(wish.request.model, undefined, undefined, work);
    const clip = clipOf(wish, model.summary);
    const costsAt = (measure: Measure): Promise<ClipCosts> =>
      this.options.readCosts(model.folder, model.weightsSha256, wishAt(wish, model.summary, measure));
    const costs = await costsAt(clip);
    const runs = await this.options.timings.runs();
    const engine = engineName(model.weightsSha256, precisionOf(wish, model.summary), engineThreads(), DEVICE);
    const needOf = (of: ClipCosts, measure: Measure): number =>
      learntMemory(of, { model: model.summary.id, engine, size: sizeName(measure) }, runs);
    const [need, have] = [needOf(costs, clip), this.options.available()];
    const fits = need + RESERVE <= have;
    const time = await this.time({ costs, model: model.summary.id, engine, size: sizeName(clip) }, runs);
    const { width, height, frames } = clip;
    return {
      model: model.summary.id,
      width,
      height,
      frames,
      device: DEVICE,
      fits,
      memoryBytes: need,
      availableBytes: have,
      seconds: time?.seconds ?? null,
      basis: time?.basis ?? null,
      reason: fits ? null : this.reason(need, have),
      advice: fits
        ? []
        : await this.advice(
            clip,
            async (measure) => needOf(await costsAt(measure), measure) + RESERVE <= have,
            wish.kind === "generate" ? LENGTHS : [],
          ),
    };
  }

  /** Bytes that an engine could have now. */
  get available(): number {
    return this.options.available();
  }

  /** Bytes that this job's engine takes at its peak; null where only its kind of work is known. Errors: those of `plan`. */
  async needOf(job: JobSnapshot): Promise<number | null> {
    if (job.kind !== "generate" && job.kind !== "animate") return null;
    const model = await this.options.models.find(job.request.model);
    const wish: CostsWish =
      job.kind === "generate"
        ? { kind: "generate", ...job.request }
        : { kind: "animate", ...job.request, segments: Math.max(1, job.request.segments.length) };
    return memoryOf(await this.options.readCosts(model.folder, model.weightsSha256, wish));
  }

  /** Remembers how long a clip took. Never rejects. */
  async learn({ model, wish, frames, threads, seconds, peakBytes }: MadeClip): Promise<void> {
    try {
      const costs = await this.options.readCosts(model.folder, model.weightsSha256, wish);
      const { phases: measured, other } = sortSeconds(seconds);
      await this.options.timings.add({
        model: model.summary.id,
        engine: engineName(model.weightsSha256, wish.kind === "generate" ? wish.precision : "fp32", threads, DEVICE),
        size: sizeName({ width: wish.width, height: wish.height, frames }),
        phases: costs.phases.map((part) => ({ ...part, seconds: measured[part.phase] })),
        otherSeconds: other,
        peakBytes,
        plannedBytes: memoryOf(costs),
      });
    } catch (error) {
      this.options.log(`planner: ${String(error)}`);
    }
  }

  private async time(wish: Omit<SecondsWish, "peak">, runs: readonly MeasuredRun[]) {
    // The computer's own speed is only asked for where no clip has told it yet.
    return secondsOf({ ...wish, peak: null }, runs) ?? secondsOf({ ...wish, peak: await this.peak() }, runs);
  }

  private async peak(): Promise<number | null> {
    const { gflops } = await this.options.devices.get(DEVICE);
    return gflops === null ? null : gflops * 1e9;
  }

  private reason(need: number, have: number): string {
    const total = this.options.total();
    return need + RESERVE > total
      ? `This takes about ${spoken(need)} of memory, and this computer has ${spoken(total)}.`
      : `This takes about ${spoken(need)} of memory, and ${spoken(have)} are free: close other programs, or make it smaller.`;
  }

  /** The longest clip of this size and the largest picture of this length that fit. */
  private async advice(
    clip: Measure,
    doesFit: (measure: Measure) => Promise<boolean>,
    lengths: readonly number[],
  ): Promise<Plan["advice"]> {
    const { shorter, narrower } = smaller(clip, lengths);
    const first = async (candidates: readonly Measure[]): Promise<Measure | null> => {
      for (const each of candidates) if (await doesFit(each)) return each;
      return null;
    };
    const [fewer, less] = [await first(shorter), await first(narrower)];
    return [
      ...(less === null
        ? []
        : [{ text: `${less.width}×${less.height}`, change: { width: less.width, height: less.height } }]),
      ...(fewer === null ? [] : [{ text: `${fewer.frames} frames`, change: { frames: fewer.frames } }]),
    ];
  }
}

const sizeName = ({ width, height, frames }: Measure): string => `${width}x${height}x${frames}`;

function precisionOf(wish: PlanWish, { defaults }: ModelSummary): string {
  return (wish.kind === "generate" ? wish.request.precision : undefined) ?? defaults.precision;
}

function clipOf({ request }: PlanWish, { defaults }: ModelSummary): Measure {
  return {
    width: request.width ?? defaults.width,
    height: request.height ?? defaults.height,
    frames: request.frames ?? defaults.frames,
  };
}

function wishAt(wish: PlanWish, model: ModelSummary, { width, height, frames }: Measure): CostsWish {
  const { defaults } = model;
  if (wish.kind === "generate")
    return {
      kind: "generate",
      width,
      height,
      frames,
      steps: wish.request.steps ?? defaults.steps,
      guidance: wish.request.guidance ?? defaults.guidance,
      precision: wish.request.precision ?? defaults.precision,
    };
  if (model.animation === undefined)
    throw new StudioError("MODEL_WRONG_KIND", `${model.name} does not animate pictures: choose a KeyVID model.`);
  const { presets, defaultPreset, guidance } = model.animation;
  const preset = wish.request.preset ?? defaultPreset;
  return {
    kind: "animate",
    width,
    height,
    segments: segmentCount(frames),
    preset,
    steps: wish.request.steps ?? presets.find(({ id }) => id === preset)?.steps ?? defaults.steps,
    guidance: wish.request.guidance ?? guidance,
  };
}

const spoken = (bytes: number): string =>
  bytes < 0.95e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
