import type { Folders } from "./folders.ts";
import type { QueueLog } from "./jobs/job-runner.ts";
import type { QueueBook } from "./jobs/queue.ts";
import type { Lock } from "./lock.ts";
import type { PackFacts } from "../inference/index.ts";
import type { BundledModel } from "./models/model-service.ts";
import type { StoreExchange } from "./models/open-store.ts";
import type { PlannerExchange } from "./planner/open-planner.ts";

/** Parts that tests exchange for ones that misbehave; the shells never pass any. */
export interface StudioParts extends StoreExchange, PlannerExchange {
  /** Script to run as the engine. */
  readonly engineEntry?: string;
  readonly readPack?: (folder: string) => Promise<PackFacts>;
  readonly bundled?: readonly BundledModel[];
}

/** What `createStudio` has opened before its services are made. */
export interface Opened {
  readonly folders: Folders;
  /** Folder to remove at the end, of a studio that keeps nothing. */
  readonly scratch: string | null;
  readonly lock: Lock | null;
  readonly book: QueueBook;
  readonly queueLog: QueueLog;
  readonly log: (line: string) => void;
}
