/** Networks on golden weights: the product's converter writes them, derived ones included, and the product's session runs them. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "../../../native-models/onnx/graph.ts";
import { Session, type SessionOptions, type Values, type Weights } from "../../../native-models/onnx/session.ts";
import { HashedWriter } from "../../../native-models/pack/files.ts";
import { writeWeights } from "../../../native-models/pack/weights.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../../../native-models/types.ts";

export const sessionOptions: SessionOptions = { threads: Math.min(4, availableParallelism()) };

export interface GoldenWeights {
  readonly source: TensorSource;
  readonly resolve: (spec: ParameterSpec) => TensorInfo;
}

/** A source of float32 tensors whose values a function gives. */
export function valuesSource(
  shapeOf: (name: string) => readonly number[],
  valuesOf: (name: string) => Promise<Float32Array>,
): GoldenWeights {
  const info = (name: string): TensorInfo => ({ name, dtype: "float32", shape: shapeOf(name) });
  const source: TensorSource = {
    tensors: new Map(),
    metadata: {},
    async read(name) {
      const values = await valuesOf(name);
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
    readFloat32: valuesOf,
    close: () => Promise.resolve(),
  };
  return { source, resolve: (spec) => info(spec.source) };
}

/** Converts weights into a temporary folder for the time of `work`. */
export async function withWeights<T>(
  { source, resolve }: GoldenWeights,
  specs: readonly ParameterSpec[],
  work: (weights: Weights) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "plume-parity-"));
  try {
    const writer = await HashedWriter.create(join(folder, "weights.bin"));
    try {
      const plan = { specs, resolve: (spec: ParameterSpec) => ({ source, tensor: resolve(spec) }) };
      const index = await writeWeights(plan, writer, () => {});
      await writer.finish();
      return await work({ folder, file: "weights.bin", index });
    } finally {
      await writer.abandon();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a graph once on golden weights. */
export async function runGraph(
  graph: Graph,
  golden: GoldenWeights,
  inputs: Readonly<Record<string, Values>>,
): Promise<Record<string, Float32Array>> {
  return withWeights(golden, graph.parameters, async (weights) => {
    const session = await Session.open(graph, weights, "golden", sessionOptions);
    try {
      return await session.run(inputs);
    } finally {
      await session.close();
    }
  });
}

const BATCH_NORM_EPSILON = 1e-5;

/** A batch norm of the reference as a function of a value and its channel: for tensors whose norm is folded away in our graphs. */
export async function batchNorm(
  values: (name: string) => Promise<Float32Array>,
  path: string,
): Promise<(value: number, channel: number) => number> {
  const [weight, bias, mean, variance] = await Promise.all(
    ["weight", "bias", "running_mean", "running_var"].map((name) => values(`${path}.${name}`)),
  );
  return (value, i) => ((value - mean![i]!) / Math.sqrt(variance![i]! + BATCH_NORM_EPSILON)) * weight![i]! + bias![i]!;
}
