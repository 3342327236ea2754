import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { job, mediaJob } from "../../../core/testing/samples.ts";
import { isHeld, isMediaJob, type JobKind, type JobSnapshot } from "../../../core/contract/index.ts";
import { DeathWatch } from "./deaths.ts";
import { formatLine, parseJournal } from "../journal.ts";
import { type QueueEvent, reduce, restore, WAITING } from "./queue.ts";
import { freshJob } from "./job-runner.ts";
import { inLine, readyOf, stranded } from "./turns.ts";

const at = "2026-01-01T00:00:00.000Z";
const download = (id: string): JobSnapshot => ({
  ...freshJob(),
  kind: "download",
  id,
  title: "Model",
  request: { model: "m" },
  speed: null,
  result: null,
});

describe("turns", () => {
  it("come by priority, then by the order in which jobs stand", () => {
    const queue = [job("a"), job("b", { priority: "low" }), job("c", { priority: "high" }), job("d")];
    expect(inLine(queue).map(({ id }) => id)).toEqual(["c", "a", "d", "b"]);
    const moved = reduce(queue, { type: "moved", id: "d", before: "a" });
    expect(inLine(moved).map(({ id }) => id)).toEqual(["c", "d", "a", "b"]);
    expect(inLine(reduce(moved, { type: "moved", id: "c", before: null })).map(({ id }) => id)).toEqual([
      "c",
      "d",
      "a",
      "b",
    ]);
    expect(reduce(queue, { type: "moved", id: "a", before: "nobody" })).toBe(queue);
  });

  it("of a download do not wait for clips, and what needs it waits for it alone", () => {
    const queue = [job("a"), download("m"), { ...job("b"), after: ["m"] }, job("c")];
    expect(readyOf(queue, "network")[0]?.id).toBe("m");
    const later = queue.slice(1);
    expect(readyOf(later, "compute")[0]?.id).toBe("c");
    const failed = { ...download("m"), state: "failed" } as const;
    expect(stranded([failed, ...later.slice(1)])).toMatchObject([{ job: { id: "b" }, because: { id: "m" } }]);
    expect(readyOf([{ ...failed, state: "done" }, ...later.slice(1)], "compute")[0]?.id).toBe("b");
  });
});

const first = (queue: JobSnapshot[]) => readyOf(queue, "media").map(({ id }) => id);

describe("what is done for media", () => {
  const [proxy, look] = [mediaJob("proxy", "p"), mediaJob("analysis", "l", { priority: "low" })];

  it("has a lane of its own, in the user's order; looking gives way to clips, a proxy does not", () => {
    expect(first([look, proxy])).toEqual(["p", "l"]);
    expect(first([{ ...look, priority: "high" }, proxy])).toEqual(["l", "p"]);
    expect(readyOf([look, proxy, job("a")], "compute").map(({ id }) => id)).toEqual(["a"]);
    for (const state of ["queued", "running"] as const)
      expect(first([look, proxy, job("a", { state })])).toEqual(["p"]);
    for (const other of [job("a", { state: "paused" }), job("a", { waitsFor: "Waits for memory." }), download("m")])
      expect(first([look, proxy, other])).toEqual(["p", "l"]);
  });

  it("begins anew when it was paused or made way, and after the studio was killed, but not for ever", () => {
    const far = { ...WAITING, phase: "proxy", fraction: 0.7 } as const;
    const running = { ...proxy, state: "running", progress: far } as const;
    for (const type of ["paused", "yielded"] as const)
      expect(reduce([running], { type, id: "p" })[0]!.progress).toEqual(WAITING);
    const killed = (interruptions: number) =>
      restore([{ type: "enqueued", job: { ...running, interruptions } }], at).queue[0]!;
    expect([0, 1, 2].map((times) => killed(times).state)).toEqual(["queued", "queued", "paused"]);
    expect(killed(0).progress).toEqual(WAITING);
  });

  it("that failed is remembered, however many they are", () => {
    const ended = { state: "failed", finishedAt: at } as const;
    const media = Array.from({ length: 300 }, (_, n) => mediaJob("analysis", `m${n}`, ended));
    const clips = Array.from({ length: 300 }, (_, n) => job(`c${n}`, ended));
    const { queue } = restore(
      [...clips, ...media].map((each) => ({ type: "enqueued", job: each })),
      at,
    );
    expect(queue.filter(({ kind }) => kind === "analysis")).toHaveLength(300);
    expect(queue.filter(({ kind }) => kind === "generate")).toHaveLength(200);
  });
});

const minutes = (n: number): number => n * 60_000;

