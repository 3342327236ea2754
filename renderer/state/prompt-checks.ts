import type { MediaFacts, ModelSummary } from "../../core/contract/index.ts";
import { checkPrompt, type PromptCheck } from "../../core/vision/index.ts";
import { type Item, lookOf } from "./items.ts";

/** What of its prompt each clip shows, by the item's key; none where nothing can be told: nobody has looked, or the eyes lack the words. */
export type PromptChecks = ReadonlyMap<string, PromptCheck>;

export function checksOf(
  items: readonly Item[],
  facts: Readonly<Record<string, MediaFacts | undefined>>,
  models: readonly ModelSummary[],
): PromptChecks {
  const checks = new Map<string, PromptCheck>();
  for (const { key, clip, request } of items) {
    const seen = clip === null ? undefined : facts[clip.id];
    if (seen === undefined) continue;
    const words = models.find(({ id }) => id === seen.model)?.vision?.words ?? [];
    const check = checkPrompt(request.prompt, seen, words);
    if (check !== null) checks.set(key, check);
  }
  return checks;
}

/** Variations of one request that stand together, in runs; everything else is a run of its own. */
function runsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const runs: Item[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run !== undefined && lookOf(run[0]!.request) === lookOf(item.request)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** Whether there is something to sort: variations of which one shows more of what was asked for than another. */
export const canSort = (items: readonly Item[], checks: PromptChecks): boolean =>
  runsOf(items).some((run) => new Set(run.map(({ key }) => checks.get(key)?.score ?? -1)).size > 1);

/** The same items; of the variations of one request, those come first that show most of what was asked for. */
export const bestFirst = (items: readonly Item[], checks: PromptChecks): readonly Item[] =>
  runsOf(items).flatMap((run) =>
    run.toSorted((a, b) => (checks.get(b.key)?.score ?? -1) - (checks.get(a.key)?.score ?? -1)),
  );
