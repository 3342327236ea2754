/**
 * The pruned 3-D U-Net of AMD Hummingbird (VideoCrafter2's architecture with one residual block a level). Official code:
 * AMD-Hummingbird-T2V, `lvdm/modules/networks/openaimodel3d_t2v_jun_07B.py` and `..._09B.py`.
 *
 * Three graphs share the weights: `promptGraph` (keys and values of the prompt, once per clip), `conditionGraph` (what depends on
 * frame rate and guidance only, once per clip) and `unetGraph` (once per step).
 */
import { LATENT_CHANNELS, type LatentSize } from "../diffusion/latent.ts";
import { Graph, type GraphOptions } from "../onnx/graph.ts";
import { linear } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { crossAttentions, type UnetShape, unetUnit } from "../unet3d/architecture.ts";
import { attendPerClip, embeddingMlp, outLayers, type Trace, UNET_PREFIX, type UnetContext } from "../unet3d/blocks.ts";
import { unetBody } from "../unet3d/body.ts";
import type { HummingbirdConfig } from "./config.ts";

/** The pruned U-Net's layout: one residual block a level, attention at every level but the last (factors 1, 2, 4 of 1, 2, 4, 8). */
export const unetShape = (config: HummingbirdConfig): UnetShape => ({
  ...config,
  numResBlocks: 1,
  attention: config.channelMult.map((_, level) => level < config.channelMult.length - 1),
});

const attentions = (config: HummingbirdConfig) => crossAttentions(unetShape(config), config.middleBlock);

/** prompt embedding `context` [B, tokens, contextDim] → `<path>.k` and `<path>.v` [B, tokens, width] for every cross-attention. */
export function promptGraph(config: HummingbirdConfig, batch: number): Graph {
  const g = new Graph("hummingbird-prompt", UNET_PREFIX);
  const context = g.input("context", "float32", [batch, config.text.length, config.contextDim]);
  for (const { path, width } of attentions(config)) {
    g.scope(path, () => {
      g.output(`${path}.k`, linear(g, "to_k", context, width, { bias: false }));
      g.output(`${path}.v`, linear(g, "to_v", context, width, { bias: false }));
    });
  }
  return g;
}

/**
 * `fps_sinusoid` [1, C] → `fps_emb` [1, 4C]; with a guidance embedding also `w_embedding` [B, timeCondProjDim] → `w_emb` [B, C],
 * which is added to the sinusoid of the time step before its MLP.
 */
export function conditionGraph(config: HummingbirdConfig, batch: number): Graph {
  const g = new Graph("hummingbird-condition", UNET_PREFIX);
  const width = config.modelChannels;
  const fps = g.input("fps_sinusoid", "float32", [1, width]);
  g.output("fps_emb", embeddingMlp(g, "fps_embedding", fps, width * 4));
  if (config.timeCondProjDim > 0) {
    const w = g.input("w_embedding", "float32", [batch, config.timeCondProjDim]);
    g.output("w_emb", linear(g, "time_cond_proj", w, width, { bias: false }));
  }
  return g;
}

/**
 * One call of the U-Net. Inputs: `latent` [B, 4, T, h, w]; `time_sinusoid` [B, C] (with the guidance embedding already added);
 * `fps_emb` [1, 4C]; `<path>.k`, `<path>.v` of `promptGraph`. Output: `out` [B, 4, T, h, w], the prediction of noise or v.
 * `options` write it in int8 arithmetic, or with the ranges that int8 needs.
 * `trace` names inner tensors (official module paths) that become outputs too, for comparison with the reference.
 */
export function unetGraph(
  config: HummingbirdConfig,
  size: LatentSize,
  trace: Trace | null = null,
  options: GraphOptions = {},
): Graph {
  const g = new Graph("hummingbird-unet", UNET_PREFIX, options);
  const { batch, frames, height, width } = size;
  if (height % unit(config) !== 0 || width % unit(config) !== 0)
    g.fail(`the latent ${height}×${width} is not a multiple of ${unit(config)}`);
  const latent = g.input("latent", "float32", [batch, LATENT_CHANNELS, frames, height, width]);
  const base = config.modelChannels;
  const time = embeddingMlp(g, "time_embed", g.input("time_sinusoid", "float32", [batch, base]), base * 4);
  trace?.("time_embed_out", () => time);
  const sum = op.add(g, time, g.input("fps_emb", "float32", [1, base * 4]));
  trace?.("emb_after_fps", () => sum);
  const keys = new Map(
    attentions(config).map(({ path, width: c }) => {
      const shape = [batch, config.text.length, c];
      return [path, { k: g.input(`${path}.k`, "float32", shape), v: g.input(`${path}.v`, "float32", shape) }] as const;
    }),
  );
  const context: UnetContext = {
    g,
    config,
    frames,
    emb: op.silu(g, sum),
    embPer: "clip",
    crossAttend: (q, heads) => {
      const prompt = keys.get(g.path.slice(UNET_PREFIX.length + 1)) ?? g.fail("no keys and values for this block");
      return attendPerClip(g, q, prompt, heads);
    },
    trace,
  };

  const perFrame = op.reshape(g, op.transpose(g, latent, [0, 2, 1, 3, 4]), [
    batch * frames,
    LATENT_CHANNELS,
    height,
    width,
  ]);
  const { result } = unetBody(context, unetShape(config), perFrame, { middle: config.middleBlock });
  const out = g.scope("out", () => outLayers(g, config, result));
  const clip = op.reshape(g, out, [batch, frames, LATENT_CHANNELS, height, width]);
  g.output("out", op.transpose(g, clip, [0, 2, 1, 3, 4]));
  g.outputRanges();
  return g;
}

/** Latent sizes are multiples of this. */
export const unit = (config: HummingbirdConfig): number => unetUnit(config);
