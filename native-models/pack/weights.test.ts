import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";
import { HashedWriter, sha256File } from "./files.ts";
import { plannedBytes, transpose, writeWeights } from "./weights.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-weights-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** One tensor of float32 numbers, counting how often it is read. */
function sourceOf(name: string, shape: readonly number[], values: Float32Array) {
  const info: TensorInfo = { name, dtype: "float32", shape };
  let reads = 0;
  const source: TensorSource = {
    tensors: new Map([[name, info]]),
    metadata: {},
    read: () => {
      reads++;
      return Promise.resolve(new Uint8Array(values.slice().buffer));
    },
    readFloat32: () => Promise.resolve(values.slice()),
    close: () => Promise.resolve(),
  };
  return { source, info, reads: () => reads };
}

const spec = (key: string, layout: "same" | "transposed", shape: readonly number[]): ParameterSpec => ({
  key,
  source: "w",
  sourceShape: [2, 3],
  shape,
  layout,
});

function setFirstToTen(_: ParameterSpec, weight: Float32Array): Promise<void> {
  weight[0] = 10;
  return Promise.resolve();
}

describe("writing weights", () => {
  it("reads a tensor once for all its layouts, aligns each and hashes what it wrote", async () => {
    const { source, info, reads } = sourceOf("w", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const specs = [spec("w", "same", [6]), spec("w^T", "transposed", [3, 2])];
    const path = join(folder, "weights.bin");
    const writer = await HashedWriter.create(path);
    const told: number[] = [];
    const index = await writeWeights(
      { specs, resolve: () => ({ source, tensor: info }), adjust: setFirstToTen },
      writer,
      (n) => void told.push(n),
    );
    const { bytes, sha256 } = await writer.finish();
    expect(index).toEqual({
      w: { offset: 0, bytes: 24, dtype: "float32", shape: [6] },
      "w^T": { offset: 64, bytes: 24, dtype: "float32", shape: [3, 2] },
    });
    expect(reads()).toBe(1);
    expect(told).toEqual([24, 88]);
    const file = await readFile(path);
    expect(file.length).toBe(bytes);
    expect(sha256).toBe(await sha256File(path));
    expect(plannedBytes(specs)).toBe(128);
    const numbers = new Float32Array(file.buffer, file.byteOffset, 22);
    expect([...numbers.subarray(0, 6)]).toEqual([10, 2, 3, 4, 5, 6]);
    expect([...numbers.subarray(6, 16)]).toEqual(Array.from({ length: 10 }, () => 0));
    expect([...numbers.subarray(16, 22)]).toEqual([10, 4, 2, 5, 3, 6]);
  });

  it.each([Number.NaN, Infinity, -Infinity])("refuses %d among the values, naming the tensor", async (bad) => {
    const { source, info } = sourceOf("w", [2, 3], Float32Array.of(1, 2, 3, 4, bad, 6));
    const writer = await HashedWriter.create(join(folder, `bad-${bad}`));
    const plan = { specs: [spec("w", "same", [2, 3])], resolve: () => ({ source, tensor: info }) };
    await expect(writeWeights(plan, writer, () => {})).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining("tensor w holds values that are not numbers") as string,
      detail: "element 4",
    });
    await writer.abandon();
  });

  it("transposes any shape", () => {
    for (const [rows, columns] of [
      [1, 5],
      [5, 1],
      [64, 64],
      [65, 130],
    ] as const) {
      const matrix = Float32Array.from({ length: rows * columns }, (_, i) => i);
      const result = transpose(matrix, rows, columns);
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) expect(result[c * rows + r]).toBe(matrix[r * columns + c]);
    }
  });
});
