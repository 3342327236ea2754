/** The golden model: its checkpoints, its configuration, and weights files written by the product's own converter. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { openCheckpoint } from "../../../native-models/checkpoint/open-checkpoint.ts";
import type { KeyvidConfig } from "../../../native-models/keyvid/config.ts";
import { planKeyvid } from "../../../native-models/keyvid/family.ts";
import { KeyvidNetworks } from "../../../native-models/keyvid/networks.ts";
import { type Part, partWeights } from "../../../native-models/keyvid/parameters.ts";
import type { Graph } from "../../../native-models/onnx/graph.ts";
import { Session, type SessionOptions, type Values, type Weights } from "../../../native-models/onnx/session.ts";
import type { CheckpointFile } from "../../../native-models/pack/family.ts";
import { HashedWriter } from "../../../native-models/pack/files.ts";
import { manifestOf, type PackManifest } from "../../../native-models/pack/manifest.ts";
import { writeWeights } from "../../../native-models/pack/weights.ts";
import type { Context } from "./context.ts";

export const sessionOptions: SessionOptions = { threads: Math.min(4, availableParallelism()) };

/** What no shape tells: the manifest's `config` names it as our own recipe does. */
const configSchema = z.object({
  aud_heads: z.number().int(),
  vis_head: z.number().int(),
  txt_heads: z.number().int(),
  rs_dh: z.number().int(),
});

const isCheckpoint = /\.(?:ckpt|pth|pt|safetensors)$/u;

/** Runs graphs on the golden weights. The weights file lives in a temporary folder until `close`. */
export class GoldenModel {
  readonly config: KeyvidConfig;
  /** The files that were opened, by path in the golden folder. */
  readonly files: readonly CheckpointFile[];
  readonly weights: Weights;
  readonly networks: KeyvidNetworks;
  #graphs = 0;

  private constructor(config: KeyvidConfig, files: readonly CheckpointFile[], weights: Weights) {
    this.config = config;
    this.files = files;
    this.weights = weights;
    this.networks = new KeyvidNetworks(config, weights, sessionOptions);
  }

  /** @param withMetaSound take ImageBind's trunk from Meta's own file, although the generator has a copy */
  static async open(context: Context, withMetaSound = false): Promise<GoldenModel> {
    const files: CheckpointFile[] = [];
    const folder = await mkdtemp(join(tmpdir(), "plume-parity-"));
    const close = async () => {
      for (const { source } of files) await source.close();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      for (const path of context.files(/^ckpt\//u).filter((file) => isCheckpoint.test(file))) {
        const source = await openCheckpoint(context.path(path));
        files.push({ path, source: withMetaSound ? withoutTrunk(source) : source });
      }
      const entry = context.manifest.files.find((file) => configSchema.safeParse(file.config).success);
      const plan = planKeyvid(files, configSchema.parse(entry?.config ?? {}));
      const writer = await HashedWriter.create(join(folder, "weights.bin"));
      const index = await writeWeights({ ...plan, shareEqual: true }, writer, () => {});
      await writer.finish();
      const { config } = manifestOf("keyvid", plan.facts as PackManifest);
      const model = new GoldenModel(config, files, { folder, file: "weights.bin", index });
      model.#close = close;
      return model;
    } catch (error) {
      await close();
      throw error;
    }
  }

  #close: () => Promise<void> = () => Promise.resolve();

  /** Runs a graph of one part once. */
  async run(part: Part, graph: Graph, inputs: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    const session = await Session.open(
      graph,
      partWeights(this.weights, part),
      `graph-${this.#graphs++}`,
      sessionOptions,
    );
    try {
      return await session.run(inputs);
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.networks.close();
    await this.#close();
  }
}

/** A checkpoint without its copy of ImageBind. */
function withoutTrunk(source: CheckpointFile["source"]): CheckpointFile["source"] {
  const tensors = new Map([...source.tensors].filter(([name]) => !name.startsWith("imagebind_model.")));
  return {
    tensors,
    metadata: source.metadata,
    read: (name) => source.read(name),
    readFloat32: (name) => source.readFloat32(name),
    close: () => source.close(),
  };
}
