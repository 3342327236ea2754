/** The networks of one opened KeyVID: sessions are made on first need, one size at a time, and kept warm while they are of use. */
import { timestepEmbedding } from "../diffusion/embedding.ts";
import { LATENT_CHANNELS } from "../diffusion/latent.ts";
import { type Graph, sizeOf } from "../onnx/graph.ts";
import type { Session, SessionOptions, Weights } from "../onnx/session.ts";
import { SessionCache } from "../onnx/session-cache.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { visionGraph } from "../openclip/vision-tower.ts";
import { architecture, unetUnit } from "../unet3d/architecture.ts";
import { deepShape } from "../unet3d/body.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import { latentScale, vaeEncoderGraph } from "../vae/encoder.ts";
import { localizerGraph, soundGraph } from "./audio-trunk.ts";
import type { KeyvidConfig, KeyvidUnetConfig } from "./config.ts";
import { type Part, partWeights, type Stage } from "./parameters.ts";
import { resamplerGraph } from "./resampler.ts";
import { type ClipSize, conditionGraph, placeGraph, unetGraph } from "./unet.ts";

export type { Stage } from "./parameters.ts";
export type { ClipSize } from "./unet.ts";

/** Keys and values of every cross-attention for one guidance branch, by input name. Opaque to samplers. */
export type Condition = Readonly<Record<string, Float32Array>>;

/** What one guidance branch listens to, for a clip of T frames. */
export interface Conditioning {
  /** [77, contextDim] */
  readonly text: Float32Array;
  /** [T, 16, contextDim] */
  readonly picture: Float32Array;
  /** [T, 12, audioDim] */
  readonly sound: Float32Array;
}

/** What the U-Net knows of the deeper part of an earlier call, see `DeepFeatures`. */
export interface Deep {
  readonly cut: number;
  /** [B·T, C, h', w'] */
  readonly features: Float32Array;
}

export interface Call {
  /** Noisy latent [4, T, h, w], the same for all branches. */
  readonly latent: Float32Array;
  /** What is joined to it: the picture's latent in every frame, or the keyframes' in theirs, [4, T, h, w]. */
  readonly concat: Float32Array;
  /** Training timestep, 0 to 999. */
  readonly t: number;
  /** One for each guidance branch, 1 to 4. */
  readonly conditions: readonly Condition[];
  /** Generator only: which of the 48 frames each frame is. */
  readonly frameIndex?: readonly number[];
  /** Run the shallow part only, on these features. */
  readonly reuse?: Deep | undefined;
  /** Give back the features that enter this output block. */
  readonly keep?: number | undefined;
}

export interface Answer {
  /** v-prediction of each branch, [4, T, h, w]. */
  readonly predictions: readonly Float32Array[];
  /** Where the call asked to keep them. */
  readonly deep?: Deep;
}

/** Floating point operations, 2 per multiply-add. */
export interface Work {
  readonly sound: number;
  readonly localizer: number;
  readonly text: number;
  readonly picture: number;
  /** Of one guidance branch. */
  readonly condition: number;
  readonly encode: number;
  readonly decodeFrame: number;
  /** One call of the U-Net with this many branches; with a cut the shallow part only. */
  readonly unet: (branches: number, reuse?: number) => number;
}

/** A network that is run once or twice a clip stays open only up to this size. */
const KEEP_BYTES = 256 * 2 ** 20;

export class KeyvidNetworks {
  readonly config: KeyvidConfig;
  /** Pixels per latent cell, each way (8). */
  readonly latentScale: number;
  readonly #options: SessionOptions;
  readonly #weights: Readonly<Record<Part, Weights>>;
  readonly #sessions = new SessionCache();