describe("deaths of the engine", () => {
  it("hold the queue when there are three within five minutes, and not otherwise", () => {
    let clock = 0;
    const watch = new DeathWatch(() => clock);
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull();
    expect(watch.note("generate", "MODEL_DAMAGED")).toBeNull();
    clock = minutes(3);
    expect(watch.note("generate", "ENGINE_UNRESPONSIVE")).toBeNull();
    clock = minutes(5);
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull(); // the first is five minutes old
    clock = minutes(7.9);
    expect(watch.note("generate", "MODEL_OUT_OF_MEMORY")).toMatchObject({
      by: "deaths",
      message: expect.stringMatching(/Resume/),
    });
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull(); // counting begins anew
    watch.forget();
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull();
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull();
    expect(watch.note("generate", "ENGINE_CRASHED")).not.toBeNull();
  });

  it("of the one that looks at media hold only what needs it", () => {
    const watch = new DeathWatch(() => 0);
    expect(watch.note("analysis", "ENGINE_CRASHED")).toBeNull();
    expect(watch.note("follow", "ENGINE_CRASHED")).toBeNull();
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull(); // another engine's
    const hold = watch.note("follow", "ENGINE_UNRESPONSIVE");
    expect(hold).toMatchObject({ by: "deaths", message: expect.stringMatching(/clips and films go on.*Resume/) });
    expect(["analysis", "follow", "generate", "export", "proxy"].map((kind) => isHeld(hold, kind as JobKind))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(watch.note("generate", "ENGINE_CRASHED")).toBeNull();
    expect(isHeld(watch.note("generate", "ENGINE_CRASHED"), "proxy")).toBe(true);
  });
});

/** A job of the kind that its name stands for. */
function named(id: string): JobSnapshot {
  if (id === "m") return download(id);
  if (id === "p") return mediaJob("proxy", id);
  return id === "l" ? mediaJob("analysis", id) : job(id);
}

describe("the queue's journal, cut at any byte", () => {
  const ids = fc.constantFrom("a", "b", "m", "p", "l");
  const event: fc.Arbitrary<QueueEvent> = fc.oneof(
    ids.map((id): QueueEvent => ({ type: "enqueued", job: named(id) })),
    fc
      .tuple(ids, fc.constantFrom("started", "cancelled", "prepared"))
      .map(([id, type]): QueueEvent => ({ type, id, at })),
    fc
      .tuple(ids, fc.constantFrom("yielded", "paused", "requeued", "dismissed", "waiting"))
      .map(([id, type]): QueueEvent => ({ type, id })),
    ids.map((id): QueueEvent => ({ type: "stored", id, at, result: { model: "m" } })),
    fc.tuple(ids, fc.option(ids)).map(([id, before]): QueueEvent => ({ type: "moved", id, before })),
    fc
      .tuple(ids, fc.constantFrom("high", "low"))
      .map(([id, priority]): QueueEvent => ({ type: "prioritized", id, priority })),
    fc.option(fc.constant({ by: "user", message: "x" } as const)).map((hold): QueueEvent => ({ type: "held", hold })),
  );

  it("gives the queue as it was after the last event that was written whole", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), fc.nat(), (events, cut) => {
        const lines = events.map((each) => Buffer.from(formatLine(each)));
        const bytes = Buffer.concat(lines);
        const kept = bytes.subarray(0, cut % (bytes.length + 1));
        let [whole, end] = [0, 0];
        while (whole < lines.length && end + lines[whole]!.length <= kept.length) end += lines[whole++]!.length;
        const { values, damaged } = parseJournal(kept);
        expect(damaged).toBe(false);
        expect(restore(values, at)).toEqual(restore(events.slice(0, whole), at));
      }),
      { numRuns: 2000 },
    );
  });

  it("never leaves two jobs of a kind at work that were not begun, nor loses one that nobody dismissed", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let queue: readonly JobSnapshot[] = [];
        const known = new Set<string>();
        for (const each of events) {
          const before = queue;
          queue = reduce(queue, each);
          if (each.type === "enqueued") known.add(each.job.id);
          const left = before.filter(({ id }) => !queue.some((job) => job.id === id));
          // Only an ended job leaves, and only when it is dismissed.
          for (const job of left) {
            expect(each).toEqual({ type: "dismissed", id: job.id });
            expect(["done", "failed", "cancelled"]).toContain(job.state);
            known.delete(job.id);
          }
          expect(queue.map(({ id }) => id).toSorted()).toEqual([...known].toSorted());
          for (const job of queue) {
            // Media are prepared, models stored, and each only by its own event.
            if (job.state === "done" && before.find(({ id }) => id === job.id)?.state !== "done")
              expect(each.type).toBe(isMediaJob(job) ? "prepared" : "stored");
            expect(job.finishedAt !== null).toBe(["done", "failed", "cancelled"].includes(job.state));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("lets work on models go on by itself after a kill, but not for ever", () => {
    let values: QueueEvent[] = [{ type: "enqueued", job: download("m") }];
    const states: string[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const { queue } = restore([...values, { type: "started", id: "m", at }], at);
      states.push(queue[0]!.state);
      values = [{ type: "enqueued", job: queue[0]! }];
    }
    expect(states).toEqual(["queued", "queued", "paused"]);
  });
});
