import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HummingbirdConfig } from "../hummingbird/config.ts";
import { hummingbirdParameters } from "../hummingbird/parameters.ts";
import { unetPrefix } from "../hummingbird/checkpoint-names.ts";
import { compareModules } from "../hummingbird/lora.ts";
import { installCheckpoint } from "./install.ts";
import { STYLE_FILE } from "./mix.ts";
import { readPack, verifyPack } from "./read-pack.ts";
import { largeConfig, writeSparseCheckpoint, writeSparseTensors } from "./synthetic.testkit.ts";

const config: HummingbirdConfig = {
  ...largeConfig,
  modelChannels: 32,
  contextDim: 32,
  vae: { ...largeConfig.vae, ch: 32, chMult: [1, 1] },
  text: { ...largeConfig.text, width: 32, heads: 1, vocabulary: 100 },
};
const RANK = 2;

let root = "";
let checkpoint = "";
let base = "";
/** Layers that a LoRA may change, with their weights' shapes, in the order of T2V-Turbo's list. */
const layers = [
  ...new Map(
    hummingbirdParameters(config)
      .filter(({ source }) => source.startsWith(unetPrefix) && source.endsWith(".weight"))
      .filter(({ sourceShape }) => sourceShape.length === 2 || sourceShape.length >= 4)
      .map(({ source, sourceShape }) => [source.slice(unetPrefix.length, -".weight".length), sourceShape] as const),
  ),
].sort(([a], [b]) => compareModules(a, b));
const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "plume-mix-"));
  checkpoint = join(root, "small.safetensors");
  await writeSparseCheckpoint(checkpoint, config);
  base = join(root, "base");
  await installCheckpoint({ file: checkpoint, destination: base });
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A style in one of the three spellings. Every factor begins with a small number of its own; the rest is zeros. */
async function style(
  kind: "list" | "kohya" | "peft",
  seed: number,
  change: (shapes: Map<string, readonly number[]>) => void = () => {},
) {
  const shapes = new Map<string, readonly number[]>();
  for (const [n, [layer, shape]] of layers.entries()) {
    const [rows = 1] = shape;
    const [up, down] = [
      [rows, RANK],
      [RANK, count(shape) / rows],
    ];
    if (kind === "list") shapes.set(String(2 * n), up).set(String(2 * n + 1), down);
    else if (kind === "peft")
      shapes.set(`base_model.model.${layer}.lora_B.weight`, up).set(`base_model.model.${layer}.lora_A.weight`, down);
    else {
      const name = `lora_unet_${layer.replaceAll(".", "_")}`;
      shapes.set(`${name}.lora_up.weight`, up).set(`${name}.lora_down.weight`, down).set(`${name}.alpha`, []);
    }
  }
  change(shapes);
  const file = join(root, `${kind}-${seed}.safetensors`);
  const first = (name: string) => {
    if (name.endsWith(".alpha")) return RANK; // alpha / rank is 1
    const layer =
      kind === "list"
        ? layers[Number(name) >> 1]?.[0]
        : layers.find(([each]) => name.replaceAll("_", ".").includes(`.${each.replaceAll("_", ".")}.lora`))?.[0];
    const isUp = kind === "list" ? Number(name) % 2 === 0 : /lora_(?:up|B)/.test(name);
    return (isUp ? seed : 3) + layers.findIndex(([each]) => each === layer);
  };
  await writeSparseTensors(file, shapes, first);
  return file;
}

/** Every weight of a pack by its key. */
async function weights(pack: string): Promise<Map<string, Buffer>> {
  const { index } = await readPack(pack);
  const files = new Map<string, Buffer>();
  const found = new Map<string, Buffer>();
  for (const [key, { file = "weights.bin", offset, bytes }] of Object.entries(index)) {
    const content = files.get(file) ?? (await readFile(join(pack, file)));
    files.set(file, content);
    found.set(key, content.subarray(offset, offset + bytes));
  }
  return found;
}

describe("a model with styles", () => {
  it("holds the very weights of one that was converted with them, and shares the others with its base", async () => {
    const [ink, grain] = [await style("list", 5), await style("list", 9)];
    const loras = [
      { file: ink, scale: 0.75 },
      { file: grain, scale: -0.5 },
    ];
    const converted = join(root, "converted");
    await installCheckpoint({ file: checkpoint, destination: converted, lora: loras });
    const mixed = join(root, "mixed");
    const manifest = await installCheckpoint({ file: base, destination: mixed, name: "Mixed", lora: loras });
    expect(manifest).toMatchObject({ id: "mixed", name: "Mixed" });
    expect(manifest.loras.map(({ scale }) => scale)).toEqual([0.75, -0.5]);
    const [expected, got, plain] = [await weights(converted), await weights(mixed), await weights(base)];
    let changed = 0;
    for (const [key, bytes] of expected) {
      expect(got.get(key)?.equals(bytes), key).toBe(true);
      if (!plain.get(key)!.equals(bytes)) changed++;
    }
    expect(changed).toBeGreaterThan(100);
    await verifyPack(mixed);
    const [own, shared] = [await stat(join(mixed, STYLE_FILE)), await stat(join(mixed, "weights.bin"))];
    expect(own.size).toBeGreaterThan(0);
    if (process.platform !== "win32") expect(shared.nlink).toBeGreaterThan(1);
  });

  it("takes LoRAs that name their layers, in both spellings, for the same as the list without names", {
    timeout: 300_000,
  }, async () => {
    const packs: Map<string, Buffer>[] = [];
    for (const kind of ["list", "kohya", "peft"] as const) {
      const destination = join(root, `by-${kind}`);
      await installCheckpoint({ file: base, destination, lora: [{ file: await style(kind, 7), scale: 1 }] });
      packs.push(await weights(destination));
    }
    const [list, ...named] = packs;
    for (const pack of named) for (const [key, bytes] of list!) expect(pack.get(key)?.equals(bytes), key).toBe(true);
  });

  it("refuses what was made for another model, a mix of a mix, and no style at all; nothing is left behind", async () => {
    const foreign = await style(
      "kohya",
      20,
      (shapes) => void shapes.set("lora_unet_down_blocks_0_x.lora_up.weight", [4, 2]),
    );
    const destination = join(root, "never");
    const mix = (file: string, from = base) =>
      installCheckpoint({ file: from, destination, lora: [{ file, scale: 1 }] });
    await expect(mix(foreign)).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
    await expect(installCheckpoint({ file: base, destination })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    const styled = join(root, "styled");
    const ink = await style("peft", 30);
    await installCheckpoint({ file: base, destination: styled, lora: [{ file: ink, scale: 1 }] });
    await expect(mix(ink, styled)).rejects.toMatchObject({ code: "MODEL_WRONG_KIND" });
    await expect(stat(destination)).rejects.toThrow();
  });

  it("stays whole when its base is removed", async () => {
    const own = join(root, "own-base");
    await installCheckpoint({ file: checkpoint, destination: own });
    const mixed = join(root, "orphan");
    await installCheckpoint({ file: own, destination: mixed, lora: [{ file: await style("list", 40), scale: 1 }] });
    await rm(own, { recursive: true });
    await verifyPack(mixed);
  });
});
