import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelSummarySchema } from "../../core/contract/index.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import { openTextToVideo, openVision } from "../index.ts";
import { installCheckpoint, manifestOf, packSummary } from "../pack/index.ts";
import { CALIBRATION_PICTURES } from "./calibrate.ts";
import type { PatnetConfig } from "./config.ts";
import { recognisePatnet } from "./recognise.ts";
import {
  type Entry,
  randomTensors,
  smallClassifier,
  smallDetector,
  testPicture,
  writeCheckpoint,
} from "./testing-model.testkit.ts";
import { fasterNetSizes, patnetSizes, publishedName, sizedClassifier } from "./variants.ts";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-patnet-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function checkpoint(tensors: ReadonlyMap<string, Entry>, prefix = ""): Promise<string> {
  const file = join(folder, `model-${files++}.safetensors`);
  await writeCheckpoint(file, tensors, prefix);
  return file;
}

async function recognise(file: string): Promise<PatnetConfig> {
  const source = await openCheckpoint(file);
  try {
    return (await recognisePatnet(source)).config;
  } finally {
    await source.close();
  }
}

async function classScores(file: string): Promise<readonly { label: string; score: number }[]> {
  const destination = `${file}.pack`;
  await installCheckpoint({ file, destination });
  const pipeline = await openVision(destination, { threads: 1, precision: "fp32" });
  try {
    return (await pipeline.tags([testPicture(60, 40)]))[0]!;
  } finally {
    await pipeline.close();
  }
}

const byLabel = (tags: readonly { label: string; score: number }[]): Record<string, number> =>
  Object.fromEntries(tags.map(({ label, score }) => [label, Math.fround(Math.round(score * 1e5) / 1e5)]));

describe("recognisePatnet", () => {
  it("reads a classifier out of its shapes, whatever a training wrapper put before the names", async () => {
    for (const prefix of ["", "model.", "module.model."])
      expect(await recognise(await checkpoint(randomTensors(smallClassifier), prefix))).toEqual(smallClassifier);
  });

  it("reads a Mask R-CNN; its test settings and sizes are mmdet's, its labels unknown", async () => {
    const { detector, ...rest } = await recognise(await checkpoint(randomTensors(smallDetector)));
    expect(rest).toEqual({ backbone: smallDetector.backbone, classifier: null, labels: [] });
    const { scale, test, ...shapes } = smallDetector.detector!;
    expect(detector).toMatchObject(shapes);
    expect(detector).toMatchObject({ scale: [1333, 800], test: { proposals: 1000, detections: 100 } });
    expect(scale).not.toEqual(detector!.scale);
    expect(test).not.toEqual(detector!.test);
  });

  it("knows the published sizes by name, and their activation, which no tensor tells", async () => {
    for (const [sizes, family, heads] of [
      [patnetSizes, "PATNet", 4],
      [fasterNetSizes, "FasterNet", 0],
    ] as const)
      for (const [name, size] of Object.entries(sizes)) {
        const config = sizedClassifier(size, { heads });
        expect(publishedName(config.backbone)).toBe(`${family}-${name}`);
      }
    const tensors = randomTensors(sizedClassifier(patnetSizes.T0, { heads: 4, features: 16, classes: 4 }));
    expect((await recognise(await checkpoint(tensors))).backbone.activation).toBe("gelu");
  });

  it("takes learnt splits from their own tensor: only the leading part of a kernel counts", async () => {
    const plain = sizedClassifier(
      { embed: 8, depths: [1, 1, 1, 1], activation: "relu" },
      { features: 24, classes: 7, heads: 0 },
    );
    const stages = plain.backbone.stages.map(({ width, blocks }, stage) => ({
      width,
      blocks: blocks.map((block) => ({ ...block, split: 3, innerResidual: stage === 3 })),
    }));
    const fixed = { ...plain, backbone: { ...plain.backbone, stages } };
    const tensors = randomTensors(fixed);
    /** @param rest what the kernel holds outside of its leading part */
    const learntWith = (rest: number) => {
      const learnt = new Map<string, Entry>();
      for (const [name, entry] of tensors) {
        if (!name.endsWith("partial_conv3.weight")) {
          learnt.set(name, entry);
          continue;
        }
        const path = name.replace("partial_conv3.weight", "");
        const width = 8 * 2 ** (Number(/stages\.(\d)/u.exec(name)![1]) / 2);
        const values = new Float32Array(width * width * 9).fill(rest);
        for (let out = 0; out < 3; out++) values.set(entry.values.subarray(out * 27, (out + 1) * 27), out * width * 9);
        learnt.set(`${path}conv.weight`, { shape: [width, width, 3, 3], values });
        learnt.set(`${path}one_channel`, { shape: [], values: Float32Array.of(3) });
      }
      return learnt;
    };
    const learnt = learntWith(5);
    const config = await recognise(await checkpoint(learnt));
    expect(config.backbone.stages.map(({ blocks }) => [blocks[0]!.learnt, blocks[0]!.split])).toEqual(
      stages.map(() => [true, 3]),
    );
    const scores = await classScores(await checkpoint(learnt));
    expect(await classScores(await checkpoint(learntWith(-7)))).toEqual(scores);
    const name = "stages.0.blocks.0.spatial_mixing.conv.weight";
    const { shape, values } = learnt.get(name)!;
    const changed = new Map([...learnt, [name, { shape, values: values.map((value) => value * 3) }]]);
    expect(await classScores(await checkpoint(changed))).not.toEqual(scores);
    const damaged = new Map(learnt);
    damaged.set("stages.2.blocks.0.spatial_mixing.one_channel", { shape: [], values: Float32Array.of(99) });
    await expect(recognise(await checkpoint(damaged))).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
  });

  it("refuses other files and parts in one sentence", async () => {
    const other = new Map([["conv.weight", { shape: [1, 1, 3, 3], values: new Float32Array(9) }]]);
    await expect(recognise(await checkpoint(other))).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
      message: "This checkpoint is not a PATNet model: choose a PATNet, PartialNet or FasterNet file.",
    });
    const headless = new Map([...randomTensors(smallClassifier)].filter(([name]) => !name.startsWith("head.")));
    await expect(recognise(await checkpoint(headless))).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
  });
});

