import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { goldensNote, haveGoldens, hummingbirdGoldens } from "../checkpoint/goldens.testkit.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import type { TensorInfo, TensorSource } from "../types.ts";
import { recogniseHummingbird } from "./checkpoint-names-config.ts";
import { compareModules, loraModules } from "./lora.ts";
import { hummingbirdParameters } from "./parameters.ts";

const keysFile =
  process.env.PLUME_OFFICIAL_KEYS ??
  fileURLToPath(new URL("../../../shared/specs/hummingbird-official-keys.json", import.meta.url));
const haveKeys = existsSync(keysFile);
const note = haveKeys ? "" : " (SKIPPED: no list of official tensors; set PLUME_OFFICIAL_KEYS)";

type Shapes = Record<string, number[]>;

const noData = () => Promise.reject(new Error("a listing has no data"));

/** A checkpoint of names and shapes only. */
function listing(
  shapes: Shapes,
  metadata: Record<string, unknown> = {},
  dtype: TensorInfo["dtype"] = "float32",
): TensorSource {
  const tensors = new Map(Object.entries(shapes).map(([name, shape]) => [name, { name, dtype, shape }]));
  return { tensors, metadata, read: noData, readFloat32: noData, close: () => Promise.resolve() };
}

/** The complete official file of a variant, names and shapes as PyTorch lists them. */
function official(variant: "07B" | "09B"): Shapes {
  const schema = z.record(z.string(), z.record(z.string(), z.array(z.number())));
  const parts = schema.parse(JSON.parse(readFileSync(keysFile, "utf8")));
  const part = (start: string, prefix: string) => {
    const found = Object.entries(parts).find(([name]) => name.startsWith(start))?.[1] ?? {};
    return Object.entries(found).map(([name, shape]): [string, number[]] => [prefix + name, shape]);
  };
  return Object.fromEntries([
    ...part(`unet_${variant}`, "model.diffusion_model."),
    ...part("vae", "first_stage_model."),
    ...part("text", "cond_stage_model.model."),
    ...part("ddpm", ""),
  ]);
}

/** Recognises a listing and looks every weight up. */
const check = (shapes: Shapes, dtype?: TensorInfo["dtype"]) => () => {
  const { names, config } = recogniseHummingbird(listing(shapes, {}, dtype));
  for (const spec of hummingbirdParameters(config)) names.resolve(spec);
};

/** The authors' config.json for a model of this width. */
const authors = (channels: number) => ({
  params: { scale_factor: 0.5, linear_start: 0.001, unet_config: { params: { model_channels: channels } } },
});

