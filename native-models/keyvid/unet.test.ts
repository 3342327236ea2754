/** What must hold of the U-Nets whatever their weights; that they equal the reference is shown in test/parity. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, randomWeights } from "../onnx/random-weights.testkit.ts";
import { pattern } from "../onnx/run-graph.testkit.ts";
import type { Weights } from "../onnx/session.ts";
import { KeyvidNetworks } from "./networks.ts";
import { graphsOf } from "./parameters.ts";
import type { DeepUse } from "./sample.ts";
import type { BranchedCall, Keys, StageNetworks, UnetCall } from "./stage-networks.ts";
import { denoiserOf } from "./stages.ts";
import { officialConfig, smallConfig } from "./testing-model.testkit.ts";
import { keysGraph, unetGraph } from "./unet.ts";

const config = smallConfig;
const size = { batch: 1, frames: 3, height: 4, width: 8 };
const places = [0, 7, 30];
let weights: Weights;
let networks: KeyvidNetworks;

beforeAll(async () => {
  const graphs = graphsOf(config, "keyframes").filter(({ name }) => /^keyvid-(?!resampler)/u.test(name));
  const own = await randomWeights(graphs);
  const index = Object.fromEntries(Object.entries(own.index).map(([key, entry]) => [`keyframes/${key}`, entry]));
  weights = { ...own, index };
  networks = new KeyvidNetworks(config, weights, { threads: 1 });
});
afterAll(async () => {
  await networks.close();
  await rm(weights.folder, { recursive: true });
});

const floats = (count: number, seed: number) => Float32Array.from(pattern(count, seed));
const latentNumbers = 4 * size.frames * size.height * size.width;

/** Keys and values of a branch whose text, picture and sound are made of three seeds. */
async function branch(text: number, image: number, audio: number): Promise<Keys> {
  const { contextDim, audioDim } = config.keyframes;
  return {
    ...(await networks.keys("keyframes", "text", floats(77 * contextDim, text))),
    ...(await networks.keys("keyframes", "image", floats(size.frames * 16 * contextDim, image))),
    ...(await networks.keys("keyframes", "audio", floats(size.frames * 12 * audioDim, audio))),
  };
}

const call = (change: Partial<UnetCall> = {}): Omit<UnetCall, "keys"> => ({
  stage: "keyframes",
  size,
  places,
  sample: floats(latentNumbers, 1),
  beside: floats(latentNumbers, 2),
  t: 500,
  ...change,
});

const ask = async (branches: readonly Keys[], change: Partial<BranchedCall> = {}) =>
  networks.predictBranches({ ...call(), branches, ...change });

describe("a call under several conditions", () => {
  it("gives each branch what it would get alone", async () => {
    const branches = [
      await branch(10, 11, 12),
      await branch(10, 11, 13),
      await branch(14, 11, 12),
      await branch(14, 15, 12),
    ];
    const { predictions } = await ask(branches);
    for (const [i, keys] of branches.entries()) {
      const alone = await networks.predict({ ...call(), keys });
      expect(alone.every(Number.isFinite)).toBe(true);
      expect(difference(predictions[i]!, alone), `branch ${i}`).toBeLessThan(2e-6);
      if (i > 0) expect(difference(predictions[i]!, predictions[0]!), `branch ${i}`).toBeGreaterThan(1e-5);
    }
  });

  it("costs less than the branches one by one: what they share is computed once", () => {
    const official = { frames: 12, height: 40, width: 64 };
    const flops = (branches: number) => unetGraph(officialConfig.keyframes, official, { branches }).flops;
    expect(flops(4)).toBeLessThan(flops(1) * 4 * 0.95);
  });
});

