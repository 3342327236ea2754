import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { modelSummarySchema } from "../../core/contract/index.ts";
import { goldensNote, haveGoldens, hummingbirdGoldens, maxAbs } from "../checkpoint/goldens.testkit.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import type { HummingbirdConfig } from "../hummingbird/config.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import type { ParameterSpec } from "../types.ts";
import { checkSpace, installCheckpoint } from "./install.ts";
import { manifestOf, packSummary } from "./manifest.ts";
import { readPack, verifyPack } from "./read-pack.ts";
import { checkpointShapes, largeConfig, writeSparseCheckpoint, writeSparseTensors } from "./synthetic.testkit.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "plume-install-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const smallConfig: HummingbirdConfig = {
  ...largeConfig,
  modelChannels: 32,
  contextDim: 32,
  vae: { ...largeConfig.vae, ch: 32, chMult: [1, 1] },
  text: { ...largeConfig.text, width: 32, heads: 1, vocabulary: 100 },
};

/** Nearly all of it the U-Net, half as wide as the official one: some 500 MB. */
const wideConfig: HummingbirdConfig = {
  ...smallConfig,
  modelChannels: 128,
  numHeadChannels: 32,
  vae: { ...smallConfig.vae, chMult: [1, 1, 1, 1] },
  text: { ...smallConfig.text, vocabulary: largeConfig.text.vocabulary },
};

/** A folder of its own for one test, with a small synthetic checkpoint in it. */
async function place(): Promise<{ folder: string; file: string; packs: string }> {
  const folder = await mkdtemp(join(root, "t-"));
  const file = join(folder, "small.safetensors");
  await writeSparseCheckpoint(file, smallConfig);
  const packs = join(folder, "packs");
  await mkdir(packs);
  return { folder, file, packs };
}

async function weight(pack: string, key: string): Promise<Float32Array> {
  const { index, weightsFile } = await readPack(pack);
  const entry = index[key];
  if (entry === undefined) throw new Error(`no ${key}`);
  const handle = await open(join(pack, weightsFile));
  const buffer = Buffer.alloc(entry.bytes);
  await handle.read(buffer, 0, entry.bytes, entry.offset);
  await handle.close();
  return new Float32Array(buffer.buffer, buffer.byteOffset, entry.bytes / 4);
}

/** What the graphs ask for, by official name; a name may be asked for in several layouts. */
function specsOf(config: HummingbirdConfig, source: string): ParameterSpec[] {
  const specs = hummingbirdParameters(config).filter((spec) => spec.source === source);
  expect(specs.length, source).toBeGreaterThan(0);
  return specs;
}

