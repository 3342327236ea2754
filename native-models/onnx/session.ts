/** The one place that talks to onnxruntime: writes a graph beside its weights, opens it, runs it with plain arrays. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { WeightIndex } from "../types.ts";
import { type Graph, sizeOf, type Tensor } from "./graph.ts";

export type Values = Float32Array | BigInt64Array;
export interface Value {
  readonly data: Values;
  readonly shape: readonly number[];
}

export interface SessionOptions {
  /** Threads inside one operator. */
  readonly threads: number;
  /** False: float32 weights stay memory-mapped and evictable instead of being repacked into private memory. */
  readonly prepack?: boolean;
}

/** Where the weights of a pack lie: its folder, the weights file in it, and what is where. */
export interface Weights {
  readonly folder: string;
  readonly file: string;
  readonly index: WeightIndex;
}

/** An opened graph. Inputs and outputs are checked against the shapes that the graph was written for. */
export class Session {
  readonly #session: ort.InferenceSession;
  readonly #graph: Graph;

  private constructor(session: ort.InferenceSession, graph: Graph) {
    this.#session = session;
    this.#graph = graph;
  }

  /**
   * Writes `<name>.onnx` into the weights' folder (onnxruntime reads external data only from there) and opens it.
   * @throws when onnxruntime refuses the graph
   */
  static async open(graph: Graph, weights: Weights, name: string, options: SessionOptions): Promise<Session> {
    const file = join(weights.folder, `${name}.onnx`);
    await writeFile(file, graph.encode(weights.index, weights.file));
    const session = await ort.InferenceSession.create(file, {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // The arena keeps the largest run's memory for good; without it memory follows the work.
      enableCpuMemArena: true,
      extra: { session: { disable_prepacking: options.prepack === false ? "1" : "0" } },
    });
    return new Session(session, graph);
  }

  get graph(): Graph {
    return this.#graph;
  }

  async run(inputs: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const wanted of this.#graph.inputs) feeds[wanted.name] = toOrt(wanted, inputs[wanted.name]);
    const results = await this.#session.run(feeds);
    const outputs: Record<string, Float32Array> = {};
    for (const output of this.#graph.outputs) {
      const data = results[output.name]?.data;
      if (!(data instanceof Float32Array)) throw new Error(`${this.#graph.name} gave no float32 ${output.name}.`);
      outputs[output.name] = data;
    }
    return outputs;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

function toOrt(wanted: Tensor, data: Values | undefined): ort.Tensor {
  if (!data) throw new Error(`The input ${wanted.name} is missing.`);
  if (data.length !== sizeOf(wanted.shape))
    throw new Error(
      `The input ${wanted.name} has ${data.length} values, [${wanted.shape.join()}] needs ${sizeOf(wanted.shape)}.`,
    );
  return data instanceof BigInt64Array
    ? new ort.Tensor("int64", data, wanted.shape)
    : new ort.Tensor("float32", data, wanted.shape);
}
