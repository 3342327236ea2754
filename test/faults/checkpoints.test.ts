import { existsSync } from "node:fs";
import { copyFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StudioError } from "../../core/contract/index.ts";
import { temporaryFolder } from "../../main/media/testing.ts";
import { createStudio } from "../../main/studio/create-studio.ts";
import type { Studio } from "../../main/studio/index.ts";

/** The real engine and the real converter, on files that somebody else made. */
const STARTER = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let studio: Studio;
beforeAll(async () => {
  folder = await temporaryFolder();
  const options = {
    appVersion: "test",
    queue: "memory" as const,
    home: join(folder.path, "home"),
    output: join(folder.path, "out"),
  };
  studio = await createStudio(options, { bundled: [] });
});
afterAll(async () => {
  await studio.close();
  await folder[Symbol.asyncDispose]();
});

/** A zip archive with one uncompressed entry. */
function zip(name: string, data: Buffer): Buffer {
  const sum = crc32(data);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt32LE(sum, 14);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(data.length, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 6);
  central.writeUInt32LE(sum, 16);
  central.writeUInt32LE(data.length, 20);
  central.writeUInt32LE(data.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + data.length, 16);
  return Buffer.concat([local, Buffer.from(name), data, central, Buffer.from(name), end]);
}

function safetensors(header: string, data = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}

const weight = '{"a.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
const lying = '{"a.weight":{"dtype":"F32","shape":[2000],"data_offsets":[0,8000]}}';
const endless = Buffer.alloc(8, 0xff);

const UNREADABLE = /^CHECKPOINT_UNREADABLE$/;
const STRANGE = /^(CHECKPOINT_MISMATCH|MODEL_WRONG_KIND|CHECKPOINT_UNREADABLE)$/;

describe("installing a file that is no good", () => {
  const pwned = join(fileURLToPath(new URL(".", import.meta.url)), "pwned");
  it.each([
    ["nothing.ckpt", Buffer.alloc(0), UNREADABLE],
    ["a letter.ckpt", Buffer.from("Dear model,\nplease make a film.\n".repeat(100)), UNREADABLE],
    ["random.pt", Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)), UNREADABLE],
    ["zip of a letter.pt", zip("letter.txt", Buffer.from("hello")), UNREADABLE],
    ["os.system.pt", zip("archive/data.pkl", Buffer.from(`cos\nsystem\n(S'touch ${pwned}'\ntR.`)), STRANGE],
    ["endless pickle.pt", zip("archive/data.pkl", Buffer.alloc(100_000, "(")), UNREADABLE],
    ["header too long.safetensors", endless, UNREADABLE],
    ["header that lies.safetensors", safetensors(lying, Buffer.alloc(8)), UNREADABLE],
    ["header of nonsense.safetensors", safetensors("{]"), UNREADABLE],
    ["another model.safetensors", safetensors(weight, Buffer.alloc(8)), STRANGE],
  ])("%s", async (name, bytes, code) => {
    const file = join(folder.path, name);
    await writeFile(file, bytes);
    await refused(file, code);
    expect(existsSync(pwned)).toBe(false);
  });

  it.runIf(existsSync(STARTER)).each([0.001, 0.3, 0.999])("the first %d of the starter", async (share) => {
    const file = join(folder.path, `cut-${share}.ckpt`);
    await copyFile(STARTER, file);
    await truncate(file, Math.floor(share * 25_000_000));
    await refused(file, UNREADABLE);
  });

  it("a model of a kind that the studio does not run, named as such", async () => {
    const file = join(folder.path, "language model.safetensors");
    await writeFile(file, safetensors(weight, Buffer.alloc(8)));
    await expect(studio.models.install({ file })).rejects.toMatchObject({
      code: "MODEL_WRONG_KIND",
      message: expect.stringMatching(/^This is no model that Plume Studio can run: choose a Hummingbird/),
    });
  });

  it("a folder, and nothing at all", async () => {
    await refused(folder.path, UNREADABLE);
    await refused(join(folder.path, "no such file.ckpt"), UNREADABLE);
  });

  it("a LoRA that is none", async () => {
    if (!existsSync(STARTER)) return;
    const file = join(folder.path, "lora.pt");
    await writeFile(file, "not a LoRA");
    await expect(studio.models.install({ file: STARTER, loras: [{ file, scale: 1 }] })).rejects.toMatchObject({
      code: expect.stringMatching(UNREADABLE),
    });
    expect(await installed()).toEqual([]);
  });
});

/** One clear sentence, nothing installed, nothing half-written, and an engine that still works. */
async function refused(file: string, code: RegExp): Promise<void> {
  const error = await studio.models.install({ file }).then(
    () => null,
    (thrown: unknown) => thrown as StudioError,
  );
  expect(error).toBeInstanceOf(StudioError);
  expect(error?.code).toMatch(code);
  expect(error?.message).toMatch(/^[^\n]{20,300}[.:]$/);
  expect(await installed()).toEqual([]);
}

async function installed(): Promise<string[]> {
  const names = await readdir(join(folder.path, "home", "models"));
  return names.filter((name) => !name.startsWith(".models."));
}
