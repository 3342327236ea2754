/** Int8 operators against the arithmetic that their definitions state, worked out here in plain numbers. */
import { describe, expect, it } from "vitest";
import { Graph } from "./graph.ts";
import { conv, linear } from "./layers.ts";
import * as op from "./ops.ts";
import { conv2dInt8 } from "./ops-int8.ts";
import { pattern, runGraph, runOne } from "./run-graph.testkit.ts";

/** To 8 bits and back. */
function rounded(value: number, { scale, zero }: { scale: number; zero: number }): number {
  const level = Math.min(255, Math.max(0, Math.round(value / scale) + zero));
  return (level - zero) * scale;
}

const largestDifference = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
};

describe("affine", () => {
  it("covers the range with 256 levels and holds 0 exactly", () => {
    expect(op.affine([-1, 1.55])).toEqual({ scale: Math.fround(0.01), zero: 100 });
    expect(op.affine([1, 2.55])).toEqual({ scale: Math.fround(0.01), zero: 0 });
    expect(op.affine([0, 0])).toEqual({ scale: 1, zero: 0 });
  });
});

describe("projectInt8", () => {
  it("multiplies what is left of x after 8-bit rounding by scaled int8 weights and adds the bias", async () => {
    const x = pattern(12, 3);
    const weight = [10, -127, 5, 33, 0, 64, -8, 100];
    const scales = [0.02, 0.5];
    const { values, shape } = await runOne([3, 4], x, (g, input) =>
      op.projectInt8(
        g,
        input,
        g.constant("int8", [4, 2], weight),
        g.constant("float32", [2], scales),
        g.constant("float32", [2], [1, -1]),
      ),
    );
    const quantisation = op.affine([Math.min(...x), Math.max(...x)]);
    const expected = [0, 1, 2].flatMap((row) =>
      [0, 1].map((column) => {
        const products = [0, 1, 2, 3].map((k) => rounded(x[row * 4 + k]!, quantisation) * weight[k * 2 + column]!);
        return products.reduce((a, b) => a + b, 0) * scales[column]! + (column === 0 ? 1 : -1);
      }),
    );
    expect(shape).toEqual([3, 2]);
    expect(largestDifference(values, expected)).toBeLessThan(1e-4);
  });
});

describe("conv2dInt8", () => {
  it("rounds input and output to their calibrated levels and accumulates exactly between", async () => {
    const x = pattern(9, 2);
    const kernel = [50, -20, 127, 3];
    const [input, output] = [[-1, 1] as const, [-2, 2] as const];
    const { values, shape } = await runOne([1, 1, 3, 3], x, (g, picture) =>
      conv2dInt8(
        g,
        picture,
        {
          values: g.constant("int8", [1, 1, 2, 2], kernel),
          scale: g.constant("float32", [1], [0.01]),
          bias: g.constant("int32", [1], [0]),
        },
        { input, output },
      ),
    );
    const [from, to] = [op.affine(input), op.affine(output)];
    const expected = [0, 1, 3, 4].map((corner) => {
      const taps = [0, 1, 3, 4].map((step, k) => rounded(x[corner + step]!, from) * kernel[k]! * 0.01);
      return rounded(
        taps.reduce((a, b) => a + b, 0),
        to,
      );
    });
    expect(shape).toEqual([1, 1, 2, 2]);
    expect(largestDifference(values, expected)).toBeLessThan(to.scale * 1.01);
  });
});

/** Two convolutions and a linear layer, the first of each kind worth int8. */
function build(int8: boolean): Graph {
  const range = { input: [-1, 1], output: [-1, 1] } as const;
  const g = new Graph("g", "", int8 ? { int8: new Map([["a", range]]) } : {});
  const x = g.input("x", "float32", [1, 8, 4, 4]);
  conv(g, "a", x, 8, 3, { heavy: true });
  conv(g, "b", x, 8, 3);
  linear(g, "c", g.input("y", "float32", [2, 8]), 6, { heavy: true, rows: [0, 3] });
  return g;
}

describe("layers", () => {
  it("turn to int8 only where the graph says so, and ask for their own weights", () => {
    expect(build(false).int8Weights).toEqual([]);
    expect(build(true).int8Weights.map(({ key }) => key)).toEqual(["a.weight.int8", "c.weight[0:3].int8"]);
    expect(build(true).parameters.map(({ key }) => key)).toEqual([
      "a.weight.int8",
      "a.weight.int8.scale",
      "a.weight.int8.bias",
      "b.weight",
      "b.bias",
      "c.weight[0:3].int8",
      "c.weight[0:3].int8.scale",
      "c.bias",
    ]);
    expect(build(true).flops).toBe(build(false).flops);
  });

  it("report what their convolutions see when observed", async () => {
    const x = pattern(16, 5);
    const results = await runGraph(
      (g) => {
        g.output("y", conv(g, "a", g.input("x", "float32", [1, 1, 4, 4]), 1, 1, { heavy: true }));
        g.outputRanges();
      },
      { x: Float32Array.from(x) },
      { "a.weight": [-2], "a.bias": [0.5] },
      { observe: true },
    );
    const [low, high] = [Math.min(...x), Math.max(...x)];
    const expected = [low, high, 0.5 - 2 * high, 0.5 - 2 * low];
    expect(largestDifference(results.ranges!, expected)).toBeLessThan(1e-6);
  });
});
