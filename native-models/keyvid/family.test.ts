import { copyFile, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelSummarySchema } from "../../core/contract/index.ts";
import { installCheckpoint, manifestOf, packSummary, readPack, verifyPack } from "../pack/index.ts";
import { plannedBytes } from "../pack/weights.ts";
import { keyvidParameters, likelyCopies } from "./parameters.ts";
import { smallConfig, writeRelease } from "./testing-model.testkit.ts";

let root = "";
/** A release of three files in the official folders. */
let release: Awaited<ReturnType<typeof writeRelease>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "plume-keyvid-"));
  release = await writeRelease(join(root, "release"), smallConfig);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const pack = async () => join(await mkdtemp(join(root, "packs-")), "pack");

describe("installing KeyVID", () => {
  it("makes one pack of a folder, with equal weights stored once", async () => {
    const destination = await pack();
    const manifest = await installCheckpoint({ file: join(root, "release"), destination });
    expect(manifestOf("keyvid", manifest).config).toEqual(smallConfig);
    expect([manifest.source.file, ...manifest.companions.map(({ file }) => file)]).toEqual([
      "generator_checkpoint.safetensors",
      "epoch=3669-step=58720.safetensors",
      "best_model_version1_with_skip.safetensors",
    ]);
    await verifyPack(destination);
    const { index } = await readPack(destination);
    const all = plannedBytes(keyvidParameters(smallConfig));
    const copies = plannedBytes(likelyCopies(smallConfig));
    const weights = (await stat(join(destination, "weights.bin"))).size;
    expect(copies).toBeGreaterThan(all / 4);
    expect(weights).toBeLessThanOrEqual(all - copies);
    const key = "embedder.model.visual.conv1.weight";
    expect(index[`interpolation/${key}`]).toEqual(index[`keyframes/${key}`]);
    const unet = "model.diffusion_model.time_embed.0.weight";
    expect(index[`interpolation/${unet}`]?.offset).not.toBe(index[`keyframes/${unet}`]?.offset);
  });

  it("describes itself completely", async () => {
    const manifest = await installCheckpoint({ file: join(root, "release"), destination: await pack() });
    const summary = modelSummarySchema.parse(packSummary(manifest));
    expect(summary).toMatchObject({ family: "keyvid", guidanceKind: "three-way", defaults: { frames: 48, fps: 24 } });
    expect(summary.animation?.presets.map(({ id }) => id)).toContain("reference");
    expect(summary.sizes.every(({ width, height }) => width % 64 === 0 && height % 64 === 0)).toBe(true);
  });

  it.each(["keyframes", "interpolation", "localizer"] as const)("finds the rest from the %s file", async (part) => {
    const manifest = await installCheckpoint({ file: release[part], destination: await pack() });
    expect(manifest.companions).toHaveLength(2);
    expect(manifest.source.file).toBe("generator_checkpoint.safetensors");
  });

  it("finds files that lie in one folder under any name, and takes the longest trained interpolator", async () => {
    const flat = await mkdtemp(join(root, "flat-"));
    await copyFile(release.keyframes, join(flat, "a.safetensors"));
    await copyFile(release.localizer, join(flat, "b.safetensors"));
    await copyFile(release.interpolation, join(flat, "epoch=1119-step=17920.safetensors"));
    await copyFile(release.interpolation, join(flat, "epoch=3669-step=58720.safetensors"));
    const manifest = await installCheckpoint({ file: join(flat, "a.safetensors"), destination: await pack() });
    expect(manifest.companions.map(({ file }) => file)).toEqual(["epoch=3669-step=58720.safetensors", "b.safetensors"]);
    const older = join(flat, "epoch=1119-step=17920.safetensors");
    const chosen = await installCheckpoint({ file: older, destination: await pack() });
    expect(chosen.companions.map(({ file }) => file)).toContain("epoch=1119-step=17920.safetensors");
  });

  it("says which files are missing, and leaves nothing behind", async () => {
    const alone = await mkdtemp(join(root, "alone-"));
    await copyFile(release.keyframes, join(alone, "a.safetensors"));
    const destination = await pack();
    await expect(installCheckpoint({ file: join(alone, "a.safetensors"), destination })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message:
        "This is KeyVID's keyframe generator; its interpolation file (KeyVID/interpolation/epoch=3669-step=58720.ckpt) and its keyframe localiser (KeyVID/wav2motion/best_model_version1_with_skip.pth) are missing: put them into the same folder and install again.",
    });
    await copyFile(release.localizer, join(alone, "c.safetensors"));
    await expect(installCheckpoint({ file: alone, destination })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^This is KeyVID's keyframe generator and keyframe localiser; its interpolation file .* is missing: put it into/u,
      ) as string,
    });
    expect(await readdir(join(destination, ".."))).toEqual([]);
  });

  it("refuses files of different models", async () => {
    const mixed = await mkdtemp(join(root, "mixed-"));
    const other = { ...smallConfig, resampler: { ...smallConfig.resampler, depth: 2 } };
    const second = await writeRelease(await mkdtemp(join(root, "other-")), other);
    await copyFile(release.keyframes, join(mixed, "a.safetensors"));
    await copyFile(second.interpolation, join(mixed, "b.safetensors"));
    await copyFile(release.localizer, join(mixed, "c.safetensors"));
    await expect(installCheckpoint({ file: mixed, destination: await pack() })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message:
        "The generator and the interpolation file are of different models: install files that were published together.",
    });
  });

  it("refuses LoRAs, and folders without a checkpoint", async () => {
    const lora = [{ file: release.localizer, scale: 1 }];
    await expect(
      installCheckpoint({ file: join(root, "release"), destination: await pack(), lora }),
    ).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
    });
    const empty = await mkdtemp(join(root, "empty-"));
    await mkdir(join(empty, "inner"));
    await expect(installCheckpoint({ file: empty, destination: await pack() })).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
      message: expect.stringContaining("holds no checkpoint") as string,
    });
  });
});
