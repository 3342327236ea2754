/** Every operator through onnxruntime, against values worked out by hand or by a plain implementation here. */
import { describe, expect, it } from "vitest";
import { Graph, sizeOf, type Tensor } from "./graph.ts";
import * as op from "./ops.ts";
import { pattern, runGraph, runOne } from "./run-graph.testkit.ts";

/** Same values to float32's precision at this scale. */
function close(actual: readonly number[], expected: readonly number[], tolerance = 2e-6): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries())
    expect(Math.abs(value - expected[i]!), `value ${i}`).toBeLessThanOrEqual(tolerance);
}

/** The approximation of gelu that must not be used. */
const tanhGelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const count = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("elementwise", () => {
  it("adds, subtracts, multiplies and divides with broadcasting from the right", async () => {
    const inputs = { a: Float32Array.of(1, 2, 3, 4, 5, 6), b: Float32Array.of(10, 20, 40) };
    const results = await runGraph((g) => {
      const a = g.input("a", "float32", [2, 3]);
      const b = g.input("b", "float32", [3]);
      for (const [name, apply] of Object.entries({ add: op.add, sub: op.sub, mul: op.mul, div: op.div }))
        g.output(name, apply(g, a, b));
      g.output("scaled", op.scale(g, a, -2));
    }, inputs);
    expect(results.add).toEqual([11, 22, 43, 14, 25, 46]);
    expect(results.sub).toEqual([-9, -18, -37, -6, -15, -34]);
    expect(results.mul).toEqual([10, 40, 120, 40, 100, 240]);
    close(results.div!, [0.1, 0.1, 0.075, 0.4, 0.25, 0.15], 1e-7);
    expect(results.scaled).toEqual([-2, -4, -6, -8, -10, -12]);
  });

  it("broadcasts sizes of 1 on either side", async () => {
    const results = await runGraph(
      (g) => g.output("y", op.add(g, g.input("a", "float32", [2, 1]), g.input("b", "float32", [1, 3]))),
      { a: Float32Array.of(1, 2), b: Float32Array.of(10, 20, 30) },
    );
    expect(results.y).toEqual([11, 21, 31, 12, 22, 32]);
  });

  const points = [-6, -1.5, -0.25, 0, 0.25, 1.5, 6];
  it("silu is x·sigmoid(x)", async () => {
    const { values } = await runOne([7], points, op.silu);
    close(
      values,
      points.map((x) => x / (1 + Math.exp(-x))),
    );
    // By hand: 1.5 · 0.8175744761936437.
    expect(values[5]).toBeCloseTo(1.2263617, 6);
  });

  it("gelu is the exact one with the error function, not the tanh approximation", async () => {
    const { values } = await runOne([7], points, op.gelu);
    // x·Φ(x) from tables: Φ(1.5) = 0.9331927987, Φ(0.25) = 0.5987063257, Φ(6) = 1 - 9.865876e-10.
    close(values, [-5.9195257e-9, -0.1002108, -0.1003234, 0, 0.1496766, 1.3997892, 6], 1e-6);
    expect(Math.abs(values[5]! - tanhGelu(1.5))).toBeGreaterThan(1e-4);
  });

  it("cos and sin", async () => {
    close((await runOne([7], points, op.cos)).values, points.map(Math.cos));
    close((await runOne([7], points, op.sin)).values, points.map(Math.sin));
  });
});

