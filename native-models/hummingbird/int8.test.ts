import { existsSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Precision } from "../../core/contract/index.ts";
import { openTextToVideo, preparePack } from "../index.ts";
import type { ConvRange } from "../onnx/graph.ts";
import { installCheckpoint, manifestOf, readPack, verifyPack } from "../pack/index.ts";
import type { WeightIndex } from "../types.ts";
import { quantiseRows } from "../onnx/quantise-rows.ts";
import { similarity } from "../diffusion/similarity.ts";
import { unetGraph } from "./unet.ts";

describe("quantiseRows", () => {
  it("takes the largest magnitude of each row to ±127 and rounds the rest", () => {
    const { values, scales } = quantiseRows(new Float32Array([1, -2, 0.5, 0.1, 0.2, -0.05]), 2);
    expect([...values]).toEqual([64, -127, 32, 64, 127, -32]);
    expect([...scales]).toEqual([Math.fround(2 / 127), Math.fround(Math.fround(0.2) / 127)]);
  });

  it("gives a row of zeros a harmless scale", () => {
    const { values, scales } = quantiseRows(new Float32Array(4), 2);
    expect([...values]).toEqual([0, 0, 0, 0]);
    expect([...scales]).toEqual([1, 1]);
  });
});

const starter = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const note = existsSync(starter) ? "" : " (SKIPPED: assets/models/starter.ckpt is not here)";

describe.skipIf(note !== "")(`the starter in int8${note}`, () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plume-int8-"));
    await installCheckpoint({ file: starter, destination: join(folder, "pack") });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  type Told = [phase: string, done: number, total: number, fraction: number];
  async function clip(
    precision: Precision,
    prompt: string,
    seed: number,
    told: Told[] = [],
    { signal = new AbortController().signal, steps }: { signal?: AbortSignal; steps?: number } = {},
  ): Promise<Uint8Array[]> {
    const pipeline = await openTextToVideo(join(folder, "pack"), { threads: 2, precision });
    const frames: Uint8Array[] = [];
    try {
      await pipeline.generate(
        {
          ...pipeline.summary.defaults,
          model: "starter",
          prompt,
          negativePrompt: "",
          seed,
          precision,
          frames: 8,
          ...(steps ? { steps } : {}),
        },
        {
          signal,
          progress: (...report) => void told.push(report),
          preview: () => {},
          frame: (_, rgb) => void frames.push(rgb),
        },
      );
      return frames;
    } finally {
      await pipeline.close();
    }
  }

  it("makes clips that look like those in float32, SSIM ≥ 0.95, and not the very same", {
    timeout: 240_000,
  }, async () => {
    const pipeline = await openTextToVideo(join(folder, "pack"), { threads: 1, precision: "fp32" });
    const { width, height } = pipeline.summary.defaults;
    await pipeline.close();
    for (const [seed, prompt] of ["purple waves moving right", "a pink bouncing ball"].entries()) {
      const [exact, fast] = [await clip("fp32", prompt, seed), await clip("int8", prompt, seed)];
      const scores = exact.map((frame, i) => similarity(frame, fast[i]!, width, height));
      expect(Math.min(...scores)).toBeGreaterThan(0.95);
      expect(Buffer.concat(fast).equals(Buffer.concat(exact))).toBe(false);
    }
  });

  it("is measured in a phase of its own that can be stopped, and what is damaged or half there is measured anew", {
    timeout: 240_000,
  }, async () => {
    const pack = join(folder, "pack");
    const files = async () => (await readdir(pack)).filter((name) => name.startsWith("int8")).sort();
    const quick = { steps: 2 };
    const before = await clip("int8", "red rain", 3, [], quick);
    const [weights] = (await files()) as [string];
    expect(await files()).toEqual([expect.stringMatching(/^int8-.*\.bin$/), "int8.json"]);
    expect(await verifyPack(pack)).toEqual({ dropped: [] });

    await truncate(join(pack, weights), 1000);
    const stop = new AbortController();
    const told: Told[] = [];
    Object.assign(told, {
      push: (report: Told) => (report[1] === 2 && stop.abort(), Array.prototype.push.call(told, report)),
    });
    await expect(clip("int8", "red rain", 3, told, { signal: stop.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(told.every(([phase]) => phase === "calibrate")).toBe(true);

    const whole: Told[] = [];
    expect(Buffer.concat(await clip("int8", "red rain", 3, whole, quick)).equals(Buffer.concat(before))).toBe(true);
    const measured = whole.filter(([phase]) => phase === "calibrate");
    expect(measured.map(([, done]) => done)).toEqual(measured.map((_, i) => i));
    expect(measured.at(-1)?.slice(1, 3)).toEqual([measured.length - 1, measured.length - 1]);
    const fractions = whole.map(([, , , fraction]) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);

    const [again] = (await files()) as [string];
    expect(again).not.toBe(weights);
    const handle = await open(join(pack, again), "r+");
    await handle.write(Buffer.from([85]), 0, 1, 4321);
    await handle.close();
    expect(await verifyPack(pack)).toEqual({ dropped: ["int8"] });
    expect(await files()).toEqual([]);
    // Left by a process that was killed while it wrote.
    await writeFile(join(pack, "int8-killed.bin"), "half");
    expect(await verifyPack(pack)).toEqual({ dropped: ["int8"] });
  });

  it("is made by preparing the pack, and then costs the first clip nothing", { timeout: 240_000 }, async () => {
    const fractions: number[] = [];
    const hooks = {
      signal: new AbortController().signal,
      progress: (fraction: number) => void fractions.push(fraction),
    };
    await preparePack(join(folder, "pack"), 2, hooks);
    expect(fractions.at(-1)).toBe(1);
    const told: Told[] = [];
    await clip("int8", "red rain", 3, told, { steps: 2 });
    expect(told.some(([phase]) => phase === "calibrate")).toBe(false);
    const made = await stat(join(folder, "pack", "int8.json"));
    await preparePack(join(folder, "pack"), 2, hooks);
    expect((await stat(join(folder, "pack", "int8.json"))).mtimeMs).toBe(made.mtimeMs);
  });

  it("calibrates once, and makes the same bytes from the same seed", { timeout: 240_000 }, async () => {
    const first = await clip("int8", "orange fire", 7);
    const before = await stat(join(folder, "pack", "int8.json"));
    const again = await clip("int8", "orange fire", 7);
    expect(Buffer.concat(again).equals(Buffer.concat(first))).toBe(true);
    expect((await stat(join(folder, "pack", "int8.json"))).mtimeMs).toBe(before.mtimeMs);
  });

  it("is written with the operators that pay, and never with the slow ConvInteger", async () => {
    const { manifest, index } = await readPack(join(folder, "pack"));
    const text = await readFile(join(folder, "pack", "int8.json"), "utf8");
    const int8 = JSON.parse(text) as { ranges: Record<string, ConvRange>; index: WeightIndex };
    const size = { batch: 1, frames: 1, height: 8, width: 8 };
    const graph = unetGraph(manifestOf("hummingbird", manifest).config, size, null, {
      int8: new Map(Object.entries(int8.ranges)),
    });
    const model = Buffer.from(graph.encode({ ...index, ...int8.index }, "weights.bin")).toString("latin1");
    expect(model).toContain("QLinearConv");
    expect(model).toContain("DynamicQuantizeMatMul");
    expect(model).not.toContain("ConvInteger");
    // Nearly every convolution and linear layer of the true model is one of the two; first and last stay float32.
    expect(Object.keys(int8.ranges).length).toBe(graph.int8Weights.filter(({ kind }) => kind === "conv").length);
  });
});
