/**
 * Finds out what a Hummingbird checkpoint is: sizes from the shapes of its tensors, the rest (heads, groups, sampler) from what the file
 * says about itself, from the authors' config.json beside it, or from the official releases' values.
 */
import { z } from "zod";
import { mismatch, multiples } from "../checkpoint/names.ts";
import { headsOf, textTowerSizes } from "../openclip/sizes.ts";
import { vaeDecoderSizes } from "../vae/sizes.ts";
import { officialNoiseSchedule } from "../diffusion/noise-schedule.ts";
import type { TensorSource } from "../types.ts";
import { HummingbirdNames, textPrefix, unetPrefix, vaePrefix } from "./checkpoint-names.ts";
import { type HummingbirdConfig, hummingbirdConfigSchema } from "./config.ts";

const number = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const numbers = z.array(z.number()).optional().catch(undefined);
const texts = z.array(z.string()).optional().catch(undefined);

/** What our own training recipe writes beside the weights. */
const recipeSchema = z.object({
  model_channels: number,
  channel_mult: numbers,
  num_head_channels: number,
  context_dim: number,
  unet_norm_groups: number,
  vae_ch: number,
  vae_ch_mult: numbers,
  vae_num_res_blocks: number,
  vae_norm_groups: number,
  text_heads: number,
  scale_factor: number,
  parameterization: text,
  rescale_betas_zero_snr: flag,
  linear_start: number,
  linear_end: number,
  fps: number,
  sampler: text,
  default_steps: number,
  default_guidance: number,
  guidance_rescale: number,
});

/** The authors' OmegaConf file, or the same values as attributes of the pickled model. */
const officialSchema = z.object({
  linear_start: number,
  linear_end: number,
  scale_factor: number,
  unet_config: z
    .object({ params: z.object({ model_channels: number, num_head_channels: number }) })
    .optional()
    .catch(undefined),
});

/** What a checkpoint made for Plume says about itself to people. */
const plumeSchema = z.object({
  name: text,
  version: text,
  licence: text,
  native_width: number,
  native_height: number,
  native_frames: number,
  families: texts,
  example_prompts: texts,
  what_it_knows: text,
});
export type PlumeFacts = z.infer<typeof plumeSchema>;

const modulesSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

export interface Recognised {
  readonly names: HummingbirdNames;
  readonly config: HummingbirdConfig;
  /** `0.7B` or `0.9B`: the layout without or with a middle block. */
  readonly variant: "0.7B" | "0.9B";
  /** True when every width is the official release's. */
  readonly isOfficialSize: boolean;
  /** Empty object for checkpoints that were not made for Plume. */
  readonly plume: PlumeFacts;
}

const official = {
  numHeadChannels: 64,
  groups: 32,
  scaleFactor: 0.18215,
  fps: 8,
  guidance: 7.5,
  lcmSteps: 4,
  ddimSteps: 25,
} as const;

/** Attributes of a pickled module (`num_heads`, `num_groups`), where the checkpoint is a whole module. */
function moduleAttribute(metadata: Readonly<Record<string, unknown>>, path: string, name: string): number | undefined {
  const modules = modulesSchema.safeParse(metadata.modules);
  const value = modules.success ? modules.data[path]?.[name] : undefined;
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}

/** Output widths of the U-Net's levels: input block 1, 3, 5 … begins with each level's residual block. */
function unetWidths(names: HummingbirdNames): number[] {
  const widths: number[] = [];
  for (;;) {
    const tensor = names.find(`${unetPrefix}input_blocks.${1 + 2 * widths.length}.0.in_layers.2.weight`);
    if (tensor === undefined) return widths;
    widths.push(tensor.shape[0] ?? 0);
  }
}

/**
 * Recognises a Hummingbird checkpoint and settles its configuration.
 * @param configJson parsed content of the authors' config.json beside the file; undefined when there is none. It is used only where it
 * speaks of the same width as the tensors.
 * Errors: MODEL_WRONG_KIND, CHECKPOINT_MISMATCH naming the tensor.
 */
