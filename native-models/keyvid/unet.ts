/**
 * KeyVID's two U-Nets: the keyframe generator (official code: `openaimodel3d_v4`) and the motion interpolator
 * (`openaimodel3d_v4_freenoise`, whose windows have no effect: plain attention over all 48 frames).
 *
 * Three graphs share the weights: `keysGraph` (keys and values of text, picture or sound, once a clip),
 * `placeGraph` (what depends on frame rate and frame index only, once a clip) and `unetGraph` (once a step, for all branches).
 */
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import { Graph, type GraphOptions, type Tensor } from "../onnx/graph.ts";
import { linear } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import { architecture, crossAttentions, unetUnit } from "../unet3d/architecture.ts";
import {
  attendPerClip,
  embeddingMlp,
  type KeysAndValues,
  outLayers,
  type Trace,
  UNET_PREFIX,
  type UnetContext,
} from "../unet3d/blocks.ts";
import { deepShape, unetBody } from "../unet3d/body.ts";
import { AUDIO_TOKENS, IMAGE_TOKENS, type KeyvidUnetConfig } from "./config.ts";

const TEXT_TOKENS = 77;
/** Smallest length that a sound token is divided by when it is normalised, as PyTorch's `normalize`. */
const SMALLEST_LENGTH = 1e-12;

/** The parts of a condition, as `Tokens` of `stage-networks.ts` has them. */
export const conditionParts = ["text", "image", "audio"] as const;
export type ConditionPart = (typeof conditionParts)[number];
/** How the official names tell the parts' projections apart. */
const suffix: Readonly<Record<ConditionPart, string>> = { text: "", image: "_ip", audio: "_ap" };
const tokensOf: Readonly<Record<ConditionPart, number>> = {
  text: TEXT_TOKENS,
  image: IMAGE_TOKENS,
  audio: AUDIO_TOKENS,
};

