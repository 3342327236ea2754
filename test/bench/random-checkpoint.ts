/** Checkpoints of the official sizes with random weights: to see what converting takes where the true ones may not be had. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { officialConfig as hummingbird } from "../../native-models/hummingbird/official-config.testkit.ts";
import {
  officialConfig as keyvid,
  releasePaths,
  writeRelease,
} from "../../native-models/keyvid/testing-model.testkit.ts";
import { writeSparseCheckpoint } from "../../native-models/pack/synthetic.testkit.ts";

export const officialModels = ["07b", "09b", "keyvid"] as const;
export type OfficialModel = (typeof officialModels)[number];

/** Normal numbers drawn once: drawing 10^9 of them would take longer than the benchmark. */
const POOL = 1 << 20;

const tensorSchema = z.object({ shape: z.array(z.number()), data_offsets: z.tuple([z.number(), z.number()]) });
const headerSchema = z.record(z.string(), z.unknown());

/**
 * Writes the model's checkpoint into a folder.
 * @returns what to install, and the files that it is made of.
 */
export async function writeRandomCheckpoint(
  folder: string,
  model: OfficialModel,
): Promise<{ readonly path: string; readonly files: readonly string[] }> {
  if (model !== "keyvid") {
    const path = join(folder, "checkpoint.safetensors");
    await writeSparseCheckpoint(path, { ...hummingbird, middleBlock: model === "09b" });
    await fillRandomly(path);
    return { path, files: [path] };
  }
  const written = await writeRelease(folder, keyvid, {});
  for (const file of Object.values(written)) {
    // The U-Nets differ; towers, resampler and VAE are the same in both files, as in the release.
    const isSecond = file.endsWith(releasePaths.interpolation);
    await fillRandomly(file, (name) => (isSecond && name.startsWith("model.") ? 7 : 0));
  }
  return { path: folder, files: Object.values(written) };
}

/**
 * Replaces a safetensors file's numbers by normal ones from a fixed generator: matrices and kernels by 1/√(fan in), so that numbers stay of
 * ordinary size through the depth of a network; tables and biases by 0.02; norms about 1. Each tensor has numbers of its own, which its
 * name and `variant` decide.
 */
export async function fillRandomly(path: string, variant: (name: string) => number = () => 0): Promise<void> {
  const numbers = normalNumbers();
  const handle = await open(path, "r+");
  try {
    const length = Buffer.alloc(8);
    await handle.read(length, 0, 8, 0);
    const text = Buffer.alloc(Number(length.readBigUInt64LE()));
    await handle.read(text, 0, text.length, 8);
    for (const [name, entry] of Object.entries(headerSchema.parse(JSON.parse(text.toString())))) {
      if (name === "__metadata__") continue;
      const { shape, data_offsets: place } = tensorSchema.parse(entry);
      const fan = shape.slice(1).reduce((product, size) => product * size, 1);
      const scale = shape.length < 2 || /token_embedding|position/u.test(name) ? 0.02 : 1 / Math.sqrt(fan);
      const shift = shape.length === 1 && name.endsWith(".weight") ? 1 : 0;
      const block = new Uint8Array(numbers.map((value) => value * scale + shift).buffer);
      // Each begins somewhere else in the pool.
      const seed = Buffer.from(name).reduce((sum, letter) => (sum * 31 + letter) % 9973, 7 + variant(name));
      let from = ((seed * 7919) % (POOL / 2)) * 4;
      const size = place[1] - place[0];
      for (let done = 0; done < size; from = 0) {
        const part = block.subarray(from, from + Math.min(block.length - from, size - done));
        await handle.write(part, 0, part.length, 8 + text.length + place[0] + done);
        done += part.length;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Box and Muller's, from a linear congruential generator. */
function normalNumbers(): Float32Array {
  const pool = new Float32Array(POOL);
  let state = 12345;
  const next = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) || 1) / 2 ** 32;
  for (let i = 0; i < POOL; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(next()));
    const angle = 2 * Math.PI * next();
    pool[i] = radius * Math.cos(angle);
    pool[i + 1] = radius * Math.sin(angle);
  }
  return pool;
}
