/** Test help: where the reference goldens lie, and reading them. Tests skip, by name, when the folder is absent. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { openSafetensors } from "./safetensors.ts";

const root = process.env.PLUME_GOLDENS ?? fileURLToPath(new URL("../../../shared/goldens", import.meta.url));

export const hummingbirdGoldens = join(root, "hummingbird");
export const haveGoldens = existsSync(join(hummingbirdGoldens, "manifest.json"));
/** Suffix for a suite's title, so that a run without goldens says so. */
export const goldensNote = haveGoldens ? "" : " (SKIPPED: no reference goldens; set PLUME_GOLDENS to their folder)";

/** Reads a golden safetensors file whole: tensor name → float32 values (integers converted). */
export async function readGolden(file: string): Promise<(name: string) => Float32Array> {
  const source = await openSafetensors(join(hummingbirdGoldens, file));
  const values = new Map<string, Float32Array>();
  for (const name of source.tensors.keys()) values.set(name, await source.readFloat32(name));
  await source.close();
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`no tensor ${name} in ${file}`);
    return value;
  };
}

/** Largest absolute difference; NaN anywhere gives NaN, which no tolerance accepts. */
export function maxAbs(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    // Math.max keeps NaN, where a comparison would let the next value replace it.
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  }
  return worst;
}