/** An official weight as a spec wants it stored, the slow and plain way. */
function laidOut(values: Float32Array, spec: ParameterSpec): Float32Array {
  const [rows = 1] = spec.sourceShape;
  const columns = values.length / rows;
  if (spec.layout === "same") return values;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

const damaged = (name: string) => ({ code: "MODEL_DAMAGED", message: expect.stringContaining(name) as string });

describe("installing", () => {
  it("makes a pack that reads back, aligned, verified and described", async () => {
    const { file, packs } = await place();
    const pack = join(packs, "mine");
    const fractions: number[] = [];
    const steps = new Set<string>();
    const manifest = await installCheckpoint({
      file,
      destination: pack,
      name: "Mine",
      onProgress: (step, fraction) => {
        steps.add(step);
        fractions.push(fraction);
      },
    });
    expect(fractions.every((fraction, i) => fraction >= (fractions[i - 1] ?? 0) && fraction <= 1)).toBe(true);
    expect(fractions.at(-1)).toBe(1);
    expect([...steps]).toEqual(["Converting the weights", "Checking the file"]);
    const read = await readPack(pack);
    expect(read.manifest).toEqual(manifest);
    expect(manifest.config).toEqual({ ...smallConfig, vae: { ...smallConfig.vae, ch: 32 } });
    expect(manifest).toMatchObject({ id: "mine", name: "Mine", loras: [], source: { file: "small.safetensors" } });
    const entries = Object.values(read.index).sort((a, b) => a.offset - b.offset);
    expect(entries.every(({ offset }) => offset % 64 === 0)).toBe(true);
    for (const [i, entry] of entries.entries()) {
      expect(entry.bytes).toBe(4 * entry.shape.reduce((a, b) => a * b, 1));
      if (i > 0) expect(entry.offset).toBeGreaterThanOrEqual(entries[i - 1]!.offset + entries[i - 1]!.bytes);
    }
    await verifyPack(pack);
    expect(await readdir(packs)).toEqual(["mine"]);
    expect(modelSummarySchema.parse(packSummary(manifest))).toMatchObject({ guidanceKind: "embedded", bundled: false });
  });

  it("stores every weight in the layout that the graphs ask for", async () => {
    const { file, packs } = await place();
    const pack = join(packs, "p");
    await installCheckpoint({ file, destination: pack });
    const source = await openCheckpoint(file);
    for (const name of [
      "time_embed.0.weight",
      "input_blocks.0.0.weight",
      "input_blocks.1.1.transformer_blocks.0.ff.net.2.weight",
    ]) {
      const official = `model.diffusion_model.${name}`;
      const original = await source.readFloat32(official);
      expect(original[0]).not.toBe(0);
      for (const spec of specsOf(smallConfig, official)) {
        expect(await weight(pack, spec.key), spec.key).toEqual(laidOut(original, spec));
      }
    }
    await source.close();
  });
});

describe("what can go wrong", () => {
  it("refuses to touch what is there already", async () => {
    const { file, packs } = await place();
    await writeFile(join(packs, "taken"), "mine");
    await expect(installCheckpoint({ file, destination: join(packs, "taken") })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(await readFile(join(packs, "taken"), "utf8")).toBe("mine");
    expect(await readdir(packs)).toEqual(["taken"]);
  });

  it("leaves nothing behind when it is stopped at any point", async () => {
    const { file, packs } = await place();
    for (const stopAt of [0, 0.2, 0.6, 0.99]) {
      const stop = new AbortController();
      if (stopAt === 0) stop.abort();
      const installing = installCheckpoint({
        file,
        destination: join(packs, "p"),
        signal: stop.signal,
        onProgress: (_, fraction) => {
          if (fraction >= stopAt) stop.abort();
        },
      });
      await expect(installing, String(stopAt)).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await readdir(packs)).toEqual([]);
    }
  });

  it("leaves nothing behind when the file turns out to be cut short or to hold no numbers", async () => {
    const { file, packs } = await place();
    const bytes = await readFile(file);
    const header = Number(bytes.readBigUInt64LE(0));
    bytes.writeFloatLE(Number.NaN, 8 + header + 4000);
    await writeFile(file, bytes);
    await expect(installCheckpoint({ file, destination: join(packs, "p") })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining("not numbers") as string,
    });
    await writeFile(file, bytes.subarray(0, bytes.length - 8));
    await expect(installCheckpoint({ file, destination: join(packs, "p") })).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
    expect(await readdir(packs)).toEqual([]);
  });

  it("says how much room is missing", async () => {
    await expect(checkSpace(root, 1e17)).rejects.toMatchObject({
      code: "DISK_FULL",
      message: expect.stringMatching(/needs 100000000\.\d GB but only [\d.]+ GB are free/u) as string,
    });
  });

  it("says so when the place for models is no folder", async () => {
    const { file, folder } = await place();
    await writeFile(join(folder, "a-file"), "");
    await expect(installCheckpoint({ file, destination: join(folder, "a-file", "p") })).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringContaining("cannot be made") as string,
    });
  });

  it("names the damaged file of a pack", async () => {
    const { file, packs } = await place();
    const pack = join(packs, "p");
    await installCheckpoint({ file, destination: pack });
    // What the engine leaves in a pack does not count.
    await writeFile(join(pack, "unet-1x1x8x8.onnx"), "graph");
    await verifyPack(pack);
    const handle = await open(join(pack, "weights.bin"), "r+");
    await handle.write(Buffer.from([255]), 0, 1, 12345);
    await handle.close();
    await readPack(pack);
    await expect(verifyPack(pack)).rejects.toMatchObject(damaged("weights.bin"));
    await rm(join(pack, "weights.bin"));
    await expect(readPack(pack)).rejects.toMatchObject(damaged("weights.bin"));
    await writeFile(join(pack, "pack.json"), '{"format": 1}');
    await expect(readPack(pack)).rejects.toMatchObject(damaged("pack.json"));
    await expect(readPack(join(packs, "absent"))).rejects.toMatchObject(damaged("pack.json"));
  });
});

describe("the manifest", () => {
  it("names the version of the studio that is running", async () => {
    const { file, packs } = await place();
    const { converter } = await installCheckpoint({ file, destination: join(packs, "p") });
    const here = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(here));
    expect(converter).toBe(`plume-studio ${version}`);
  });
});