describe("the U-Net", () => {
  it("listens to sample, shown latents, time and places", async () => {
    const keys = await branch(10, 11, 12);
    const plain = await networks.predict({ ...call(), keys });
    for (const change of [
      { sample: floats(latentNumbers, 5) },
      { beside: floats(latentNumbers, 6) },
      { t: 501 },
      { places: [0, 7, 31] },
    ])
      expect(difference(await networks.predict({ ...call(change), keys }), plain)).toBeGreaterThan(1e-5);
  });

  it("hears a frame's sound in all frames, but most in its own", async () => {
    const { audioDim } = config.keyframes;
    const [quiet, loud] = [floats(size.frames * 12 * audioDim, 12), floats(size.frames * 12 * audioDim, 12)];
    loud.set(floats(12 * audioDim, 40), 12 * audioDim);
    const others = await branch(10, 11, 12);
    const predict = async (tokens: Float32Array) =>
      networks.predict({ ...call(), keys: { ...others, ...(await networks.keys("keyframes", "audio", tokens)) } });
    const [before, after] = [await predict(quiet), await predict(loud)];
    const plane = size.height * size.width;
    const changed = [0, 1, 2].map((frame) => {
      let sum = 0;
      for (let c = 0; c < 4; c++)
        for (let i = 0; i < plane; i++) {
          const at = (c * size.frames + frame) * plane + i;
          sum += Math.abs(after[at]! - before[at]!);
        }
      return sum;
    });
    expect(changed[1]).toBeGreaterThan(Math.max(changed[0]!, changed[2]!));
    expect(Math.min(...changed)).toBeGreaterThan(0);
  });

  it("refuses sizes that it cannot halve often enough", () => {
    expect(() => unetGraph(config.keyframes, { frames: 1, height: 6, width: 8 })).toThrow(
      "the latent 6×8 is not a multiple of 4",
    );
  });

  it("needs the work that the authors' configuration needs", () => {
    // 9.46 TFLOP for 12 frames and 37.96 for 48 (KEYVID.md, section 5), the keys and values of every step included.
    for (const [stage, frames, expected] of [
      ["keyframes", 12, 9.46],
      ["interpolation", 48, 37.96],
    ] as const) {
      const unet = officialConfig[stage];
      const keys = (["text", "image", "audio"] as const).map(
        (part) => keysGraph(unet, part, frames).flops * (part === "text" ? frames : 1),
      );
      const all = unetGraph(unet, { frames, height: 40, width: 64 }).flops + keys.reduce((a, b) => a + b, 0);
      expect(Math.abs(all / (expected * 1e12) - 1), stage).toBeLessThan(0.03);
    }
  });
});

describe("features kept from an earlier call", () => {
  it("give the very same answer to the same question, wherever the cut, for several branches", async () => {
    const branches = [await branch(10, 11, 12), await branch(14, 11, 13)];
    const { predictions } = await ask(branches);
    for (const keep of [1, 3, networks.lastCut("keyframes")]) {
      const kept = await ask(branches, { keep });
      const again = await ask(branches, { reuse: kept.deep });
      for (const i of [0, 1]) {
        expect(difference(kept.predictions[i]!, predictions[i]!), `cut ${keep}`).toBeLessThan(2e-6);
        expect(difference(again.predictions[i]!, predictions[i]!), `cut ${keep}`).toBeLessThan(2e-6);
      }
    }
  });

  it("are what the denoising loop keeps and reuses: a question is answered alike with and without them", async () => {
    const keys = new Map([
      ["imageText", await branch(10, 11, 12)],
      ["full", await branch(14, 11, 13)],
    ] as const);
    const { stage, beside, sample, t } = call();
    const denoiser = denoiserOf(networks, { stage, size, places, beside }, keys);
    const answer = (deep: DeepUse) => denoiser.predict(sample, t, ["imageText", "full"], () => {}, deep);
    const plain = await answer("compute");
    for (const deep of ["keep", "reuse", "reuse"] as const)
      for (const [i, v] of (await answer(deep)).entries())
        expect(difference(v, plain[i]!), `${deep}, branch ${i}`).toBeLessThan(2e-6);
  });

  it("are kept for each branch where the branches are too large to be asked at once", async () => {
    const large = { batch: 1, frames: 48, height: 64, width: 64 };
    const asked: BranchedCall[] = [];
    const stub = {
      lastCut: () => 4,
      predictBranches: async (asking: BranchedCall) => {
        asked.push(asking);
        return { predictions: [new Float32Array(1)], deep: { cut: 4, features: Float32Array.of(asked.length) } };
      },
    } as unknown as StageNetworks;
    const keys = new Map([
      ["imageText", {}],
      ["full", {}],
    ] as const);
    const denoiser = denoiserOf(stub, { stage: "keyframes", size: large, places, beside: floats(1, 1) }, keys);
    for (const deep of ["keep", "reuse"] as const)
      await denoiser.predict(floats(1, 1), 500, ["imageText", "full"], () => {}, deep);
    expect(asked.map(({ keep, reuse }) => [keep, reuse?.features[0]])).toEqual([
      [4, undefined],
      [4, undefined],
      [undefined, 1],
      [undefined, 2],
    ]);
  });

  it("still hear the new sample, and cost less the later the cut", async () => {
    const branches = [await branch(10, 11, 12)];
    const last = networks.lastCut("keyframes");
    const { deep } = await ask(branches, { keep: last });
    const [same, other] = [
      await ask(branches, { reuse: deep }),
      await ask(branches, { reuse: deep, sample: floats(latentNumbers, 9) }),
    ];
    expect(difference(same.predictions[0]!, other.predictions[0]!)).toBeGreaterThan(1e-3);
    const work = Array.from({ length: last + 1 }, (_, cut) =>
      networks.callWork("keyframes", size, 1, cut === 0 ? undefined : cut),
    );
    for (let cut = 1; cut <= last; cut++) expect(work[cut]).toBeLessThan(work[cut - 1]!);
  });
});
