import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Studio } from "../studio.ts";
import { make, testBench } from "../testing.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const GPU = { cpu: { speed: 50e9 }, webgpu: { speed: 500e9 } };
const stub = (devices: object): void => void vi.stubEnv("PLUME_FAKE_DEVICES", JSON.stringify(devices));

/** Where the clip was made, as its record says. */
async function placeOf(studio: Studio, prompt: string, more: object = {}): Promise<string> {
  const { state, clip, error } = await make(studio, prompt, more);
  expect([state, error]).toEqual(["done", null]);
  return clip!.record.runtime.executionProvider;
}

const webgpu = async (studio: Studio) =>
  (await studio.call("planner.computer", {})).devices.find(({ id }) => id === "webgpu")!;

describe("where clips are made", { timeout: 300_000 }, () => {
  it("is the device that is clearly faster, or the one that the user chose; times are learnt for each of them", async () => {
    stub(GPU);
    await using bench = await testBench();
    const studio = await bench.open();
    expect(await placeOf(studio, "hello")).toBe("webgpu");
    await studio.call("planner.configure", { device: "cpu" });
    expect(await placeOf(studio, "hello")).toBe("cpu");
    const file = JSON.parse(await readFile(join(bench.home, "timings.json"), "utf8")) as { runs: { engine: string }[] };
    expect(file.runs.map(({ engine }) => engine.split("/").at(-1))).toEqual(["webgpu", "cpu"]);
    const wish = { kind: "generate", request: {} } as const;
    const wishes = [wish, { ...wish, device: "webgpu" as const }, { ...wish, device: "cuda" as const }];
    const plans = await studio.call("planner.plan", { wishes });
    expect(plans.map(({ device, seconds }) => [device, seconds === null])).toEqual([
      ["cpu", false],
      ["webgpu", false],
      // Nothing is known of a device that is not here.
      ["cuda", true],
    ]);
    // The choice is kept.
    await studio.close();
    const again = await bench.open();
    expect((await again.call("planner.computer", {})).settings.device).toBe("cpu");
  });

  it("is the processor for int8, and where nothing else is faster", async () => {
    stub({ cpu: { speed: 50e9 }, webgpu: { speed: 40e9 } });
    await using bench = await testBench();
    const studio = await bench.open();
    expect(await placeOf(studio, "hello")).toBe("cpu");
    await studio.call("planner.configure", { device: "webgpu" });
    expect(await placeOf(studio, "hello")).toBe("webgpu");
    expect(await placeOf(studio, "hello", { precision: "int8" })).toBe("cpu");
    const request = { precision: "int8" } as const;
    const [plan] = await studio.call("planner.plan", { wishes: [{ kind: "generate", request }] });
    expect(plan).toMatchObject({ device: "cpu", deviceNote: expect.stringMatching(/choose fp32/) });
  });

  it.each([
    ["computes otherwise", 0.5, /computes otherwise than the processor with Fake/],
    ["ends the process that tries it", "abort", /ended the process/],
  ])("is the processor where the device %s", async (_, trial, reason) => {
    stub({ ...GPU, webgpu: { speed: 500e9, trial } });
    await using bench = await testBench();
    const studio = await bench.open();
    await studio.call("planner.configure", { device: "webgpu" });
    expect(await placeOf(studio, "hello")).toBe("cpu");
    expect(await webgpu(studio)).toMatchObject({ works: false, used: false, reason: expect.stringMatching(reason) });
    const [plan] = await studio.call("planner.plan", { wishes: [{ kind: "generate", request: {} }] });
    expect(plan).toMatchObject({ device: "cpu", deviceNote: expect.stringMatching(reason) });
    // A new driver: it is tried again when the user says so.
    stub(GPU);
    await studio.call("planner.computer", { again: true });
    expect(await placeOf(studio, "hello")).toBe("webgpu");
  });

  it("becomes the processor when the device fails in the middle of a clip, which is made all the same", async () => {
    stub(GPU);
    await using bench = await testBench();
    const studio = await bench.open();
    expect(await placeOf(studio, "please device-abort")).toBe("cpu");
    expect(await webgpu(studio)).toMatchObject({ works: false, reason: expect.stringMatching(/failed while it made/) });
    expect(await placeOf(studio, "hello")).toBe("cpu");
    // Kept over a restart.
    await studio.close();
    const again = await bench.open();
    expect(await webgpu(again)).toMatchObject({ works: false });
    await again.call("planner.computer", { again: true });
    expect(await placeOf(again, "please device-throw")).toBe("cpu");
    expect((await webgpu(again)).works).toBe(false);
    // What also fails on the processor fails.
    await again.call("planner.computer", { again: true });
    expect(await make(again, "please abort")).toMatchObject({ state: "failed", error: { code: "ENGINE_CRASHED" } });
  });
});

const waiting = (studio: Studio, id: string): Promise<string> =>
  vi.waitFor(async () => {
    const job = (await studio.call("jobs.list", {})).find((each) => each.id === id)!;
    expect(job.waitsFor).not.toBeNull();
    return job.waitsFor!;
  }, 60_000);
const ask = async (studio: Studio, prompt: string, more: object) =>
  (await studio.call("jobs.generate", { request: { prompt, seed: 1, ...more }, variations: 1 }))[0]!.id;

describe("a job for which there is too little memory", { timeout: 300_000 }, () => {
  const machine = { now: 0.3e9, total: () => 8e9, free: () => machine.now };
  const large = { width: 512, height: 512, frames: 4 };

  async function opened() {
    machine.now = 0.3e9;
    const bench = await testBench();
    return { bench, studio: await bench.open({}, { machine }) };
  }
  it("waits and says so, smaller ones pass it, and it begins when there is enough", async () => {
    const { bench, studio } = await opened();
    await using _ = bench;
    const id = await ask(studio, "large", large);
    expect(await waiting(studio, id)).toMatch(
      /^Waits for memory\. This takes about \d\.\d GB of memory, and 300 MB are free/,
    );
    expect(await make(studio, "small")).toMatchObject({ state: "done" });
    expect(await waiting(studio, id)).toMatch(/memory/);
    machine.now = 6e9;
    const job = await studio.ended(id);
    expect(job).toMatchObject({ state: "done", waitsFor: null });
  });

  it("begins all the same when the user says so, and can be cancelled", async () => {
    const { bench, studio } = await opened();
    await using _ = bench;
    const [first, second] = [await ask(studio, "one", large), await ask(studio, "two", large)];
    await waiting(studio, first);
    await waiting(studio, second);
    expect(await studio.call("jobs.cancel", { id: second })).toMatchObject({ state: "cancelled", waitsFor: null });
    await studio.call("jobs.resume", { id: first });
    expect(await studio.ended(first)).toMatchObject({ state: "done" });
  });

  it("is refused with what would make it fit where models may never take so much, and the next one runs", async () => {
    const { bench, studio } = await opened();
    await using _ = bench;
    machine.now = 7e9;
    await studio.call("planner.configure", { memoryBytes: 1_000_000_000 });
    const failed = await studio.ended(await ask(studio, "large", large));
    expect(failed).toMatchObject({ state: "failed", error: { code: "MODEL_OUT_OF_MEMORY" } });
    expect(failed.error!.message).toMatch(/models may use 1\.0 GB .* What fits: 256×256/);
    expect(await make(studio, "small")).toMatchObject({ state: "done" });
    await studio.call("planner.configure", { memoryBytes: null });
    expect(await studio.ended(await ask(studio, "large", large))).toMatchObject({ state: "done" });
  });
});
