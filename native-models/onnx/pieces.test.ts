/** A graph run in pieces gives what it gives whole, whatever its weights are kept in. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textGraph } from "../openclip/text-tower.ts";
import type { WeightEntry } from "../types.ts";
import { unetGraph } from "../hummingbird/unet.ts";
import { smallConfig } from "../hummingbird/testing-model.testkit.ts";
import { smallConfig as keyvid } from "../keyvid/testing-model.testkit.ts";
import { unetGraph as keyvidUnetGraph } from "../keyvid/unet.ts";
import { Graph, sizeOf } from "./graph.ts";
import * as op from "./ops.ts";
import { piecesOf } from "./pieces.ts";
import { openPiecewise } from "./piecewise-session.ts";
import { difference, randomWeights, runOnce } from "./random-weights.testkit.ts";
import { pattern } from "./run-graph.testkit.ts";
import type { Values, Weights } from "./session.ts";
import { StoredWeights } from "./stored-weights.ts";
import { packWeight, type WeightFormat } from "./weight-formats.ts";

const config = { ...smallConfig, middleBlock: true };
const unet = unetGraph(config, { batch: 1, frames: 3, height: 4, width: 2 }, null, { observe: true });
const text = textGraph(config.text, 1);
const twoBranches = keyvidUnetGraph(keyvid.keyframes, { frames: 3, height: 4, width: 4 }, { branches: 2 });
let weights: Weights;

beforeAll(async () => {
  weights = await randomWeights([unet, text]);
});
afterAll(() => rm(weights.folder, { recursive: true, force: true }));

const inputsOf = (graph: Graph): Record<string, Values> =>
  Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }, i): [string, Values] => [
      name,
      dtype === "int64"
        ? BigInt64Array.from({ length: sizeOf(shape) }, (_, word) => BigInt((word * 5) % config.text.vocabulary))
        : Float32Array.from(pattern(sizeOf(shape), i + 3)),
    ]),
  );

async function runInPieces(graph: Graph, from: Weights, pieceBytes: number) {
  const opened = await openPiecewise(graph, from, "test", { threads: 1, pieceBytes });
  const before = await opened.run(inputsOf(graph));
  // Nothing is left of a run in the next one.
  const again = await opened.run(inputsOf(graph));
  await opened.close();
  expect(Object.keys(again)).toEqual(graph.outputs.map(({ name }) => name));
  for (const [name, values] of Object.entries(before)) expect(difference(values, again[name]!)).toBe(0);
  return again;
}

/** The same weights in another format. */
async function packed(graph: Graph, format: WeightFormat): Promise<Weights> {
  const index: Record<string, WeightEntry> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  const add = (bytes: Uint8Array) => {
    const at = offset;
    const padded = Buffer.alloc(Math.ceil(bytes.length / 64) * 64);
    padded.set(bytes);
    parts.push(padded);
    offset += padded.length;
    return at;
  };
  const stored = new StoredWeights(weights);
  for (const spec of graph.parameters) {
    const { dtype, data, scales } = packWeight(await stored.read(spec.key), spec, format);
    const entry = { offset: add(data), bytes: data.length, dtype, shape: spec.shape };
    index[spec.key] = scales === null ? entry : { ...entry, scales: add(new Uint8Array(scales.buffer)) };
  }
  await stored.close();
  const file = `${graph.name}-${format}.bin`;
  await writeFile(join(weights.folder, file), Buffer.concat(parts));
  return { folder: weights.folder, file, index };
}

/** Rows of four numbers. */
const entry = (rows: number): WeightEntry => ({ offset: 0, bytes: 16 * rows, dtype: "float32", shape: [rows, 4] });

describe("a graph in pieces", () => {
  it.each([
    ["the U-Net, its ranges too", () => unet],
    ["the text tower, whose words are whole numbers", () => text],
  ])("gives what it gives whole: %s", async (_, graphOf) => {
    const graph = graphOf();
    const whole = await runOnce(graph, weights, inputsOf(graph));
    for (const part of [2, 5, 40]) {
      const most = graph.weightBytes(weights.index) / part;
      expect(piecesOf(graph, weights.index, most).length).toBeGreaterThan(Math.min(part, 3) - 1);
      const outputs = await runInPieces(graph, weights, most);
      for (const [name, values] of Object.entries(whole)) {
        expect(values.every(Number.isFinite)).toBe(true);
        expect(difference(values, outputs[name]!), `${name} in ${part}`).toBeLessThan(1e-4);
      }
    }
    expect((await readdir(weights.folder)).filter((name) => name.endsWith(".onnx"))).toEqual([]);
  });

  it("gives what it gives whole: two branches of KeyVID's U-Net in one call", async () => {
    const own = await randomWeights([twoBranches]);
    try {
      const whole = await runOnce(twoBranches, own, inputsOf(twoBranches));
      const outputs = await runInPieces(twoBranches, own, twoBranches.weightBytes(own.index) / 6);
      expect(difference(whole.out!, outputs.out!)).toBeLessThan(1e-4);
    } finally {
      await rm(own.folder, { recursive: true, force: true });
    }
  });

  it.each(["fp16", "int8", "4bit"] as const)("gives what it gives whole in %s", async (format) => {
    const smaller = await packed(unet, format);
    const whole = await runOnce(unet, smaller, inputsOf(unet));
    const outputs = await runInPieces(unet, smaller, unet.weightBytes(smaller.index) / 6);
    expect(difference(whole.out!, outputs.out!)).toBeLessThan(1e-4);
  });

  it("has every operator once, and in each piece no more weights than asked for unless one operator needs them", () => {
    for (const graph of [unet, text])
      for (const part of [3, 10]) {
        const most = graph.weightBytes(weights.index) / part;
        const largest = Math.max(...graph.operatorBytes(weights.index));
        const pieces = piecesOf(graph, weights.index, most);
        expect(pieces.flatMap(({ operators }) => operators)).toEqual(graph.operators);
        for (const piece of pieces) {
          const bytes = piece.operatorBytes(weights.index).reduce((sum, each) => sum + each, 0);
          expect(bytes).toBeLessThanOrEqual(Math.max(most, largest));
          expect(piece.outputs.every(({ dtype }) => dtype === "float32")).toBe(true);
        }
      }
  });

  it("is opened whole where that is small enough, and is cut nowhere that anything but float32 would have to cross", () => {
    expect(piecesOf(unet, weights.index, unet.weightBytes(weights.index))).toEqual([unet]);
    const g = new Graph("words");
    const numbers = g.input("numbers", "int64", [4]);
    const [twice] = g.node("Add", [numbers, numbers], [{ dtype: "int64", shape: [4] }]);
    const rows = op.gather(g, g.parameter("table", [100, 4]), numbers);
    const sum = op.add(g, rows, g.parameter("bias", [4]));
    // The whole numbers of the first operator are read by the third.
    g.output("both", op.add(g, sum, op.gather(g, g.parameter("other", [100, 4]), twice!)));
    const index = { table: entry(100), bias: { ...entry(1), shape: [4] }, other: entry(100) };
    const pieces = piecesOf(g, index, 1);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces[0]!.operators.some(({ inputs }) => inputs.includes(twice!.name))).toBe(true);
    for (const piece of pieces.slice(1)) expect(piece.inputs.map(({ dtype }) => dtype)).not.toContain("int64");
  });
});
