/** What the product reads off the checkpoint agrees with the settings with which the reference built it. */
import type { HummingbirdConfig } from "../../../native-models/hummingbird/config.ts";
import type { Context } from "./context.ts";
import { hasMiddleBlock, type HummingbirdManifest } from "./manifest.ts";

/**
 * Sizes under the manifest's names. The text tower's heads are left out: no shape tells them. The schedule and the latents' scale are
 * told by the authors' config.json only.
 */
function recognisedSizes(config: HummingbirdConfig): Record<string, unknown> {
  const { vae, text } = config;
  return {
    "unet.model_channels": config.modelChannels,
    "unet.channel_mult": config.channelMult,
    "unet.num_head_channels": config.numHeadChannels,
    "unet.context_dim": config.contextDim,
    middle_block: config.middleBlock,
    time_cond_proj_dim: config.timeCondProjDim,
    "vae.widths": vae.chMult.map((mult) => mult * vae.ch),
    "vae.num_res_blocks": vae.numResBlocks,
    scale_factor: vae.scaleFactor,
    "text.width": text.width,
    "text.layers": text.layers,
    "text.vocab_size": text.vocabulary,
    "text.context_length": text.length,
    linear_start: config.sampler.linearStart,
    linear_end: config.sampler.linearEnd,
  };
}

function statedSizes({ settings, variant }: HummingbirdManifest): Record<string, unknown> {
  const { unet, vae, text } = settings;
  return {
    "unet.model_channels": unet.model_channels,
    "unet.channel_mult": unet.channel_mult,
    "unet.num_head_channels": unet.num_head_channels,
    "unet.context_dim": unet.context_dim,
    middle_block: hasMiddleBlock(variant),
    time_cond_proj_dim: settings.time_cond_proj_dim,
    "vae.widths": vae.ch_mult.map((mult) => mult * vae.ch),
    "vae.num_res_blocks": vae.num_res_blocks,
    scale_factor: settings.scale_factor,
    "text.width": text.width,
    "text.layers": text.layers,
    "text.vocab_size": text.vocab_size,
    "text.context_length": text.context_length,
    linear_start: settings.linear_start,
    linear_end: settings.linear_end,
  };
}

const toldByConfig = new Set(["scale_factor", "linear_start", "linear_end"]);

export async function checkConfig({ manifest, report, model }: Context): Promise<void> {
  await report.guard("checkpoint.config", async () => {
    const found = recognisedSizes((await model()).recognised);
    const problems = Object.entries(statedSizes(manifest)).flatMap(([key, stated]) =>
      JSON.stringify(found[key]) === JSON.stringify(stated) || (toldByConfig.has(key) && !manifest.files["config.json"])
        ? []
        : [`${key} is recognised as ${JSON.stringify(found[key])}, the golden has ${JSON.stringify(stated)}`],
    );
    report.verdict("checkpoint.config", problems.length === 0 ? null : problems.join("; "));
  });
}
