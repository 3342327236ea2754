/** Weights of the right shapes with random values, for speed and memory measurements of models that cannot be shipped. */
import { existsSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { ParameterSpec, WeightEntry, WeightIndex } from "../../native-models/types.ts";

const ALIGNMENT = 4096;
/** Random numbers drawn once and used again and again: drawing 10^9 of them would take longer than the benchmark. */
const POOL = 1 << 20;

export interface RandomWeights {
  readonly folder: string;
  readonly file: string;
  readonly index: WeightIndex;
}

/** Where every weight will lie, and how long the file is. */
function plan(specs: readonly ParameterSpec[]): { index: WeightIndex; bytes: number } {
  const index: Record<string, WeightEntry> = {};
  let offset = 0;
  for (const { key, shape } of specs) {
    const bytes = shape.reduce((product, size) => product * size, 4);
    index[key] = { offset, bytes, dtype: "float32", shape };
    offset = Math.ceil((offset + bytes) / ALIGNMENT) * ALIGNMENT;
  }
  return { index, bytes: offset };
}

/** Uniform numbers of mean 0 and variance 1 from a fixed linear congruential generator. */
function pool(): Float32Array {
  const values = new Float32Array(POOL);
  let state = 12345;
  for (let i = 0; i < POOL; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * Math.sqrt(12);
  }
  return values;
}

/**
 * Writes (once) a weights file for these parameters under `folder`: matrices and kernels scaled by 1/√(fan in), so that numbers stay of
 * ordinary size through the depth of the network; norm scales about 1; biases small.
 */
export async function randomWeights(
  folder: string,
  name: string,
  specs: readonly ParameterSpec[],
): Promise<RandomWeights> {
  await mkdir(folder, { recursive: true });
  const { index, bytes } = plan(specs);
  const file = `${name}-${bytes}.bin`;
  const path = join(folder, file);
  if (!existsSync(path)) {
    const numbers = pool();
    const handle = await open(`${path}.part`, "w");
    try {
      for (const [seed, spec] of specs.entries()) {
        const isNorm = spec.shape.length === 1 && spec.key.endsWith(".weight");
        const fanIn = spec.shape.slice(1).reduce((product, size) => product * size, 1);
        const scale = spec.shape.length === 1 ? 0.02 : 1 / Math.sqrt(fanIn);
        const scaled = numbers.map((value) => value * scale + (isNorm ? 1 : 0));
        const block = new Uint8Array(scaled.buffer);
        const { offset, bytes: size } = index[spec.key]!;
        // Start somewhere else in the pool for each weight, so that equal shapes do not hold equal numbers.
        let from = ((seed * 7919) % (POOL / 2)) * 4;
        for (let done = 0; done < size; from = 0) {
          const part = block.subarray(from, from + Math.min(block.length - from, size - done));
          await handle.write(part, 0, part.length, offset + done);
          done += part.length;
        }
      }
      await handle.truncate(bytes);
    } finally {
      await handle.close();
    }
    await rename(`${path}.part`, path);
  }
  return { folder, file, index };
}
