import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { TensorSource } from "../types.ts";
import { goldensNote, haveGoldens, hummingbirdGoldens } from "./goldens.testkit.ts";
import { openCheckpoint } from "./open-checkpoint.ts";

const fixtures = fileURLToPath(new URL("fixtures", import.meta.url));
const expectedSchema = z.record(
  z.string(),
  z.object({ dtype: z.string(), shape: z.array(z.number()), values: z.array(z.number()).nullable() }),
);

async function using<T>(file: string, work: (source: TensorSource) => Promise<T>): Promise<T> {
  const source = await openCheckpoint(join(fixtures, file));
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

async function expectTensors(source: TensorSource, json: string): Promise<void> {
  const expected = expectedSchema.parse(JSON.parse(readFileSync(join(fixtures, json), "utf8")));
  expect([...source.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
    expect(source.tensors.get(name), name).toEqual({ name, dtype, shape });
    if (values !== null) expect([...(await source.readFloat32(name))], name).toEqual(values.map(Math.fround));
  }
}

describe("files that PyTorch wrote", () => {
  it.each(["dict.pt", "protocol4.pt", "protocol5.pt", "deflated.pt", "zip64.pt"])(
    "%s: every dtype and view, exactly",
    async (file) => {
      await using(file, (source) => expectTensors(source, "dict.json"));
    },
  );

  it("gives plain values beside the tensors, unknown classes as records", async () => {
    await using("dict.pt", async ({ metadata }) => {
      expect(metadata).toEqual({
        epoch: 7,
        lr: 0.5,
        name: "ünï",
        big: (2n ** 80n).toString(),
        neg: -5,
        none: null,
        flag: true,
        bytes: { class: "bytes", length: 2 },
        tup: [1, "a", [2.5]],
        set: [1, 2],
        od: { a: 1 },
        dd: { k: [1] },
        ns: { class: "argparse.Namespace", state: { alpha: 3 } },
        size: [1, 2],
        device: { class: "torch.device", args: ["cpu"] },
        dtype: "torch.float16",
      });
    });
    await using("protocol4.pt", async ({ metadata }) => expect(metadata.self).toEqual([1, null]));
  });

  it("walks a whole module as state_dict() does, tied layers twice, temporary buffers left out", async () => {
    await using("module.pt", async (source) => {
      await expectTensors(source, "module.json");
      expect(source.tensors.has("temporary")).toBe(false);
      expect(source.metadata).toMatchObject({
        linear_start: 0.00085,
        modules: { attn: { num_heads: 2, embed_dim: 4 }, bn: { num_features: 3 } },
      });
    });
  });

  it("strips DeepSpeed's prefix and leaves the teacher out", async () => {
    await using("deepspeed.pt", async (source) => {
      expect([...source.tensors.keys()]).toEqual(["model.a", "model.b.c"]);
      expect(source.metadata).toEqual({ global_steps: 5, ds_version: "0.9" });
      expect([...(await source.readFloat32("model.b.c"))].slice(0, 5)).toEqual([0, 6, 12, 18, 1]);
    });
  });

  it("names the tensors of a list by position and passes over kinds that it cannot use", async () => {
    await using("list.pt", async (source) => expect([...source.tensors.keys()]).toEqual(["0", "1"]));
    await using("exotic.pt", async (source) => expect([...source.tensors.keys()]).toEqual(["a"]));
  });

  it("runs nothing: a call of os.system is a record", async () => {
    await using("hostile.pt", async (source) => {
      expect([...source.tensors.keys()]).toEqual(["a"]);
      expect(source.metadata.evil).toEqual({ class: "posix.system", args: ["touch /tmp/plume-was-run"] });
    });
    expect(existsSync("/tmp/plume-was-run")).toBe(false);
  });

  it.each([
    ["legacy.pt", /older than 1\.6/u],
    ["script.pt", /TorchScript/u],
    ["bigendian.pt", /big-endian/u],
  ])("refuses %s with a sentence", async (file, sentence) => {
    await expect(openCheckpoint(join(fixtures, file))).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
      message: expect.stringMatching(sentence) as string,
    });
  });

  it("names a tensor that is asked for but not there", async () => {
    await using("list.pt", async (source) => {
      await expect(source.read("nope")).rejects.toMatchObject({
        code: "CHECKPOINT_UNREADABLE",
        message: expect.stringContaining("nope") as string,
      });
    });
  });
});

describe.skipIf(!haveGoldens)(`golden checkpoints${goldensNote}`, () => {
  it("lists the 1090 tensors of the whole-module file and its settings", async () => {
    const source = await openCheckpoint(join(hummingbirdGoldens, "tiny07B_merged_all.pt"));
    expect(source.tensors.size).toBe(1090);
    expect(source.tensors.get("model.diffusion_model.time_cond_proj.weight")).toMatchObject({
      dtype: "float16",
      shape: [32, 256],
    });
    expect([...source.tensors.keys()].some((name) => name.endsWith("attn_mask"))).toBe(false);
    expect(source.metadata).toMatchObject({ scale_factor: 0.18215, linear_start: 0.00085, parameterization: "eps" });
    await source.close();
  });

  it("lists the Lightning file and the LoRA list", async () => {
    const middle = await openCheckpoint(join(hummingbirdGoldens, "tiny09B_middle_block.ckpt"));
    expect(middle.tensors.size).toBe(104);
    expect([...middle.tensors.keys()].every((name) => name.startsWith("model.diffusion_model.middle_block."))).toBe(
      true,
    );
    expect(middle.metadata).toEqual({ global_step: 0, epoch: 0 });
    await middle.close();
    const lora = await openCheckpoint(join(hummingbirdGoldens, "tiny_unet_lora.pt"));
    expect(lora.tensors.size).toBe(666);
    await lora.close();
  });
});
