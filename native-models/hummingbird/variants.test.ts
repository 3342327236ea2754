/**
 * Both published layouts, narrow but otherwise as the official files have them, from a checkpoint through installing to frames; and
 * LoRA files of several ranks, for either layout.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import { openTextToVideo } from "../index.ts";
import { randomValues } from "../onnx/random-weights.testkit.ts";
import { installCheckpoint } from "../pack/index.ts";
import { HummingbirdNames } from "./checkpoint-names.ts";
import type { HummingbirdConfig } from "./config.ts";
import { loraModules } from "./lora.ts";
import { hummingbirdParameters } from "./parameters.ts";
import { officialConfig } from "./official-config.testkit.ts";

const narrow: HummingbirdConfig = {
  ...officialConfig,
  modelChannels: 32,
  numHeadChannels: 8,
  contextDim: 64,
  vae: { ...officialConfig.vae, ch: 32, numResBlocks: 1 },
  text: { ...officialConfig.text, width: 64, heads: 1, layers: 2 },
};
const layouts = { "0.7B": narrow, "0.9B": { ...narrow, middleBlock: true } };
type Layout = keyof typeof layouts;
type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** A float32 safetensors file. */
async function writeTensors(file: string, tensors: Tensors): Promise<void> {
  let offset = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => {
      const entry = { dtype: "F32", shape, data_offsets: [offset, offset + values.byteLength] };
      offset += values.byteLength;
      return [name, entry];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = [...tensors.values()].map(({ values }) => new Uint8Array(values.buffer, 0, values.byteLength));
  await writeFile(file, Buffer.concat([length, text, ...data]));
}

function randomModel(config: HummingbirdConfig): Tensors {
  const shapes = new Map(hummingbirdParameters(config).map((spec) => [spec.source, spec.sourceShape]));
  // The graphs leave the last text block out, but its presence tells how many there are.
  shapes.set(`cond_stage_model.model.transformer.resblocks.${config.text.layers - 1}.ln_1.weight`, [config.text.width]);
  return new Map(
    [...shapes].map(([name, shape], i) => [
      name,
      { shape, values: Float32Array.from(randomValues(name, shape, i + 1)) },
    ]),
  );
}

/** A LoRA as T2V-Turbo's training writes it: up and down of every layer, by number. */
async function randomLora(checkpoint: string, rank: number): Promise<Tensors> {
  const source = await openCheckpoint(checkpoint);
  const names = new HummingbirdNames(source);
  const tensors = new Map<string, { shape: number[]; values: Float32Array }>();
  for (const module of loraModules(names)) {
    const [rows = 0, ...rest] = names.shape(`model.diffusion_model.${module}.weight`);
    const add = (shape: number[]) =>
      tensors.set(String(tensors.size), {
        shape,
        values: Float32Array.from(randomValues("lora.weight", shape, tensors.size + 1)),
      });
    // Kernels keep their axes in `down`; `up` has axes of length 1 instead.
    add([rows, rank, ...rest.slice(1).map(() => 1)]);
    add([rank, ...rest]);
  }
  await source.close();
  return tensors;
}

let folder = "";
const checkpointOf = (layout: Layout) => join(folder, `${layout}.safetensors`);
const loraOf = (layout: Layout, rank: number) => join(folder, `lora-${layout}-${rank}.safetensors`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-variants-"));
  for (const layout of ["0.7B", "0.9B"] as const)
    await writeTensors(checkpointOf(layout), randomModel(layouts[layout]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function framesOf(pack: string, frames: number): Promise<Uint8Array[]> {
  const pipeline = await openTextToVideo(pack, { threads: 2, precision: "fp32" });
  const pictures: Uint8Array[] = [];
  const { defaults } = pipeline.summary;
  const request = { ...defaults, model: "m", prompt: "a drone", negativePrompt: "", seed: 1, width: 64, height: 64 };
  try {
    await pipeline.generate(
      { ...request, frames, steps: 1 },
      {
        signal: new AbortController().signal,
        progress: () => {},
        preview: () => {},
        frame: (_, rgb) => void pictures.push(rgb),
      },
    );
    return pictures;
  } finally {
    await pipeline.close();
  }
}

describe.each(["0.7B", "0.9B"] as const)("the layout of %s", (layout) => {
  it("is recognised, installs, and makes 26 frames that are no constant", async () => {
    const manifest = await installCheckpoint({ file: checkpointOf(layout), destination: join(folder, layout) });
    expect(manifest.config).toMatchObject({ middleBlock: layout === "0.9B", modelChannels: 32, numHeadChannels: 8 });
    expect(manifest.variant).toContain(layout);
    const frames = await framesOf(join(folder, layout), 26);
    expect(frames.map(({ length }) => length)).toEqual(Array(26).fill(64 * 64 * 3));
    expect(new Set(frames.map((frame) => Buffer.from(frame).toString("base64"))).size).toBe(26);
  });

  it.each([1, 5, 64])("takes a LoRA of rank %i, which changes the picture, and with scale 0 does not", async (rank) => {
    const lora = loraOf(layout, rank);
    await writeTensors(lora, await randomLora(checkpointOf(layout), rank));
    const made: Buffer[] = [];
    for (const scale of [0, 0.3]) {
      const destination = join(folder, `${layout}-${rank}-${scale}`);
      await installCheckpoint({ file: checkpointOf(layout), destination, lora: [{ file: lora, scale }] });
      made.push(Buffer.concat(await framesOf(destination, 1)));
    }
    expect(made[0]!.equals(Buffer.concat(await framesOf(join(folder, layout), 1)))).toBe(true);
    expect(made[1]!.equals(made[0]!)).toBe(false);
  });

  it("refuses the other layout's LoRA with a sentence that says why", async () => {
    const other = layout === "0.7B" ? "0.9B" : "0.7B";
    const lora = loraOf(other, 2);
    await writeTensors(lora, await randomLora(checkpointOf(other), 2));
    const install = installCheckpoint({
      file: checkpointOf(layout),
      destination: join(folder, "refused"),
      lora: [{ file: lora, scale: 1 }],
    });
    await expect(install).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
      message: expect.stringMatching(
        /^This LoRA was made for another model: it changes \d+ layers, this model has \d+\.$/,
      ),
    });
  });
});
