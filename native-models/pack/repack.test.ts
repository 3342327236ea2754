/** Smaller weights of a real model: how small, at what cost, and what happens where they do not hold up. */
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTextToVideo } from "../index.ts";
import { formatBytes } from "./format-bytes.ts";
import { installCheckpoint } from "./install.ts";
import { packSummary } from "./manifest.ts";
import { compareProbes, probePicture, type Probe } from "./probe.ts";
import { readPack, verifyPack } from "./read-pack.ts";
import { repack } from "./repack.ts";

const starter = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const eyes = fileURLToPath(new URL("../../assets/models/patnet/eyes.ckpt", import.meta.url));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-repack-"));
  await installCheckpoint({ file: starter, destination: join(folder, "whole") });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bytesOf = async (name: string) => packSummary((await readPack(join(folder, name))).manifest).bytesOnDisk;

describe("the starter in smaller weights", () => {
  it.each([
    ["fp16", 0.55, 0.99],
    ["int8", 0.35, 0.98],
    ["4bit", 0.32, 0.9],
  ] as const)(
    "%s takes less disk, says what it costs, and makes clips",
    { timeout: 300_000 },
    async (format, size, like) => {
      const destination = join(folder, `smaller-${format}`);
      await rm(destination, { recursive: true, force: true });
      const told: number[] = [];
      const manifest = await installCheckpoint({
        file: join(folder, "whole"),
        destination,
        weights: format,
        threads: 2,
        onProgress: (_, fraction) => void told.push(fraction),
      });
      expect(manifest.weights).toMatchObject({ format, refused: [] });
      expect(manifest.weights.measured!.likeness).toBeGreaterThan(like);
      expect(manifest.weights.measured!.psnr).toBeGreaterThan(20);
      expect((await bytesOf(`smaller-${format}`)) / (await bytesOf("whole"))).toBeLessThan(size);
      // What the window says beforehand that it will take.
      const said = formatBytes(await readPack(join(folder, "whole")))[format];
      expect(Math.abs(said / manifest.files.find(({ name }) => name === "weights.bin")!.bytes - 1)).toBeLessThan(0.02);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(await verifyPack(destination)).toEqual({ dropped: [] });
      expect((await readdir(destination)).toSorted()).toEqual(["pack.json", "weights.bin", "weights.json"]);

      const pipeline = await openTextToVideo(destination, { threads: 2, precision: "fp32" });
      const frames: Uint8Array[] = [];
      const { defaults } = pipeline.summary;
      await pipeline.generate(
        { ...defaults, model: "x", prompt: "blue waves", negativePrompt: "", seed: 1, frames: 2, steps: 2 },
        {
          signal: new AbortController().signal,
          progress: () => {},
          preview: () => {},
          frame: (_, rgb) => void frames.push(rgb),
        },
      );
      await pipeline.close();
      expect(frames.length).toBe(2);
      // Rounding twice would add up without anybody having measured it.
      await expect(
        installCheckpoint({ file: destination, destination: join(folder, "again"), weights: "4bit" }),
      ).rejects.toMatchObject({ code: "BAD_REQUEST" });
    },
  );

  it("is installed so from the checkpoint too, and what it was converted from is gone", {
    timeout: 300_000,
  }, async () => {
    const destination = join(folder, `eyes-${process.hrtime.bigint()}`);
    const manifest = await installCheckpoint({ file: eyes, destination, weights: "int8", threads: 2 });
    expect(manifest.weights.format).toBe("int8");
    expect(manifest.weights.measured!.likeness).toBeGreaterThan(0.98);
    expect(manifest.weights.measured!.psnr).toBeNull();
    expect((await readdir(destination)).toSorted()).toEqual(["pack.json", "weights.bin", "weights.json"]);
  });
});

const picture = (noise: number): Probe => {
  const { rgb } = probePicture(64, 64);
  const pictures = [rgb.map((value, i) => Math.min(255, Math.max(0, value + noise * Math.sin(i * 7.3))))];
  return { kind: "pictures", width: 64, height: 64, pictures };
};
const rows = (value: number): Probe => ({ kind: "values", rows: [Float32Array.of(1, value)] });

describe("weights that do not hold up", () => {
  it("give way to the next larger format, and the pack says so", async () => {
    const base = await readPack(join(folder, "whole"));
    const target = await mkdtemp(join(folder, "target-"));
    const answers = [picture(0), picture(200), picture(1)];
    const options = {
      base,
      specs: [],
      format: "4bit",
      threads: 1,
      probe: () => Promise.resolve(answers.shift()!),
      onProgress: () => {},
    } as const;
    const manifest = await repack(target, options);
    expect(manifest.weights.format).toBe("int8");
    expect(manifest.weights.refused).toEqual([
      { format: "4bit", measured: { likeness: expect.any(Number) as number, psnr: expect.any(Number) as number } },
    ]);
    expect(manifest.weights.refused[0]!.measured.likeness).toBeLessThan(0.9);
    expect((await readdir(target)).toSorted()).toEqual(["pack.json", "weights.bin", "weights.json"]);
  });

  it("are not kept at all where even half precision changes the picture", async () => {
    const base = await readPack(join(folder, "whole"));
    const target = await mkdtemp(join(folder, "target-"));
    let n = 0;
    const probe = () => Promise.resolve(picture(n++ === 0 ? 0 : 200));
    await expect(
      repack(target, { base, specs: [], format: "int8", threads: 1, probe, onProgress: () => {} }),
    ).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH", message: expect.stringMatching(/fp32/) as string });
    // Of a model that was converted just now, the float32 form is there, and stays.
    n = 0;
    const own = { ...base, folder: target };
    await writeFile(join(target, "pack.json"), "{}");
    await copyFile(join(base.folder, "weights.bin"), join(target, "weights.bin"));
    const kept = await repack(target, {
      base: own,
      specs: [],
      format: "fp16",
      threads: 1,
      probe,
      onProgress: () => {},
    });
    expect(kept.weights).toMatchObject({ format: "fp32", measured: null, refused: [{ format: "fp16" }] });
  });

  it("are told apart by structure and by noise", () => {
    expect(compareProbes(picture(0), picture(0))).toEqual({ likeness: 1, psnr: 100 });
    const { likeness, psnr } = compareProbes(picture(0), picture(8));
    expect(likeness).toBeLessThan(1);
    expect(psnr).toBeGreaterThan(25);
    expect(psnr).toBeLessThan(40);
    expect(compareProbes(rows(0), rows(1)).likeness).toBeCloseTo(Math.SQRT1_2);
  });
});
