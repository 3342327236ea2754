import { expect, test, vi } from "vitest";
import { StudioError } from "../../core/contract/index.ts";
import { clip, job, model, system, quietQueue } from "../../core/testing/samples.ts";
import { fakeClient, fakeStorage } from "../testing/fake-client.ts";
import { createActions } from "./actions.ts";
import { connect } from "./connect.ts";
import { loadDraft } from "./draft.ts";
import { LaneDrafts } from "./lane-drafts.ts";
import { itemsOf } from "./items.ts";
import { createStudioStore, reduce } from "./store.ts";

function open(answers: Parameters<typeof fakeClient>[0] = {}) {
  const fake = fakeClient(answers);
  const storage = fakeStorage();
  const store = createStudioStore(loadDraft(storage));
  const actions = createActions(store, fake.client, new LaneDrafts(storage));
  const stop = connect(store, fake.client, storage);
  return { ...fake, storage, store, actions, stop };
}
const settle = () => new Promise((done) => setTimeout(done, 0));

test("jobs are added, changed and dismissed by events alone", () => {
  const { store } = open();
  const apply = (event: Parameters<typeof reduce>[1]) => store.setState((state) => reduce(state, event));
  apply({ type: "job", job: job("a") });
  apply({ type: "job", job: job("b") });
  apply({ type: "job", job: job("a", { state: "running" }) });
  expect(store.getState().jobs.map(({ id, state }) => [id, state])).toEqual([
    ["a", "running"],
    ["b", "queued"],
  ]);
  expect(store.getState().announcement).toBe("Making “blue bubbles”.");
  apply({ type: "job-dismissed", id: "a" });
  expect(store.getState().jobs.map(({ id }) => id)).toEqual(["b"]);
  apply({ type: "hello", jobs: [], models: [model], queue: quietQueue });
  expect(store.getState().jobs).toEqual([]);
});

test("hello brings the whole state, and what events do not tell is fetched", async () => {
  const { store, tell, calls } = open({ "library.list": () => [clip("c")] });
  expect(store.getState().ready).toBe(false);
  tell({ type: "hello", jobs: [job("a")], models: [model], queue: quietQueue });
  await settle();
  expect(store.getState()).toMatchObject({ ready: true, connection: "open", system, clips: [{ id: "c" }] });
  expect(calls.map(({ method }) => method)).toEqual(["library.list", "media.list", "system.info"]);
});

test("a list that was overtaken by an event does not overwrite it", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  const { store, tell } = open({ "library.list": () => promise });
  tell({ type: "hello", jobs: [], models: [], queue: quietQueue });
  tell({ type: "library", clips: [clip("newer")] });
  resolve([]);
  await settle();
  expect(store.getState().clips.map(({ id }) => id)).toEqual(["newer"]);
});

test("the draft is written down as it changes", () => {
  const { actions, storage } = open();
  actions.edit({ prompt: "rain" });
  expect(loadDraft(storage).prompt).toBe("rain");
});

test("generate sends what is shown; an unlocked seed is rolled for the next clip", async () => {
  const { actions, store, calls } = open({ "jobs.generate": () => [job("a")] });
  store.setState({ models: [model] });
  actions.edit({ prompt: "rain", seed: 11, variations: 4 });
  await actions.generate();
  expect(calls.at(-1)?.input).toMatchObject({ request: { prompt: "rain", seed: 11 }, variations: 4 });
  expect(store.getState().selected).toBe("job:a");
  expect(store.getState().draft.seed).not.toBe(11);
  actions.edit({ seed: 12, seedLocked: true });
  await actions.generate();
  expect(store.getState().draft.seed).toBe(12);
});

test.each([
  ["", /Write a sentence/],
  ["   \n", /Write a sentence/],
  ["x".repeat(4001), /too long/],
])("a prompt that cannot be (%#) is answered in words and never sent", async (prompt, sentence) => {
  const { actions, store, calls } = open();
  actions.edit({ prompt });
  await actions.generate();
  expect(store.getState().problem?.message).toMatch(sentence);
  expect(calls).toEqual([]);
  actions.edit({ prompt: `${prompt}a` });
  expect(store.getState().problem).toBeNull();
});

test("a size that is no multiple is answered in words", async () => {
  const { actions, store } = open();
  store.setState({ models: [model] });
  actions.edit({ prompt: "x", width: 100 });
  await actions.generate();
  expect(store.getState().problem?.message).toMatch(/multiple of 64/);
});

