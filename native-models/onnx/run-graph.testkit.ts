/** Test help: writes a graph with given weights to a temporary folder and runs it once through onnxruntime. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WeightEntry } from "../types.ts";
import { Graph, type GraphOptions, sizeOf } from "./graph.ts";
import { Session, type Values } from "./session.ts";

/** Values with a pattern of its own per seed: not symmetric, not sorted, about -1 to 1. */
export function pattern(count: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(Math.sin((i + 1) * 12.9898 * seed + seed)));
}

/** A weights file of float32 tensors, each at a multiple of 64 bytes, and its index. */
export async function writeTestWeights(
  folder: string,
  specs: Graph["parameters"],
  values: Readonly<Record<string, readonly number[]>>,
): Promise<Record<string, WeightEntry>> {
  const index: Record<string, WeightEntry> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const { key, shape } of specs) {
    const data = Float32Array.from(values[key] ?? []);
    if (data.length !== sizeOf(shape)) throw new Error(`the weight ${key} needs ${sizeOf(shape)} values`);
    const bytes = Buffer.from(data.buffer);
    const padded = Buffer.concat([bytes, Buffer.alloc((64 - (bytes.length % 64)) % 64)]);
    index[key] = { offset, bytes: bytes.length, dtype: "float32", shape };
    parts.push(padded);
    offset += padded.length;
  }
  await writeFile(join(folder, "weights.bin"), Buffer.concat(parts));
  return index;
}

/**
 * @param build writes the graph, outputs included
 * @param inputs values of the graph's inputs
 * @param weights values of its parameters by official name
 */
export async function runGraph(
  build: (g: Graph) => void,
  inputs: Readonly<Record<string, Values>>,
  weights: Readonly<Record<string, readonly number[]>> = {},
  options: GraphOptions = {},
): Promise<Record<string, number[]>> {
  const folder = await mkdtemp(join(tmpdir(), "plume-graph-"));
  try {
    const graph = new Graph("test", "", options);
    build(graph);
    const index = await writeTestWeights(folder, graph.parameters, weights);
    const session = await Session.open(graph, { folder, file: "weights.bin", index }, "test", { threads: 1 });
    const outputs = await session.run(inputs);
    await session.close();
    for (const { name, shape } of graph.outputs) {
      if (outputs[name]?.length !== sizeOf(shape))
        throw new Error(`${name} has ${outputs[name]?.length} values, the graph says [${shape.join()}]`);
    }
    return Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One input `x`, one output, by shape of x. */
export async function runOne(
  shape: readonly number[],
  x: readonly number[],
  build: (g: Graph, x: ReturnType<Graph["input"]>) => ReturnType<Graph["input"]>,
  weights: Readonly<Record<string, readonly number[]>> = {},
): Promise<{ values: number[]; shape: readonly number[] }> {
  let result: readonly number[] = [];
  const outputs = await runGraph(
    (g) => {
      const y = build(g, g.input("x", "float32", shape));
      result = y.shape;
      g.output("y", y);
    },
    { x: Float32Array.from(x) },
    weights,
  );
  return { values: outputs.y!, shape: result };
}
