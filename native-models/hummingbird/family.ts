/** Installing a Hummingbird: one file, LoRAs merged into it on the way. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CheckpointFile, InstallPlan, ModelFamily, PlanOptions } from "../pack/family.ts";
import { manifestOf } from "../pack/manifest.ts";
import type { TensorSource } from "../types.ts";
import { recogniseHummingbird } from "./checkpoint-names-config.ts";
import { looksLikeHummingbird } from "./checkpoint-names.ts";
import { describeHummingbird } from "./describe.ts";
import { Lora } from "./lora.ts";
import { hummingbirdParameters } from "./parameters.ts";
import { probeHummingbird } from "./probe.ts";

const LARGEST_CONFIG = 1_000_000;

/** The authors' config.json in the checkpoint's folder; undefined when there is none that can be read. */
async function configBeside(file: string): Promise<unknown> {
  const path = join(dirname(file), "config.json");
  try {
    if ((await stat(path)).size > LARGEST_CONFIG) return undefined;
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

async function openLoras(files: PlanOptions["loras"], names: Parameters<typeof Lora.open>[2]): Promise<Lora[]> {
  const loras: Lora[] = [];
  try {
    for (const { file, scale } of files) loras.push(await Lora.open(file, scale, names));
  } catch (error) {
    for (const lora of loras) await lora.close();
    throw error;
  }
  return loras;
}

async function plan([file]: readonly CheckpointFile[], options: PlanOptions): Promise<InstallPlan> {
  const { path, source } = file!;
  const recognised = recogniseHummingbird(source, await configBeside(path));
  const { names, config, plume } = recognised;
  const loras = await openLoras(options.loras, names);
  return {
    facts: { family: "hummingbird", config, ...describeHummingbird(recognised), precisions: ["fp32", "int8"] },
    name: plume.name,
    specs: hummingbirdParameters(config),
    resolve: (spec) => ({ source, tensor: names.resolve(spec) }),
    adjust: async ({ source: official }, weight) => {
      for (const lora of loras) await lora.merge(official, weight);
    },
    files: [path],
    close: async () => {
      for (const lora of loras) await lora.close();
    },
  };
}

export const hummingbirdFamily: ModelFamily = {
  id: "hummingbird",
  owns: (source: TensorSource) => looksLikeHummingbird(source),
  plan,
  parameters: (manifest) => hummingbirdParameters(manifestOf("hummingbird", manifest).config),
  probe: (manifest, weights, options) => probeHummingbird(manifestOf("hummingbird", manifest), weights, options),
};
