/** Weights of full-size models that need no file: every number follows from its tensor's name and its place in it. */
import { readFile } from "node:fs/promises";
import { z } from "zod";

const schema = z.object({
  ranges: z.array(
    z.object({
      match: z.string(),
      lo: z.union([z.number(), z.string()]).optional(),
      hi: z.union([z.number(), z.string()]).optional(),
    }),
  ),
  check: z.object({ fnv1a32_of: z.string(), value: z.number(), u_first3: z.array(z.number()) }),
});

/** 32-bit FNV-1a. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** 0 ≤ u < 1 for the element `i` of a tensor with this seed. */
function uniform(seed: number, i: number): number {
  let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * The generator that a folder's procgen.json defines.
 * @throws Error when our hash does not give the file's own check values
 */
export async function proceduralValues(
  file: string,
  salt: number,
): Promise<(key: string, shape: readonly number[]) => Float32Array> {
  const { ranges, check } = schema.parse(JSON.parse(await readFile(file, "utf8")));
  const seed = fnv1a(check.fnv1a32_of);
  if (seed !== check.value || check.u_first3.some((value, i) => Math.abs(uniform(seed, i) - value) > 1e-12))
    throw new Error("the procedural generator does not give its check values");
  const numbers = (match: string): [number, number] => {
    const range = ranges.find((candidate) => candidate.match.startsWith(match));
    if (typeof range?.lo !== "number" || typeof range.hi !== "number") throw new Error(`no range for ${match}`);
    return [range.lo, range.hi];
  };
  const rangeOf = (key: string, shape: readonly number[]): [number, number] => {
    if (key === "input") return [-2, 2];
    for (const ending of ["running_mean", "running_var", "lookup_table_bias"])
      if (key.endsWith(ending)) return numbers(`*${ending}`);
    if (shape.length >= 2) {
      const gain = key.endsWith("mlp.3.weight") ? 0.5 : 1;
      const a = gain * Math.sqrt(3 / shape.slice(1).reduce((product, size) => product * size, 1));
      return [-a, a];
    }
    return numbers(key.endsWith(".weight") ? "other *.weight" : "other 1-D");
  };
  return (key, shape) => {
    const [low, high] = rangeOf(key, shape);
    const start = fnv1a(`${key}#${salt}`);
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * uniform(start, i);
    return values;
  };
}
