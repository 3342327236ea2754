/**
 * The bundled starter that animates against the PyTorch code that trained it: sentence, picture, sound and score, every guided step of
 * both stages, and the frames. Reference files: native-models/training/keyvid/golden, written by golden.py from the shipped weights; both
 * are replaced together.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { toRgb8 } from "../../native-models/diffusion/rgb.ts";
import { frameOf, LATENT_CHANNELS } from "../../native-models/diffusion/latent.ts";
import { IMAGE_TOKENS, KEYFRAMES, type KeyvidConfig } from "../../native-models/keyvid/config.ts";
import { clipPicture } from "../../native-models/keyvid/clip-picture.ts";
import { melSpectrogram, SOUND_RATE, withoutPadding } from "../../native-models/keyvid/mel.ts";
import { KeyvidNetworks } from "../../native-models/keyvid/networks.ts";
import { fromBytes, fromRgb8 } from "../../native-models/keyvid/picture.ts";
import type { BranchedAnswer, Stage, StageNetworks } from "../../native-models/keyvid/stage-networks.ts";
import {
  interpolationLatent,
  keyframeLatent,
  type StageHooks,
  type StageInput,
  stageSize,
} from "../../native-models/keyvid/stages.ts";
import { runPlan } from "../../native-models/keyvid/step-plan.ts";
import { clipTokenizer } from "../../native-models/openclip/tokenizer.ts";
import { manifestOf } from "../../native-models/pack/index.ts";
import type { TensorSource } from "../../native-models/types.ts";
import { farthest, type OpenedStarter, openStarter, readJson, sha256Of } from "./starter.testkit.ts";

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = file("native-models/training/keyvid/golden");
const checkpoint = file("assets/models/keyvid");
/** Where the recipe's names for the three files are in the bundle. */
const files = {
  generator: "keyframe_generation/generator_checkpoint.ckpt",
  interpolator: "interpolation/interpolator.ckpt",
  localiser: "wav2motion/best_model_version1_with_skip.pth",
} as const;

const manifest = z
  .object({
    prompt: z.string(),
    steps: z.number(),
    timesteps: z.array(z.number()),
    eta: z.number(),
    guidance_rescale: z.number(),
    scales: z.object({
      text: z.number(),
      image: z.number(),
      audio_keyframes: z.number(),
      audio_interpolation: z.number(),
    }),
    checkpoint_sha256: z.object({ generator: z.string(), interpolator: z.string(), localiser: z.string() }),
    tolerance: z.object({ "score, text, tokens, full, v, x": z.number(), frames: z.string().regex(/^\d+ levels$/u) }),
  })
  .parse(readJson(join(folder, "manifest.json")));
const near = manifest.tolerance["score, text, tokens, full, v, x"];
const levels = Number.parseInt(manifest.tolerance.frames, 10);

let starter: OpenedStarter;
let golden: TensorSource;
let config: KeyvidConfig;
let networks: KeyvidNetworks;
let side: number;
let picture: Float32Array;
let mel: Float32Array;
let places: number[];

const floats = (name: string) => golden.readFloat32(name);

beforeAll(async () => {
  starter = await openStarter(checkpoint, join(folder, "keyvid-starter.safetensors"));
  ({ golden } = starter);
  ({ config } = manifestOf("keyvid", starter.manifest));
  networks = new KeyvidNetworks(config, starter.weights, { threads: 2 });
  side = golden.tensors.get("picture")!.shape.at(-1)!;
  picture = fromBytes(await golden.read("picture"));
  const wave = await floats("wave");
  mel = melSpectrogram({ sampleRate: SOUND_RATE, channels: [wave.map((level) => level / 32_768)] });
  places = [...(await floats("keyframes"))];
});
afterAll(async () => {
  await networks?.close();
  await starter?.close();
});

/** A run of one stage with the reference's steps, guidance and noise; the VAE's encoder has no spread, so that its draw is nothing. */
async function stageInput(stage: Stage, latents: number): Promise<StageInput> {
  const name = stage === "keyframes" ? "generator" : "interpolator";
  const { text, image, audio_keyframes: keyframes, audio_interpolation: interpolation } = manifest.scales;
  const nothing = new Float32Array(latents * (await floats("latent")).length);
  const drawn = Float32Array.of(...nothing, ...(await floats(`${name}.x`)), ...(await floats(`${name}.noise`)));
  let at = 0;
  return {
    config: {
      ...config,
      sampler: { ...config.sampler, eta: manifest.eta, guidanceRescale: manifest.guidance_rescale },
    },
    prompt: manifest.prompt,
    width: side,
    height: side,
    picture,
    mel,
    places,
    scales: { text, image, audio: stage === "keyframes" ? keyframes : interpolation },
    run: runPlan("reference", manifest.steps),
    draw: (count) => drawn.subarray(at, (at += count)),
  };
}

