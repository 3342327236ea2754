/** The one place that talks to onnxruntime: writes a graph beside its weights, opens it, runs it with plain arrays. */
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { StudioError } from "../../core/contract/errors.ts";
import type { DeviceId } from "../../core/contract/planner.ts";
import type { WeightIndex } from "../types.ts";
import { type Graph, sizeOf, type Tensor } from "./graph.ts";
import { KEPT_BYTES, peakBytes } from "./peak.ts";

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
  /** False: convolution kernels keep their layout, also where the graph is small (see `BLOCKED_LAYOUT_BYTES`). */
  readonly blocked?: boolean | undefined;
  /** Graphs with more bytes of weights are run in pieces of about this size, one after another (see piecewise-session.ts). */
  readonly pieceBytes?: number | undefined;
  /** Where it runs; what the device has no kernel for runs on the processor. Absent: on the processor. */
  readonly device?: DeviceId | undefined;
}

/**
 * Up to this size of weights onnxruntime may rearrange convolution kernels into its blocked layout (NCHWc). Measured on the true
 * shapes (GFLOP per CPU second): the VAE decoder gains, 77 → 93, and loads in 0.8 s; the 0.7B U-Net gains nothing overall, its
 * temporal convolutions aside, loads in 17 s instead of 2 and copies 1.9 GB into private memory that otherwise stay mapped.
 */
const BLOCKED_LAYOUT_BYTES = 512 * 2 ** 20;

/** Where the weights of a pack lie: its folder, the weights file in it, and what is where. */
export interface Weights {
  readonly folder: string;
  readonly file: string;
  readonly index: WeightIndex;
}

/** A graph that can be run. */
export interface OpenGraph {
  readonly graph: Graph;
  run(inputs: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>>;
  close(): Promise<void>;
}

/** An opened graph. Inputs and outputs are checked against the shapes that the graph was written for. */
export class Session implements OpenGraph {
  readonly #session: ort.InferenceSession;
  readonly #graph: Graph;

  private constructor(session: ort.InferenceSession, graph: Graph) {
    this.#session = session;
    this.#graph = graph;
  }

  /**
   * Opens a graph. onnxruntime reads external data only from the model file's own folder, so the graph is written there for the
   * moment of opening, under a name that no other process uses.
   * Errors: MODEL_DAMAGED when the weights do not fit the graph; OUTPUT_UNWRITABLE or DISK_FULL when the folder takes no file.
   */
  static async open(graph: Graph, weights: Weights, name: string, options: SessionOptions): Promise<Session> {
    const file = join(weights.folder, `.${name}-${process.pid}-${randomUUID()}.onnx`);
    const isBlocked = options.blocked !== false && graph.weightBytes(weights.index) <= BLOCKED_LAYOUT_BYTES;
    try {
      await writeFile(file, graph.encode(weights.index, weights.file));
      const session = await ort.InferenceSession.create(file, {
        executionProviders: providersOf(options.device),
        intraOpNumThreads: options.threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        graphOptimizationLevel: isBlocked || graph.int8 ? "all" : "extended",
        enableCpuMemArena: peakBytes(graph) <= KEPT_BYTES,
        // Threads that wait in a loop would take the time of the editor, of ffmpeg and of each other.
        extra: {
          session: { disable_prepacking: options.prepack === false ? "1" : "0", intra_op: { allow_spinning: "0" } },
        },
      });
      return new Session(session, graph);
    } catch (error) {
      throw openFailure(error, graph.name);
    } finally {
      await rm(file, { force: true });
    }
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

/** In the order in which onnxruntime asks them for each operator. */
const providersOf = (device: DeviceId = "cpu"): string[] => (device === "cpu" ? ["cpu"] : [device, "cpu"]);

function openFailure(error: unknown, name: string): StudioError {
  if (error instanceof StudioError) return error;
  if (error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("E"))
    return StudioError.from(error);
  const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`;
  if (/bad_alloc|[Ff]ailed to allocate/u.test(detail))
    return new StudioError(
      "MODEL_OUT_OF_MEMORY",
      "There is not enough memory to open this model: close other programs.",
      detail,
    );
  return new StudioError("MODEL_DAMAGED", "The model cannot be opened: install it again.", detail);
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
