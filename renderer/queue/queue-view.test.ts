import { describe, expect, it } from "vitest";
import { job, request } from "../../core/testing/samples.ts";
import { batchGrid, placeAfterMove, queueView } from "./queue-view.ts";

describe("the queue's view", () => {
  it("shows what runs first, then what waits by priority; what stands aside and what has ended apart", () => {
    const jobs = [
      job("done", { state: "done", finishedAt: "2026-01-01T10:00:01.000Z" }),
      job("low", { priority: "low" }),
      job("a"),
      job("held", { state: "paused" }),
      job("high", { priority: "high" }),
      job("runs", { state: "running" }),
      job("failed", { state: "failed", finishedAt: "2026-01-01T10:00:02.000Z" }),
    ];
    const { line, aside, ended } = queueView(jobs);
    expect(line.map(({ id }) => id)).toEqual(["runs", "high", "a", "low"]);
    expect(aside.map(({ id }) => id)).toEqual(["held"]);
    expect(ended.map(({ id }) => id)).toEqual(["failed", "done"]);
  });

  it("knows where a job goes that is moved up or down", () => {
    const line = [job("runs", { state: "running" }), job("a"), job("b"), job("c")];
    expect(placeAfterMove(line, "c", -1)).toBe("b");
    expect(placeAfterMove(line, "a", -1)).toBeUndefined();
    expect(placeAfterMove(line, "a", 1)).toBe("c");
    expect(placeAfterMove(line, "b", 1)).toBeNull();
    expect(placeAfterMove(line, "c", 1)).toBeUndefined();
    expect(placeAfterMove(line, "runs", 1)).toBeUndefined();
  });

  it("puts a sweep into a table", () => {
    const jobs = [1, 2].flatMap((seed) =>
      [4, 8, 16].map((steps) => job(`${seed}/${steps}`, { request: { ...request, seed, steps } })),
    );
    const grid = batchGrid(jobs);
    expect([grid.down, grid.across, grid.columns]).toEqual(["Seed", "Steps", ["4", "8", "16"]]);
    expect(grid.rows.map(({ label, cells }) => [label, cells.map((cell) => cell?.id)])).toEqual([
      ["1", ["1/4", "1/8", "1/16"]],
      ["2", ["2/4", "2/8", "2/16"]],
    ]);
    const seeds = batchGrid(jobs.filter(({ request: { steps } }) => steps === 4));
    expect([seeds.down, seeds.across, seeds.rows[0]!.cells.length]).toEqual([null, "Seed", 2]);
  });
});
