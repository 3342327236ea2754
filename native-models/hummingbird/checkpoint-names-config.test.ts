import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TensorSource } from "../types.ts";
import { recogniseHummingbird } from "./checkpoint-names-config.ts";
import type { HummingbirdConfig } from "./config.ts";
import { loraModules } from "./lora.ts";
import { hummingbirdParameters } from "./parameters.ts";

const noData = () => Promise.reject(new Error("a listing has no data"));

/** A checkpoint that holds exactly what the graphs of a configuration ask for, without numbers. */
function listing(config: HummingbirdConfig): TensorSource {
  const tensors = new Map(
    hummingbirdParameters(config).map(({ source, sourceShape }) => [
      source,
      { name: source, dtype: "float32" as const, shape: sourceShape },
    ]),
  );
  // The last text block is not run, but a checkpoint has it.
  const last = `cond_stage_model.model.transformer.resblocks.${config.text.layers - 1}.ln_1.weight`;
  tensors.set(last, { name: last, dtype: "float32", shape: [config.text.width] });
  return { tensors, metadata: {}, read: noData, readFloat32: noData, close: () => Promise.resolve() };
}

const sampler = {
  parameterization: "eps" as const,
  rescaleBetasZeroSnr: false,
  linearStart: 0.00085,
  linearEnd: 0.012,
  guidanceRescale: 0,
  defaultGuidance: 7.5,
};

/** Configurations of any size, with the values that shapes cannot tell left as in the official releases. */
const configs: fc.Arbitrary<HummingbirdConfig> = fc
  .record({
    base: fc.integer({ min: 1, max: 3 }),
    mult: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    middleBlock: fc.boolean(),
    distilled: fc.boolean(),
    context: fc.integer({ min: 1, max: 5 }),
    headShare: fc.constantFrom(1, 2, 4),
    vaeMult: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    vaeBlocks: fc.integer({ min: 1, max: 2 }),
    layers: fc.integer({ min: 2, max: 4 }),
    vocabulary: fc.integer({ min: 10, max: 99 }),
  })
  .map(({ base, mult, middleBlock, distilled, context, headShare, vaeMult, vaeBlocks, layers, vocabulary }) => ({
    modelChannels: base * 32,
    channelMult: [1, ...mult],
    numHeadChannels: (base * 32) / headShare,
    contextDim: context * 16,
    unetNormGroups: 32,
    middleBlock,
    timeCondProjDim: distilled ? 256 : 0,
    // A finest level of one base width makes the base the greatest common divisor.
    vae: { ch: 32, chMult: [1, ...vaeMult], numResBlocks: vaeBlocks, normGroups: 32, scaleFactor: 0.18215 },
    text: { width: context * 16, heads: 1, layers, vocabulary, length: 77 },
    sampler: { ...sampler, kind: distilled ? "lcm" : "ddim", defaultSteps: distilled ? 4 : 25 },
    fps: 8,
  }));

describe("recognising a checkpoint", () => {
  it("finds the configuration again from nothing but the names and shapes that it leads to", () => {
    fc.assert(
      fc.property(configs, (config) => {
        const source = listing(config);
        const recognised = recogniseHummingbird(source);
        expect(recognised.config).toEqual(config);
        expect(recognised.variant).toBe(config.middleBlock ? "0.9B" : "0.7B");
        expect(recognised.isOfficialSize).toBe(false);
        for (const spec of hummingbirdParameters(recognised.config))
          expect(recognised.names.resolve(spec).name).toBe(spec.source);
      }),
      { numRuns: 25 },
    );
  });

  it("lists a LoRA's layers alike, whatever the order of the tensors", () => {
    fc.assert(
      fc.property(configs, fc.infiniteStream(fc.nat()), (config, random) => {
        const source = listing(config);
        const shuffled = [...source.tensors]
          .map((entry) => [random.next().value as number, entry] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, entry]) => entry);
        const modules = loraModules(recogniseHummingbird(source).names);
        const again = loraModules(recogniseHummingbird({ ...source, tensors: new Map(shuffled) }).names);
        expect(again).toEqual(modules);
        expect(modules[0]).toBe("time_embed.0");
        expect(modules.at(-1)).toBe("out.2");
        expect(modules).not.toContain("init_attn.0.proj_in");
        expect(modules).toContain("init_attn.0.transformer_blocks.0.attn1.to_q");
      }),
      { numRuns: 10 },
    );
  });

  it("says that sizes do not add up instead of guessing", () => {
    const source = listing(fc.sample(configs, { numRuns: 1, seed: 5 })[0]!);
    const name = "model.diffusion_model.input_blocks.3.0.in_layers.2.weight";
    const odd = new Map(source.tensors).set(name, { name, dtype: "float32", shape: [33, 32, 3, 3] });
    expect(() => recogniseHummingbird({ ...source, tensors: odd })).toThrow(/do not add up/u);
  });
});
