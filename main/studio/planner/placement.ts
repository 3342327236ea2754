import {
  type Device,
  type DeviceId,
  type ErrorCode,
  type PlannerSettings,
  type Precision,
  StudioError,
} from "../../../core/contract/index.ts";
import { abortable } from "../abortable.ts";
import type { JobRunner } from "../jobs/job-runner.ts";
import type { InstalledModel } from "../models/model-service.ts";
import { type Devices, deviceNames } from "./devices.ts";

export interface PlacementOptions {
  readonly devices: Devices;
  readonly settings: () => Promise<PlannerSettings>;
  readonly log: (line: string) => void;
}

/** Where a clip is made, and where that is not where the user wants it, why. */
export interface Place {
  readonly device: DeviceId;
  readonly note: string | null;
}

/** By itself a device is only taken where it is clearly faster than the processor, which every model is known to run on. */
const WORTH = 1.3;
/**
 * How far a device's results may be from the processor's, as a share of their size. Half precision differs by some 1e-3 in one call. One
 * wrong operator among many shows little more: SwiftShader's attention, wrong by 0.14, moves the starter's U-Net by 0.012 to 0.06.
 */
const TOLERANCE = 0.004;

/** Endings of a run that may be a device's doing; a full disk is not. */
const DEVICE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  "ENGINE_CRASHED",
  "ENGINE_UNRESPONSIVE",
  "MODEL_OUT_OF_MEMORY",
  "MODEL_DAMAGED",
  "INTERNAL",
]);

/** Decides on which device of this computer clips are made, and puts one off that fails. */
export class Placement {
  private readonly options: PlacementOptions;
  /** Where the last run was sent. */
  private last: { readonly device: DeviceId; readonly model: string } | null = null;

  constructor(options: PlacementOptions) {
    this.options = options;
  }

  /** Where a clip would be made now, as far as it is known without trying anything. */
  async where(precision: Precision): Promise<Place> {
    const { device } = await this.options.settings();
    if (device === "cpu") return onProcessor(null);
    if (device === "auto") return this.fastest(precision, await this.options.devices.known());
    if (precision === "int8")
      return onProcessor(`int8 runs on the processor: choose fp32 to use ${deviceNames[device]}.`);
    const known = (await this.options.devices.known()).find(({ id }) => id === device);
    return known?.works === false ? onProcessor(known.reason) : { device, note: null };
  }

  /**
   * Where this clip is to be made. A device that has not computed with this model yet is compared with the processor first, in a process
   * that may die of it; one that fails is put off. Errors: CANCELLED.
   */
  async choose(model: InstalledModel, precision: Precision, signal: AbortSignal): Promise<DeviceId> {
    const decided = this.decide(model, precision).catch((error: unknown) => {
      this.options.log(`placement: ${String(error)}`);
      return "cpu" as const;
    });
    // A driver that hangs is nobody's reason to wait who has gone; what is found of it is kept for the next clip.
    const device = await abortable(decided, signal);
    this.last = { device, model: model.summary.name };
    return device;
  }

  private async decide(model: InstalledModel, precision: Precision): Promise<DeviceId> {
    const { devices, settings } = this.options;
    const { device: wished } = await settings();
    if (wished === "auto" && precision !== "int8") await devices.tryBundled();
    const { device } = await this.where(precision);
    if (device === "cpu" || !(await devices.get(device)).works) return "cpu";
    const trial = await devices.trial(device, model.folder, model.weightsSha256);
    const what = deviceNames[device];
    if ("problem" in trial)
      await devices.putOff(device, `${what}: ${trial.problem}, so clips are made on the processor.`);
    else if (!(trial.difference <= TOLERANCE))
      await devices.putOff(
        device,
        `${what}: computes otherwise than the processor with ${model.summary.name}, so clips are made on the processor; a newer driver may help.`,
      );
    else return device;
    return "cpu";
  }

  /** Whether a run that ended like this is worth another try on the processor. A device that ended its engine is put off. */
  async blame(error: StudioError): Promise<boolean> {
    const { last } = this;
    if (last === null || last.device === "cpu" || !DEVICE_FAULTS.has(error.code)) return false;
    this.last = null;
    this.options.log(`placement: ${last.device} ended with ${error.code}: ${error.message}`);
    // Its memory was too small for this clip, which says nothing about the next one.
    if (error.code !== "MODEL_OUT_OF_MEMORY")
      await this.options.devices.putOff(
        last.device,
        `${deviceNames[last.device]}: failed while it made a clip with ${last.model}, so clips are made on the processor; a newer driver may help.`,
      );
    return true;
  }

  /** A runner whose jobs are made once more on the processor where the device that they were given to failed. */
  over(runner: JobRunner): JobRunner {
    return {
      run: async (job, context) => {
        try {
          return await runner.run(job, context);
        } catch (cause) {
          const error = StudioError.from(cause);
          if (context.signal.aborted || !(await this.blame(error))) throw cause;
          return runner.run(await context.advance({}), { ...context, onProcessor: true });
        }
      },
      again: (job) => runner.again(job),
      ...(runner.forget === undefined ? {} : { forget: (id: string) => runner.forget!(id) }),
    };
  }

  private fastest(precision: Precision, known: readonly Omit<Device, "used">[]): Place {
    if (precision === "int8") return onProcessor(null);
    const processor = known.find(({ id }) => id === "cpu")?.gflops ?? Number.POSITIVE_INFINITY;
    const best = known
      .filter(({ id, works, gflops }) => id !== "cpu" && works && gflops !== null)
      .toSorted((a, b) => b.gflops! - a.gflops!)[0];
    return best !== undefined && best.gflops! >= WORTH * processor
      ? { device: best.id, note: null }
      : onProcessor(null);
  }
}

const onProcessor = (note: string | null): Place => ({ device: "cpu", note });