export function recogniseHummingbird(source: TensorSource, configJson?: unknown): Recognised {
  const names = new HummingbirdNames(source);
  const { metadata } = source;
  const recipe = recipeSchema.safeParse(metadata.hyper_parameters).data;
  const plume = plumeSchema.safeParse(metadata.plume).data ?? {};
  const modelChannels = names.shape(`${unetPrefix}input_blocks.0.0.weight`)[0] ?? 0;
  const beside = officialSchema.safeParse(z.object({ params: z.unknown() }).safeParse(configJson).data?.params).data;
  const authors = beside?.unet_config?.params.model_channels === modelChannels ? beside : undefined;
  const attributes = officialSchema.safeParse(metadata).data;

  const widths = unetWidths(names);
  const channelMult = widths.map((width) => width / modelChannels);
  const timeCond = names.find(`${unetPrefix}time_cond_proj.weight`)?.shape[1] ?? 0;
  const middleBlock = names.find(`${unetPrefix}middle_block.0.in_layers.0.weight`) !== undefined;
  const firstAttention = `${unetPrefix}input_blocks.1.1.transformer_blocks.0`;
  const vae = vaeDecoderSizes(names);
  const vaeWidths = multiples(vae.widths, recipe?.vae_ch ?? moduleAttribute(metadata, `${vaePrefix}decoder`, "ch"));
  const tower = textTowerSizes(names);
  const textWidth = tower.width;
  // The attention over the embedded latent always has 8 heads, so its inner width tells the width of one.
  const headsWidth = (names.find(`${unetPrefix}init_attn.0.proj_in.weight`)?.shape[0] ?? 0) / 8;
  const distilled = (recipe?.sampler ?? (timeCond > 0 ? "lcm" : "ddim")) === "lcm";

  const config = hummingbirdConfigSchema.safeParse({
    modelChannels,
    channelMult,
    numHeadChannels:
      headsWidth ||
      (recipe?.num_head_channels ?? authors?.unet_config?.params.num_head_channels ?? official.numHeadChannels),
    contextDim: names.shape(`${firstAttention}.attn2.to_k.weight`)[1],
    unetNormGroups:
      recipe?.unet_norm_groups ?? moduleAttribute(metadata, `${unetPrefix}out.0`, "num_groups") ?? official.groups,
    middleBlock,
    // A model that samples with classifier-free guidance is run without the embedding, even where its layer is there.
    timeCondProjDim: distilled ? timeCond : 0,
    vae: {
      ch: vaeWidths.base,
      chMult: vaeWidths.mult,
      numResBlocks: vae.numResBlocks,
      normGroups:
        recipe?.vae_norm_groups ??
        moduleAttribute(metadata, `${vaePrefix}decoder.norm_out`, "num_groups") ??
        official.groups,
      scaleFactor: recipe?.scale_factor ?? attributes?.scale_factor ?? authors?.scale_factor ?? official.scaleFactor,
    },
    text: {
      ...tower,
      heads:
        recipe?.text_heads ??
        moduleAttribute(metadata, `${textPrefix}transformer.resblocks.0.attn`, "num_heads") ??
        headsOf(textWidth),
    },
    sampler: {
      kind: distilled ? "lcm" : "ddim",
      // The official training files speak of v-prediction; the released, distilled models predict noise.
      parameterization: recipe?.parameterization === "v" ? "v" : "eps",
      rescaleBetasZeroSnr: recipe?.rescale_betas_zero_snr ?? false,
      linearStart:
        recipe?.linear_start ?? attributes?.linear_start ?? authors?.linear_start ?? officialNoiseSchedule.linearStart,
      linearEnd: recipe?.linear_end ?? attributes?.linear_end ?? authors?.linear_end ?? officialNoiseSchedule.linearEnd,
      guidanceRescale: recipe?.guidance_rescale ?? 0,
      defaultSteps: recipe?.default_steps ?? (distilled ? official.lcmSteps : official.ddimSteps),
      defaultGuidance: recipe?.default_guidance ?? official.guidance,
    },
    fps: recipe?.fps ?? official.fps,
  });
  if (!config.success)
    throw mismatch(
      "The sizes of this checkpoint's tensors do not add up to a Hummingbird model: choose the file that the authors published.",
      z.prettifyError(config.error),
    );
  const isOfficialSize =
    modelChannels === 320 && channelMult.join() === "1,2,4,4" && config.data.contextDim === 1024 && textWidth === 1024;
  return { names, config: config.data, variant: middleBlock ? "0.9B" : "0.7B", isOfficialSize, plume };
}