  constructor(config: KeyvidConfig, weights: Weights, options: SessionOptions) {
    this.config = config;
    this.latentScale = latentScale(config.vae);
    this.#options = options;
    this.#weights = {
      sound: partWeights(weights, "sound"),
      localizer: partWeights(weights, "localizer"),
      keyframes: partWeights(weights, "keyframes"),
      interpolation: partWeights(weights, "interpolation"),
    };
  }

  /** Runs a network that is needed once or twice a clip. Large ones are closed again, so that their pages make room. */
  async #once(
    part: Part,
    graph: () => Graph,
    inputs: Parameters<Session["run"]>[0],
    size = "",
  ): Promise<Record<string, Float32Array>> {
    const written = graph();
    const kind = `${part}-${written.name}`;
    // Not worth a private, repacked copy of its weights.
    const options = { ...this.#options, prepack: false };
    const session = await this.#sessions.get(kind, size, () => written, this.#weights[part], options);
    const outputs = await session.run(inputs);
    if (session.graph.weightBytes(this.#weights[part].index) > KEEP_BYTES) await this.#sessions.close(kind);
    return outputs;
  }

  /** Mel [128, 198] of 2 s → the motion expected in each of 48 frames. */
  async localise(mel: Float32Array): Promise<Float32Array> {
    return (await this.#once("localizer", () => localizerGraph(this.config, 1), { mel })).scores!;
  }

  /** Mel [128, 204] of 2 s → tokens [577, width] of the sound; see `soundPerFrame`. */
  async soundTokens(mel: Float32Array): Promise<Float32Array> {
    return (await this.#once("sound", () => soundGraph(this.config.audio, 1), { mel })).tokens!;
  }

  /** Token ids [77] → embedding [77, contextDim]. */
  async textTokens(stage: Stage, ids: Int32Array): Promise<Float32Array> {
    const inputs = { token_ids: BigInt64Array.from(ids, (id) => BigInt(id)) };
    return (await this.#once(stage, () => textGraph(this.config.text, 1), inputs)).prompt_embeds!;
  }

  /** Pixels [3, 224, 224], normalised for CLIP → [48 · 16, contextDim], 16 tokens for each of 48 frames. */
  async pictureTokens(stage: Stage, pixels: Float32Array): Promise<Float32Array> {
    const { tokens } = await this.#once(stage, () => visionGraph(this.config.vision, 1), { pixels });
    return (await this.#once(stage, () => resamplerGraph(this.config, 1), { tokens: tokens! })).picture!;
  }

  /** Picture [3, H, W], -1 to 1 → the posterior of its latent, each [4, h, w]; see `posteriorSample`. */
  async encode(
    stage: Stage,
    image: Float32Array,
    height: number,
    width: number,
  ): Promise<{ mean: Float32Array; logvar: Float32Array }> {
    const graph = () => vaeEncoderGraph(this.config.vae, { batch: 1, height, width });
    const outputs = await this.#once(stage, graph, { image }, `${height}x${width}`);
    return { mean: outputs.mean!, logvar: outputs.logvar! };
  }

  /** Latent [4, h, w] of one frame → picture [3, H, W], about -1 to 1, not clamped. */
  async decode(stage: Stage, latent: Float32Array, height: number, width: number): Promise<Float32Array> {
    const graph = () => vaeDecoderGraph(this.config.vae, { batch: 1, height, width });
    const session = await this.#sessions.get(
      `${stage}-decoder`,
      `${height}x${width}`,
      graph,
      this.#weights[stage],
      this.#options,
    );
    return (await session.run({ latent })).image!;
  }

  /** What a guidance branch listens to → what the U-Net takes of it. Once a clip. */
  async condition(stage: Stage, conditioning: Conditioning): Promise<Condition> {
    const unet = this.config[stage];
    const frames = conditioning.sound.length / (12 * unet.audioDim);
    return this.#once(stage, () => conditionGraph(unet, frames), { ...conditioning }, String(frames));
  }

  /** Opens the U-Net for this size ahead of its first call, so that loading shows as loading. */
  async prepare(stage: Stage, size: ClipSize, branches: number): Promise<void> {
    await this.#unet(stage, size, branches, undefined, undefined);
  }

  /** Closes what a stage keeps open: its U-Net and decoder make room for the other stage's. */
  async release(stage: Stage): Promise<void> {
    await this.#sessions.closeWhere((kind) => kind.startsWith(`${stage}-`));
  }

  #unet(
    stage: Stage,
    size: ClipSize,
    branches: number,
    reuse: number | undefined,
    keep: number | undefined,
  ): Promise<Session> {
    const { frames, height, width } = size;
    const name = `${branches}x${frames}x${height}x${width}`;
    const variant = `${reuse === undefined ? "" : `-from${reuse}`}${keep === undefined ? "" : `-keep${keep}`}`;
    const graph = () => unetGraph(this.config[stage], size, { branches, reuse, keep });
    return this.#sessions.get(`${stage}-unet${variant}-${branches}`, name, graph, this.#weights[stage], this.#options);
  }

  /** One call of a U-Net for one clip under all the given conditions. */
  async predict(stage: Stage, size: ClipSize, call: Call): Promise<Answer> {
    const { conditions, reuse, keep } = call;
    const session = await this.#unet(stage, size, conditions.length, reuse?.cut, keep);
    const outputs = await session.run({
      latent: call.latent,
      concat: call.concat,
      time_sinusoid: timestepEmbedding(call.t, this.config[stage].modelChannels),
      place_emb: await this.#place(stage, size.frames, call.frameIndex),
      ...joined(conditions),
      ...(reuse ? { deep: reuse.features } : {}),
    });
    const elements = sizeOf([LATENT_CHANNELS, size.frames, size.height, size.width]);
    const predictions = conditions.map((_, i) => outputs.out!.subarray(i * elements, (i + 1) * elements));
    return keep === undefined ? { predictions } : { predictions, deep: { cut: keep, features: outputs.deep! } };
  }

  #lastPlace: { key: string; embedding: Float32Array } | null = null;

  /** Embedding of frame rate and frame index: the same for a whole clip. */
  async #place(stage: Stage, frames: number, frameIndex: readonly number[] | undefined): Promise<Float32Array> {
    const unet = this.config[stage];
    const key = `${stage} ${frames} ${frameIndex?.join() ?? ""}`;
    if (this.#lastPlace?.key === key) return this.#lastPlace.embedding;
    const inputs: Record<string, Float32Array> = { fps_sinusoid: timestepEmbedding(unet.fps, unet.modelChannels) };
    if (unet.frameIndex) inputs.index_sinusoid = sinusoids(unet, frames, frameIndex);
    const outputs = await this.#once(stage, () => placeGraph(unet, frames), inputs, String(frames));
    this.#lastPlace = { key, embedding: outputs.place_emb! };
    return outputs.place_emb!;
  }

  /** Output blocks at which a U-Net can be cut for reuse: 1 to this, the shallowest last. */
  lastCut(stage: Stage): number {
    return architecture(this.config[stage]).up.length - 1;
  }

  /** Numbers in the features kept at a cut, for one branch. */
  deepElements(stage: Stage, size: ClipSize, cut: number): number {
    return sizeOf(deepShape(this.config[stage], cut, size));
  }

  /** Latent sizes of a stage are multiples of this. */
  unit(stage: Stage): number {
    return unetUnit(this.config[stage]);
  }

  work(stage: Stage, size: ClipSize): Work {
    const { text, vision, vae, audio } = this.config;
    const unet = this.config[stage];
    const { frames, height, width } = size;
    const pixels = { batch: 1, height: height * this.latentScale, width: width * this.latentScale };
    return {
      sound: soundGraph(audio, 1).flops,
      localizer: localizerGraph(this.config, 1).flops,
      text: textGraph(text, 1).flops,
      picture: visionGraph(vision, 1).flops + resamplerGraph(this.config, 1).flops,
      condition: conditionGraph(unet, frames).flops,
      encode: vaeEncoderGraph(vae, pixels).flops,
      decodeFrame: vaeDecoderGraph(vae, { batch: 1, height, width }).flops,
      unet: (branches, reuse) => unetGraph(unet, size, { branches, reuse }).flops,
    };
  }

  async close(): Promise<void> {
    await this.#sessions.closeAll();
  }
}

/** Keys and values of several branches, one after another. */
function joined(conditions: readonly Condition[]): Condition {
  const [first] = conditions;
  if (!first) throw new Error("A call needs at least one condition.");
  if (conditions.length === 1) return first;
  return Object.fromEntries(
    Object.entries(first).map(([name, values]) => {
      const all = new Float32Array(values.length * conditions.length);
      for (const [i, condition] of conditions.entries()) all.set(condition[name]!, i * values.length);
      return [name, all];
    }),
  );
}

function sinusoids(unet: KeyvidUnetConfig, frames: number, frameIndex: readonly number[] | undefined): Float32Array {
  if (frameIndex?.length !== frames)
    throw new Error(`The generator needs the place of each of ${frames} frames, not of ${frameIndex?.length ?? 0}.`);
  const rows = new Float32Array(frames * unet.modelChannels);
  for (const [i, place] of frameIndex.entries())
    rows.set(timestepEmbedding(place, unet.modelChannels), i * unet.modelChannels);
  return rows;
}
