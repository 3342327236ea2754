/** Running a graph in pieces, so that only one piece's weights are in memory at a time. */
import type { Graph } from "./graph.ts";
import { piecesOf } from "./pieces.ts";
import { type OpenGraph, Session, type SessionOptions, type Values, type Weights } from "./session.ts";

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
