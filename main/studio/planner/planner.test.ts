import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fakeSummary } from "../../inference/testing/fake-summary.ts";
import { fakeCosts, make, testBench } from "../testing.ts";
import { Planner } from "./planner.ts";
import { PlannerSettingsFile } from "./settings.ts";
import { Timings } from "./timings.ts";

describe("the planner", { timeout: 300_000 }, () => {
  it("says what a clip takes, learns from clips that were made, and keeps that over a restart", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const wish = { kind: "generate", request: {} } as const;
    const [before] = await studio.call("planner.plan", { wishes: [wish] });
    // The fake probe's processor makes 50 GFLOP a second; half of that is expected of a network.
    expect(before).toMatchObject({
      model: "fake",
      width: 64,
      frames: 4,
      device: "cpu",
      basis: "estimated",
      reason: null,
    });
    expect(before!.seconds).toBeGreaterThan(0);
    await make(studio, "hello");
    await studio.close();
    const again = await bench.open();
    const [after] = await again.call("planner.plan", { wishes: [wish] });
    // The fake engine says a tenth of a second for its three steps.
    expect(after!.seconds).not.toBe(before!.seconds);
    const [longer] = await again.call("planner.plan", { wishes: [{ kind: "generate", request: { steps: 6 } }] });
    expect(longer!.seconds! - after!.seconds!).toBeCloseTo(0.1, 5);
    await writeFile(join(bench.home, "timings.json"), "{ torn");
    await again.close();
    const third = await bench.open();
    expect((await third.call("planner.plan", { wishes: [wish] }))[0]!.basis).toBe("estimated");
    await make(third, "hello");
    expect(JSON.parse(await readFile(join(bench.home, "timings.json"), "utf8"))).toMatchObject({
      runs: [{ model: "fake" }],
    });
  });
});

const unmeasured = { id: "cpu", name: "x", works: false, reason: "x", gflops: null } as const;

/** A planner on a computer with so much memory, for a model whose clips take a kilobyte a pixel and frame. */
function onComputer(available: number, total: number, limit = total): Planner {
  return new Planner({
    models: { find: async () => ({ summary: fakeSummary, weightsSha256: "w", sourceSha256: "s", folder: "/pack" }) },
    readCosts: fakeCosts,
    timings: new Timings("/nowhere/timings.json", () => {}),
    devices: { get: async () => unmeasured, list: async () => [unmeasured] },
    placement: { where: async () => ({ device: "cpu", note: null }) },
    settings: new PlannerSettingsFile("/nowhere/planner.json"),
    memory: {
      available: async () => Math.min(available, limit),
      limit: async () => limit,
      usualLimit: limit,
      total,
      held: 0,
    },
    onSettings: () => {},
    log: () => {},
  });
}

const clip = (width: number, height: number, frames: number) =>
  ({ kind: "generate", request: { width, height, frames } }) as const;

describe("a clip that does not fit", () => {
  it("is told with the reason, and with the largest picture and the longest clip that do", async () => {
    const planner = onComputer(2e9, 16e9);
    expect(await planner.plan(clip(256, 192, 8))).toMatchObject({
      fits: true,
      reason: null,
      advice: [],
      seconds: null,
    });
    const plan = await planner.plan(clip(512, 384, 16));
    expect(plan.fits).toBe(false);
    expect(plan.reason).toBe(
      "This takes about 5.4 GB of memory, and 2.0 GB are free: close other programs, or make it smaller.",
    );
    expect(plan.advice).toEqual([
      { text: "256×192", change: { width: 256, height: 192 } },
      { text: "4 frames", change: { frames: 4 } },
    ]);
  });

  it("on any computer says so, and has no advice where nothing fits", async () => {
    const tiny = onComputer(400e6, 500e6);
    const plan = await tiny.plan(clip(512, 384, 16));
    expect(plan.reason).toBe(
      "This takes about 5.4 GB of memory, and this computer has 500 MB: make it smaller, or choose a smaller model.",
    );
    expect(plan.advice).toEqual([]);
  });

  it("for the user's own limit says that", async () => {
    const plan = await onComputer(14e9, 16e9, 4e9).plan(clip(512, 384, 16));
    expect(plan.reason).toBe(
      "This takes about 5.4 GB of memory, and models may use 4.0 GB of this computer's 16.0 GB: raise that limit, or make it smaller.",
    );
  });
});
