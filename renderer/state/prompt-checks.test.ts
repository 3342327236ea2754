import { describe, expect, it } from "vitest";
import type { MediaFacts, ModelSummary } from "../../core/contract/index.ts";
import type { Item } from "./items.ts";
import { bestFirst, canSort, checksOf } from "./prompt-checks.ts";

const models = [
  { id: "eyes", vision: { tags: 2, objects: 0, words: ["bubbles", "snow"] } },
] as unknown as ModelSummary[];

const item = (key: string, prompt: string, seed: number, clip: string | null = key): Item =>
  ({
    kind: "generate",
    key,
    state: "done",
    request: { prompt, seed },
    clip: clip === null ? null : { id: clip },
  }) as never;
const facts = (labels: readonly string[], colours: readonly string[] = []): MediaFacts =>
  ({
    model: "eyes",
    tags: labels.map((label) => ({ label, score: 0.9, share: 1 })),
    objects: [],
    colours: colours.map((name) => ({ name, hex: "#000000", share: 0.5 })),
  }) as never;

const items = [
  item("a", "blue bubbles", 1),
  item("b", "blue bubbles", 2),
  item("c", "blue bubbles", 3),
  item("d", "a dog", 9),
  item("e", "blue bubbles", 1, null),
];
const seen = { a: facts(["snow"]), b: facts(["bubbles"], ["blue"]), c: facts(["bubbles"]), d: facts(["snow"]) };

describe("checks of generated clips", () => {
  it("are there where somebody has looked and has words for what was asked", () => {
    const checks = checksOf(items, seen, models);
    expect([...checks.keys()]).toEqual(["a", "b", "c"]);
    expect(checks.get("c")).toMatchObject({ seen: ["bubbles"], missing: ["blue"] });
    expect(checksOf(items, {}, models).size).toBe(0);
    // Without the model's words there are still colours.
    expect(checksOf(items, seen, []).get("b")).toMatchObject({ asked: ["blue"], seen: ["blue"] });
  });

  it("sort variations of one request and nothing else", () => {
    const checks = checksOf(items, seen, models);
    expect(bestFirst(items, checks).map(({ key }) => key)).toEqual(["b", "c", "a", "d", "e"]);
    expect(canSort(items, checks)).toBe(true);
    expect(canSort(items.slice(3), checks)).toBe(false);
    expect(bestFirst(items, new Map())).toEqual(items);
    expect(canSort(items, new Map())).toBe(false);
  });
});
