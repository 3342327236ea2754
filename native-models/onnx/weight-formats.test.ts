import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, float, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { WeightEntry } from "../types.ts";
import { Graph, type Tensor } from "./graph.ts";
import { conv, linear } from "./layers.ts";
import * as op from "./ops.ts";
import { pattern, writeTestWeights } from "./run-graph.testkit.ts";
import { Session } from "./session.ts";
import { StoredWeights } from "./stored-weights.ts";
import { packWeight, storedAs, storedBytes, toHalf, unpackWeight, type WeightFormat } from "./weight-formats.ts";

const matrix = { shape: [64, 96], use: "matrix" } as const;
const kernel = { shape: [16, 8, 3, 3], use: "kernel" } as const;
const values = (count: number, seed = 1) => Float32Array.from(pattern(count, seed));

describe("half precision", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000], // a tie: to even
    [3 * 2 ** -25, 0x0002], // a tie: to even
    [1 + 2 ** -11, 0x3c00], // a tie: to even
    [1 + 3 * 2 ** -11, 0x3c02], // a tie: to even
    [1 + 2 ** -10, 0x3c01],
    [2 ** -14 - 2 ** -26, 0x0400], // rounds up out of the subnormal numbers
  ])("writes %d as the IEEE standard does", (value, bits) => {
    expect([...toHalf(Float32Array.of(value))]).toEqual([bits]);
  });

  it("is read back as the nearest number there is", () => {
    assert(
      property(float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const [back] = unpackWeight("float16", new Uint8Array(toHalf(Float32Array.of(value)).buffer), null, 1);
        const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10));
        expect(Math.abs(back! - value)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });
});

describe("packing a weight", () => {
  it.each([
    [matrix, "fp32", "float32"],
    [matrix, "fp16", "float16"],
    [matrix, "int8", "int8"],
    [matrix, "4bit", "uint4"],
    [kernel, "4bit", "int8"],
    [{ shape: [64, 90], use: "matrix" }, "4bit", "int8"], // no whole blocks
    [{ shape: [1000, 96], use: "table" }, "4bit", "float16"],
    [{ shape: [2000] }, "4bit", "float32"], // a vector
    [{ shape: [8, 96], use: "matrix" }, "4bit", "float32"], // too small to matter
  ] as const)("%j in %s becomes %s", (spec, format, dtype) => {
    expect(storedAs(spec, format)).toBe(dtype);
    const { data, scales } = packWeight(values(spec.shape.reduce<number>((a, b) => a * b, 1)), spec, format);
    expect(data.length + (scales?.byteLength ?? 0)).toBe(storedBytes(spec, format));
  });

  it.each([
    ["int8", matrix, 1 / 254],
    ["4bit", matrix, 1 / 8],
    ["int8", kernel, 1 / 254],
  ] as const)("in %s, no number is off by more than its scale allows", (format, spec, most) => {
    const weight = values(
      spec.shape.reduce<number>((a, b) => a * b, 1),
      3,
    );
    const { dtype, data, scales } = packWeight(weight, spec, format);
    const back = unpackWeight(dtype, data, scales, spec.shape[0]);
    const largest = Math.max(...weight.map(Math.abs));
    for (const [i, value] of weight.entries())
      expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(most * largest * 1.001);
  });

  it("keeps numbers that half precision cannot hold, and rows of zeros", () => {
    const large = values(64 * 96).fill(70_000, 5, 6);
    expect(packWeight(large, matrix, "fp16").dtype).toBe("float32");
    for (const format of ["int8", "4bit"] as const) {
      const { dtype, data, scales } = packWeight(new Float32Array(64 * 96), matrix, format);
      expect([...unpackWeight(dtype, data, scales, 64)].every((value) => value === 0)).toBe(true);
    }
  });
});

const build = () => {
  const g = new Graph("packed");
  const x = g.input("x", "float32", [5, 96]);
  g.output("whole", linear(g, "lin", x, 64));
  g.output("part", linear(g, "lin", x, 64, { rows: [16, 40] }));
  g.output("conv", conv(g, "conv", g.input("picture", "float32", [1, 8, 6, 6]), 16, 3));
  const ids: Tensor = g.input("ids", "int64", [3]);
  g.output("rows", op.gather(g, g.parameter("table", [100, 32]), ids));
  return g;
};

describe("a graph on packed weights", () => {
  const weights = {
    "lin.weight": pattern(64 * 96, 1),
    "lin.bias": pattern(64, 2),
    "conv.weight": pattern(16 * 8 * 9, 3),
    "conv.bias": pattern(16, 4),
    table: pattern(100 * 32, 5),
  };
  const inputs = {
    x: values(5 * 96, 7),
    picture: values(8 * 36, 8),
    ids: BigInt64Array.of(0n, 99n, 42n),
  };

  async function run(folder: string, index: Record<string, WeightEntry>, file: string) {
    const session = await Session.open(build(), { folder, file, index }, "packed", { threads: 1 });
    const outputs = await session.run(inputs);
    await session.close();
    return outputs;
  }

  /** Packs the weights, and writes what they have become as float32 beside them. */
  async function pack(folder: string, format: WeightFormat) {
    const exact = await writeTestWeights(folder, build().parameters, weights);
    const index: Record<string, WeightEntry> = {};
    const parts: Uint8Array[] = [];
    let offset = 0;
    const add = (data: Uint8Array) => {
      const at = offset;
      const padded = new Uint8Array(Math.ceil(data.length / 64) * 64);
      padded.set(data);
      parts.push(padded);
      offset += padded.length;
      return at;
    };
    const stored = new StoredWeights({ folder, file: "weights.bin", index: exact });
    for (const spec of build().parameters) {
      const { dtype, data, scales } = packWeight(await stored.read(spec.key), spec, format);
      index[spec.key] = { offset: add(data), bytes: data.length, dtype, shape: spec.shape };
      if (scales) index[spec.key] = { ...index[spec.key]!, scales: add(new Uint8Array(scales.buffer)) };
    }
    await stored.close();
    await writeFile(join(folder, "packed.bin"), Buffer.concat(parts));
    const packed = new StoredWeights({ folder, file: "packed.bin", index });
    const unpacked: Record<string, number[]> = {};
    for (const { key } of build().parameters) unpacked[key] = [...(await packed.read(key))];
    expect([...(await packed.read("lin.weight", 16, 24))]).toEqual(unpacked["lin.weight"]!.slice(16 * 96, 40 * 96));
    await packed.close();
    return { index, unpacked };
  }

  it.each(["fp16", "int8", "4bit"] as const)(
    "in %s computes what the rounded weights give in float32",
    async (format) => {
      const folder = await mkdtemp(join(tmpdir(), "plume-formats-"));
      try {
        const { index, unpacked } = await pack(folder, format);
        const made = await run(folder, index, "packed.bin");
        const rounded = await writeTestWeights(folder, build().parameters, unpacked);
        const wanted = await run(folder, rounded, "weights.bin");
        for (const name of ["whole", "part", "conv", "rows"])
          for (const [i, value] of wanted[name]!.entries())
            expect(made[name]![i], `${name} ${i}`).toBeCloseTo(value, 4);
        expect(Object.values(index).map(({ dtype }) => dtype)).toContain(
          { fp16: "float16", int8: "int8", "4bit": "uint4" }[format],
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