/** One by one or many at once: float32 adds in another order. */
const about = ({ label, score }: { label: string; score: number }) => ({ label, score: expect.closeTo(score, 4) });

describe("installing a PATNet", () => {
  it("makes a pack that names the classes' probabilities, and says what it is", async () => {
    const file = await checkpoint(randomTensors(smallClassifier));
    const manifest = await installCheckpoint({ file, destination: join(folder, "classifier") });
    const summary = modelSummarySchema.parse(packSummary(manifest));
    expect(summary).toMatchObject({ family: "patnet", vision: { tags: 7, objects: 0 }, variant: "PATNet, 8 channels" });
    const official = [...randomTensors(smallClassifier).values()].reduce((sum, { values }) => sum + values.length, 0);
    expect(manifest.parameters).toBe(official);
    expect(manifestOf("patnet", manifest).config).toEqual(smallClassifier);
    const pipeline = await openVision(join(folder, "classifier"), { threads: 1, precision: "fp32" });
    const [first, second] = await pipeline.tags([testPicture(60, 40), testPicture(300, 240, 9)]);
    const [alone] = await pipeline.tags([testPicture(60, 40)]);
    expect(first).toHaveLength(5);
    expect(first!.map(({ label }) => label)).toEqual(alone!.map(({ label }) => label));
    expect(first).not.toEqual(second);
    expect(await pipeline.objects(testPicture(60, 40))).toEqual([]);
    await pipeline.close();
  });

  it("goes over to int8 once it has seen enough pictures, keeps that in the pack, and stays close to float32", async () => {
    const destination = join(folder, "int8");
    await installCheckpoint({ file: await checkpoint(randomTensors(smallClassifier)), destination });
    const exact = await openVision(destination, { threads: 1, precision: "fp32" });
    let quick = await openVision(destination, { threads: 1, precision: "int8" });
    const pictures = Array.from({ length: CALIBRATION_PICTURES }, (_, i) => testPicture(50, 50, i));
    const other = testPicture(90, 40, 99);
    // The pictures that it is measured on are answered in float32.
    const [measured, expected] = [await quick.tags(pictures), await exact.tags(pictures)];
    expect(measured).toEqual(expected.map((tags) => tags.map(about)));
    const wanted = byLabel((await exact.tags([other]))[0]!);
    const close = async () => {
      const scores = byLabel((await quick.tags([other]))[0]!);
      const shared = Object.keys(wanted).filter((label) => label in scores);
      expect(shared.length).toBeGreaterThanOrEqual(4);
      const differences = shared.map((label) => Math.abs(scores[label]! - wanted[label]!));
      expect(Math.max(...differences)).toBeLessThan(0.05);
      expect(Math.max(...differences)).toBeGreaterThan(0);
    };
    await close();
    await quick.close();
    quick = await openVision(destination, { threads: 1, precision: "int8" });
    await close();
    await quick.close();
    await exact.close();
  });

  it("makes a pack that finds objects with masks inside the picture", async () => {
    const file = await checkpoint(randomTensors(smallDetector));
    await installCheckpoint({ file, destination: join(folder, "detector") });
    const pipeline = await openVision(join(folder, "detector"), { threads: 1, precision: "fp32" });
    const picture = testPicture(70, 50);
    const objects = await pipeline.objects(picture);
    await pipeline.close();
    expect(objects.length).toBeGreaterThan(0);
    for (const { box, mask, score } of objects) {
      expect(score).toBeGreaterThan(0.05);
      expect(Math.min(...box)).toBeGreaterThanOrEqual(0);
      expect(box[2]).toBeLessThanOrEqual(picture.width + 1e-3);
      expect(mask.left + mask.width).toBeLessThanOrEqual(picture.width);
      expect(mask.data).toHaveLength(mask.width * mask.height);
    }
  });

  it("says so when something else is asked of it, or a tensor is missing", async () => {
    await expect(openTextToVideo(join(folder, "classifier"), { threads: 1, precision: "fp32" })).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
    });
    const tensors = randomTensors(smallClassifier);
    tensors.delete("stages.2.blocks.0.mlp.4.norm2.running_var");
    const destination = join(folder, "missing");
    await expect(installCheckpoint({ file: await checkpoint(tensors), destination })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining("stages.2.blocks.0.mlp.4.norm2.running_var"),
    });
  });
});