describe("memory", () => {
  it("stays far below the size of the checkpoint", { timeout: 240_000 }, async () => {
    const folder = await mkdtemp(join(root, "large-"));
    const file = join(folder, "large.safetensors");
    const bytes = await writeSparseCheckpoint(file, largeConfig);
    expect(bytes).toBeGreaterThan(400e6);
    const child = fileURLToPath(new URL("install-child.testkit.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [child, file, join(folder, "pack")]);
    const { peakRss } = z.object({ peakRss: z.number() }).parse(JSON.parse(stdout));
    // The largest tensor has 202 MB; the promise for checkpoints of any size is 1.5 GB.
    expect(peakRss).toBeLessThan(700e6);
    expect((await stat(join(folder, "pack", "weights.bin"))).size).toBeGreaterThan(400e6);
    await rm(folder, { recursive: true });
  });

  it("stays there too while it is measured what smaller weights cost", { timeout: 480_000 }, async () => {
    const folder = await mkdtemp(join(root, "measured-"));
    const file = join(folder, "wide.safetensors");
    const bytes = await writeSparseTensors(file, checkpointShapes(wideConfig), () => 0, {
      plume: { name: "Wide", native_width: 64, native_height: 64, native_frames: 2 },
    });
    expect(bytes).toBeGreaterThan(450e6);
    const child = fileURLToPath(new URL("install-child.testkit.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [child, file, join(folder, "pack"), "fp16"]);
    const { peakRss, weights } = z
      .object({ peakRss: z.number(), weights: z.object({ format: z.string() }) })
      .parse(JSON.parse(stdout));
    expect(weights.format).toBe("fp16");
    // With the U-Net opened whole it took 1.18 GB.
    expect(peakRss).toBeLessThan(800e6);
    await rm(folder, { recursive: true });
  });
});

describe.skipIf(!haveGoldens)(`golden checkpoint and LoRA${goldensNote}`, () => {
  const checkpoint = join(hummingbirdGoldens, "tiny07B_merged_all.pt");
  const lora = join(hummingbirdGoldens, "tiny_unet_lora.pt");

  it("merges W + scale · up · down into exactly the layers that the LoRA covers", async () => {
    const plain = join(root, "plain");
    const merged = join(root, "merged");
    await installCheckpoint({ file: checkpoint, destination: plain });
    const installed = await installCheckpoint({
      file: checkpoint,
      destination: merged,
      lora: [
        { file: lora, scale: 1 },
        { file: lora, scale: -0.25 },
      ],
    });
    const manifest = manifestOf("hummingbird", installed);
    expect(manifest.loras.map(({ scale }) => scale)).toEqual([1, -0.25]);
    const order = z
      .object({ order: z.array(z.string()) })
      .parse(JSON.parse(await readFile(join(hummingbirdGoldens, "tiny_unet_lora_order.json"), "utf8"))).order;
    const source = await openCheckpoint(lora);
    for (const module of ["input_blocks.0.0", "input_blocks.1.0.temopral_conv.conv2.3", "time_embed.2"]) {
      const position = order.indexOf(module);
      const up = await source.readFloat32(String(2 * position));
      const down = await source.readFloat32(String(2 * position + 1));
      const update = Float32Array.from({ length: up.length * down.length }, (_, i) => {
        const [row, column] = [Math.floor(i / down.length), i % down.length]; // rank 1
        return 0.75 * up[row]! * down[column]!;
      });
      for (const spec of specsOf(manifest.config, `model.diffusion_model.${module}.weight`)) {
        const before = await weight(plain, spec.key);
        const after = await weight(merged, spec.key);
        const change = laidOut(update, spec);
        expect(
          maxAbs(
            after,
            before.map((value, i) => value + change[i]!),
          ),
          spec.key,
        ).toBeLessThan(1e-6);
        expect(maxAbs(after, before), spec.key).toBeGreaterThan(1e-4);
      }
    }
    for (const name of [
      "model.diffusion_model.init_attn.0.proj_in.weight",
      "first_stage_model.decoder.conv_in.weight",
      "model.diffusion_model.time_embed.2.bias",
    ])
      for (const { key } of specsOf(manifest.config, name))
        expect(await weight(merged, key), key).toEqual(await weight(plain, key));
    await source.close();
  });

  it("refuses a LoRA for another model, a LoRA as a model and a bad scale, and leaves nothing", async () => {
    const { file, packs } = await place();
    const attempt = (from: string, adapter: string, scale: number) =>
      installCheckpoint({ file: from, destination: join(packs, "p"), lora: [{ file: adapter, scale }] });
    await expect(attempt(file, lora, 1)).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
    await expect(attempt(checkpoint, checkpoint, 1)).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
    await expect(attempt(checkpoint, lora, Number.NaN)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await expect(attempt(lora, lora, 1)).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
    expect(await readdir(packs)).toEqual([]);
  });
});
