/** The checkpoints themselves: every tensor is found, and the configuration follows from names and shapes. */
import { z } from "zod";
import type { KeyvidUnetConfig } from "../../../native-models/keyvid/config.ts";
import { KeyvidNames } from "../../../native-models/keyvid/checkpoint-names.ts";
import { type Context, stemOf } from "./context.ts";
import type { GoldenEntry } from "./manifest.ts";
import type { GoldenModel } from "./model.ts";

const whole = z.number().int();
const wholes = z.array(whole);

/** The manifest's description of one of the U-Net files. */
const configSchema = z.object({
  ctx: whole,
  vis_layers: whole,
  vis_width: whole,
  vis_head: whole,
  vocab: whole,
  txt_heads: whole,
  txt_layers: whole,
  aud: whole,
  aud_blocks: whole,
  aud_heads: whole,
  attn_res: wholes,
  num_res_blocks: whole,
  vae_ch: whole,
  vae_mult: wholes,
  vae_res: whole,
  rs_dim: whole,
  rs_depth: whole,
  rs_dh: whole,
  rs_heads: whole,
  rs_ff: whole,
  model_channels: whole,
  channel_mult: wholes,
  head_ch: whole,
});

/** What we made of the file, in the manifest's words. */
function described(model: GoldenModel, unet: KeyvidUnetConfig): z.infer<typeof configSchema> {
  const { vision, text, audio, vae, resampler } = model.config;
  return {
    ctx: unet.contextDim,
    vis_layers: vision.layers,
    vis_width: vision.width,
    vis_head: vision.width / vision.heads,
    vocab: text.vocabulary,
    txt_heads: text.heads,
    txt_layers: text.layers,
    aud: audio.width,
    aud_blocks: audio.blocks,
    aud_heads: audio.heads,
    attn_res: unet.attention.flatMap((has, level) => (has ? [2 ** level] : [])),
    num_res_blocks: unet.numResBlocks,
    vae_ch: vae.ch,
    vae_mult: vae.chMult,
    vae_res: vae.numResBlocks,
    rs_dim: resampler.width,
    rs_depth: resampler.depth,
    rs_dh: resampler.headWidth,
    rs_heads: resampler.heads,
    rs_ff: resampler.ffMult,
    model_channels: unet.modelChannels,
    channel_mult: unet.channelMult,
    head_ch: unet.numHeadChannels,
  };
}

/** `n_tensors`, and for the U-Net files their `config`. */
export async function checkCheckpoint(context: Context, entry: GoldenEntry): Promise<void> {
  const stem = stemOf(entry.file);
  const model = await context.model();
  const opened = model.files.find(({ path }) => path === entry.file);
  if (!opened) throw new Error("this checkpoint was not opened");
  const { size } = opened.source.tensors;
  context.report.verdict(
    `${stem}.tensors`,
    size === entry.n_tensors ? null : `${size} tensors where the manifest says ${String(entry.n_tensors)}`,
  );
  if (entry.config === undefined) return;
  const names = KeyvidNames.recognise(opened.source);
  const expected = configSchema.parse(entry.config);
  const unet = names?.kind === "generator" ? model.config.keyframes : model.config.interpolation;
  const actual = described(model, unet);
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name as keyof typeof actual];
    const same = JSON.stringify(found) === JSON.stringify(value);
    context.report.verdict(
      `${stem}.config.${name}`,
      same ? null : `${String(found)} where the manifest says ${String(value)}`,
    );
  }
}
