import { join } from "node:path";
import type { StudioOptions } from "../studio.ts";
import { Acceptances } from "./acceptances.ts";
import { readCatalogue } from "./catalogue.ts";
import { DroppedFiles } from "./dropped.ts";
import { DOWNLOADS } from "./move.ts";
import type { ModelService } from "./model-service.ts";
import { StoreSettings } from "./settings.ts";
import type { StoreParts } from "./store-runners.ts";
import { StyleService } from "./style-service.ts";

/** Parts that tests exchange. */
export interface StoreExchange {
  /** Path of another catalogue. */
  readonly catalogue?: string;
  readonly pace?: StoreParts["pace"];
  readonly measuresInt8?: boolean;
}

/** The model store's parts on this data folder. Errors: INTERNAL when the catalogue is damaged. */
export function openStore(
  home: string,
  models: ModelService,
  { vault, log }: Pick<StudioOptions, "vault" | "log">,
  { catalogue, pace, measuresInt8 = true }: StoreExchange,
): StoreParts {
  return {
    catalogue: readCatalogue(catalogue),
    models,
    styles: new StyleService(() => models.place),
    dropped: new DroppedFiles(() => join(models.place, DOWNLOADS)),
    acceptances: new Acceptances(home),
    settings: new StoreSettings(home, vault ?? null),
    log: log ?? (() => {}),
    measuresInt8,
    ...(pace ? { pace } : {}),
  };
}