/** The networks, with every answer of the U-Nets written down and, where given, other latents for the pictures in turn. */
function overheard(answers: Float32Array[], latents?: readonly Float32Array[]): StageNetworks {
  let encoded = 0;
  const changes: Partial<StageNetworks> = {
    async predictBranches(call): Promise<BranchedAnswer> {
      const answer = await networks.predictBranches(call);
      answers.push(answer.predictions.at(-1)!);
      return answer;
    },
    ...(latents
      ? {
          async encode() {
            const mean = latents[encoded++]!.map((value) => value / config.vae.scaleFactor);
            return { mean, logvar: mean.map(() => -30) };
          },
        }
      : {}),
  };
  return new Proxy<StageNetworks>(networks, {
    get(target, name) {
      const value = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}

async function decodeAll(stage: Stage, latent: Float32Array, count: number): Promise<Uint8Array[]> {
  const size = stageSize(networks, { width: side, height: side }, count);
  const frames: Uint8Array[] = [];
  for (let frame = 0; frame < count; frame++)
    frames.push(toRgb8(await networks.decode(stage, frameOf(latent, size, frame), size.height, size.width)));
  return frames;
}

/** A picture's channels one after another, every `step`-th row and column. */
function planes(rgb: Uint8Array, step: number): Uint8Array {
  const across = side / step;
  return Uint8Array.from({ length: 3 * across * across }, (_, i) => {
    const [channel, row, column] = [Math.floor(i / across ** 2), Math.floor(i / across) % across, i % across];
    return rgb[(row * step * side + column * step) * 3 + channel]!;
  });
}

describe.skipIf(!existsSync(checkpoint))("the KeyVID starter", () => {
  it("is the one that the reference files were made from", () => {
    const hashes = Object.entries(files).map(([name, path]) => [name, sha256Of(join(checkpoint, path))]);
    expect(Object.fromEntries(hashes)).toEqual(manifest.checkpoint_sha256);
  });

  it("reads the sentence as PyTorch does", async () => {
    const { ids } = clipTokenizer().tokenize(manifest.prompt);
    expect([...ids]).toEqual([...(await floats("token_ids"))]);
    expect(farthest(await networks.embedText("keyframes", manifest.prompt), await floats("text"))).toBeLessThan(near);
    expect(farthest(await networks.embedText("keyframes", ""), await floats("text_empty"))).toBeLessThan(near);
  });

  it("sees the picture as PyTorch does", async () => {
    const { mean } = await networks.encode("keyframes", picture, side, side);
    const latent = mean.map((value) => value * config.vae.scaleFactor);
    expect(farthest(latent, await floats("latent"))).toBeLessThan(near);
    const tokens = await networks.pictureTokens("keyframes", clipPicture(picture, side, side));
    const row = golden.tensors.get("image_tokens_every_16th")!.shape.at(-1)!;
    const rows = tokens.filter((_, i) => Math.floor(i / row) % IMAGE_TOKENS === 0);
    expect(farthest(rows, await floats("image_tokens_every_16th"))).toBeLessThan(near);
  });

  it("hears the sound as PyTorch does", async () => {
    expect(farthest(await networks.localise(withoutPadding(mel)), await floats("score"))).toBeLessThan(near);
    const tokens = await networks.soundTokens(
      "keyframes",
      mel,
      [0, 5, 11].map((i) => places[i]!),
    );
    expect(farthest(tokens, await floats("keyframe_audio_0_5_11"))).toBeLessThan(near);
  });

  it("walks the same way from noise to keyframes, and through them to the clip", { timeout: 300_000 }, async () => {
    const answers: Float32Array[] = [];
    const samples: Float32Array[] = [];
    const hooks: StageHooks = { onSample: (_, sample) => void samples.push(sample.slice()) };
    const latent = await keyframeLatent(overheard(answers), await stageInput("keyframes", 1), hooks);
    expect(samples).toHaveLength(manifest.steps);
    for (const [step, sample] of samples.entries()) {
      expect(farthest(answers[step]!, await floats(`generator.step${step}.full`)), `step ${step}`).toBeLessThan(near);
      expect(farthest(sample, await floats(`generator.step${step}.x`)), `step ${step}`).toBeLessThan(near);
    }
    const keyframes = await decodeAll("keyframes", latent, KEYFRAMES);
    const wanted = await golden.read("generator.frames");
    const every = side / golden.tensors.get("generator.frames")!.shape.at(-1)!;
    const ours = Uint8Array.of(...keyframes.flatMap((rgb) => [...planes(rgb, every)]));
    expect(farthest(ours, wanted)).toBeLessThanOrEqual(levels);

    // A keyframe that rounds to another level would start another walk: the second stage gets the reference's latents.
    const keys = await floats("interpolator.keys");
    const cells = keys.length / KEYFRAMES / LATENT_CHANNELS;
    const latents = Array.from({ length: KEYFRAMES }, (_, i) =>
      Float32Array.from(
        { length: LATENT_CHANNELS * cells },
        (_unused, k) => keys[(Math.floor(k / cells) * KEYFRAMES + i) * cells + (k % cells)]!,
      ),
    );
    for (const [i, rgb] of keyframes.entries()) {
      const { mean } = await networks.encode("interpolation", fromRgb8(rgb), side, side);
      // As far as a level more or less in a few pixels carries.
      expect(
        farthest(
          mean.map((value) => value * config.vae.scaleFactor),
          latents[i]!,
        ),
      ).toBeLessThan(0.1);
    }
    const further: Float32Array[] = [];
    const last = await interpolationLatent(
      overheard(further, latents),
      await stageInput("interpolation", KEYFRAMES),
      keyframes.map(fromRgb8),
    );
    expect(farthest(further[0]!, await floats("interpolator.step0.full"))).toBeLessThan(near);
    expect(farthest(last, await floats("interpolator.latent"))).toBeLessThan(near);
    const count = last.length / LATENT_CHANNELS / cells;
    const clip = (await decodeAll("interpolation", last, count)).filter((_, frame) => frame % 8 === 0);
    const shown = Uint8Array.of(...clip.flatMap((rgb) => [...planes(rgb, 1)]));
    expect(farthest(shown, await golden.read("interpolator.frames_every_8th"))).toBeLessThanOrEqual(levels);
  });
});
