/** The golden model: its checkpoint, its configuration, and weights files written by the product's own converter. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { recogniseHummingbird } from "../../../native-models/hummingbird/checkpoint-names-config.ts";
import type { HummingbirdNames } from "../../../native-models/hummingbird/checkpoint-names.ts";
import type { HummingbirdConfig } from "../../../native-models/hummingbird/config.ts";
import type { Lora } from "../../../native-models/hummingbird/lora.ts";
import { HummingbirdNetworks } from "../../../native-models/hummingbird/networks.ts";
import { hummingbirdParameters } from "../../../native-models/hummingbird/parameters.ts";
import type { Graph } from "../../../native-models/onnx/graph.ts";
import { Session, type SessionOptions, type Values, type Weights } from "../../../native-models/onnx/session.ts";
import { HashedWriter } from "../../../native-models/pack/files.ts";
import { writeWeights } from "../../../native-models/pack/weights.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../../../native-models/types.ts";
import type { Settings } from "./manifest.ts";

export const sessionOptions: SessionOptions = { threads: Math.min(4, availableParallelism()) };

/** Two checkpoints as one: what the upper holds hides what the lower holds. `keep` leaves tensors of the lower out. */
export function overlay(
  lower: TensorSource,
  upper: TensorSource | null,
  keep: (name: string) => boolean,
): TensorSource {
  const tensors = new Map<string, TensorInfo>([...lower.tensors].filter(([name]) => keep(name)));
  for (const [name, info] of upper?.tensors ?? []) tensors.set(name, info);
  const owner = (name: string) => (upper?.tensors.has(name) ? upper : lower);
  return {
    tensors,
    metadata: lower.metadata,
    read: (name) => owner(name).read(name),
    readFloat32: (name) => owner(name).readFloat32(name),
    close: () => Promise.resolve(),
  };
}

/** Runs graphs on the golden weights. Weights files live in a temporary folder until `close`. */
export class GoldenModel {
  readonly names: HummingbirdNames;
  readonly config: HummingbirdConfig;
  /** As the product recognises it, before the manifest's settings fill in what a checkpoint may not say. */
  readonly recognised: HummingbirdConfig;
  readonly #source: TensorSource;
  readonly #folder: string;
  readonly #weights = new Map<string, Promise<Weights>>();
  #graphs = 0;

  private constructor(source: TensorSource, configJson: unknown, settings: Settings, folder: string) {
    const { names, config } = recogniseHummingbird(source, configJson);
    this.names = names;
    this.recognised = config;
    this.config = {
      ...config,
      numHeadChannels: settings.unet.num_head_channels,
      vae: { ...config.vae, scaleFactor: settings.scale_factor },
      // No shape tells the heads of the text tower.
      text: { ...config.text, heads: settings.text.heads },
      sampler: { ...config.sampler, linearStart: settings.linear_start, linearEnd: settings.linear_end },
    };
    this.#source = source;
    this.#folder = folder;
  }

  /** @param source stays open and belongs to the caller */
  static async open(source: TensorSource, configJson: unknown, settings: Settings): Promise<GoldenModel> {
    const folder = await mkdtemp(join(tmpdir(), "plume-parity-"));
    try {
      return new GoldenModel(source, configJson, settings, folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Names and shapes of the checkpoint's tensors. */
  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.#source.tensors;
  }

  /**
   * A weights file with these parameters, written once per label.
   * @param loras merged on the way
   */
  weights(label: string, specs: readonly ParameterSpec[], loras: readonly Lora[] = []): Promise<Weights> {
    const known = this.#weights.get(label);
    if (known) return known;
    const written = this.#write(`${label}.bin`, specs, loras);
    this.#weights.set(label, written);
    return written;
  }

  /** The weights that a pack of this model holds. */
  packWeights(): Promise<Weights> {
    return this.weights("pack", hummingbirdParameters(this.config));
  }

  async #write(file: string, specs: readonly ParameterSpec[], loras: readonly Lora[]): Promise<Weights> {
    const writer = await HashedWriter.create(join(this.#folder, file));
    try {
      const plan = {
        specs,
        resolve: (spec: ParameterSpec) => ({ source: this.#source, tensor: this.names.resolve(spec) }),
        adjust: async (spec: ParameterSpec, weight: Float32Array) => {
          for (const lora of loras) await lora.merge(spec.source, weight);
        },
      };
      const index = await writeWeights(plan, writer, () => {});
      await writer.finish();
      return { folder: this.#folder, file, index };
    } finally {
      await writer.abandon();
    }
  }

  /** Runs a graph once. */
  async run(
    graph: Graph,
    inputs: Readonly<Record<string, Values>>,
    weights?: Weights,
  ): Promise<Record<string, Float32Array>> {
    const name = `graph-${this.#graphs++}`;
    const session = await Session.open(graph, weights ?? (await this.packWeights()), name, sessionOptions);
    try {
      return await session.run(inputs);
    } finally {
      await session.close();
    }
  }

  /** The product's own networks on these weights. */
  async networks(): Promise<HummingbirdNetworks> {
    return new HummingbirdNetworks(this.config, await this.packWeights(), sessionOptions);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
