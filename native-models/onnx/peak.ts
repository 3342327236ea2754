/** How much memory a run of a graph takes, told from the graph alone. */
import { type Graph, type Operator, sizeOf } from "./graph.ts";

/**
 * Up to this size of a run's tensors onnxruntime keeps their memory for the next run (its arena). Fresh pages cost a PATNet-T2 a seventh of
 * its time. The arena rounds up and keeps the largest run's memory for good: the VAE decoder of a 512×320 frame took 2.1 GB with it, 1.1 GB
 * without, in the same time.
 */
export const KEPT_BYTES = 32 * 2 ** 20;

/** Operators whose result is their input's bytes under another shape. */
const SAME_BYTES = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);

/**
 * Bytes of all tensors that are alive at once when they are the most: the operators run one after another in the order in which they
 * were written, and a result lives until its last reader has run. Inputs and outputs of the graph live throughout. Weights, and what an
 * operator needs for itself, are not counted.
 */
export function peakBytes(graph: Graph): number {
  const { operators } = graph;
  const root = rootsOf(operators);
  const lastUse = new Map<string, number>();
  for (const [at, { inputs }] of operators.entries())
    for (const name of inputs) if (name !== "") lastUse.set(root(name), at);
  const kept = new Set(graph.outputs.map(({ name }) => root(name)));
  const bytes = new Map(operators.flatMap(({ outputs, bytes: sizes }) => outputs.map((name, i) => [name, sizes[i]!])));
  const inputs = graph.inputs.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  let [alive, peak] = [0, 0];
  for (const [at, operator] of operators.entries()) {
    const fresh = operator.outputs.filter((name) => root(name) === name);
    alive += fresh.reduce((sum, name) => sum + bytes.get(name)!, 0);
    peak = Math.max(peak, alive);
    // Results that nobody reads go at once, the others after their last reader.
    const spent = new Set([...operator.inputs.map(root), ...fresh].filter((name) => (lastUse.get(name) ?? at) === at));
    for (const name of spent) if (!kept.has(name)) alive -= bytes.get(name) ?? 0;
  }
  return inputs + peak;
}

/** For each tensor, the one whose bytes it is. */
function rootsOf(operators: readonly Operator[]): (name: string) => string {
  const roots = new Map<string, string>();
  for (const { op, inputs, outputs } of operators)
    if (SAME_BYTES.has(op)) roots.set(outputs[0]!, roots.get(inputs[0]!) ?? inputs[0]!);
  return (name) => roots.get(name) ?? name;
}
