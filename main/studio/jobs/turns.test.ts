import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { job } from "../../../core/testing/samples.ts";
import type { JobSnapshot } from "../../../core/contract/index.ts";
import { DeathWatch } from "./deaths.ts";
import { formatLine, parseJournal } from "../journal.ts";
import { type QueueEvent, reduce, restore } from "./queue.ts";
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

const minutes = (n: number): number => n * 60_000;

describe("deaths of the engine", () => {
  it("hold the queue when there are three within five minutes, and not otherwise", () => {
    let clock = 0;
    const watch = new DeathWatch(() => clock);
    expect(watch.note("ENGINE_CRASHED")).toBeNull();
    expect(watch.note("MODEL_DAMAGED")).toBeNull();
    clock = minutes(3);
    expect(watch.note("ENGINE_UNRESPONSIVE")).toBeNull();
    clock = minutes(5);
    expect(watch.note("ENGINE_CRASHED")).toBeNull(); // the first is five minutes old
    clock = minutes(7.9);
    expect(watch.note("MODEL_OUT_OF_MEMORY")).toMatchObject({ by: "deaths", message: expect.stringMatching(/Resume/) });
    expect(watch.note("ENGINE_CRASHED")).toBeNull(); // counting begins anew
    watch.forget();
    expect(watch.note("ENGINE_CRASHED")).toBeNull();
    expect(watch.note("ENGINE_CRASHED")).toBeNull();
    expect(watch.note("ENGINE_CRASHED")).not.toBeNull();
  });
});

describe("the queue's journal, cut at any byte", () => {
  const ids = fc.constantFrom("a", "b", "c", "m");
  const event: fc.Arbitrary<QueueEvent> = fc.oneof(
    ids.map((id): QueueEvent => ({ type: "enqueued", job: id === "m" ? download(id) : job(id) })),
    fc.tuple(ids, fc.constantFrom("started", "cancelled")).map(([id, type]): QueueEvent => ({ type, id, at })),
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
