/** Damaged and hostile files: whatever the bytes, only a StudioError comes out, soon, and without eating memory. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StudioError } from "../../core/contract/errors.ts";
import { cpuMilliseconds } from "./cpu-time.testkit.ts";
import { openCheckpoint } from "./open-checkpoint.ts";
import { readPickle } from "./pickle.ts";
import { nameTensors } from "./torch-tree.ts";

const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-fuzz-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Change = { readonly at: number; readonly bytes: Uint8Array; readonly kind: "replace" | "insert" | "cut" };

const changes = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    kind: fc.constantFrom("replace" as const, "replace" as const, "insert" as const, "cut" as const),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(original: Uint8Array, list: readonly Change[]): Uint8Array {
  let bytes = Buffer.from(original);
  for (const { at, bytes: patch, kind } of list) {
    const position = Math.floor(at * bytes.length);
    const before = bytes.subarray(0, position);
    if (kind === "cut") bytes = Buffer.concat([before, bytes.subarray(position + patch.length)]);
    else if (kind === "insert") bytes = Buffer.concat([before, patch, bytes.subarray(position)]);
    else bytes = Buffer.concat([before, patch, bytes.subarray(position + patch.length)]).subarray(0, bytes.length);
  }
  return bytes;
}

/** Opens and reads everything; anything but a StudioError fails the test. */
async function readAll(path: string): Promise<void> {
  try {
    const source = await openCheckpoint(path);
    try {
      JSON.stringify(source.metadata);
      for (const name of source.tensors.keys()) {
        try {
          await source.readFloat32(name);
        } catch (error) {
          if (!(error instanceof StudioError)) throw error;
        }
      }
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    expect(error.message).toMatch(/^(?:The|There|This) .+[.]$/su);
  }
}

/** A small, valid safetensors file. */
function safetensors(): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: "pt" },
      a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
      b: { dtype: "BF16", shape: [3], data_offsets: [16, 22] },
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(22, 1)]);
}

describe("damaged files", () => {
  const originals: [string, () => Promise<Uint8Array>][] = [
    ...["dict.pt", "module.pt", "hostile.pt", "deflated.pt", "zip64.pt"].map(
      (name): [string, () => Promise<Uint8Array>] => [name, () => readFile(join(fixtures, name))],
    ),
    ["safetensors", () => Promise.resolve(safetensors())],
  ];

  it.each(originals)("%s with random changes gives a sentence or a checkpoint", async (name, load) => {
    const original = await load();
    const path = join(folder, `${name}.changed`);
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        await writeFile(path, mutate(original, list));
        const start = cpuMilliseconds();
        await readAll(path);
        expect(cpuMilliseconds() - start).toBeLessThan(5000);
      }),
      { numRuns: 150 },
    );
  });

  it.each(originals)("%s cut short anywhere is refused", async (name, load) => {
    const original = await load();
    const path = join(folder, `${name}.cut`);
    for (let i = 0; i < 40; i++) {
      await writeFile(path, original.subarray(0, Math.floor((original.length * i) / 40)));
      await expect(openCheckpoint(path), `${i}/40`).rejects.toBeInstanceOf(StudioError);
    }
  });

  it("a zip directory that points beyond every file is refused, and does not end the process", async () => {
    const original = await readFile(join(fixtures, "dict.pt"));
    const end = original.lastIndexOf("PK\x05\x06", undefined, "latin1");
    // The locator of a zip64 directory stands right before the end of the directory.
    const locator = end;
    const bytes = Buffer.concat([original.subarray(0, end), Buffer.alloc(20), original.subarray(end)]);
    bytes.write("PK\x06\x07", locator, "latin1");
    const path = join(folder, "far.pt");
    for (const offset of [2n ** 62n, 2n ** 53n, 2n ** 63n, BigInt(bytes.length)]) {
      bytes.writeBigUInt64LE(offset, locator + 8);
      await writeFile(path, bytes);
      await expect(openCheckpoint(path), String(offset)).rejects.toBeInstanceOf(StudioError);
    }
  });

  it("takes arbitrary bytes for nothing", async () => {
    const path = join(folder, "noise");
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 600 }),
        fc.constantFrom("", "PK\x03\x04", "PK\x05\x06"),
        async (noise, head) => {
          await writeFile(path, Buffer.concat([Buffer.from(head, "latin1"), noise]));
          await expect(openCheckpoint(path)).rejects.toBeInstanceOf(StudioError);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("damaged pickles", () => {
  it("give a StudioError or a value, in bounded memory", async () => {
    // The pickle of a stored zip lies in it as it is.
    const file = await readFile(join(fixtures, "module.pt"));
    const start = file.indexOf(Buffer.from([0x80, 0x02]));
    const original = file.subarray(start, file.indexOf("PK\x07\x08", start, "latin1"));
    expect(original.length).toBeGreaterThan(1000);
    const before = process.memoryUsage().rss;
    fc.assert(
      fc.property(changes, (list) => {
        try {
          const root = readPickle(mutate(original, list), () => ({ key: "0", type: "FloatStorage", size: 9 }), "x.pt");
          nameTensors(root, "x.pt");
        } catch (error) {
          if (!(error instanceof StudioError)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(600e6);
  });

  it("made of random operations end soon", () => {
    const operations = "()]}\x8f02NQR\x81\x85\x86\x87\x88\x89\x90\x91\x92\x93\x94abestuK\x01K\x02h\x00q\x00";
    const operation = fc.nat(operations.length - 1).map((i) => operations.charCodeAt(i));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (codes) => {
        try {
          readPickle(Uint8Array.from([...codes, 0x2e]), () => null, "x.pt");
        } catch (error) {
          if (!(error instanceof StudioError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("of the largest size are refused by a limit within seconds", () => {
    const bytes = Buffer.alloc(12_000_000, "]");
    const start = cpuMilliseconds();
    expect(() => readPickle(bytes, () => null, "x.pt")).toThrow(StudioError);
    expect(() => readPickle(Buffer.alloc(12_000_000, "N0"), () => null, "x.pt")).toThrow(StudioError);
    expect(cpuMilliseconds() - start).toBeLessThan(10_000);
  });
});
