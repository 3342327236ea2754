import { readFileSync } from "node:fs";
import { type Catalogue, type CatalogueEntry, catalogueSchema, StudioError } from "../../../core/contract/index.ts";
import { appFile } from "../../app-files/app-files.ts";

/** The catalogue that ships with the studio, or the one in this file. Errors: INTERNAL when it is damaged. */
export function readCatalogue(file: string = appFile("assets/catalogue/models.json")): Catalogue {
  try {
    return catalogueSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new StudioError("INTERNAL", "The list of models is damaged: install Plume Studio again.", String(cause), {
      cause,
    });
  }
}

/** Errors: NOT_FOUND naming those that there are. */
export function entryOf({ entries }: Catalogue, id: string): CatalogueEntry {
  const entry = entries.find((each) => each.id === id);
  if (entry !== undefined) return entry;
  const ids = entries.filter(({ source }) => source.kind === "hub").map((each) => each.id);
  throw new StudioError("NOT_FOUND", `The catalogue has no model ${id.slice(0, 64)}: it has ${ids.join(", ")}.`);
}
