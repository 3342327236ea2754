/** What a model made for Plume says about itself, and what is assumed of one that says nothing. */
import { describe, expect, it } from "vitest";
import type { CheckpointFile } from "../pack/family.ts";
import type { TensorSource } from "../types.ts";
import { planKeyvid } from "./family.ts";
import type { Part } from "./parameters.ts";
import { officialConfig, shapesOf, smallConfig } from "./testing-model.testkit.ts";

const noData = () => Promise.reject(new Error("a listing has no data"));

/** One of the small model's files, names and shapes only, with what stands beside the weights. */
function listing(parts: readonly Part[], metadata: Record<string, unknown>): CheckpointFile {
  const shapes = parts.flatMap((part) => [...shapesOf(smallConfig, part)]);
  const tensors = new Map(shapes.map(([name, shape]) => [name, { name, dtype: "float16" as const, shape }]));
  const source: TensorSource = { tensors, metadata, read: noData, readFloat32: noData, close: () => Promise.resolve() };
  return { path: `${parts[0]}.ckpt`, source };
}

const stated = { unet_norm_groups: 4, vae_norm_groups: 4, scale_factor: 0.5 };
const files = (metadata: Record<string, unknown>, localizer: Record<string, unknown> = {}) => [
  listing(["keyframes", "sound"], metadata),
  listing(["interpolation"], metadata),
  listing(["localizer"], localizer),
];

describe("what a model says about itself", () => {
  it("sets groups, heads, sampling and words, from a record or from JSON", () => {
    const hyperParameters = { ...stated, aud_heads: 4, vis_head: 16, txt_heads: 2, rs_dh: 32 };
    const plume = {
      name: "Small",
      version: "2",
      licence: "MIT",
      native_width: 128,
      native_height: 64,
      guidance: { text: 1, image: 1, audio_keyframes: 1.5, audio_interpolation: 2 },
      guidance_rescale: 0,
      eta: 0,
      default_steps: 12,
      motions: { pulse: ["pulse", "beat"], jump: ["jump"] },
      what_it_knows: "Two motions.",
    };
    for (const wrap of [(value: unknown) => value, (value: unknown) => JSON.stringify(value)]) {
      const metadata = { hyper_parameters: wrap(hyperParameters), plume: wrap(plume) };
      const { facts, name } = planKeyvid(files(metadata, { hyper_parameters: wrap({ loc_heads: 8 }) }));
      expect(name).toBe("Small");
      expect(facts).toMatchObject({
        variant: "Small 2",
        licence: "MIT",
        about: "Two motions.",
        examplePrompts: ["pulse", "jump"],
        native: { width: 128, height: 64, frames: 48 },
        config: {
          audio: { heads: 4 },
          localizer: { heads: 8 },
          vision: { heads: 4 },
          text: { heads: 2 },
          resampler: { heads: 2, headWidth: 32 },
          sampler: {
            guidance: { text: 1, image: 1, audio: 1.5, interpolationAudio: 2 },
            guidanceRescale: 0,
            eta: 0,
            defaultSteps: 12,
          },
        },
      });
    }
  });

  it("may be nothing: then the official release's values hold, and heads are 64 wide", () => {
    const { facts, name } = planKeyvid(files({ hyper_parameters: stated, plume: "not JSON" }));
    expect(name).toBeUndefined();
    expect(facts.config).toEqual(smallConfig);
    expect(facts.config).toMatchObject({ sampler: officialConfig.sampler });
  });

  it("cannot be nonsense: sizes that do not add up are refused in one sentence", () => {
    expect(() => planKeyvid(files({ hyper_parameters: { ...stated, rs_dh: 48 } }))).toThrow(
      "do not add up to a KeyVID model",
    );
  });
});
