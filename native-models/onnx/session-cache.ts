/** Open sessions of one model, by network: each is made on first need, one size at a time, and kept warm. */
import type { Graph } from "./graph.ts";
import { openPiecewise } from "./piecewise-session.ts";
import { type OpenGraph, Session, type SessionOptions, type Weights } from "./session.ts";

export class SessionCache {
  readonly #open = new Map<string, { size: string; session: Promise<OpenGraph> }>();

  /**
   * The session of a network; one of another size is closed first, so that memory does not grow with every size tried.
   * Errors: those of `Session.open`; a failed opening is tried anew next time.
   */
  async get(
    kind: string,
    size: string,
    graph: () => Graph,
    weights: Weights,
    options: SessionOptions,
  ): Promise<OpenGraph> {
    const open = this.#open.get(kind);
    if (open?.size === size) return open.session;
    await this.close(kind);
    const name = size === "" ? kind : `${kind}-${size}`;
    const { pieceBytes } = options;
    const session =
      pieceBytes === undefined
        ? Session.open(graph(), weights, name, options)
        : openPiecewise(graph(), weights, name, { ...options, pieceBytes });
    this.#open.set(kind, { size, session });
    session.catch(() => this.#open.delete(kind));
    return session;
  }

  async close(kind: string): Promise<void> {
    const open = this.#open.get(kind);
    this.#open.delete(kind);
    await (await open?.session)?.close();
  }

  async closeWhere(isMeant: (kind: string) => boolean): Promise<void> {
    for (const kind of [...this.#open.keys()].filter(isMeant)) await this.close(kind);
  }

  async closeAll(): Promise<void> {
    await this.closeWhere(() => true);
  }
}
