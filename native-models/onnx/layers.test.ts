/** Layers: the official parameter names that they ask for, and what they compute. */
import { describe, expect, it } from "vitest";
import { Graph } from "./graph.ts";
import * as layer from "./layers.ts";
import { pattern, runOne } from "./run-graph.testkit.ts";

function close(actual: readonly number[], expected: readonly number[], tolerance = 2e-6): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries())
    expect(Math.abs(value - expected[i]!), `value ${i}`).toBeLessThanOrEqual(tolerance);
}

describe("linear", () => {
  it("takes all rows, or some, of one weight", async () => {
    const weights = { "to.weight": [1, 2, 3, 4, 5, 6, 7, 8], "to.bias": [0.5, 1, 2, 3] };
    const whole = await runOne([1, 2], [1, 10], (g, x) => layer.linear(g, "to", x, 4), weights);
    expect(whole.values).toEqual([21.5, 44, 67, 90]);
    const part = await runOne([1, 2], [1, 10], (g, x) => layer.linear(g, "to", x, 4, { rows: [1, 3] }), weights);
    expect(part).toEqual({ values: [44, 67], shape: [1, 2] });
    const bare = await runOne([1, 2], [1, 10], (g, x) => layer.linear(g, "to", x, 4, { bias: false }), weights);
    expect(bare.values).toEqual([21, 43, 65, 87]);
  });
});

describe("convolutions", () => {
  it("pads a 3×3 kernel so that the size stays; stride 2 halves it", async () => {
    const weights = { "c.weight": [0, 0, 0, 0, 1, 0, 0, 0, 0], "c.bias": [10] };
    const x = Array.from({ length: 16 }, (_, i) => i);
    const same = await runOne([1, 1, 4, 4], x, (g, input) => layer.conv(g, "c", input, 1, 3), weights);
    expect(same).toEqual({ values: x.map((value) => value + 10), shape: [1, 1, 4, 4] });
    const half = await runOne([1, 1, 4, 4], x, (g, input) => layer.conv(g, "c", input, 1, 3, { stride: 2 }), weights);
    expect(half).toEqual({ values: [10, 12, 18, 20], shape: [1, 1, 2, 2] });
  });

  it("a temporal kernel [O, I, 3, 1, 1] sees the frame before, this one, and the one after", async () => {
    const { values } = await runOne(
      [1, 1, 3, 2],
      [1, 2, 10, 20, 100, 200],
      (g, x) => layer.temporalConv(g, "t", x, 1),
      { "t.weight": [1, 2, 3], "t.bias": [0.5] },
    );
    expect(values).toEqual([32.5, 64.5, 321.5, 642.5, 210.5, 420.5]);
  });

  it("a Conv1d weight [O, I, 1] mixes channels", async () => {
    const { values } = await runOne([1, 2, 1, 2], [1, 2, 10, 20], (g, x) => layer.pointwise1d(g, "p", x, 1), {
      "p.weight": [3, 0.5],
      "p.bias": [1],
    });
    expect(values).toEqual([9, 17]);
  });
});

/** By its definition, for [N, C, rest]. */
function plainGroupNorm(
  x: number[],
  [n, c, rest]: [number, number, number],
  groups: number,
  epsilon: number,
  w: number[],
  b: number[],
) {
  const result = Array<number>(x.length);
  const size = (c / groups) * rest;
  for (let start = 0; start < n * c * rest; start += size) {
    const group = x.slice(start, start + size);
    const mean = group.reduce((sum, value) => sum + value, 0) / size;
    const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    for (let i = 0; i < size; i++) {
      const channel = Math.floor((start + i) / rest) % c;
      result[start + i] = ((group[i]! - mean) / Math.sqrt(variance + epsilon)) * w[channel]! + b[channel]!;
    }
  }
  return result;
}

describe("group normalisation", () => {
  it.each([
    { shape: [2, 4, 3, 2], groups: 2, epsilon: 1e-5, scale: 1 },
    { shape: [1, 4, 5, 7], groups: 4, epsilon: 1e-6, scale: 1 },
    { shape: [2, 6, 4], groups: 1, epsilon: 1e-6, scale: 1 },
    // With a variance of about 1e-5 the epsilon decides the result.
    { shape: [1, 4, 3, 3], groups: 2, epsilon: 1e-5, scale: 3e-3 },
    { shape: [1, 4, 3, 3], groups: 2, epsilon: 1e-6, scale: 3e-3 },
  ])(
    "$shape in $groups groups, epsilon $epsilon, values of about $scale",
    async ({ shape, groups, epsilon, scale }) => {
      const [n, c, ...rest] = shape as [number, number, ...number[]];
      const spatial = rest.reduce((a, b) => a * b, 1);
      const x = pattern(n * c * spatial).map((value) => value * scale + scale);
      const [w, b] = [pattern(c, 2), pattern(c, 3)];
      const { values } = await runOne(shape, x, (g, input) => layer.groupNorm(g, "n", input, groups, epsilon), {
        "n.weight": w,
        "n.bias": b,
      });
      close(values, plainGroupNorm(x, [n, c, spatial], groups, epsilon, w, b), 5e-6);
      const other = plainGroupNorm(x, [n, c, spatial], groups, epsilon === 1e-5 ? 1e-6 : 1e-5, w, b);
      if (scale < 1) expect(Math.max(...values.map((value, i) => Math.abs(value - other[i]!)))).toBeGreaterThan(0.05);
    },
  );

  it("refuses channels that do not split", () => {
    const g = new Graph("vae", "decoder");
    const x = g.input("x", "float32", [1, 6, 2, 2]);
    expect(() => layer.groupNorm(g, "norm", x, 4, 1e-6)).toThrow(
      "vae: decoder.norm: 6 channels do not split into 4 groups",
    );
  });
});

describe("parameters", () => {
  it("are asked for by scope and name with the checkpoint's shape, each once", () => {
    const g = new Graph("unet", "model");
    const x = g.input("x", "float32", [1, 4, 2, 2]);
    g.scope("blocks.0", () => {
      layer.conv(g, "op", x, 8, 3);
      layer.temporalConv(g, "t", x, 8);
      layer.groupNorm(g, "n", x, 2, 1e-5);
      layer.groupNorm(g, "n", x, 2, 1e-5);
    });
    expect(g.parameters.map(({ source, sourceShape }) => [source, sourceShape])).toEqual([
      ["model.blocks.0.op.weight", [8, 4, 3, 3]],
      ["model.blocks.0.op.bias", [8]],
      ["model.blocks.0.t.weight", [8, 4, 3, 1, 1]],
      ["model.blocks.0.t.bias", [8]],
      ["model.blocks.0.n.weight", [4]],
      ["model.blocks.0.n.bias", [4]],
    ]);
  });

  it("cannot be one name with two shapes, nor be viewed as what they are not", () => {
    const g = new Graph("unet");
    g.parameter("w", [4, 2]);
    expect(() => g.parameter("w", [2, 4])).toThrow("w is asked for as [2,4] and as [4,2]");
    expect(() => g.parameter("v", [4, 2], { shape: [3] })).toThrow("[4,2] cannot be seen as [3]");
    expect(() => g.parameter("v", [4, 2], { rows: [2, 5] })).toThrow("v [4,2] has no rows 2 to 5");
  });
});
