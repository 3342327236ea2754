/** The networks of one opened KeyVID: sessions are made on first need, one size at a time, and kept warm. */
import { timestepEmbedding } from "../diffusion/embedding.ts";
import { LATENT_CHANNELS, type LatentSize } from "../diffusion/latent.ts";
import { type Graph, sizeOf } from "../onnx/graph.ts";
import type { OpenGraph, SessionOptions, Weights } from "../onnx/session.ts";
import { SessionCache } from "../onnx/session-cache.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import { visionGraph } from "../openclip/vision-tower.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import { vaeEncoderGraph } from "../vae/encoder.ts";
import { localizerGraph, soundGraph } from "./audio-trunk.ts";
import { AUDIO_TOKENS, IMAGE_TOKENS, type KeyvidConfig, type KeyvidUnetConfig } from "./config.ts";
import { KeyvidCosts } from "./costs.ts";
import { type Part, parts, partWeights } from "./parameters.ts";
import { resamplerGraph } from "./resampler.ts";
import { interpolationSound, keyframeSound } from "./sound-tokens.ts";
import type {
  BranchedAnswer,
  BranchedCall,
  Keys,
  Stage,
  StageNetworks,
  StageWork,
  Tokens,
  UnetCall,
} from "./stage-networks.ts";
import { keysGraph, placeGraph, unetGraph } from "./unet.ts";

/** A network that is run once or twice a clip stays open only up to this size. */
const KEEP_BYTES = 256 * 2 ** 20;
/**
 * Up to this size a U-Net's weights are repacked into private memory. The official ones (5.9 GB, and several graphs may be open that
 * differ in branches or cut) stay mapped from disk, one copy for all.
 */
const REPACK_BYTES = 1024 * 2 ** 20;

export class KeyvidNetworks implements StageNetworks {
  readonly config: KeyvidConfig;
  readonly cellPixels: number;
  readonly #options: SessionOptions;
  readonly #weights: Readonly<Record<Part, Weights>>;
  readonly #costs: KeyvidCosts;
  readonly #sessions = new SessionCache();
  /** Embedding of frame rate and places, the same for a whole clip. */
  #lastPlace: { key: string; embedding: Float32Array } | null = null;

  constructor(config: KeyvidConfig, weights: Weights, options: SessionOptions) {
    this.config = config;
    this.#options = options;
    const each = parts.map((part): [Part, Weights] => [part, partWeights(weights, part)]);
    this.#weights = Object.fromEntries(each) as Record<Part, Weights>;
    const { keyframes, interpolation } = this.#weights;
    this.#costs = new KeyvidCosts(config, { keyframes: keyframes.index, interpolation: interpolation.index });
    this.cellPixels = this.#costs.cellPixels;
  }

