/** Test help: random weights that need no checkpoint. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, sizeOf } from "./graph.ts";
import { pattern, writeTestWeights } from "./run-graph.testkit.ts";
import { Session, type Values, type Weights } from "./session.ts";

/** Numbers for a weight of this name: scaled so that values neither vanish nor explode. */
export function randomValues(name: string, shape: readonly number[], seed: number): number[] {
  const fan = shape.length > 1 ? sizeOf(shape.slice(1)) : 1;
  const scale = name.includes("embedding") ? 1 : shape.length > 1 ? 1.4 / Math.sqrt(fan) : 0.3;
  return pattern(sizeOf(shape), seed).map((value) => value * scale + (/norm.*weight/u.test(name) ? 1 : 0));
}

/** Writes weights for the graphs to a new folder. */
export async function randomWeights(graphs: readonly Graph[]): Promise<Weights> {
  const folder = await mkdtemp(join(tmpdir(), "plume-model-"));
  const specs = [...new Map(graphs.flatMap((graph) => graph.parameters).map((spec) => [spec.key, spec])).values()];
  const values = specs.map(({ key, shape }, i) => [key, randomValues(key, shape, i + 1)] as const);
  const index = await writeTestWeights(folder, specs, Object.fromEntries(values));
  return { folder, file: "weights.bin", index };
}

export async function runOnce(
  graph: Graph,
  weights: Weights,
  inputs: Readonly<Record<string, Values>>,
): Promise<Record<string, Float32Array>> {
  const session = await Session.open(graph, weights, "test", { threads: 1 });
  try {
    return await session.run(inputs);
  } finally {
    await session.close();
  }
}

/** Largest absolute difference; NaN if there is any, or if the lengths differ. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  return Array.from({ length: a.length }, (_, i) => Math.abs(a[i]! - b[i]!)).reduce((x, y) => Math.max(x, y), 0);
}
