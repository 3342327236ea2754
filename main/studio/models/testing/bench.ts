/** Test help: a studio on the fake engine whose catalogue points at a test hub. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CatalogueEntry } from "../../../../core/contract/index.ts";
import type { StudioParts } from "../../studio-parts.ts";
import type { Studio, StudioOptions } from "../../studio.ts";
import { testBench } from "../../testing.ts";
import { noise, TestHub } from "./hub.ts";

export const REPOSITORY = "maker/model";

/** A model of one file, or of these. */
export function entry(id: string, files: CatalogueEntry["files"], name = `Model ${id}`): CatalogueEntry {
  return {
    id,
    name,
    maker: "Maker",
    family: "hummingbird",
    variant: "tiny",
    work: "text-to-video",
    about: "Makes little clips.",
    page: "https://example.org/model",
    source: { kind: "hub", repository: REPOSITORY, revision: "main" },
    files,
    licence: {
      name: "Test licence",
      url: "https://example.org/licence",
      version: 1,
      summary: "You may try it out.",
      may: ["Try it"],
      mayNot: ["Sell it"],
      isCommercialUseAllowed: false,
      isRedistributionAllowed: false,
    },
    needs: { installedBytes: 1000, memoryBytes: null, basis: "guessed for a test" },
  };
}

export const file = (path: string, bytes: number, change: Partial<CatalogueEntry["files"][number]> = {}) => ({
  path,
  bytes,
  isExact: false,
  sha256: null,
  use: "the model",
  isNeeded: true,
  ...change,
});

export const content = noise(200_000, 3);

export async function writeCatalogue(path: string, entries: readonly CatalogueEntry[]): Promise<void> {
  await writeFile(path, JSON.stringify({ schema: "plume.catalogue/1", entries }));
}

export async function storeBench(
  entries: readonly CatalogueEntry[] = [entry("tiny", [file("model.pt", content.length)])],
) {
  const bench = await testBench();
  const hub = await TestHub.start();
  hub.put(REPOSITORY, "model.pt", content);
  const catalogue = join(bench.home, "..", "catalogue.json");
  await writeCatalogue(catalogue, entries);
  const pace = { backOff: { tries: 3, firstMs: 1, mostMs: 20 }, pieceBytes: 40_000 };
  await writeFile(join(bench.home, "model-store.json"), JSON.stringify({ mirror: hub.url }));
  const open = (options: Partial<StudioOptions> = {}, parts: StudioParts = {}): Promise<Studio> =>
    bench.open(options, { catalogue, pace, ...parts });
  return {
    ...bench,
    hub,
    open,
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
    },
  };
}

/** Accepts the licence, downloads and converts; resolves with both jobs as they ended. */
export async function get(studio: Studio, id = "tiny") {
  await studio.call("models.accept", { id, version: 1 });
  const jobs = await studio.call("models.download", { id });
  return Promise.all(jobs.map((job) => studio.ended(job.id)));
}
