/** Running a graph in pieces, so that only one piece's weights are in memory at a time. */
import type { WeightIndex } from "../types.ts";
import type { Graph } from "./graph.ts";
import { type OpenGraph, Session, type SessionOptions, type Values, type Weights } from "./session.ts";

/**
 * Bytes of a piece's weights, about, where memory counts more than time. The largest weight of the official models, the words' table of
 * the text encoder, has 202 MB. Its U-Net falls into 13 pieces.
 */
export const PIECE_BYTES = 256 * 2 ** 20;

type PieceOptions = SessionOptions & { readonly pieceBytes: number };

/** Opens a graph whole where it is small enough, else to be run in pieces. Errors: those of `Session.open`. */
export async function openPiecewise(
  graph: Graph,
  weights: Weights,
  name: string,
  options: PieceOptions,
): Promise<OpenGraph> {
  const pieces = piecesOf(graph, weights.index, options.pieceBytes);
  if (pieces.length === 1) return Session.open(graph, weights, name, options);
  return new PiecewiseSession(graph, pieces, weights, name, options);
}

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

/** A graph of which one piece is open while it runs, and none in between. Slower than a session by the opening of every piece. */
class PiecewiseSession implements OpenGraph {
  readonly graph: Graph;
  readonly #pieces: readonly Graph[];
  readonly #weights: Weights;
  readonly #name: string;
  readonly #options: SessionOptions;

  constructor(graph: Graph, pieces: readonly Graph[], weights: Weights, name: string, options: PieceOptions) {
    this.graph = graph;
    this.#pieces = pieces;
    this.#weights = weights;
    this.#name = name;
    // A copy of its weights would not pay in one run.
    this.#options = { ...options, prepack: false, blocked: false };
  }

  async run(inputs: Readonly<Record<string, Values>>): Promise<Record<string, Float32Array>> {
    const values: Record<string, Values> = { ...inputs };
    const wanted = new Set(this.graph.outputs.map(({ name }) => name));
    for (const [n, piece] of this.#pieces.entries()) {
      const session = await Session.open(piece, this.#weights, `${this.#name}-${n}`, this.#options);
      try {
        Object.assign(values, await session.run(values));
      } finally {
        await session.close();
      }
      const read = new Set(this.#pieces.slice(n + 1).flatMap((later) => later.inputs.map(({ name }) => name)));
      for (const name of Object.keys(values)) if (!read.has(name) && !wanted.has(name)) delete values[name];
    }
    return Object.fromEntries([...wanted].map((name) => [name, values[name] as Float32Array]));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
