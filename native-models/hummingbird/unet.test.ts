/** What must hold of the networks whatever their weights; that they equal the reference is shown in test/parity. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pattern } from "../onnx/run-graph.testkit.ts";
import type { Weights } from "../onnx/session.ts";
import type { HummingbirdConfig } from "./config.ts";
import type { LatentSize } from "../diffusion/latent.ts";
import { difference, randomWeights, runOnce } from "../onnx/random-weights.testkit.ts";
import { smallConfig } from "./testing-model.testkit.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { conditionGraph, promptGraph, unetGraph } from "./unet.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";

const config: HummingbirdConfig = { ...smallConfig, middleBlock: true };
const size: LatentSize = { batch: 1, frames: 3, height: 4, width: 2 };
const { length: tokens } = config.text;
let weights: Weights;

beforeAll(async () => {
  weights = await randomWeights([
    unetGraph(config, size),
    promptGraph(config, 1),
    conditionGraph(config, 1),
    textGraph(config.text, 1),
    vaeDecoderGraph(config.vae, { batch: 1, height: 2, width: 3 }),
  ]);
});
afterAll(() => rm(weights.folder, { recursive: true }));

const cells = ({ frames, height, width }: LatentSize) => 4 * frames * height * width;
const floats = (count: number, seed: number) => Float32Array.from(pattern(count, seed));

/** One call for each seed, all in one batch. */
async function callUnet(
  seeds: readonly number[],
  change: { prompt?: number; time?: number } = {},
): Promise<Float32Array> {
  const batch = seeds.length;
  const join = (make: (seed: number) => Float32Array) => Float32Array.from(seeds.flatMap((seed) => [...make(seed)]));
  const context = join((seed) => floats(tokens * config.contextDim, (change.prompt ?? 0) + seed + 10));
  const keys = await runOnce(promptGraph(config, batch), weights, { context });
  const { fps_emb: fps } = await runOnce(conditionGraph(config, 1), weights, {
    fps_sinusoid: floats(config.modelChannels, 5),
    w_embedding: floats(config.timeCondProjDim, 6),
  });
  const outputs = await runOnce(unetGraph(config, { ...size, batch }), weights, {
    ...keys,
    latent: join((seed) => floats(cells(size), seed)),
    time_sinusoid: join((seed) => floats(config.modelChannels, (change.time ?? 0) + seed + 20)),
    fps_emb: fps!,
  });
  return outputs.out!;
}

describe("the U-Net", () => {
  it("treats the clips of a batch each by itself", async () => {
    const both = await callUnet([1, 2]);
    const [first, second] = [await callUnet([1]), await callUnet([2])];
    expect(first.every(Number.isFinite)).toBe(true);
    expect(difference(first, second)).toBeGreaterThan(0.01);
    expect(difference(both, [...first, ...second])).toBeLessThan(1e-5);
  });

  it("listens to the prompt and to the time step", async () => {
    const plain = await callUnet([1]);
    expect(difference(plain, await callUnet([1], { prompt: 3 }))).toBeGreaterThan(1e-4);
    expect(difference(plain, await callUnet([1], { time: 3 }))).toBeGreaterThan(1e-4);
  });

  it("refuses sizes that it cannot halve often enough", () => {
    expect(() => unetGraph(config, { ...size, height: 5 })).toThrow("the latent 5×2 is not a multiple of 2");
    expect(() => unetGraph(config, { ...size, width: 3 })).toThrow("the latent 4×3 is not a multiple of 2");
  });

  it("tells a trace every module by its official path, and writes nothing when it is not asked", () => {
    const paths: string[] = [];
    const traced = unetGraph(config, size, (path) => paths.push(path));
    expect(paths).toEqual(
      expect.arrayContaining([
        "time_embed_out",
        "emb_after_fps",
        "init_attn",
        "input_blocks.1.0.temopral_conv",
        "input_blocks.1.1.transformer_blocks.0",
        "input_blocks.2",
        "middle_block.3",
        "middle_block",
        "output_blocks.3",
      ]),
    );
    expect(traced.encode(weights.index, "w")).toEqual(unetGraph(config, size).encode(weights.index, "w"));
  });
});

/** Prompt embedding of token ids. */
async function embed(ids: readonly number[]): Promise<Float32Array> {
  const outputs = await runOnce(textGraph(config.text, 1), weights, { token_ids: BigInt64Array.from(ids, BigInt) });
  return outputs.prompt_embeds!;
}

describe("the text tower", () => {
  it("is causal: a word changes its own row and later ones only", async () => {
    const before = await embed([3, 1, 4, 1, 5, 9, 2, 6, 0]);
    const after = await embed([3, 1, 4, 1, 7, 9, 2, 6, 0]);
    const { width } = config.text;
    expect(difference(before.subarray(0, 4 * width), after.subarray(0, 4 * width))).toBe(0);
    for (let row = 4; row < tokens; row++)
      expect(
        difference(before.subarray(row * width, (row + 1) * width), after.subarray(row * width, (row + 1) * width)),
      ).toBeGreaterThan(1e-6);
  });

  it("does not run its last block", () => {
    const sources = textGraph(config.text, 1).parameters.map(({ source }) => source);
    expect(sources.some((source) => source.includes("resblocks.1."))).toBe(true);
    expect(sources.some((source) => source.includes("resblocks.2."))).toBe(false);
  });
});

/** Pictures of latents [batch, 4, 2, 3]. */
async function decode(latent: Float32Array, batch: number): Promise<Float32Array> {
  const graph = vaeDecoderGraph(config.vae, { batch, height: 2, width: 3 });
  expect(graph.outputs.map(({ shape }) => shape)).toEqual([[batch, 3, 4, 6]]);
  return (await runOnce(graph, weights, { latent })).image!;
}

describe("the VAE's decoder", () => {
  it("treats the pictures of a batch each by itself, and doubles their size once per level after the first", async () => {
    const [a, b] = [floats(24, 1), floats(24, 2)];
    const both = await decode(Float32Array.of(...a, ...b), 2);
    expect(difference(both, [...(await decode(a, 1)), ...(await decode(b, 1))])).toBeLessThan(1e-5);
    expect(difference(both.subarray(0, 72), both.subarray(72))).toBeGreaterThan(1e-3);
  });
});
