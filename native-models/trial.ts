/**
 * Whether a device computes what the processor computes: one call of the networks that decide a clip, at the smallest size, on both. Runs
 * in a process that may die of it.
 */
import type { DeviceId } from "../core/contract/index.ts";
import { LATENT_CHANNELS, type LatentSize } from "./diffusion/latent.ts";
import { TorchRandom } from "./diffusion/torch-random.ts";
import { HummingbirdNetworks } from "./hummingbird/networks.ts";
import { unit } from "./hummingbird/unet.ts";
import { AUDIO_TOKENS, IMAGE_TOKENS, type KeyvidConfig } from "./keyvid/config.ts";
import { KeyvidNetworks } from "./keyvid/networks.ts";
import type { Stage } from "./keyvid/stage-networks.ts";
import type { Weights } from "./onnx/session.ts";
import { type Pack, readPack } from "./pack/index.ts";

/** Frames of the trial's clip: enough for the layers that look along time. */
const FRAMES = 4;
const SEED = 20_251_126n;

/** What both compute, by the network's name. */
type Results = ReadonlyMap<string, Float32Array>;

/**
 * The largest difference between what a device and the processor make of the same input, as a share of the values' own size (root of mean
 * squares): some 1e-5 for two ways to sum in float32, some 1e-3 where a device computes in half precision, about 1 for wrong results.
 * Models that make no clips are not tried: 0. Errors: onnxruntime's own, MODEL_DAMAGED.
 */
export async function tryDevice(packFolder: string, device: DeviceId, threads: number): Promise<number> {
  const pack = await readPack(packFolder);
  if (pack.manifest.family === "patnet") return 0;
  // One after the other: a large model is not held twice.
  const right = await results(pack, { threads, device: "cpu" });
  const tried = await results(pack, { threads, device });
  return Math.max(...[...right].map(([name, values]) => difference(values, tried.get(name)!)));
}

interface Where {
  readonly threads: number;
  readonly device: DeviceId;
}

function results({ manifest, index, folder, weightsFile }: Pack, where: Where): Promise<Results> {
  const weights = { folder, file: weightsFile, index };
  return manifest.family === "keyvid"
    ? ofKeyvid(manifest.config, weights, where)
    : ofHummingbird(manifest as Extract<Pack["manifest"], { family: "hummingbird" }>, weights, where);
}

async function ofHummingbird(
  { config }: Extract<Pack["manifest"], { family: "hummingbird" }>,
  weights: Weights,
  where: Where,
): Promise<Results> {
  const random = new TorchRandom(SEED);
  const networks = new HummingbirdNetworks(config, weights, where);
  const side = unit(config);
  const size: LatentSize = { batch: 1, frames: FRAMES, height: side, width: side };
  try {
    const keys = await networks.promptKeys(random.randn(config.text.length * config.contextDim));
    const condition = await networks.condition(8, config.sampler.kind === "ddim" ? null : 7.5);
    const latent = random.randn(LATENT_CHANNELS * FRAMES * side * side);
    const noise = await networks.predict(size, latent, 500, keys, condition);
    const picture = await networks.decode(random.randn(LATENT_CHANNELS * side * side), side, side);
    return new Map([
      ["unet", noise],
      ["vae", picture],
    ]);
  } finally {
    await networks.close();
  }
}

async function ofKeyvid(config: KeyvidConfig, weights: Weights, where: Where): Promise<Results> {
  const networks = new KeyvidNetworks(config, weights, where);
  const found = new Map<string, Float32Array>();
  try {
    for (const stage of ["keyframes", "interpolation"] as const) {
      const random = new TorchRandom(SEED);
      const side = smallestSide(config, stage);
      const size: LatentSize = { batch: 1, frames: FRAMES, height: side, width: side };
      const { contextDim, audioDim } = config[stage];
      const keys = {
        ...(await networks.keys(stage, "text", random.randn(config.text.length * contextDim))),
        ...(await networks.keys(stage, "image", random.randn(FRAMES * IMAGE_TOKENS * contextDim))),
        ...(await networks.keys(stage, "audio", random.randn(FRAMES * AUDIO_TOKENS * audioDim))),
      };
      const count = LATENT_CHANNELS * FRAMES * side * side;
      const [sample, beside] = [random.randn(count), random.randn(count)];
      const places = [0, 16, 32, 47];
      found.set(stage, await networks.predict({ stage, size, places, sample, beside, t: 500, keys }));
      await networks.release(stage);
    }
    return found;
  } finally {
    await networks.close();
  }
}

/** Latent cells that every level of the U-Net can halve. */
const smallestSide = (config: KeyvidConfig, stage: Stage): number => 2 ** (config[stage].channelMult.length - 1);

/** Root of the mean squares of what differs over that of the values; infinite where one is no number. */
function difference(right: Float32Array, tried: Float32Array): number {
  let [errors, squares] = [0, 0];
  for (const [i, value] of right.entries()) {
    errors += (value - tried[i]!) ** 2;
    squares += value ** 2;
  }
  return right.length === tried.length && Number.isFinite(errors)
    ? Math.sqrt(errors / squares)
    : Number.POSITIVE_INFINITY;
}