describe("moving values", () => {
  it("reshape fills in -1 and costs nothing when the shape stays", async () => {
    const { values, shape } = await runOne([2, 6], count(12), (g, x) => op.reshape(g, x, [3, -1]));
    expect([values, shape]).toEqual([count(12), [3, 4]]);
    const g = new Graph("test");
    const x = g.input("x", "float32", [2, 3]);
    expect(op.reshape(g, x, [2, 3])).toBe(x);
  });

  it("transposes", async () => {
    const { values, shape } = await runOne([2, 3], count(6), (g, x) => op.transpose(g, x, [1, 0]));
    expect([values, shape]).toEqual([
      [1, 4, 2, 5, 3, 6],
      [3, 2],
    ]);
    const cube = await runOne([2, 2, 3], count(12), (g, x) => op.transpose(g, x, [2, 0, 1]));
    expect(cube.values).toEqual([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
  });

  it.each([
    { shape: [1, 3, 2], order: [1, 0, 2], op: "Reshape" },
    { shape: [2, 1, 3], order: [0, 2, 1], op: "Reshape" },
    { shape: [4, 1, 1], order: [2, 0, 1], op: "Reshape" },
    { shape: [2, 1, 3], order: [2, 1, 0], op: "Transpose" },
  ])(
    "a transpose of $shape by $order is written as $op, with the same result",
    async ({ shape, order, op: expected }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      let written: Tensor | undefined;
      const { values } = await runOne(shape, count(size), (g, x) => (written = op.transpose(g, x, order)));
      expect(written!.name).toContain(expected);
      // Plain definition: result[i…] = x at the position whose axis order[k] is i_k.
      const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
      const to = order.map((axis) => shape[axis]!);
      const plain = Array.from({ length: size }, (_, i) => {
        let [rest, from] = [i, 0];
        for (let k = to.length - 1; k >= 0; k--) {
          from += (rest % to[k]!) * strides[order[k]!]!;
          rest = Math.floor(rest / to[k]!);
        }
        return from + 1;
      });
      expect(values).toEqual(plain);
    },
  );

  it("concatenates, splits and slices", async () => {
    const results = await runGraph(
      (g) => {
        const a = g.input("a", "float32", [2, 2]);
        const b = g.input("b", "float32", [2, 1]);
        g.output("joined", op.concat(g, [a, b], 1));
        g.output("stacked", op.concat(g, [a, a], 0));
        const [left, right] = op.splitLast(g, op.concat(g, [a, b], 1), [1, 2]);
        g.output("left", left!);
        g.output("right", right!);
        g.output("part", op.slice(g, op.concat(g, [a, b], 1), 1, 1, 3));
      },
      { a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(5, 6) },
    );
    expect(results.joined).toEqual([1, 2, 5, 3, 4, 6]);
    expect(results.stacked).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(results.left).toEqual([1, 3]);
    expect(results.right).toEqual([2, 5, 4, 6]);
    expect(results.part).toEqual([2, 5, 4, 6]);
  });

  it("gathers rows of a table by integer index", async () => {
    const results = await runGraph(
      (g) => {
        const table = g.parameter("table", [3, 2]);
        g.output("y", op.gather(g, table, g.input("ids", "int64", [1, 4])));
      },
      { ids: BigInt64Array.of(2n, 0n, 2n, 1n) },
      { table: [1, 2, 3, 4, 5, 6] },
    );
    expect(results.y).toEqual([5, 6, 1, 2, 5, 6, 3, 4]);
  });

  it("expands sizes of 1", async () => {
    const { values } = await runOne([2, 1], [1, 2], (g, x) => op.expand(g, x, [2, 3]));
    expect(values).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it("upsamples by repeating each value in a 2×2 block", async () => {
    const { values, shape } = await runOne([1, 1, 2, 3], count(6), op.upsample2);
    expect(shape).toEqual([1, 1, 4, 6]);
    expect(values).toEqual([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6]);
  });
});

describe("products", () => {
  it("multiplies matrices, batched too", async () => {
    const results = await runGraph(
      (g) => {
        const a = g.input("a", "float32", [2, 1, 2]);
        const b = g.input("b", "float32", [2, 2, 2]);
        g.output("y", op.matmul(g, a, b));
      },
      { a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    );
    expect(results.y).toEqual([7, 10, 43, 50]);
  });

  it("projects by a weight [out, in] with its bias, over every leading axis", async () => {
    const { values, shape } = await runOne(
      [2, 1, 2],
      [1, 2, 3, 4],
      (g, x) => op.project(g, x, g.parameter("w", [3, 2]), g.parameter("b", [3])),
      { w: [1, 0, 0, 1, 10, 100], b: [0.5, 0, -1] },
    );
    expect(shape).toEqual([2, 1, 3]);
    expect(values).toEqual([1.5, 2, 209, 3.5, 4, 429]);
  });

  it("counts two operations a multiply-add", () => {
    const g = new Graph("test");
    const x = g.input("x", "float32", [5, 3]);
    op.project(g, x, g.parameter("w", [4, 3]), undefined);
    expect(g.flops).toBe(2 * 5 * 3 * 4);
    op.conv2d(g, g.input("p", "float32", [2, 3, 8, 8]), g.parameter("k", [6, 3, 3, 3]), undefined, {
      pads: [1, 1, 1, 1],
    });
    expect(g.flops).toBe(120 + 2 * 2 * 6 * 64 * 27);
    const q = g.input("q", "float32", [2, 7, 8]);
    const k = g.input("k2", "float32", [2, 5, 8]);
    op.attention(g, q, k, k, 2);
    // Scores and their product with the values: 2 · (7 · 5 · 8) each, twice for two sequences.
    expect(g.flops).toBe(120 + 2 * 2 * 6 * 64 * 27 + 2 * 2 * 2 * 7 * 5 * 8);
  });
});

interface ConvCase {
  shape: [number, number, number, number];
  weight: [number, number, number, number];
  stride?: number;
  pads?: [number, number, number, number];
}

/** Convolution by its definition. */
function plainConv(
  { shape, weight, stride = 1, pads = [0, 0, 0, 0] }: ConvCase,
  x: number[],
  w: number[],
  b: number[],
) {
  const [n, c, h, width] = shape;
  const [out, , kh, kw] = weight;
  const rows = Math.floor((h + pads[0] + pads[2] - kh) / stride) + 1;
  const columns = Math.floor((width + pads[1] + pads[3] - kw) / stride) + 1;
  const result: number[] = [];
  for (let i = 0; i < n; i++)
    for (let o = 0; o < out; o++)
      for (let r = 0; r < rows; r++)
        for (let s = 0; s < columns; s++) {
          let sum = b[o]!;
          for (let k = 0; k < c; k++)
            for (let y = 0; y < kh; y++)
              for (let z = 0; z < kw; z++) {
                const [row, column] = [r * stride + y - pads[0], s * stride + z - pads[1]];
                if (row < 0 || row >= h || column < 0 || column >= width) continue;
                sum += x[((i * c + k) * h + row) * width + column]! * w[((o * c + k) * kh + y) * kw + z]!;
              }
          result.push(sum);
        }
  return { values: result, shape: [n, out, rows, columns] };
}

describe("conv2d", () => {
  it("by hand: a 2×2 kernel over 1 to 9", async () => {
    const { values } = await runOne(
      [1, 1, 3, 3],
      count(9),
      (g, x) => op.conv2d(g, x, g.parameter("w", [1, 1, 2, 2]), g.parameter("b", [1])),
      { w: [1, 0, 0, -1], b: [0.5] },
    );
    // 1 - 5, 2 - 6, 4 - 8, 5 - 9, each + 0.5: no flip of the kernel.
    expect(values).toEqual([-3.5, -3.5, -3.5, -3.5]);
  });

  const cases: ConvCase[] = [
    { shape: [2, 3, 5, 4], weight: [4, 3, 3, 3], pads: [1, 1, 1, 1] },
    { shape: [1, 2, 6, 5], weight: [3, 2, 3, 3], stride: 2, pads: [1, 1, 1, 1] },
    { shape: [1, 2, 7, 5], weight: [2, 2, 3, 3], stride: 2, pads: [0, 0, 1, 1] },
    { shape: [2, 3, 4, 6], weight: [3, 3, 3, 1], pads: [1, 0, 1, 0] },
    { shape: [1, 3, 1, 6], weight: [3, 3, 3, 1], pads: [1, 0, 1, 0] },
    { shape: [2, 4, 3, 3], weight: [5, 4, 1, 1] },
  ];
  it.each(cases)("$shape by $weight, stride $stride, pads $pads", async (item) => {
    const [x, w, b] = [pattern(sizeOf(item.shape)), pattern(sizeOf(item.weight), 2), pattern(item.weight[0], 3)];
    const { stride, pads } = item;
    const options = { ...(stride === undefined ? {} : { stride }), ...(pads === undefined ? {} : { pads }) };
    const result = await runOne(
      item.shape,
      x,
      (g, input) => op.conv2d(g, input, g.parameter("w", item.weight), g.parameter("b", [item.weight[0]]), options),
      { w, b },
    );
    const plain = plainConv(item, x, w, b);
    expect(result.shape).toEqual(plain.shape);
    close(result.values, plain.values, 5e-6);
  });
});

describe("normalisation", () => {
  it("layer norm: mean 0 and variance 1 over the last axis, population variance, epsilon inside the root", async () => {
    const { values } = await runOne(
      [2, 2],
      [1, 3, 0, 0.002],
      (g, x) => op.layerNorm(g, x, g.parameter("w", [2]), g.parameter("b", [2]), 1e-5),
      { w: [2, 1], b: [0, 10] },
    );
    // Row 2: mean 0.001, variance 1e-6; 0.001 / sqrt(1e-6 + 1e-5) = 0.3015113.
    close(values, [-2 / Math.sqrt(1 + 1e-5), 10 + 1 / Math.sqrt(1 + 1e-5), -0.6030227, 10.3015113], 1e-5);
  });

  it("instance norm: each channel of each sample by itself", async () => {
    const { values } = await runOne(
      [1, 2, 2],
      [1, 3, 10, 30],
      (g, x) => op.instanceNorm(g, x, g.parameter("w", [2]), g.parameter("b", [2]), 0.5),
      { w: [1, 2], b: [0, 1] },
    );
    const small = 1 / Math.sqrt(1.5);
    const large = 20 / Math.sqrt(100.5);
    close(values, [-small, small, 1 - large, 1 + large], 1e-5);
  });
});

/** softmax(q·kᵀ/√d + mask)·v by its definition. */
function plainAttention(
  { batch, length, source, width, heads }: Record<"batch" | "length" | "source" | "width" | "heads", number>,
  [q, k, v]: readonly [number[], number[], number[]],
  mask: (row: number, column: number) => number,
): number[] {
  const d = width / heads;
  const result = Array<number>(batch * length * width).fill(0);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < length; i++) {
        const at = (row: number, rows: number) => (b * rows + row) * width + h * d;
        const scores = Array.from({ length: source }, (_, j) => {
          let dot = 0;
          for (let c = 0; c < d; c++) dot += q[at(i, length) + c]! * k[at(j, source) + c]!;
          return dot / Math.sqrt(d) + mask(i, j);
        });
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const sum = weights.reduce((a, c) => a + c, 0);
        for (let c = 0; c < d; c++)
          result[at(i, length) + c] = weights.reduce((total, w, j) => total + (w / sum) * v[at(j, source) + c]!, 0);
      }
  return result;
}

describe("attention", () => {
  it.each([
    { batch: 1, length: 3, source: 3, width: 4, heads: 1, masked: false },
    { batch: 2, length: 5, source: 5, width: 12, heads: 3, masked: false },
    { batch: 2, length: 6, source: 77, width: 16, heads: 2, masked: false },
    { batch: 2, length: 7, source: 7, width: 8, heads: 2, masked: true },
    { batch: 1, length: 1, source: 1, width: 8, heads: 1, masked: true },
    // Longer than any block of a fused kernel.
    { batch: 1, length: 130, source: 130, width: 8, heads: 1, masked: true },
  ])("$length to $source in $heads heads, masked: $masked", async (item) => {
    const { batch, length, source, width, heads, masked } = item;
    const shapes = { q: [batch, length, width], k: [batch, source, width], v: [batch, source, width] };
    const values = [
      pattern(batch * length * width).map((value) => value * 3),
      pattern(batch * source * width, 2),
      pattern(batch * source * width, 3),
    ] as const;
    const results = await runGraph(
      (g) => {
        const [q, k, v] = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape)) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const causal = Array.from({ length: length * source }, (_, i) =>
          i % source > Math.floor(i / source) ? -3.4e38 : 0,
        );
        const mask = masked ? g.constant("float32", [1, 1, length, source], causal) : undefined;
        g.output("y", op.attention(g, q, k, v, heads, mask));
      },
      { q: Float32Array.from(values[0]), k: Float32Array.from(values[1]), v: Float32Array.from(values[2]) },
    );
    const mask = (row: number, column: number) => (masked && column > row ? Number.NEGATIVE_INFINITY : 0);
    close(results.y!, plainAttention(item, [...values], mask), 3e-6);
  });
});

describe("what does not fit", () => {
  const cases: [string, (g: Graph, x: Tensor) => unknown, RegExp][] = [
    ["add", (g, x) => op.add(g, x, g.input("y", "float32", [3, 2])), /\[2,3\] and \[3,2\] do not broadcast/u],
    ["add of two types", (g, x) => op.add(g, x, g.input("y", "int64", [2, 3])), /Add of float32 and int64/u],
    ["reshape", (g, x) => op.reshape(g, x, [4]), /\[2,3\] cannot become \[4\]/u],
    ["reshape with -1", (g, x) => op.reshape(g, x, [4, -1]), /\[2,3\] cannot become \[4,-1\]/u],
    ["transpose", (g, x) => op.transpose(g, x, [0, 0]), /the order \[0,0\] does not fit \[2,3\]/u],
    ["concat", (g, x) => op.concat(g, [x, g.input("y", "float32", [3, 3])], 1), /do not concatenate on axis 1/u],
    ["split", (g, x) => op.splitLast(g, x, [1, 1]), /\[1,1\] does not split 3/u],
    ["slice", (g, x) => op.slice(g, x, 1, 1, 4), /1 to 4 is no part of axis 1 of \[2,3\]/u],
    ["expand", (g, x) => op.expand(g, x, [4, 3]), /do not broadcast/u],
    ["matmul", (g, x) => op.matmul(g, x, x), /\[2,3\] · \[2,3\]/u],
    ["project", (g, x) => op.project(g, x, g.parameter("w", [4, 2]), undefined), /\[2,3\] · \[4,2\]ᵀ/u],
    [
      "conv2d",
      (g, x) => op.conv2d(g, op.reshape(g, x, [1, 3, 1, 2]), g.parameter("w", [1, 2, 1, 1]), undefined),
      /does not fit/u,
    ],
    [
      "attention",
      (g, x) =>
        op.attention(g, op.reshape(g, x, [1, 2, 3]), op.reshape(g, x, [1, 2, 3]), op.reshape(g, x, [1, 2, 3]), 2),
      /attention of \[1,2,3\] to \[1,2,3\] in 2 heads/u,
    ],
  ];
  it.each(cases)("%s names the graph, the scope and the shapes", (_, build, problem) => {
    const g = new Graph("unet", "model");
    const x = g.input("x", "float32", [2, 3]);
    const work = () => g.scope("input_blocks.1", () => g.scope("0", () => build(g, x)));
    expect(work).toThrow(problem);
    expect(work).toThrow(/^unet: model\.input_blocks\.1\.0: /u);
  });
});
