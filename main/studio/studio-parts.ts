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
