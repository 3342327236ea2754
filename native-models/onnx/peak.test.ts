import { expect, it } from "vitest";
import { Graph } from "./graph.ts";
import * as op from "./ops.ts";
import { peakBytes } from "./peak.ts";

const BYTES = 4 * 100;

it("counts what is alive at once: a chain needs two tensors at a time, however long it is", () => {
  const g = new Graph("chain", "");
  let x = g.input("x", "float32", [100]);
  for (let i = 0; i < 10; i++) x = op.silu(g, x);
  g.output("y", x);
  const silu = new Graph("one", "");
  silu.output("y", op.silu(silu, silu.input("x", "float32", [100])));
  // One more than the operator itself: its input is not the graph's own.
  expect(peakBytes(g)).toBe(peakBytes(silu) + BYTES);
});

/** A result that is read again at the end, or not. */
function skip(readsAgain: boolean, reshapes: boolean): number {
  const g = new Graph("skip", "");
  const early = op.tanh(g, g.input("x", "float32", [100]));
  let h = op.tanh(g, op.tanh(g, op.tanh(g, early)));
  if (reshapes) h = op.reshape(g, op.reshape(g, h, [10, 10]), [100]);
  g.output("y", readsAgain ? op.add(g, h, early) : h);
  return peakBytes(g);
}

it("keeps a tensor until its last reader, and takes another shape for the same bytes", () => {
  expect(skip(true, false)).toBe(skip(false, false) + BYTES);
  expect(skip(true, true)).toBe(skip(true, false));
});