describe.skipIf(!haveKeys)(`official releases${note}`, () => {
  it.each([
    ["07B", "0.7B", false, 333],
    ["09B", "0.9B", true, 371],
  ] as const)("%s is recognised and every weight of its graphs is found", (file, variant, middleBlock, loraLayers) => {
    const shapes = official(file);
    const recognised = recogniseHummingbird(listing(shapes));
    expect(recognised).toMatchObject({ variant, isOfficialSize: true });
    expect(recognised.config).toEqual({
      modelChannels: 320,
      channelMult: [1, 2, 4, 4],
      numHeadChannels: 64,
      contextDim: 1024,
      unetNormGroups: 32,
      middleBlock,
      timeCondProjDim: 256,
      vae: { ch: 128, chMult: [1, 2, 4, 4], numResBlocks: 2, normGroups: 32, scaleFactor: 0.18215 },
      text: { width: 1024, heads: 16, layers: 24, vocabulary: 49408, length: 77 },
      sampler: {
        kind: "lcm",
        parameterization: "eps",
        rescaleBetasZeroSnr: false,
        linearStart: 0.00085,
        linearEnd: 0.012,
        guidanceRescale: 0,
        defaultSteps: 4,
        defaultGuidance: 7.5,
      },
      fps: 8,
    });
    const specs = hummingbirdParameters(recognised.config);
    for (const spec of specs) expect(recognised.names.resolve(spec).name).toBe(spec.source);
    const used = new Set(specs.map((spec) => spec.source));
    const unused = Object.keys(shapes).filter((name) => !used.has(name));
    // Nothing of the U-Net is forgotten; of the rest only the encoder, the last text block, and what no forward pass touches.
    expect(unused.filter((name) => name.startsWith("model.diffusion_model."))).toEqual([]);
    expect(
      unused.filter(
        (name) =>
          /^(?:first_stage_model|cond_stage_model)\./u.test(name) &&
          !/^first_stage_model\.(?:encoder|quant_conv)\.|resblocks\.23\.|text_projection|logit_scale/u.test(name),
      ),
    ).toEqual([]);
    expect(loraModules(recognised.names)).toHaveLength(loraLayers);
  });

  it("accepts wrapped temporal convolutions, a training wrapper's prefix and Linear for Conv1d", () => {
    const shapes = Object.fromEntries(
      Object.entries(official("07B")).map(([name, shape]): [string, number[]] => {
        const wrapped = /temopral_conv\.conv\d\.\d\.(?:weight|bias)$/u.test(name) && shape.length !== 1;
        if (wrapped) return [`module.${name.replace(/weight$/u, "conv2d.weight")}`, shape.slice(0, 4)];
        if (/init_attn\.0\.proj_(?:in|out)\.weight$/u.test(name)) return [`module.${name}`, shape.slice(0, 2)];
        return [`module.${name}`, shape];
      }),
    );
    expect(Object.keys(shapes).some((name) => name.endsWith("conv2d.weight"))).toBe(true);
    const { names, config } = recogniseHummingbird(listing(shapes));
    expect(names.prefix).toBe("module.");
    for (const spec of hummingbirdParameters(config)) names.resolve(spec);
    expect(loraModules(names)).toContain("input_blocks.1.0.temopral_conv.conv1.2");
  });

  it("names the tensor that is missing, misshapen or of whole numbers", () => {
    const shapes = official("07B");
    const broken = "model.diffusion_model.output_blocks.3.1.proj_in.weight";
    const { [broken]: shape, ...without } = shapes;
    expect(shape).toBeDefined();
    expect(check(without)).toThrow(new RegExp(`${broken} is missing`, "u"));
    expect(check({ ...shapes, [broken]: [7, 5] })).toThrow(new RegExp(`${broken} has the shape \\[7, 5\\]`, "u"));
    expect(check(shapes, "int32")).toThrow(/holds int32 numbers/u);
  });

  it("tells other models, parts and LoRAs apart", () => {
    const shapes = official("07B");
    expect(check({ "model.layers.0.weight": [2, 2] })).toThrow(/not a Hummingbird/u);
    expect(check({ "0": [2, 2], "1": [2, 2] })).toThrow(/is a LoRA/u);
    const only = (test: RegExp) => Object.fromEntries(Object.entries(shapes).filter(([name]) => test.test(name)));
    expect(check(only(/middle|output/u))).toThrow(/only a part/u);
    expect(check(only(/diffusion_model|cond_stage/u))).toThrow(/lacks the VAE/u);
    expect(check(only(/diffusion_model|first_stage/u))).toThrow(/lacks the text encoder/u);
    // VideoCrafter2 has two residual blocks a level, so its first down-sampler comes one later.
    const { "model.diffusion_model.input_blocks.2.0.op.weight": moved, ...videoCrafter } = shapes;
    expect(moved).toBeDefined();
    expect(check(videoCrafter)).toThrow(/another layout/u);
  });

  it("believes what our recipe writes, and the authors' file only where it speaks of this model", () => {
    const shapes = official("07B");
    const recipe = {
      sampler: "ddim",
      parameterization: "v",
      rescale_betas_zero_snr: true,
      unet_norm_groups: 4,
      vae_norm_groups: 1,
      text_heads: 8,
      scale_factor: 1,
      default_steps: 12,
      default_guidance: 2,
      guidance_rescale: 0.5,
      fps: 12,
    };
    const ours = recogniseHummingbird(
      listing(shapes, { hyper_parameters: recipe, plume: { name: "X", native_width: 64 } }),
    );
    expect(ours.config).toMatchObject({
      unetNormGroups: 4,
      timeCondProjDim: 0,
      vae: { normGroups: 1, scaleFactor: 1 },
      text: { heads: 8 },
      sampler: {
        kind: "ddim",
        parameterization: "v",
        rescaleBetasZeroSnr: true,
        defaultSteps: 12,
        guidanceRescale: 0.5,
      },
      fps: 12,
    });
    expect(ours.plume).toMatchObject({ name: "X", native_width: 64 });
    expect(recogniseHummingbird(listing(shapes), authors(320)).config.vae.scaleFactor).toBe(0.5);
    expect(recogniseHummingbird(listing(shapes), authors(320)).config.sampler.linearStart).toBe(0.001);
    expect(recogniseHummingbird(listing(shapes), authors(64)).config.vae.scaleFactor).toBe(0.18215);
    expect(recogniseHummingbird(listing(shapes), "nonsense").config.vae.scaleFactor).toBe(0.18215);
    // Nonsense among the settings is passed over, not fatal.
    const odd = listing(shapes, { hyper_parameters: { fps: "fast", text_heads: null } });
    expect(recogniseHummingbird(odd).config).toMatchObject({ fps: 8, text: { heads: 16 } });
  });

  it("puts a LoRA's layers in order however the file lists its tensors", () => {
    const shapes = official("09B");
    const sorted = Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1)));
    const inOrder = loraModules(recogniseHummingbird(listing(shapes)).names);
    expect(loraModules(recogniseHummingbird(listing(sorted)).names)).toEqual(inOrder);
    // PyTorch lists a state dict in the order of named_modules().
    const listed = Object.entries(shapes)
      .filter(([name, shape]) => /^model\.diffusion_model\..*\.weight$/u.test(name) && [2, 4, 5].includes(shape.length))
      .map(([name]) => name.slice("model.diffusion_model.".length, -".weight".length));
    expect([...listed].sort(compareModules)).toEqual(inOrder);
    expect(inOrder.filter((name) => name.startsWith("input_blocks."))).toEqual(
      listed.filter((name) => name.startsWith("input_blocks.")),
    );
  });
});

describe.skipIf(!haveGoldens)(`the golden checkpoint${goldensNote}`, () => {
  it("is recognised from its pickled modules: heads and groups included", async () => {
    const source = await openCheckpoint(join(hummingbirdGoldens, "tiny07B_merged_all.pt"));
    const { config, variant, isOfficialSize, names } = recogniseHummingbird(source);
    expect({ variant, isOfficialSize }).toEqual({ variant: "0.7B", isOfficialSize: false });
    expect(config).toMatchObject({
      modelChannels: 32,
      channelMult: [1, 2, 2, 1],
      numHeadChannels: 8,
      contextDim: 16,
      vae: { ch: 32, chMult: [2, 1, 1, 1], numResBlocks: 1 },
      text: { width: 16, heads: 2, layers: 3 },
    });
    const order = z.object({ order: z.array(z.string()) });
    const file = readFileSync(join(hummingbirdGoldens, "tiny_unet_lora_order.json"), "utf8");
    expect(loraModules(names)).toEqual(order.parse(JSON.parse(file)).order);
    await source.close();
  });
});
