import { type EngineHost, freeMemory, packCosts, totalMemory } from "../../inference/index.ts";
import type { Folders } from "../folders.ts";
import type { ModelService } from "../models/model-service.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { Devices } from "./devices.ts";
import { MemoryBudget } from "./memory.ts";
import { Placement } from "./placement.ts";
import { Planner, type ReadCosts } from "./planner.ts";
import { PlannerSettingsFile } from "./settings.ts";
import { Timings } from "./timings.ts";

/** What tests exchange: where costs come from, what tries devices, and how much memory there is. */
export interface PlannerExchange {
  readonly readCosts?: ReadCosts;
  /** Script to run to try a device. */
  readonly probeEntry?: string;
  /** Bytes, asked for anew each time. */
  readonly machine?: { readonly total: () => number; readonly free: () => number };
}

export interface PlannerParts {
  readonly folders: Folders;
  readonly models: Pick<ModelService, "find" | "has">;
  readonly engine: EngineHost;
  readonly eyes: EngineHost;
  readonly exchanged: PlannerExchange;
  readonly conversion: AdmissionOptions["conversion"];
  /** The Node that tries devices; undefined: the one that runs this. */
  readonly node: string | undefined;
  /** Where models run, or how much memory they may take, was changed. */
  readonly onSettings: () => void;
  readonly log: (line: string) => void;
}

/** What decides how, where and when a clip is made. */
export interface Planning {
  readonly planner: Planner;
  readonly placement: Placement;
  readonly memory: MemoryBudget;
  readonly admission: Admission;
  /** Ends what is being tried. */
  close(): void;
}

/** The planner over this computer: its memory, its devices and how long clips took on it. */
export function openPlanner({
  folders,
  models,
  engine,
  eyes,
  exchanged,
  conversion,
  node,
  onSettings,
  log,
}: PlannerParts): Planning {
  const settings = new PlannerSettingsFile(folders.planner);
  const machine = exchanged.machine ?? { total: totalMemory, free: freeMemory };
  const memory = new MemoryBudget({
    ...machine,
    limit: async () => (await settings.read()).memoryBytes,
    engine,
    eyes,
  });
  const devices = new Devices({
    file: folders.devices,
    node: node ?? process.execPath,
    entry: exchanged.probeEntry,
    log,
  });
  const placement = new Placement({ devices, settings: () => settings.read(), log });
  const planner = new Planner({
    models,
    readCosts: exchanged.readCosts ?? packCosts,
    timings: new Timings(folders.timings, log),
    devices,
    placement,
    settings,
    memory,
    onSettings,
    log,
  });
  const admission = new Admission({ planner, memory, models, conversion });
  return { planner, placement, memory, admission, close: () => devices.close() };
}
