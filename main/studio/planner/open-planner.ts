import { totalmem } from "node:os";
import type { JobSnapshot } from "../../../core/contract/index.ts";
import { type EngineHost, packCosts } from "../../inference/index.ts";
import type { Folders } from "../folders.ts";
import type { ModelService } from "../models/model-service.ts";
import { Devices } from "./devices.ts";
import { Planner, type ReadCosts } from "./planner.ts";
import { Timings } from "./timings.ts";

export interface PlannerParts {
  readonly folders: Folders;
  readonly models: Pick<ModelService, "find">;
  readonly engine: EngineHost;
  readonly exchanged: { readonly readCosts?: ReadCosts; readonly probeEntry?: string };
  /** The Node that tries devices; undefined: the one that runs this. */
  readonly node: string | undefined;
  readonly log: (line: string) => void;
}

/** The planner over this computer: its memory, its devices and how long clips took on it. */
export function openPlanner({ folders, models, engine, exchanged, node, log }: PlannerParts): Planner {
  return new Planner({
    models,
    readCosts: exchanged.readCosts ?? packCosts,
    timings: new Timings(folders.timings, log),
    devices: new Devices({
      file: folders.devices,
      node: node ?? process.execPath,
      entry: exchanged.probeEntry,
      log,
    }),
    // What a warm model holds already is there for the next clip.
    available: () => process.availableMemory() + engine.residentBytes,
    total: () => {
      const limit = process.constrainedMemory();
      return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
    },
    log,
  });
}

/** What jobs without a plan of their own may take: a checkpoint's largest tensors, or the frames of a film on their way to the encoder. */
const OTHER_WORK = 1.5e9;

/**
 * Before a job begins: where memory is too short for it beside the model that looks at media, that model goes first. Waits until it has
 * finished what it is doing; no two engines ever hold more than there is.
 */
export async function makeRoom(job: JobSnapshot, planner: Planner, eyes: EngineHost): Promise<void> {
  if (eyes.residentBytes === 0) return;
  const need = await planner.needOf(job).catch(() => null);
  if ((need ?? OTHER_WORK) > planner.available) await eyes.release();
}
