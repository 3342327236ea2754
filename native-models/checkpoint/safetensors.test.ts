import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TensorSource } from "../types.ts";
import { toFloat32 } from "./dtype.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import { openSafetensors } from "./safetensors.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-safetensors-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(header: unknown, data: Uint8Array, headerLength?: number): Promise<string> {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerLength ?? text.length));
  const path = join(folder, "test.safetensors");
  await writeFile(path, Buffer.concat([length, text, data]));
  return path;
}

async function values(source: TensorSource, name: string): Promise<number[]> {
  return [...(await source.readFloat32(name))];
}

describe("safetensors", () => {
  it("reads every number format by name, in any order", async () => {
    const parts: [string, string, Uint8Array, number[]][] = [
      ["F64", "float64", new Uint8Array(Float64Array.of(0.5, -2).buffer), [0.5, -2]],
      ["F32", "float32", new Uint8Array(Float32Array.of(1.25, -3).buffer), [1.25, -3]],
      [
        "F16",
        "float16",
        new Uint8Array(Uint16Array.of(0x3c00, 0xfbff, 0x0001, 0x8000).buffer),
        [1, -65504, 2 ** -24, -0],
      ],
      ["BF16", "bfloat16", new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer), [1, -2]],
      ["I64", "int64", new Uint8Array(BigInt64Array.of(-5n, 7n).buffer), [-5, 7]],
      ["I32", "int32", new Uint8Array(Int32Array.of(-5, 7).buffer), [-5, 7]],
      ["I16", "int16", new Uint8Array(Int16Array.of(-5, 7).buffer), [-5, 7]],
      ["I8", "int8", Uint8Array.of(0xfb, 7), [-5, 7]],
      ["U8", "uint8", Uint8Array.of(251, 7), [251, 7]],
      ["BOOL", "bool", Uint8Array.of(0, 1), [0, 1]],
      ["F8_E4M3", "float8_e4m3fn", Uint8Array.of(0x38, 0xfe, 0x01), [1, -448, 2 ** -9]],
      ["F8_E5M2", "float8_e5m2", Uint8Array.of(0x3c, 0xfb, 0x01), [1, -57344, 2 ** -16]],
    ];
    const header: Record<string, unknown> = { __metadata__: { author: "us" } };
    let offset = 1; // An odd start: nothing may rely on alignment.
    for (const [code, dtype, bytes, expected] of parts) {
      header[dtype] = { dtype: code, shape: [expected.length], data_offsets: [offset, offset + bytes.length] };
      offset += bytes.length;
    }
    const data = Buffer.concat([Buffer.alloc(1), ...parts.map(([, , bytes]) => bytes)]);
    const source = await openCheckpoint(await file(header, data));
    expect(source.metadata).toEqual({ author: "us" });
    for (const [, dtype, , expected] of [...parts].reverse()) {
      expect(source.tensors.get(dtype)).toMatchObject({ dtype, shape: [expected.length] });
      expect(await values(source, dtype), dtype).toEqual(expected);
    }
    await source.close();
  });

  const one = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
  it.each([
    ["a header longer than the file", { a: one }, 4, 5000, /ends before its header/u],
    ["a header over the cap", { a: one }, 4, 200_000_000, /does not start like/u],
    ["no JSON", "{nonsense", 4, undefined, /header .* damaged/u],
    ["an array", "[]", 4, undefined, /header .* damaged/u],
    ["an unknown format", { a: { ...one, dtype: "F3" } }, 4, undefined, /tensor a .* F3/u],
    ["a wrong length", { a: { ...one, shape: [2] } }, 8, undefined, /tensor a wrongly/u],
    ["offsets past the end", { a: { ...one, data_offsets: [4, 8] } }, 6, undefined, /ends before the tensor a/u],
    ["offsets backwards", { a: { ...one, data_offsets: [4, 0] } }, 8, undefined, /tensor a wrongly/u],
    ["a negative size", { a: { ...one, shape: [-1] } }, 8, undefined, /tensor a wrongly/u],
    ["an absurd size", { a: { ...one, shape: [2 ** 40, 2 ** 40] } }, 8, undefined, /tensor a an impossible shape/u],
    [
      "overlap",
      { a: { dtype: "F32", shape: [2], data_offsets: [0, 8] }, b: { ...one, data_offsets: [4, 8] } },
      8,
      undefined,
      /a and b .* overlap/u,
    ],
  ])("refuses %s", async (_, header, dataLength, headerLength, sentence) => {
    const path = await file(header, Buffer.alloc(dataLength), headerLength);
    await expect(openSafetensors(path)).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
      message: expect.stringMatching(sentence) as string,
    });
  });
});

describe("files that are no checkpoints", () => {
  it.each([
    ["a web page", "<!DOCTYPE html><html>", /web page/u],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", /Git LFS/u],
    ["a GGUF file", "GGUF\x03\x00", /GGUF/u],
    ["a text", "hello there, this is text", /not a checkpoint/u],
    ["an empty file", "", /is empty/u],
  ])("%s is named as what it is", async (_, content, sentence) => {
    const path = join(folder, "other");
    await writeFile(path, content, "latin1");
    await expect(openCheckpoint(path)).rejects.toThrow(sentence);
  });

  it("a missing file and a folder too", async () => {
    await expect(openCheckpoint(join(folder, "missing.pt"))).rejects.toThrow(/There is no file/u);
    await expect(openCheckpoint(folder)).rejects.toThrow(/is not a file/u);
  });
});

describe("number formats", () => {
  it("reads every half as IEEE 754 has it", () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const numbers = toFloat32(new Uint8Array(patterns.buffer), "float16", "t");
    // Node's own half-precision reader is the judge.
    const view = new DataView(patterns.buffer);
    for (let i = 0; i < 65536; i++) expect(numbers[i]).toBe(view.getFloat16(2 * i, true));
  });

  it("refuses complex numbers by name", () => {
    expect(() => toFloat32(new Uint8Array(16), "complex64", "spectrum")).toThrow(/spectrum/u);
  });
});