  /** Runs a network that is needed once or twice a clip. Large ones are closed again, so that their pages make room. */
  async #once(
    part: Part,
    graph: () => Graph,
    inputs: Parameters<OpenGraph["run"]>[0],
    size = "",
  ): Promise<Record<string, Float32Array>> {
    const written = graph();
    const kind = `${part}-${written.name}`;
    // Not worth a private, repacked copy of its weights.
    const options = { ...this.#options, prepack: false };
    const session = await this.#sessions.get(kind, size, () => written, this.#weights[part], options);
    const outputs = await session.run(inputs);
    // Who runs large ones in pieces has no memory for what only waits.
    const keeps = this.#options.pieceBytes === undefined ? KEEP_BYTES : 0;
    if (session.graph.weightBytes(this.#weights[part].index) > keeps) await this.#sessions.close(kind);
    return outputs;
  }

  async localise(mel: Float32Array): Promise<Float32Array> {
    return (await this.#once("localizer", () => localizerGraph(this.config, 1), { mel })).scores!;
  }

  /** Mel [128, 204] → all tokens of the sound's trunk [577, width]. */
  async trunkTokens(mel: Float32Array): Promise<Float32Array> {
    return (await this.#once("sound", () => soundGraph(this.config.audio, 1), { mel })).tokens!;
  }

  async soundTokens(stage: Stage, mel: Float32Array, places: readonly number[]): Promise<Float32Array> {
    const tokens = await this.trunkTokens(mel);
    return stage === "keyframes" ? keyframeSound(tokens, places) : interpolationSound(tokens);
  }

  /** Token ids [77] → embedding [77, contextDim]. */
  async textTokens(stage: Stage, ids: Int32Array): Promise<Float32Array> {
    const inputs = { token_ids: BigInt64Array.from(ids, (id) => BigInt(id)) };
    return (await this.#once(stage, () => textGraph(this.config.text, 1), inputs)).prompt_embeds!;
  }

  /** With fewer rows than CLIP's vocabulary in its table, a test model takes ids modulo their number, as the reference's small ones do. */
  embedText(stage: Stage, prompt: string): Promise<Float32Array> {
    const { vocabulary } = this.config.text;
    const ids = clipTokenizer()
      .tokenize(prompt)
      .ids.map((id) => id % vocabulary);
    return this.textTokens(stage, ids);
  }

  async pictureTokens(stage: Stage, view: Float32Array): Promise<Float32Array> {
    const { tokens } = await this.#once(stage, () => visionGraph(this.config.vision, 1), { pixels: view });
    return (await this.#once(stage, () => resamplerGraph(this.config, 1), { tokens: tokens! })).picture!;
  }

  async encode(
    stage: Stage,
    picture: Float32Array,
    height: number,
    width: number,
  ): Promise<{ mean: Float32Array; logvar: Float32Array }> {
    const graph = () => vaeEncoderGraph(this.config.vae, { batch: 1, height, width });
    const outputs = await this.#once(stage, graph, { image: picture }, `${height}x${width}`);
    return { mean: outputs.mean!, logvar: outputs.logvar! };
  }

  async decode(stage: Stage, latent: Float32Array, height: number, width: number): Promise<Float32Array> {
    const graph = () => vaeDecoderGraph(this.config.vae, { batch: 1, height, width });
    const size = `${height}x${width}`;
    const session = await this.#sessions.get(`${stage}-decoder`, size, graph, this.#weights[stage], this.#options);
    return (await session.run({ latent })).image!;
  }

  async keys<P extends keyof Tokens>(stage: Stage, part: P, tokens: Tokens[P]): Promise<Keys> {
    const unet = this.config[stage];
    const frames =
      part === "text"
        ? 1
        : tokens.length / (part === "image" ? IMAGE_TOKENS * unet.contextDim : AUDIO_TOKENS * unet.audioDim);
    return this.#once(stage, () => keysGraph(unet, part, frames), { tokens }, String(frames));
  }

  async prepare(stage: Stage, size: LatentSize): Promise<void> {
    await this.#unet(stage, size, 1);
  }

  async release(stage: Stage): Promise<void> {
    await this.#sessions.closeWhere((kind) => kind.startsWith(`${stage}-`));
  }

  #unet(stage: Stage, size: LatentSize, branches: number, reuse?: number, keep?: number): Promise<OpenGraph> {
    const { frames, height, width } = size;
    const variant = `${reuse === undefined ? "" : `-from${reuse}`}${keep === undefined ? "" : `-keep${keep}`}`;
    const graph = () => unetGraph(this.config[stage], size, { branches, reuse, keep });
    const options = { ...this.#options, prepack: this.#costs.unetBytes(stage) <= REPACK_BYTES };
    const kind = `${stage}-unet${variant}-${branches}`;
    return this.#sessions.get(kind, `${frames}x${height}x${width}`, graph, this.#weights[stage], options);
  }

  async predict({ keys, ...call }: UnetCall): Promise<Float32Array> {
    const { predictions } = await this.predictBranches({ ...call, branches: [keys] });
    return predictions[0]!;
  }

  async predictBranches(call: BranchedCall): Promise<BranchedAnswer> {
    const { stage, size, branches, reuse, keep } = call;
    const session = await this.#unet(stage, size, branches.length, reuse?.cut, keep);
    const outputs = await session.run({
      latent: call.sample,
      concat: call.beside,
      time_sinusoid: timestepEmbedding(call.t, this.config[stage].modelChannels),
      place_emb: await this.#place(stage, size.frames, call.places),
      ...joined(branches),
      ...(reuse ? { deep: reuse.features } : {}),
    });
    const elements = sizeOf([LATENT_CHANNELS, size.frames, size.height, size.width]);
    const predictions = branches.map((_, i) => outputs.out!.slice(i * elements, (i + 1) * elements));
    return keep === undefined ? { predictions } : { predictions, deep: { cut: keep, features: outputs.deep! } };
  }

  async #place(stage: Stage, frames: number, places: readonly number[]): Promise<Float32Array> {
    const unet = this.config[stage];
    const key = `${stage} ${frames} ${unet.frameIndex ? places.join() : ""}`;
    if (this.#lastPlace?.key === key) return this.#lastPlace.embedding;
    const inputs: Record<string, Float32Array> = { fps_sinusoid: timestepEmbedding(unet.fps, unet.modelChannels) };
    if (unet.frameIndex) inputs.index_sinusoid = sinusoids(unet, frames, places);
    const outputs = await this.#once(stage, () => placeGraph(unet, frames), inputs, String(frames));
    this.#lastPlace = { key, embedding: outputs.place_emb! };
    return outputs.place_emb!;
  }

  lastCut(stage: Stage): number {
    return this.#costs.lastCut(stage);
  }

  work(stage: Stage, size: LatentSize): StageWork {
    return this.#costs.work(stage, size);
  }

  callWork(stage: Stage, size: LatentSize, branches: number, reuse?: number): number {
    return this.#costs.callWork(stage, size, branches, reuse);
  }

  async close(): Promise<void> {
    await this.#sessions.closeAll();
  }
}

/** Keys and values of several branches, one after another. */
function joined(branches: readonly Keys[]): Keys {
  const [first] = branches;
  if (!first) throw new Error("A call needs at least one condition.");
  if (branches.length === 1) return first;
  return Object.fromEntries(
    Object.entries(first).map(([name, values]) => {
      const all = new Float32Array(values.length * branches.length);
      for (const [i, keys] of branches.entries()) all.set(keys[name]!, i * values.length);
      return [name, all];
    }),
  );
}

function sinusoids(unet: KeyvidUnetConfig, frames: number, places: readonly number[]): Float32Array {
  if (places.length !== frames)
    throw new Error(`The generator needs the place of each of ${frames} frames, not of ${places.length}.`);
  const rows = new Float32Array(frames * unet.modelChannels);
  for (const [i, place] of places.entries())
    rows.set(timestepEmbedding(place, unet.modelChannels), i * unet.modelChannels);
  return rows;
}
