/** Test help: configurations, and the three files of a small model. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeSparseTensors } from "../pack/synthetic.testkit.ts";
import type { KeyvidConfig } from "./config.ts";
import { type Part, partParameters } from "./parameters.ts";

const officialUnet = {
  modelChannels: 320,
  channelMult: [1, 2, 4, 4],
  numResBlocks: 2,
  attention: [true, true, true, false],
  numHeadChannels: 64,
  contextDim: 1024,
  audioDim: 768,
  unetNormGroups: 32,
};

/** The official release (KEYVID.md, sections 2 to 5). */
export const officialConfig: KeyvidConfig = {
  audio: { width: 768, heads: 12, blocks: 12, tableColumns: 48 },
  localizer: { width: 768, heads: 12, blocks: 12, features: 16 },
  vision: { width: 1280, heads: 16, layers: 32, patch: 14, pictureSize: 224 },
  text: { width: 1024, heads: 16, layers: 24, vocabulary: 49408, length: 77 },
  resampler: { width: 1024, depth: 4, heads: 12, headWidth: 64, ffMult: 4 },
  vae: { ch: 128, chMult: [1, 2, 4, 4], numResBlocks: 2, normGroups: 32, scaleFactor: 0.18215 },
  keyframes: { ...officialUnet, frameIndex: true, fps: 6 },
  interpolation: { ...officialUnet, frameIndex: false, fps: 24 },
  sampler: {
    linearStart: 0.00085,
    linearEnd: 0.012,
    guidanceRescale: 0.7,
    eta: 1,
    guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 },
    defaultSteps: 90,
  },
};

const smallUnet = {
  modelChannels: 8,
  channelMult: [1, 2, 2],
  numResBlocks: 1,
  attention: [false, true, true],
  numHeadChannels: 4,
  contextDim: 64,
  audioDim: 64,
  unetNormGroups: 4,
};

/** Three levels, a few channels; the interpolator is laid out otherwise than the generator, as our starter's may be. */
export const smallConfig: KeyvidConfig = {
  ...officialConfig,
  audio: { width: 64, heads: 1, blocks: 1, tableColumns: 48 },
  localizer: { width: 64, heads: 1, blocks: 2, features: 3 },
  vision: { width: 64, heads: 1, layers: 1, patch: 14, pictureSize: 224 },
  text: { width: 64, heads: 1, layers: 2, vocabulary: 49408, length: 77 },
  resampler: { width: 64, depth: 1, heads: 1, headWidth: 64, ffMult: 2 },
  vae: { ch: 8, encoderCh: 4, chMult: [1, 2], numResBlocks: 1, normGroups: 4, scaleFactor: 0.5 },
  keyframes: { ...smallUnet, frameIndex: true, fps: 6 },
  interpolation: { ...smallUnet, channelMult: [1, 2], attention: [true, true], frameIndex: false, fps: 24 },
};

/** What only a file's own word tells of the small model. */
const smallMetadata = { hyper_parameters: { unet_norm_groups: 4, vae_norm_groups: 4, scale_factor: 0.5 } };

/** Where the official release has its files. */
export const releasePaths = {
  keyframes: "KeyVID/keyframe_generation/generator_checkpoint.safetensors",
  interpolation: "KeyVID/interpolation/epoch=3669-step=58720.safetensors",
  localizer: "KeyVID/wav2motion/best_model_version1_with_skip.safetensors",
} as const;

/** Names and shapes of a part's weights, and of the block that only tells how many there are. */
export function shapesOf(config: KeyvidConfig, part: Part): Map<string, readonly number[]> {
  const shapes = new Map(partParameters(config, part).map(({ source, sourceShape }) => [source, sourceShape]));
  if (part === "keyframes" || part === "interpolation") {
    const last = `cond_stage_model.model.transformer.resblocks.${config.text.layers - 1}.ln_1.weight`;
    shapes.set(last, [config.text.width]);
  }
  return shapes;
}

/**
 * Writes a model's three files as the release lays them out below `folder`. Numbers are zeros but for each tensor's first; towers,
 * resampler and VAE are the same in both U-Net files, the U-Nets are not.
 */
export async function writeRelease(
  folder: string,
  config: KeyvidConfig,
  metadata: Readonly<Record<string, unknown>> = smallMetadata,
): Promise<Record<keyof typeof releasePaths, string>> {
  const written: Partial<Record<keyof typeof releasePaths, string>> = {};
  for (const [part, path] of Object.entries(releasePaths) as [keyof typeof releasePaths, string][]) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    const shapes = shapesOf(config, part);
    if (part === "keyframes") for (const [name, shape] of shapesOf(config, "sound")) shapes.set(name, shape);
    await writeSparseTensors(
      file,
      shapes,
      (name, position) => {
        // A number of the name's own, the same in every file; a U-Net's also depends on the file.
        const own = Buffer.from(name).reduce((sum, letter) => (sum * 31 + letter) % 9973, 7);
        return name.startsWith("model.") ? own + position / 1024 + (part === "keyframes" ? 0.5 : 0) : own;
      },
      metadata,
    );
    written[part] = file;
  }
  return written as Record<keyof typeof releasePaths, string>;
}
