import { describe, expect, it } from "vitest";
import type { MediaJob } from "../../core/contract/index.ts";
import { job, mediaJob, request } from "../../core/testing/samples.ts";
import { batchGrid, isComputing, mediaGroups, mediaWords, placeAfterMove, queueView } from "./queue-view.ts";

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

  it("shows what is done for media by import, what needs the user first, and nothing of what is done", () => {
    const jobs = [
      mediaJob("analysis", "a", { batch: "x", priority: "low", state: "done", finishedAt: "2026-01-01T10:00:01.000Z" }),
      mediaJob("analysis", "b", { batch: "x", priority: "low" }),
      mediaJob("analysis", "c", {
        batch: "x",
        state: "failed",
        error: { code: "MEDIA_UNREADABLE", message: "Damaged." },
      }),
      mediaJob("proxy", "d", { batch: "y", state: "running" }),
      mediaJob("proxy", "e", { batch: "y", state: "paused" }),
      mediaJob("proxy", "f", { batch: "z", state: "done" }),
      mediaJob("proxy", "g", { batch: "w", state: "cancelled" }),
    ];
    const groups = mediaGroups(jobs);
    expect(
      groups.map(({ batch, state, done, failed, rows, problem }) => [
        batch,
        state,
        done,
        failed,
        rows.map(({ id }) => id),
        problem,
      ]),
    ).toEqual([
      ["y", "running", 0, 0, ["d", "e"], null],
      ["x", "queued", 1, 1, ["c", "b"], "Damaged."],
      ["w", "ended", 0, 0, ["g"], null],
    ]);
    expect(mediaWords(groups)).toBe("Making 2 media play smoothly: 0 done");
    expect(mediaWords(mediaGroups([mediaJob("analysis", "b", { state: "running" })]))).toBe("Looking at b.mov");
    const look = { media: "b", version: "0".repeat(20), look: { for: "reframe" } } as const;
    const follow: MediaJob = { ...mediaJob("analysis", "b", { state: "running" }), kind: "follow", request: look };
    expect(mediaWords(mediaGroups([follow]))).toBe("Following the subjects of b.mov");
    expect(mediaWords(mediaGroups(jobs.slice(0, 3)))).toBeNull();
    expect([isComputing([job("a")]), isComputing([job("a", { state: "paused" })])]).toEqual([true, false]);
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
