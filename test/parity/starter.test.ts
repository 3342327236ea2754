/**
 * The bundled starter against the PyTorch code that trained it: tokens, prompt embedding, every step of guided DDIM, the last
 * latent and the frames. Reference files: native-models/training/golden (written by golden.py from the shipped checkpoint).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { HummingbirdNetworks } from "../../native-models/hummingbird/networks.ts";
import { toRgb8 } from "../../native-models/diffusion/rgb.ts";
import { sampleLatent } from "../../native-models/hummingbird/sample.ts";
import { clipTokenizer } from "../../native-models/openclip/tokenizer.ts";
import { TorchRandom } from "../../native-models/diffusion/torch-random.ts";
import { manifestOf } from "../../native-models/pack/index.ts";
import type { TensorSource } from "../../native-models/types.ts";
import { farthest, type OpenedStarter, openStarter, readJson, sha256Of } from "./starter.testkit.ts";

const folder = fileURLToPath(new URL("../../native-models/training/golden/", import.meta.url));
const checkpoint = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));
const manifest = z
  .object({
    prompt: z.string(),
    noise: z.string(),
    steps: z.number(),
    guidance: z.number(),
    fps: z.number(),
    checkpoint_sha256: z.string(),
  })
  .parse(readJson(join(folder, "manifest.json")));

let starter: OpenedStarter;
let golden: TensorSource;
let networks: HummingbirdNetworks;

beforeAll(async () => {
  starter = await openStarter(checkpoint, join(folder, "starter.safetensors"));
  ({ golden } = starter);
  const { config } = manifestOf("hummingbird", starter.manifest);
  networks = new HummingbirdNetworks(config, starter.weights, { threads: 2 });
});

afterAll(async () => {
  await networks?.close();
  await starter?.close();
});

it("is the checkpoint that the reference files were made from", () => {
  expect(sha256Of(checkpoint)).toBe(manifest.checkpoint_sha256);
});

it("reads the prompt as PyTorch does", async () => {
  const { ids } = clipTokenizer().tokenize(manifest.prompt);
  expect([...ids]).toEqual([...(await golden.readFloat32("token_ids"))]);
  expect(farthest(await networks.encodePrompt(ids), await golden.readFloat32("context"))).toBeLessThan(1e-4);
});

it("draws the same noise from the same seed", async () => {
  const noise = await golden.readFloat32("noise");
  const seed = Number(/seed (\d+)/.exec(manifest.noise)?.[1]);
  expect(farthest(new TorchRandom(seed).randn(noise.length), noise)).toBeLessThan(1e-6);
});

it("walks the same way from noise to frames", async () => {
  const [, , frames, height, width] = golden.tensors.get("noise")!.shape as [number, number, number, number, number];
  const size = { batch: 1, frames, height, width };
  const noise = await golden.readFloat32("noise");
  const latent = await sampleLatent(networks, {
    size,
    steps: manifest.steps,
    guidance: manifest.guidance,
    fps: manifest.fps,
    context: await golden.readFloat32("context"),
    negativeContext: () => golden.readFloat32("empty_context"),
    drawNoise: () => noise,
  });
  expect(farthest(latent, await golden.readFloat32("latent"))).toBeLessThan(1e-3);

  const wanted = await golden.read("frames_thwc");
  let different = 0;
  for (let frame = 0; frame < frames; frame++) {
    const plane = height * width;
    const cells = Float32Array.from(
      { length: 4 * plane },
      (_, i) => latent[(Math.floor(i / plane) * frames + frame) * plane + (i % plane)]!,
    );
    const rgb = toRgb8(await networks.decode(cells, height, width));
    for (const [i, value] of rgb.entries()) {
      const distance = Math.abs(value - wanted[frame * rgb.length + i]!);
      expect(distance).toBeLessThanOrEqual(1);
      different += distance;
    }
  }
  expect(different / wanted.length).toBeLessThan(0.002);
});
