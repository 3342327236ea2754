import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JobSnapshot, limits } from "../../core/contract/index.ts";
import { fakeAnimator, fakeSummary } from "../inference/testing/fake-summary.ts";
import { formatLine, parseJournal } from "./journal.ts";
import { workOf } from "./models/model-service.ts";
import { ProgressMeter } from "./progress.ts";
import { compact, type QueueEvent, reduce, restore, WAITING } from "./jobs/queue.ts";
import { resolveRequest, variation } from "./resolve-request.ts";
import { clipBaseName } from "./slug.ts";

const request = resolveRequest({ prompt: "a gradient", seed: 1 }, fakeSummary);
const at = "2026-01-01T00:00:00.000Z";
const job = (id: string): JobSnapshot => ({
  id,
  kind: "generate",
  state: "queued",
  request,
  priority: "normal",
  after: [],
  batch: null,
  waitsFor: null,
  interruptions: 0,
  progress: WAITING,
  preview: null,
  clip: null,
  error: null,
  createdAt: at,
  startedAt: null,
  finishedAt: null,
});

const ids = fc.constantFrom("a", "b", "c");
const queueEvent: fc.Arbitrary<QueueEvent> = fc.oneof(
  ids.map((id): QueueEvent => ({ type: "enqueued", job: job(id) })),
  ids.map((id): QueueEvent => ({ type: "started", id, at })),
  ids.map((id): QueueEvent => ({ type: "cancelled", id, at })),
  ids.map((id): QueueEvent => ({ type: "dismissed", id })),
  ids.map((id): QueueEvent => ({ type: "yielded", id })),
  ids.map((id): QueueEvent => ({ type: "paused", id })),
  fc.tuple(ids, fc.option(ids)).map(([id, before]): QueueEvent => ({ type: "moved", id, before })),
  fc.constantFrom("high", "low").map((priority): QueueEvent => ({ type: "prioritized", id: "b", priority })),
  fc.option(fc.constant({ by: "user", message: "x" } as const)).map((hold): QueueEvent => ({ type: "held", hold })),
  ids.map((id): QueueEvent => ({ type: "failed", id, at, error: { code: "INTERNAL", message: "x" } })),
);

it("tells models apart by their work", () => {
  const eyes = { ...fakeSummary, vision: { tags: 5, objects: 7, words: [] } };
  expect([fakeSummary, fakeAnimator, eyes].map(workOf)).toEqual(["text-to-video", "animate", "vision"]);
});

describe("the journal", () => {
  it("gives back what was written, and of any prefix of its bytes a prefix of the values", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.nat(), (values, cut) => {
        const plain = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        const bytes = Buffer.from(values.map(formatLine).join(""));
        expect(parseJournal(bytes)).toEqual({ values: plain, damaged: false });
        const part = parseJournal(bytes.subarray(0, cut % (bytes.length + 1)));
        expect(part.damaged).toBe(false);
        expect(plain.slice(0, part.values.length)).toEqual(part.values);
      }),
    );
  });

  it("stops at a flipped bit and says so", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (values, at, bit) => {
          const bytes = Buffer.from(values.map(formatLine).join(""));
          bytes[at % bytes.length]! ^= 1 << bit;
          const { values: found } = parseJournal(bytes);
          const plain = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
          expect(found.length).toBeLessThan(plain.length);
          expect(plain.slice(0, found.length)).toEqual(found);
        },
      ),
    );
  });
});

describe("the queue", () => {
  it("takes any events in any order, and a compacted journal gives the same queue", () => {
    fc.assert(
      fc.property(fc.array(queueEvent, { maxLength: 30 }), (events) => {
        const restored = restore(events, at);
        expect(restore(compact(restored), at)).toEqual(restored);
        const { queue } = restored;
        expect(queue.every(({ state }) => state !== "running")).toBe(true);
        expect(new Set(queue.map(({ id }) => id)).size).toBe(queue.length);
      }),
    );
  });

  it("pauses what was running, keeps what waited, and skips what it cannot read", () => {
    const events = [
      { type: "enqueued", job: job("a") },
      { type: "enqueued", job: job("b") },
      { type: "started", id: "a", at },
      { type: "from-the-future" },
      "noise",
    ];
    const [a, b] = restore(events, "2026-01-02T00:00:00.000Z").queue;
    expect(a).toMatchObject({ state: "paused", interruptions: 1 });
    expect(b).toMatchObject({ state: "queued" });
  });

  it("forgets the oldest ended jobs at a restart, and no waiting one", () => {
    const ended = Array.from({ length: 250 }, (_, i): QueueEvent[] => [
      { type: "enqueued", job: job(`j${i}`) },
      { type: "cancelled", id: `j${i}`, at },
    ]);
    const { queue: kept } = restore([{ type: "enqueued", job: job("waiting") }, ...ended.flat()], at);
    expect(kept.map(({ id }) => id)).toEqual(["waiting", ...Array.from({ length: 200 }, (_, i) => `j${i + 50}`)]);
  });

  it("never changes a job that has ended", () => {
    const ended: QueueEvent[] = [
      { type: "enqueued", job: job("a") },
      { type: "started", id: "a", at },
      { type: "cancelled", id: "a", at },
    ];
    const before = ended.reduce(reduce, [] as readonly JobSnapshot[]);
    expect(reduce(before, { type: "started", id: "a", at })).toBe(before);
    expect(reduce(before, { type: "failed", id: "a", at, error: { code: "INTERNAL", message: "x" } })).toBe(before);
  });
});

