/** Files as large as the official ones (over 4 GB), and archives that lie about themselves. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "./open-checkpoint.ts";
import { writeZip, type ZipPart } from "./zip.testkit.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plume-zip-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const short = (text: string) => `X${String.fromCharCode(text.length)}\0\0\0${text}`;
const integer = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return `\x8a\x08${bytes.toString("latin1")}`;
};

/** Pickle of one float32 vector, as torch.save writes it. */
function vector(storage: string, elements: number, offset: number, length: number): string {
  const id = `(${short("storage")}ctorch\nFloatStorage\n${short(storage)}${short("cuda:0")}${integer(elements)}tQ`;
  const shape = `${integer(length)}\x85`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${id}${integer(offset)}${shape}K\x01\x85\x89Nt`.concat("R");
}

/** Pickle of a dict from names to pickled values. */
function dict(values: Readonly<Record<string, string>>): Uint8Array {
  const items = Object.entries(values).map(([name, value]) => short(name) + value);
  return latin1(`\x80\x02}(${items.join("")}u.`);
}

async function refused(parts: readonly ZipPart[], sentence: RegExp): Promise<void> {
  const path = join(folder, "refused.pt");
  await writeZip(path, parts);
  await expect(openCheckpoint(path)).rejects.toMatchObject({
    code: "CHECKPOINT_UNREADABLE",
    message: expect.stringMatching(sentence) as string,
  });
}

describe("a file of 5 GB", () => {
  it("is read at once and only where asked, beyond 4 GB too", async () => {
    const path = join(folder, "large.pt");
    const elements = 1.2e9;
    const tail = Float32Array.of(1, 2, 3, 4);
    await writeZip(path, [
      {
        name: "large/data.pkl",
        data: dict({
          "in.large": vector("0", elements, elements - 4, 4),
          late: vector("1", 4, 1, 3),
        }),
      },
      { name: "large/data/0", data: 4 * elements },
      { name: "large/data/1", data: new Uint8Array(tail.buffer) },
      { name: "large/byteorder", data: latin1("little") },
    ]);
    expect((await stat(path)).size).toBeGreaterThan(4.8e9);
    const before = process.memoryUsage().rss;
    const source = await openCheckpoint(path);
    expect([...(await source.readFloat32("late"))]).toEqual([2, 3, 4]);
    expect([...(await source.readFloat32("in.large"))]).toEqual([0, 0, 0, 0]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    await source.close();
  });
});

describe("archives that lie", () => {
  const four = new Uint8Array(16);

  it("are refused when a tensor leaves its storage, naming it", async () => {
    const bad: [string, string][] = [
      ["longer than its storage", vector("0", 4, 0, 5)],
      ["starting behind its end", vector("0", 4, 4, 1)],
      ["claiming a larger storage than there is", vector("0", 1000, 0, 1000)],
      ["of impossible length", vector("0", 4, 0, 2 ** 52)],
      ["of negative length", vector("0", 4, 0, -1)],
      ["with a negative offset", vector("0", 4, -1, 2)],
    ];
    for (const [, tensor] of bad)
      await refused(
        [
          { name: "a/data.pkl", data: dict({ "the.tensor": tensor }) },
          { name: "a/data/0", data: four },
        ],
        /the\.tensor/u,
      );
  });

  it("are refused when a storage is missing, naming the tensor", async () => {
    await refused([{ name: "a/data.pkl", data: dict({ "the.tensor": vector("0", 4, 0, 4) }) }], /the\.tensor/u);
  });

  it("are refused when two entries have one name or no pickle is there", async () => {
    const pickle = { name: "a/data.pkl", data: dict({ t: vector("0", 4, 0, 4) }) };
    const storage = { name: "a/data/0", data: four };
    await refused([pickle, storage, storage], /damaged/u);
    await refused([storage], /not a PyTorch checkpoint/u);
    await refused([{ name: "../data.pkl", data: pickle.data }, storage], /damaged/u);
  });

  it("do not get memory for a pickle of a size that no checkpoint has", async () => {
    await refused([{ name: "a/data.pkl", data: 100 * 2 ** 20 }], /far too large/u);
  });

  it("do not expand a small storage into a huge tensor", async () => {
    const id = `(${short("storage")}ctorch\nFloatStorage\n${short("0")}${short("cpu")}K\x04tQ`;
    const size = `${integer(2 ** 40)}\x85`;
    const expanded = `ctorch._utils\n_rebuild_tensor_v2\n(${id}K\x00${size}K\x00\x85\x89NtR`;
    await refused(
      [
        { name: "a/data.pkl", data: dict({ wide: expanded }) },
        { name: "a/data/0", data: four },
      ],
      /wide/u,
    );
  });

  it("are not read from end to end for a few scattered numbers", async () => {
    const id = `(${short("storage")}ctorch\nFloatStorage\n${short("0")}${short("cpu")}${integer(1e9)}tQ`;
    const scattered = `ctorch._utils\n_rebuild_tensor_v2\n(${id}K\x00K\x02\x85${integer(999_999_999)}\x85\x89NtR`;
    await refused(
      [
        { name: "a/data.pkl", data: dict({ holes: scattered }) },
        { name: "a/data/0", data: 4e9 },
      ],
      /holes .* scattered/u,
    );
  });

  it("do not unfold a deflated entry beyond what it claims, nor believe impossible claims", async () => {
    const packed = deflateRawSync(Buffer.alloc(2 ** 20));
    const parts = (unfoldsTo: number): ZipPart[] => [
      { name: "a/data.pkl", data: dict({ bomb: vector("0", 4, 0, 4) }) },
      { name: "a/data/0", data: packed, unfoldsTo },
    ];
    await refused(parts(2 ** 40), /packed in a way/u);
    for (const claim of [16, 2 ** 20 - 1, 2 ** 20 + 1]) {
      const path = join(folder, "bomb.pt");
      await writeZip(path, parts(claim));
      const source = await openCheckpoint(path);
      await expect(source.read("bomb"), String(claim)).rejects.toMatchObject({
        code: "CHECKPOINT_UNREADABLE",
        message: expect.stringContaining("bomb") as string,
      });
      await source.close();
    }
    const path = join(folder, "honest.pt");
    await writeZip(path, parts(2 ** 20));
    const source = await openCheckpoint(path);
    expect([...(await source.readFloat32("bomb"))]).toEqual([0, 0, 0, 0]);
    await source.close();
  });
});
