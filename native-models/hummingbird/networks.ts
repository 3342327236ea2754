/** The networks of one opened Hummingbird model: sessions are made on first need, one size at a time, and kept warm. */
import { guidanceEmbedding, timestepEmbedding } from "../diffusion/embedding.ts";
import type { LatentSize } from "../diffusion/latent.ts";
import type { Graph } from "../onnx/graph.ts";
import type { OpenGraph, SessionOptions, Weights } from "../onnx/session.ts";
import { SessionCache } from "../onnx/session-cache.ts";
import { textGraph } from "../openclip/text-tower.ts";
import type { Int8Data } from "../pack/int8-files.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import type { HummingbirdConfig } from "./config.ts";
import { conditionGraph, promptGraph, unetGraph } from "./unet.ts";

/** What the U-Net needs of one prompt: keys and values of every cross-attention, by input name. */
export type PromptKeys = Readonly<Record<string, Float32Array>>;

/** What the U-Net needs of frame rate and guidance: `fpsEmb` [1, 4C], and `wEmb` [1, C] where the model is distilled. */
export interface Condition {
  readonly fpsEmb: Float32Array;
  readonly wEmb: Float32Array | null;
}

/** Floating point operations of each part, 2 per multiply-add. */
export interface Work {
  readonly text: number;
  readonly unet: number;
  readonly vaeFrame: number;
}

/**
 * A network that is run once a clip stays open only up to this size of its weights. The official model's take 1.3 GB of mapped pages
 * that are no use while the U-Net runs; opening them again takes a moment.
 */
const KEEP_BYTES = 32 * 2 ** 20;

export interface NetworkOptions extends SessionOptions {
  /** Run the U-Net in int8 arithmetic with these weights and ranges. */
  readonly int8?: Int8Data | undefined;
  /** Told of the ranges that every call of the U-Net saw, [convolutions, 4] in the order of `graph.observed`. */
  readonly observe?: (graph: Graph, ranges: Float32Array) => void;
}

export class HummingbirdNetworks {
  readonly config: HummingbirdConfig;
  readonly #weights: Weights;
  readonly #options: NetworkOptions;
  readonly #sessions = new SessionCache();

  constructor(config: HummingbirdConfig, weights: Weights, options: NetworkOptions) {
    this.config = config;
    this.#weights = weights;
    this.#options = options;
  }

  #session(
    kind: string,
    size: string,
    graph: () => Graph,
    options: SessionOptions = this.#options,
    weights = this.#weights,
  ): Promise<OpenGraph> {
    return this.#sessions.get(kind, size, graph, weights, options);
  }

  /** Runs a network that is needed once a clip: not worth a private, repacked copy of its weights. */
  async #once(kind: string, graph: () => Graph, inputs: Parameters<OpenGraph["run"]>[0]): ReturnType<OpenGraph["run"]> {
    const session = await this.#session(kind, "", graph, { ...this.#options, prepack: false });
    const outputs = await session.run(inputs);
    if (session.graph.weightBytes(this.#weights.index) > KEEP_BYTES) await this.#sessions.close(kind);
    return outputs;
  }

  /** Token ids [tokens] → prompt embedding [tokens, width]. */
  async encodePrompt(ids: Int32Array): Promise<Float32Array> {
    const inputs = { token_ids: BigInt64Array.from(ids, (id) => BigInt(id)) };
    return (await this.#once("text", () => textGraph(this.config.text, 1), inputs)).prompt_embeds!;
  }

  /** Prompt embedding [tokens, contextDim] → the keys and values that the U-Net takes. */
  async promptKeys(context: Float32Array): Promise<PromptKeys> {
    return this.#once("prompt", () => promptGraph(this.config, 1), { context });
  }

  /** @param guidance the scale w of a distilled model, or null to run without a guidance embedding. */
  async condition(fps: number, guidance: number | null): Promise<Condition> {
    const { timeCondProjDim, modelChannels } = this.config;
    const w = guidance === null ? new Float32Array(timeCondProjDim) : guidanceEmbedding(guidance, timeCondProjDim);
    const inputs = { fps_sinusoid: timestepEmbedding(fps, modelChannels), w_embedding: w };
    const outputs = await this.#once("condition", () => conditionGraph(this.config, 1), inputs);
    return { fpsEmb: outputs.fps_emb!, wEmb: guidance === null ? null : (outputs.w_emb ?? null) };
  }

  /** Opens the U-Net for this size ahead of its first call, so that loading shows as loading. */
  async prepare(size: LatentSize): Promise<void> {
    await this.#unet(size);
  }

  #unet(size: LatentSize): Promise<OpenGraph> {
    const name = `${size.batch}x${size.frames}x${size.height}x${size.width}`;
    const { int8, observe } = this.#options;
    const graph = () => unetGraph(this.config, size, null, { int8: int8?.ranges, observe: observe !== undefined });
    return this.#session("unet", name, graph, this.#options, int8?.weights);
  }

  /**
   * One call for one clip: `latent` [4, T, h, w] at training timestep `t` → prediction of the same shape.
   */
  async predict(
    size: LatentSize,
    latent: Float32Array,
    t: number,
    keys: PromptKeys,
    condition: Condition,
  ): Promise<Float32Array> {
    const session = await this.#unet(size);
    const { wEmb, fpsEmb } = condition;
    const sinusoid = timestepEmbedding(t, this.config.modelChannels);
    const time = wEmb === null ? sinusoid : sinusoid.map((value, i) => value + wEmb[i]!);
    const outputs = await session.run({ ...keys, latent, time_sinusoid: time, fps_emb: fpsEmb });
    if (outputs.ranges) this.#options.observe?.(session.graph, outputs.ranges);
    return outputs.out!;
  }

  /** Latent [4, h, w] of one frame → picture [3, 8h, 8w], about -1 to 1, not clamped. */
  async decode(latent: Float32Array, height: number, width: number): Promise<Float32Array> {
    const graph = () => vaeDecoderGraph(this.config.vae, { batch: 1, height, width });
    const session = await this.#session("vae", `${height}x${width}`, graph);
    const outputs = await session.run({ latent });
    return outputs.image!;
  }

  /** Lets a network's memory go; it opens again when it is next needed. */
  async release(kind: "unet" | "vae"): Promise<void> {
    await this.#sessions.close(kind);
  }

  async close(): Promise<void> {
    await this.#sessions.closeAll();
  }
}

export function workOf(config: HummingbirdConfig, size: LatentSize): Work {
  return {
    text: textGraph(config.text, 1).flops + promptGraph(config, 1).flops,
    unet: unetGraph(config, size).flops,
    vaeFrame: vaeDecoderGraph(config.vae, { batch: 1, height: size.height, width: size.width }).flops,
  };
}
