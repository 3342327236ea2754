import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Precision } from "../../core/contract/index.ts";
import { openTextToVideo } from "../index.ts";
import type { ConvRange } from "../onnx/graph.ts";
import { installCheckpoint, manifestOf, readPack } from "../pack/index.ts";
import type { WeightIndex } from "../types.ts";
import { quantiseRows } from "../onnx/quantise.ts";
import { similarity } from "../diffusion/similarity.testkit.ts";
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

  async function clip(precision: Precision, prompt: string, seed: number): Promise<Uint8Array[]> {
    const pipeline = await openTextToVideo(join(folder, "pack"), { threads: 2, precision });
    const frames: Uint8Array[] = [];
    try {
      await pipeline.generate(
        { ...pipeline.summary.defaults, model: "starter", prompt, negativePrompt: "", seed, precision, frames: 8 },
        {
          signal: new AbortController().signal,
          progress: () => {},
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
