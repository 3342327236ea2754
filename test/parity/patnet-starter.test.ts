/**
 * The bundled eyes against the PyTorch code that trained them: tags, a level of the pyramid, and every object with its mask. Reference
 * files: native-models/training/patnet/golden, written by golden.py from the shipped weights; both are replaced together.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { manifestOf } from "../../native-models/pack/index.ts";
import { PatnetNetworks } from "../../native-models/patnet/networks.ts";
import type { Mask } from "../../native-models/patnet/masks.ts";
import type { Picture, TensorSource } from "../../native-models/types.ts";
import { farthest, type OpenedStarter, openStarter, readJson, sha256Of } from "./starter.testkit.ts";

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = file("native-models/training/patnet/golden");
const checkpoint = file("assets/models/patnet/eyes.ckpt");
const manifest = z
  .object({
    checkpoint_sha256: z.string(),
    pictures: z.array(z.string()),
    tolerance: z.object({
      tags: z.number(),
      p4: z.number(),
      boxes: z.number(),
      scores: z.number(),
      mask_iou: z.number(),
    }),
  })
  .parse(readJson(join(folder, "manifest.json")));
const near = manifest.tolerance;

let starter: OpenedStarter;
let golden: TensorSource;
let networks: PatnetNetworks;

beforeAll(async () => {
  starter = await openStarter(checkpoint, join(folder, "eyes.safetensors"));
  ({ golden } = starter);
  const { config } = manifestOf("patnet", starter.manifest);
  networks = new PatnetNetworks(config, starter.weights, { threads: 2 });
});
afterAll(async () => {
  await networks?.close();
  await starter?.close();
});

async function pictureOf(name: string): Promise<Picture> {
  const [height, width] = golden.tensors.get(`${name}.picture`)!.shape as [number, number, number];
  return { width, height, rgb: await golden.read(`${name}.picture`) };
}

it("are the weights that the reference files were made from", () => {
  expect(sha256Of(checkpoint)).toBe(manifest.checkpoint_sha256);
});

describe.for(manifest.pictures)("%s", (name) => {
  it("has the reference's tags", async () => {
    const [tags] = await networks.classify([await pictureOf(name)]);
    expect(farthest(tags!, await golden.readFloat32(`${name}.tags`))).toBeLessThan(near.tags);
  });

  it("has its pyramid", async () => {
    const wanted = await golden.readFloat32(`${name}.p4`);
    // The product counts from the finest level on, the reference by strides.
    const { levels } = await networks.pyramid(await pictureOf(name));
    expect(farthest(levels["p2"]!, wanted)).toBeLessThan(near.p4 * Math.max(...wanted.map(Math.abs)));
  });

  it("has its objects, with their masks", async () => {
    const picture = await pictureOf(name);
    const found = await networks.detect(picture);
    const [boxes, scores, classes] = [
      await golden.readFloat32(`${name}.boxes`),
      await golden.readFloat32(`${name}.scores`),
      await golden.readFloat32(`${name}.classes`),
    ];
    expect(found.map(({ label }) => label)).toEqual([...classes]);
    const masks = await golden.read(`${name}.masks`);
    const plane = (picture.width * picture.height) / 8;
    for (const [i, object] of found.entries()) {
      expect(farthest(object.box, boxes.subarray(4 * i, 4 * i + 4))).toBeLessThan(near.boxes);
      expect(Math.abs(object.score - scores[i]!)).toBeLessThan(near.scores);
      const bits = masks.subarray(i * plane, (i + 1) * plane);
      expect(maskIou(object.mask, bits, picture.width)).toBeGreaterThan(near.mask_iou);
    }
  });
});

/** @param bits of the whole picture, eight pixels of a row in a byte */
function maskIou({ left, top, width, height, data }: Mask, bits: Uint8Array, pictureWidth: number): number {
  let [shared, either] = [0, 0];
  for (let i = 0; i < bits.length * 8; i++) {
    const wanted = (bits[i >> 3]! >> (7 - (i & 7))) & 1;
    const [x, y] = [(i % pictureWidth) - left, Math.floor(i / pictureWidth) - top];
    const ours = x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x]! : 0;
    shared += wanted & ours;
    either += wanted | ours;
  }
  return either === 0 ? 1 : shared / either;
}
