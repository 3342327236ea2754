/** Cutting a graph into pieces that can be run one after another. Loads no onnxruntime: who plans asks too. */
import type { WeightIndex } from "../types.ts";
import type { Graph } from "./graph.ts";

/**
 * Bytes of a piece's weights, about, where memory counts more than time. The largest weight of the official models, the words' table of
 * the text encoder, has 202 MB. The 0.7B U-Net falls into 13 pieces.
 */
export const PIECE_BYTES = 256 * 2 ** 20;

/**
 * Consecutive pieces of a graph, each with at most so many bytes of weights where its operators allow that. Only float32 goes from one
 * piece to another; the graph's own inputs may be of any type.
 */
export function piecesOf(graph: Graph, index: WeightIndex, most: number): Graph[] {
  const bytes = graph.operatorBytes(index);
  const isCut = cutsOf(graph);
  const pieces: Graph[] = [];
  let [from, last, size, sinceLast] = [0, 0, 0, 0];
  for (const [at, more] of bytes.entries()) {
    if (isCut[at] === true) [last, sinceLast] = [at, 0];
    if (size + more > most && last > from) {
      pieces.push(graph.slice(from, last));
      [from, size] = [last, sinceLast];
    }
    size += more;
    sinceLast += more;
  }
  return from === 0 ? [graph] : [...pieces, graph.slice(from, bytes.length)];
}

/** Whether all that goes across before each operator is float32. */
function cutsOf(graph: Graph): boolean[] {
  const { operators } = graph;
  const lastRead = new Map(operators.flatMap(({ inputs }, at) => inputs.map((name) => [name, at] as const)));
  const steps = operators.map(() => 0);
  for (const [at, { outputs }] of operators.entries())
    for (const name of outputs) {
      const end = lastRead.get(name) ?? at;
      if (graph.dtypeOf(name) === "float32" || end === at) continue;
      steps[at + 1]! += 1;
      if (end + 1 < steps.length) steps[end + 1]! -= 1;
    }
  let others = 0;
  return steps.map((step) => (others += step) === 0);
}