test("a refusal keeps prompt and seed", async () => {
  const { actions, store } = open({
    "jobs.generate": () => {
      throw new StudioError("DISK_FULL", "The disk is full: free some space and try again.");
    },
  });
  actions.edit({ prompt: "rain", seed: 11, seedLocked: false });
  await actions.generate();
  expect(store.getState().problem).toMatchObject({ code: "DISK_FULL" });
  expect(store.getState().draft).toMatchObject({ prompt: "rain", seed: 11 });
});

test("removing a clip can be undone, and the selection moves on", async () => {
  const clips = [clip("a", { prompt: "a" }, "2026-01-01T10:00:02.000Z"), clip("b", { prompt: "b" })];
  const { actions, store, calls } = open();
  store.setState({ clips, selected: "clip:a" });
  const [first] = itemsOf([], clips);
  await actions.remove(first!);
  expect(calls.at(-1)).toEqual({ method: "library.trash", input: { id: "a" } });
  expect(store.getState()).toMatchObject({ selected: "clip:b", notice: { undo: "clip" } });
  await actions.undo();
  expect(calls.at(-1)).toEqual({ method: "library.restore", input: { id: "a" } });
  await actions.undo();
  expect(calls).toHaveLength(2);
});

test("undo in the instant before the studio has answered brings the clip back once it is in the trash", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { actions, store, calls } = open({ "library.trash": () => promise });
  store.setState({ clips: [clip("a")], selected: "clip:a" });
  const [item] = itemsOf([], [clip("a")]);
  const removal = actions.remove(item!);
  void actions.remove(item!); // an impatient second press asks for nothing
  const undo = actions.undo();
  await settle();
  expect(calls.map(({ method }) => method)).toEqual(["library.trash"]);
  resolve({});
  await Promise.all([removal, undo]);
  expect(calls.map(({ method }) => method)).toEqual(["library.trash", "library.restore"]);
  expect(store.getState()).toMatchObject({ removed: [], selected: "clip:a", notice: { undo: null } });
});

test("a clip that cannot be removed stays, says why, and leaves nothing to undo", async () => {
  const refusal = new StudioError("OUTPUT_UNWRITABLE", "This place cannot be written to.");
  const { actions, store, calls } = open({ "library.trash": () => Promise.reject(refusal) });
  const [item] = itemsOf([], [clip("a")]);
  const removal = actions.remove(item!);
  await Promise.all([removal, actions.undo()]);
  await actions.undo();
  expect(calls.map(({ method }) => method)).toEqual(["library.trash"]);
  expect(store.getState()).toMatchObject({ removed: [], notice: { kind: "problem" } });
});

test("removing stops what runs and dismisses what failed", async () => {
  const { actions, calls } = open();
  const [running] = itemsOf([job("r", { state: "running" })], []);
  const [failed] = itemsOf([job("f", { state: "failed" })], []);
  await actions.remove(running!);
  await actions.remove(failed!);
  expect(calls.map(({ method }) => method)).toEqual(["jobs.cancel", "jobs.dismiss"]);
});

test("make again asks for the very same; a variation only for another seed", async () => {
  const { actions, calls } = open({ "jobs.generate": () => [job("n")] });
  const [item] = itemsOf([], [clip("c", { seed: 3 })]);
  await actions.makeAgain(item!);
  expect(calls[0]?.input).toEqual({ request: item!.request, variations: 1 });
  await actions.vary(item!);
  const varied = calls[1]?.input as { request: object };
  expect({ ...varied.request, seed: 3 }).toEqual(item!.request);
  expect(varied.request).not.toEqual(item!.request);
});

test("retry takes the failed tile's place", async () => {
  const { actions, store, calls } = open({ "jobs.retry": () => job("n") });
  const [item] = itemsOf([job("f", { state: "failed" })], []);
  await actions.retry(item!);
  expect(calls.map(({ method }) => method)).toEqual(["jobs.retry", "jobs.dismiss"]);
  expect(store.getState().selected).toBe("job:n");
});

test("whatever goes wrong behind a button becomes a sentence", async () => {
  const { actions, store } = open({
    "library.reveal": () => {
      throw new StudioError("NOT_FOUND", "This file was moved or deleted.");
    },
  });
  await actions.reveal(itemsOf([], [clip("c")])[0]!);
  expect(store.getState().notice).toEqual({ text: "This file was moved or deleted.", kind: "problem", undo: null });
});

test("copying says so", async () => {
  const { actions, store } = open();
  const writeText = vi.fn(async () => undefined);
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  await actions.copy("7", "Seed");
  expect(writeText).toHaveBeenCalledWith("7");
  expect(store.getState().notice?.text).toBe("Seed copied.");
  vi.unstubAllGlobals();
});
