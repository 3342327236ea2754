import * as fc from "fast-check";
import { expect, test } from "vitest";
import { generationRequestSchema } from "../../core/contract/index.ts";
import { model, request } from "../../core/testing/samples.ts";
import { fakeStorage } from "../testing/fake-client.ts";
import { draftFrom, loadDraft, modelOf, randomSeed, requestOf, saveDraft, settingsOf } from "./draft.ts";

const fresh = () => loadDraft(fakeStorage());

test("a new draft follows the model and has a seed of its own", () => {
  const draft = fresh();
  expect(settingsOf(draft, model)).toEqual(model.defaults);
  expect(draft.seedLocked).toBe(false);
  expect(Number.isInteger(draft.seed)).toBe(true);
});

test("what is saved comes back", () => {
  const storage = fakeStorage();
  const draft = { ...fresh(), prompt: "🫧 فقاعات", width: 192, seed: 5, seedLocked: true, variations: 4 };
  saveDraft(storage, draft);
  expect(loadDraft(storage)).toEqual(draft);
});

test("damaged storage costs only what is damaged", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const draft = loadDraft(fakeStorage({ "plume.draft/1": text }));
      expect(typeof draft.prompt).toBe("string");
      expect(draft.variations).toBeGreaterThanOrEqual(1);
    }),
  );
  const stored = JSON.stringify({ prompt: "kept", seed: "NaN", variations: 99, width: "wide" });
  const draft = loadDraft(fakeStorage({ "plume.draft/1": stored }));
  expect(draft).toMatchObject({ prompt: "kept", seed: 0, variations: 1, width: null });
});

test("storage that throws is survived", () => {
  const broken = {
    getItem: () => {
      throw new Error("blocked");
    },
    setItem: () => {
      throw new Error("blocked");
    },
  };
  const draft = loadDraft(broken);
  expect(draft.prompt).toBe("");
  saveDraft(broken, draft);
});

test("a draft becomes a request that the contract accepts", () => {
  const sent = requestOf({ ...fresh(), prompt: "bubbles", steps: 50, precision: "int8" }, model);
  expect(generationRequestSchema.parse(sent)).toMatchObject({ model: model.id, steps: 20, precision: "int8" });
  expect(sent).not.toHaveProperty("negativePrompt");
  expect(requestOf({ ...fresh(), prompt: "b", negativePrompt: "red" }, model).negativePrompt).toBe("red");
});

test("before any model is ready, the studio chooses", () => {
  expect(Object.keys(requestOf({ ...fresh(), prompt: "b" }, null)).sort()).toEqual(["prompt", "seed"]);
});

test("a precision that the model cannot do is not asked for", () => {
  const exact = { ...model, precisions: ["fp32" as const] };
  expect(settingsOf({ ...fresh(), precision: "int8" }, exact).precision).toBe("fp32");
});

test("a model that was removed gives way to the first", () => {
  expect(modelOf({ ...fresh(), model: "gone" }, [model])).toBe(model);
  expect(modelOf(fresh(), [])).toBeNull();
  const eyes = { ...model, id: "eyes", vision: { tags: 5, objects: 7, words: [] } };
  expect(modelOf({ ...fresh(), model: "eyes" }, [eyes, model])).toBe(model);
});

test("taking a clip's settings over keeps its seed and the user's number of variations", () => {
  const draft = draftFrom({ ...request, seed: 9, width: 192 }, { ...fresh(), variations: 4 });
  expect(draft).toMatchObject({ prompt: "blue bubbles", seed: 9, seedLocked: true, width: 192, variations: 4 });
});

test("seeds are whole numbers of 32 bits and differ", () => {
  const seeds = new Set(Array.from({ length: 50 }, randomSeed));
  expect(seeds.size).toBeGreaterThan(45);
  for (const seed of seeds) expect(seed).toBe(seed >>> 0);
});
