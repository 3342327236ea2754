/**
 * Finds out what a KeyVID in files is: sizes from the shapes of its tensors; heads, groups and sampling from what the files say about
 * themselves, or the official release's values.
 */
import { z } from "zod";
import { countInRow, mismatch, multiples } from "../checkpoint/names.ts";
import { officialNoiseSchedule } from "../diffusion/noise-schedule.ts";
import { headsOf, textTowerSizes, visionTowerSizes } from "../openclip/sizes.ts";
import { INIT_HEADS, UNET_PREFIX } from "../unet3d/blocks.ts";
import { vaeDecoderSizes, vaeEncoderSizes } from "../vae/sizes.ts";
import { LOCALIZER_TRUNK_PREFIX, TRUNK_GRID, TRUNK_PREFIX } from "./audio-trunk.ts";
import type { KeyvidNames } from "./checkpoint-names.ts";
import { type KeyvidConfig, keyvidConfigSchema, type KeyvidUnetConfig } from "./config.ts";
import { RESAMPLER_PREFIX } from "./resampler.ts";

const number = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);

/** What no shape tells, as our own recipe writes it beside the weights (the names are those of the recipe's configuration). */
export const statedSchema = z.object({
  aud_heads: number,
  loc_heads: number,
  /** Width of a head of the vision tower, not their number. */
  vis_head: number,
  txt_heads: number,
  rs_dh: number,
  unet_norm_groups: number,
  vae_norm_groups: number,
  scale_factor: number,
  linear_start: number,
  linear_end: number,
});
export type Stated = z.infer<typeof statedSchema>;

/** What a model made for Plume says about itself to people, and how it likes to be run. */
const plumeSchema = z.object({
  name: text,
  version: text,
  licence: text,
  native_width: number,
  native_height: number,
  what_it_knows: text,
  example_prompts: z.array(z.string()).optional().catch(undefined),
  /** Motions that it knows, by name, and the words that ask for each. */
  motions: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
  default_steps: number,
  guidance: z
    .object({ text: number, image: number, audio_keyframes: number, audio_interpolation: number })
    .optional()
    .catch(undefined),
  guidance_rescale: number,
  eta: number,
});
export type PlumeFacts = z.infer<typeof plumeSchema>;

/** The files of one model. `sound` holds ImageBind's trunk: the generator itself, or Meta's file. */
export interface KeyvidFiles {
  readonly generator: KeyvidNames;
  readonly interpolator: KeyvidNames;
  readonly localizer: KeyvidNames;
  readonly sound: KeyvidNames;
}

export interface Recognised {
  readonly config: KeyvidConfig;
  /** True when every width is the official release's. */
  readonly isOfficialSize: boolean;
  readonly plume: PlumeFacts;
}

const official = {
  groups: 32,
  scaleFactor: 0.18215,
  keyframesFps: 6,
  interpolationFps: 24,
  visionHeads: 16,
  steps: 90,
  guidance: { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 },
  guidanceRescale: 0.7,
  eta: 1,
} as const;

const unetPath = (rest: string) => `${UNET_PREFIX}.${rest}`;

interface Level {
  readonly width: number;
  blocks: number;
  readonly attention: boolean;
}

/** The levels of a U-Net: residual blocks up to a down-sampler are one. */
function levelsOf(names: KeyvidNames): Level[] {
  const levels: Level[] = [];
  let isNew = true;
  for (let index = 1; ; index++) {
    if (names.find(unetPath(`input_blocks.${index}.0.op.weight`))) {
      isNew = true;
      continue;
    }
    const kernel = names.find(unetPath(`input_blocks.${index}.0.in_layers.2.weight`));
    if (kernel === undefined) return levels;
    const attention = names.find(unetPath(`input_blocks.${index}.1.proj_in.weight`)) !== undefined;
    if (isNew) levels.push({ width: kernel.shape[0] ?? 0, blocks: 0, attention });
    levels.at(-1)!.blocks++;
    isNew = false;
  }
}

function unetOf(names: KeyvidNames, stated: Stated): Partial<KeyvidUnetConfig> {
  const modelChannels = names.shape(unetPath("input_blocks.0.0.weight"))[0] ?? 0;
  const levels = levelsOf(names);
  const [contextDim, audioDim] = [
    names.shape(unetPath("middle_block.1.transformer_blocks.0.attn2.to_k.weight"))[1],
    names.shape(unetPath("audio_proj_2.weight"))[1],
  ];
  const frameIndex = names.kind === "generator";
  return {
    modelChannels,
    channelMult: levels.map(({ width }) => width / modelChannels),
    numResBlocks: levels[0]?.blocks ?? 0,
    attention: levels.map(({ attention }) => attention),
    // The attention over the embedded latent always has 8 heads, so its inner width tells the width of one.
    numHeadChannels: (names.shape(unetPath("init_attn.0.proj_in.weight"))[0] ?? 0) / INIT_HEADS,
    ...(contextDim === undefined ? {} : { contextDim }),
    ...(audioDim === undefined ? {} : { audioDim }),
    unetNormGroups: stated.unet_norm_groups ?? official.groups,
    frameIndex,
    fps: frameIndex ? official.keyframesFps : official.interpolationFps,
  };
}

