import {
  type Computer,
  type DeviceId,
  type Input,
  type Method,
  type ModelSummary,
  type Output,
  type Plan,
  type PlanWish,
  type Precision,
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
  spokenMemory,
} from "../../../core/planner/index.ts";
import { segmentCount } from "../../../core/motion/index.ts";
import { type CostsWish, engineThreads } from "../../inference/index.ts";
import type { InstalledModel, ModelService } from "../models/model-service.ts";
import { defined } from "../jobs/queue.ts";
import type { Devices } from "./devices.ts";
import type { MemoryBudget } from "./memory.ts";
import type { Placement } from "./placement.ts";
import type { PlannerSettingsFile } from "./settings.ts";
import type { Timings } from "./timings.ts";

type PlannerMethod = Extract<Method, `planner.${string}`>;
type Handlers = { [M in PlannerMethod]: (input: Input<M>) => Promise<Output<M>> };

/** A clip that was made, and where its time went. */
export interface MadeClip {
  readonly model: InstalledModel;
  readonly wish: CostsWish;
  readonly frames: number;
  readonly threads: number;
  readonly device: DeviceId;
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
  readonly placement: Pick<Placement, "where">;
  readonly settings: PlannerSettingsFile;
  readonly memory: Pick<MemoryBudget, "available" | "limit" | "usualLimit" | "total" | "held">;
  readonly onSettings: () => void;
  readonly log: (line: string) => void;
}

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
    "planner.computer": ({ again }) => this.computer(again),
    "planner.configure": async (change) => {
      await this.options.settings.change(defined(change));
      this.options.onSettings();
      return this.computer();
    },
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
    const precision = precisionOf(wish, model.summary);
    const { device, note } = wish.device
      ? { device: wish.device, note: null }
      : await this.options.placement.where(precision);
    const engine = engineName(model.weightsSha256, precision, engineThreads(), device);
    const needOf = (of: ClipCosts, measure: Measure): number =>
      learntMemory(of, { model: model.summary.id, engine, size: sizeName(measure) }, runs);
    const [need, have] = [needOf(costs, clip), await this.options.memory.available()];
    const fits = need + RESERVE <= have;
    const time = await this.time({ costs, model: model.summary.id, engine, size: sizeName(clip) }, runs, device);
    const { width, height, frames } = clip;
    return {
      model: model.summary.id,
      width,
      height,
      frames,
      device,
      deviceNote: note,
      fits,
      memoryBytes: need,
      availableBytes: have,
      seconds: time?.seconds ?? null,
      basis: time?.basis ?? null,
      reason: fits ? null : await this.reason(need, have),
      advice: fits
        ? []
        : await this.advice(
            clip,
            async (measure) => needOf(await costsAt(measure), measure) + RESERVE <= have,
            wish.kind === "generate" ? LENGTHS : [],
          ),
    };
  }

  /** What clips are made with. @param again tries the devices anew */
  async computer(again = false): Promise<Computer> {
    const { devices, placement, settings, memory } = this.options;
    const found = await devices.list(again);
    const { device: used } = await placement.where("fp32");
    return {
      settings: await settings.read(),
      devices: found.map((device) => ({ ...device, used: device.id === used })),
      memory: {
        total: memory.total,
        limit: await memory.limit(),
        usual: memory.usualLimit,
        available: await memory.available(),
        held: memory.held,
      },
    };
  }

  /** Remembers how long a clip took. Never rejects. */
  async learn({ model, wish, frames, threads, device, seconds, peakBytes }: MadeClip): Promise<void> {
    try {
      const costs = await this.options.readCosts(model.folder, model.weightsSha256, wish);
      const { phases: measured, other } = sortSeconds(seconds);
      await this.options.timings.add({
        model: model.summary.id,
        engine: engineName(model.weightsSha256, wish.kind === "generate" ? wish.precision : "fp32", threads, device),
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

  private async time(wish: Omit<SecondsWish, "peak">, runs: readonly MeasuredRun[], device: DeviceId) {
    // The device's own speed is only asked for where no clip has told it yet.
    return secondsOf({ ...wish, peak: null }, runs) ?? secondsOf({ ...wish, peak: await this.peak(device) }, runs);
  }

  private async peak(device: DeviceId): Promise<number | null> {
    const { gflops } = await this.options.devices.get(device);
    return gflops === null ? null : gflops * 1e9;
  }

  private async reason(need: number, have: number): Promise<string> {
    const { total } = this.options.memory;
    const limit = await this.options.memory.limit();
    const takes = `This takes about ${spokenMemory(need)} of memory`;
    if (need + RESERVE > total)
      return `${takes}, and this computer has ${spokenMemory(total)}: make it smaller, or choose a smaller model.`;
    if (need + RESERVE > limit)
      return `${takes}, and models may use ${spokenMemory(limit)} of this computer's ${spokenMemory(total)}: raise that limit, or make it smaller.`;
    return `${takes}, and ${spokenMemory(have)} are free: close other programs, or make it smaller.`;
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

function precisionOf(wish: PlanWish, { defaults }: ModelSummary): Precision {
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
