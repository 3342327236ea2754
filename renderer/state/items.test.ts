import { expect, test } from "vitest";
import { clip, job, request } from "../../core/testing/samples.ts";
import { itemsOf, queueOf } from "./items.ts";

const at = (second: number) => `2026-01-01T10:00:0${second}.000Z`;

test("a finished job and its clip are one tile, under the job's key", () => {
  const done = clip("c1");
  const items = itemsOf([job("j1", { state: "done", clip: done })], [done]);
  expect(items.map(({ key }) => key)).toEqual(["job:j1"]);
  expect(items[0]?.clip).toBe(done);
});

test("clips from earlier days stand alone, newest first", () => {
  const items = itemsOf([], [clip("old", {}, at(1)), clip("new", { prompt: "x" }, at(2))]);
  expect(items.map(({ key }) => key)).toEqual(["clip:new", "clip:old"]);
});

test("a finished job whose clip was removed has no tile", () => {
  expect(itemsOf([job("j1", { state: "done", clip: clip("gone") })], [])).toEqual([]);
});

test("failed and stopped jobs keep their tiles", () => {
  const items = itemsOf([job("a", { state: "failed" }), job("b", { state: "cancelled" })], []);
  expect(items.map(({ state }) => state).sort()).toEqual(["cancelled", "failed"]);
});

test("variations stand in the order of their seeds, other jobs newest first", () => {
  const variations = [1, 2, 3, 4].map((n) => job(`v${n}`, { request: { ...request, seed: n }, createdAt: at(2) }));
  const later = job("later", { request: { ...request, prompt: "other", seed: 5 }, createdAt: at(3) });
  const earlier = job("earlier", { request: { ...request, seed: 900 }, createdAt: at(1) });
  expect(itemsOf([earlier, ...variations, later], []).map(({ key }) => key)).toEqual(
    ["later", "v1", "v2", "v3", "v4", "earlier"].map((id) => `job:${id}`),
  );
});

test("the queue is the running job, then the waiting ones by priority and in their order", () => {
  const jobs = [
    job("last", { priority: "low" }),
    job("b", { createdAt: at(2) }),
    job("r", { state: "running", createdAt: at(3) }),
    job("a", { createdAt: at(1) }),
    job("d", { state: "done" }),
  ];
  expect(queueOf(jobs).map(({ id }) => id)).toEqual(["r", "b", "a", "last"]);
});