/** What both U-Net files hold alike: towers, resampler, VAE. */
function sharedOf(names: KeyvidNames, stated: Stated): unknown {
  const tower = visionTowerSizes(names);
  const visionHeads =
    stated.vis_head === undefined
      ? tower.width === 1280
        ? official.visionHeads
        : headsOf(tower.width)
      : tower.width / stated.vis_head;
  const textTower = textTowerSizes(names);
  const decoder = vaeDecoderSizes(names);
  const { base, mult } = multiples(decoder.widths, undefined);
  const encoderSizes = vaeEncoderSizes(names);
  const encoder = multiples(encoderSizes.widths, undefined);
  if (encoder.mult.join() !== mult.join() || encoderSizes.numResBlocks !== decoder.numResBlocks)
    throw mismatch("The encoder and the decoder of this checkpoint's VAE do not go together: download the file again.");
  const width = names.shape(`${RESAMPLER_PREFIX}.latents`)[2] ?? 0;
  const inner = names.shape(`${RESAMPLER_PREFIX}.layers.0.0.to_q.weight`)[0] ?? 0;
  const headWidth = stated.rs_dh ?? Math.min(inner, 64);
  return {
    vision: { ...tower, heads: visionHeads },
    text: { ...textTower, heads: stated.txt_heads ?? headsOf(textTower.width) },
    resampler: {
      width,
      depth: countInRow(names, (layer) => `${RESAMPLER_PREFIX}.layers.${layer}.0.to_q.weight`),
      heads: inner / headWidth,
      headWidth,
      ffMult: (names.shape(`${RESAMPLER_PREFIX}.layers.0.1.1.weight`)[0] ?? 0) / width,
    },
    vae: {
      ch: base,
      ...(encoder.base === base ? {} : { encoderCh: encoder.base }),
      chMult: mult,
      numResBlocks: decoder.numResBlocks,
      normGroups: stated.vae_norm_groups ?? official.groups,
      scaleFactor: stated.scale_factor ?? official.scaleFactor,
    },
  };
}

const blockOf = (prefix: string) => (block: number) => `${prefix}.modality_trunks.audio.blocks.${block}.norm_1.weight`;

function soundOf(names: KeyvidNames, stated: Stated): unknown {
  const table = `${TRUNK_PREFIX}.modality_preprocessors.audio.pos_embedding_helper.pos_embed`;
  const [, rows = 0, width = 0] = names.shape(table);
  return {
    width,
    heads: stated.aud_heads ?? headsOf(width),
    blocks: countInRow(names, blockOf(TRUNK_PREFIX)),
    tableColumns: (rows - 1) / TRUNK_GRID[0],
  };
}

function localizerOf(names: KeyvidNames, stated: Stated): unknown {
  const stem = `${LOCALIZER_TRUNK_PREFIX}.modality_preprocessors.audio.rgbt_stem.proj.weight`;
  const width = names.shape(stem)[0] ?? 0;
  return {
    width,
    heads: stated.loc_heads ?? stated.aud_heads ?? headsOf(width),
    blocks: countInRow(names, blockOf(LOCALIZER_TRUNK_PREFIX)),
    features: names.shape("linear2.weight")[0],
  };
}

/** What a file says about itself beside its weights. */
const statedIn = (names: KeyvidNames): Stated =>
  statedSchema.safeParse(metadataOf(names, "hyper_parameters")).data ?? statedSchema.parse({});

/** A record beside the weights: of a PyTorch file as it is, of a safetensors file, which holds texts only, as JSON. */
function metadataOf(names: KeyvidNames, key: string): unknown {
  const value = names.source.metadata[key];
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Settles the configuration of a model in files.
 * @param stated goes before what the files say about themselves
 * Errors: CHECKPOINT_MISMATCH naming the tensor, or that the files are of different models.
 */
export function recogniseKeyvid(files: KeyvidFiles, stated: Partial<Stated> = {}): Recognised {
  const { generator, interpolator, localizer, sound } = files;
  const of = (names: KeyvidNames): Stated => ({ ...statedIn(names), ...stated });
  const shared = sharedOf(generator, of(generator));
  if (JSON.stringify(sharedOf(interpolator, of(interpolator))) !== JSON.stringify(shared))
    throw mismatch(
      "The generator and the interpolation file are of different models: install files that were published together.",
    );
  const plume = plumeSchema.safeParse(metadataOf(generator, "plume")).data ?? plumeSchema.parse({});
  const { linear_start: linearStart, linear_end: linearEnd } = of(generator);
  const { guidance } = plume;
  const config = keyvidConfigSchema.safeParse({
    ...(shared as object),
    audio: soundOf(sound, of(generator)),
    localizer: localizerOf(localizer, of(localizer)),
    keyframes: unetOf(generator, of(generator)),
    interpolation: unetOf(interpolator, of(interpolator)),
    sampler: {
      linearStart: linearStart ?? officialNoiseSchedule.linearStart,
      linearEnd: linearEnd ?? officialNoiseSchedule.linearEnd,
      guidanceRescale: plume.guidance_rescale ?? official.guidanceRescale,
      eta: plume.eta ?? official.eta,
      guidance: {
        text: guidance?.text ?? official.guidance.text,
        image: guidance?.image ?? official.guidance.image,
        audio: guidance?.audio_keyframes ?? official.guidance.audio,
        interpolationAudio: guidance?.audio_interpolation ?? official.guidance.interpolationAudio,
      },
      defaultSteps: plume.default_steps ?? official.steps,
    },
  });
  if (!config.success)
    throw mismatch(
      "The sizes of these checkpoints' tensors do not add up to a KeyVID model: choose the files that the authors published.",
      z.prettifyError(config.error),
    );
  return { config: config.data, isOfficialSize: isOfficialSize(config.data), plume };
}

const isOfficialSize = ({ keyframes, audio, vision }: KeyvidConfig): boolean =>
  keyframes.modelChannels === 320 &&
  keyframes.channelMult.join() === "1,2,4,4" &&
  keyframes.contextDim === 1024 &&
  audio.width === 768 &&
  vision.width === 1280;