describe("progress", () => {
  it("never goes back, and tells a time only after two measured steps", () => {
    let clock = 0;
    const meter = new ProgressMeter({ from: 0, to: 1 }, () => clock);
    expect(meter.report("text", 1, 1, 0.01).etaMs).toBeNull();
    clock = 5000; // a slow first step that also loads the weights
    expect(meter.report("denoise", 1, 4, 0.2).etaMs).toBeNull();
    clock = 6000;
    // 0.2 of the work took 1000 ms; 0.6 is left.
    expect(meter.report("denoise", 2, 4, 0.4)).toMatchObject({ done: 2, etaMs: 3000 });
    clock = 7000;
    expect(meter.report("denoise", 3, 4, 0.6).etaMs).toBe(2000);
    expect(meter.report("denoise", 2, 4, 0.3)).toMatchObject({ done: 3, fraction: 0.6 * 0.99 });
    expect(meter.encoding()).toMatchObject({ fraction: 0.99, total: 0, etaMs: null });
  });

  it("is between 0 and 1 and monotonic for any reports", () => {
    const report = fc.tuple(
      fc.constantFrom("text", "denoise", "decode"),
      fc.nat({ max: 30 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        let clock = 0;
        const meter = new ProgressMeter({ from: 0, to: 1 }, () => (clock += 10));
        let last = 0;
        for (const [phase, done, fraction] of reports) {
          const progress = meter.report(phase, done, 30, fraction);
          expect(progress.fraction).toBeGreaterThanOrEqual(last);
          expect(progress.fraction).toBeLessThanOrEqual(1);
          expect(progress.etaMs ?? 0).toBeGreaterThanOrEqual(0);
          last = progress.fraction;
        }
      }),
    );
  });
});

describe("resolving a request", () => {
  it("fills in the model's defaults and a seed, and keeps what was asked for", () => {
    expect(resolveRequest({ prompt: "x" }, fakeSummary, () => 5)).toEqual({
      ...fakeSummary.defaults,
      model: "fake",
      prompt: "x",
      negativePrompt: "",
      seed: 5,
    });
    expect(resolveRequest({ prompt: "x", seed: 0, guidance: 0, frames: 1 }, fakeSummary)).toMatchObject({
      seed: 0,
      guidance: 0,
      frames: 1,
    });
  });

  it("refuses what the model cannot do", () => {
    expect(() => resolveRequest({ prompt: "x", steps: 9 }, fakeSummary)).toThrow("at most 8 steps");
    expect(() => resolveRequest({ prompt: "x", precision: "int8" }, { ...fakeSummary, precisions: ["fp32"] })).toThrow(
      "int8",
    );
  });

  it("counts variations' seeds up, around the end", () => {
    expect(variation({ ...request, seed: limits.seed.max }, 2).seed).toBe(1);
  });
});

describe("file names", () => {
  it.each([
    ["Blue bubbles, rising slowly!", "blue-bubbles-rising-slowly-s7"],
    ["🎉🎉🎉", "clip-s7"],
    ["../../etc/passwd", "etc-passwd-s7"],
    ["שלום עולם", "שלום-עולם-s7"],
    ["‮exe.gnp", "exe-gnp-s7"],
    ["CON", "con-s7"],
    ["ﬁne café", "fine-café-s7"],
    ["a".repeat(10_000), `${"a".repeat(48)}-s7`],
  ])("%s", (prompt, name) => {
    expect(clipBaseName(prompt, 7)).toBe(name);
  });

  it("are safe for any prompt", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (prompt) => {
        const name = clipBaseName(prompt, 7);
        expect(name).toMatch(/^[\p{L}\p{N}\p{M}-]+-s7$/u);
        expect(Buffer.byteLength(name)).toBeLessThan(250);
      }),
      { numRuns: 500 },
    );
  });
});