/** Size of one call: frames of the clip, and the latent's height and width. */
export interface ClipSize {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/**
 * `tokens` of one part: text [1, 77, contextDim], image [T, 16, contextDim] or audio [T, 12, audioDim] → `<path>.<part>.k` and `.v` of
 * every cross-attention, [1 or T, tokens, width]. The sound's values carry its learned strength, tanh(beta) + 1.
 */
export function keysGraph(unet: KeyvidUnetConfig, part: ConditionPart, frames: number): Graph {
  const g = new Graph(`keyvid-${part}-keys`, UNET_PREFIX);
  const width = part === "audio" ? unet.audioDim : unet.contextDim;
  const input = g.input("tokens", "float32", [part === "text" ? 1 : frames, tokensOf[part], width]);
  const tokens = part === "audio" ? soundTokens(g, input, unet.contextDim) : input;
  for (const { path, width: inner } of crossAttentions(unet, true)) {
    g.scope(path, () => {
      const v = linear(g, `to_v${suffix[part]}`, tokens, inner, { bias: false });
      g.output(`${path}.${part}.k`, linear(g, `to_k${suffix[part]}`, tokens, inner, { bias: false }));
      g.output(`${path}.${part}.v`, part === "audio" ? op.mul(g, v, strength(g)) : v);
    });
  }
  return g;
}

/** Projected to the context's width, each token divided by its length. */
function soundTokens(g: Graph, sound: Tensor, width: number): Tensor {
  const projected = linear(g, "audio_proj_2", sound, width);
  const length = op.max(g, op.lengthOverLast(g, projected), g.constant("float32", [1], [SMALLEST_LENGTH]));
  return op.div(g, projected, length);
}

const strength = (g: Graph): Tensor =>
  op.add(g, op.tanh(g, g.parameter("beta", [], { shape: [1] })), g.constant("float32", [1], [1]));

/**
 * `fps_sinusoid` [1, C] and, for the generator, `index_sinusoid` [T, C] → `place_emb` [1 or T, 4C], which is added to the embedding of
 * the time step.
 */
export function placeGraph(unet: KeyvidUnetConfig, frames: number): Graph {
  const g = new Graph("keyvid-place", UNET_PREFIX);
  const base = unet.modelChannels;
  const fps = embeddingMlp(g, "fps_embedding", g.input("fps_sinusoid", "float32", [1, base]), base * 4);
  if (!unet.frameIndex) {
    g.output("place_emb", fps);
    return g;
  }
  const index = g.input("index_sinusoid", "float32", [frames, base]);
  g.output("place_emb", op.add(g, fps, embeddingMlp(g, "frame_idx_embedding", index, base * 4)));
  return g;
}

export interface UnetVariant extends GraphOptions {
  /** Guidance branches: as many sets of keys and values (1). */
  readonly branches?: number | undefined;
  /** Run only from this output block on, with the features of an earlier call as the input `deep`. */
  readonly reuse?: number | undefined;
  /** Also give what enters this output block, as the output `deep`. */
  readonly keep?: number | undefined;
}

/**
 * One call of a U-Net for one clip under B conditions. Inputs: `latent` and `concat` [1, 4, T, h, w]; `time_sinusoid` [1, C];
 * `place_emb` of `placeGraph`; `<path>.<part>.k` and `.v` of `keysGraph`, those of the branches one after another; with `reuse`
 * also `deep`. Outputs: `out` [B, 4, T, h, w], v-predictions; with `keep` also `deep` [B·T, C, h', w'].
 */
export function unetGraph(
  unet: KeyvidUnetConfig,
  size: ClipSize,
  variant: UnetVariant = {},
  trace: Trace | null = null,
): Graph {
  const { branches = 1, reuse, keep } = variant;
  const { frames, height, width } = size;
  const g = new Graph("keyvid-unet", UNET_PREFIX, variant);
  const unit = unetUnit(unet);
  if (height % unit !== 0 || width % unit !== 0) g.fail(`the latent ${height}×${width} is not a multiple of ${unit}`);
  const clip = [1, LATENT_CHANNELS, frames, height, width];
  const both = op.concat(g, [g.input("latent", "float32", clip), g.input("concat", "float32", clip)], 1);
  const base = unet.modelChannels;
  const time = embeddingMlp(g, "time_embed", g.input("time_sinusoid", "float32", [1, base]), base * 4);
  const place = g.input("place_emb", "float32", [unet.frameIndex ? frames : 1, base * 4]);
  const context: UnetContext = {
    g,
    config: unet,
    frames,
    emb: op.silu(g, op.add(g, time, place)),
    embPer: "frame",
    crossAttend: (q, heads) => attendToAll(g, q, heads, branches, frames),
    trace,
  };
  const perFrame = op.reshape(g, op.transpose(g, both, [0, 2, 1, 3, 4]), [frames, LATENT_CHANNELS * 2, height, width]);
  const deep =
    reuse === undefined
      ? undefined
      : { cut: reuse, features: g.input("deep", "float32", deepOf(unet, reuse, size, branches)) };
  const { result, kept } = unetBody(context, unet, perFrame, { middle: true, deep, keep });
  const out = g.scope("out", () => outLayers(g, unet, result));
  const clips = op.reshape(g, out, [branches, frames, LATENT_CHANNELS, height, width]);
  g.output("out", op.transpose(g, clips, [0, 2, 1, 3, 4]));
  if (kept) g.output("deep", op.repeat(g, kept, (branches * frames) / kept.shape[0]!));
  g.outputRanges();
  return g;
}

/** Shape of the features that enter an output block, for all branches. */
function deepOf(unet: KeyvidUnetConfig, cut: number, size: ClipSize, branches: number): number[] {
  const last = architecture(unet).up.length - 1;
  if (!Number.isInteger(cut) || cut < 1 || cut > last)
    throw new Error(`A cut at output block ${cut}: there are 1 to ${last}.`);
  const [frames, ...rest] = deepShape(unet, cut, size);
  return [branches * frames, ...rest];
}

/** Three attentions with softmaxes of their own, added: to the text, to the frame's picture tokens, to its sound. q is [n, L, C]. */
function attendToAll(g: Graph, q: Tensor, heads: number, branches: number, frames: number): Tensor {
  const width = q.shape[2]!;
  const path = g.path.slice(UNET_PREFIX.length + 1);
  const keysAndValues = (part: ConditionPart): KeysAndValues => {
    const shape = [branches * (part === "text" ? 1 : frames), tokensOf[part], width];
    const input = (name: string) => g.input(`${path}.${part}.${name}`, "float32", shape);
    return { k: input("k"), v: input("v") };
  };
  const queries = op.repeat(g, q, (branches * frames) / q.shape[0]!);
  const [text, image, audio] = conditionParts.map(keysAndValues) as [KeysAndValues, KeysAndValues, KeysAndValues];
  const toText = attendPerClip(g, queries, text, heads);
  const toImage = op.attention(g, queries, image.k, image.v, heads);
  const toAudio = op.attention(g, queries, audio.k, audio.v, heads);
  return op.add(g, op.add(g, toText, toImage), toAudio);
}
