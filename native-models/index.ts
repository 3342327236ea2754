/** The door to the models: what the engine process opens, whatever the family. */
import { StudioError } from "../core/contract/errors.ts";
import type { ResolvedAnimation } from "../core/contract/index.ts";
import { animationMemory } from "./costs.ts";
import { HummingbirdPipeline } from "./hummingbird/pipeline.ts";
import { KeyvidNetworks } from "./keyvid/networks.ts";
import { KeyvidPipeline } from "./keyvid/pipeline.ts";
import { PatnetPipeline } from "./patnet/pipeline.ts";
import { packSummary, readPack } from "./pack/index.ts";
import type {
  AnimatePipeline,
  OpenOptions,
  Pipeline,
  PrepareHooks,
  TextToVideoPipeline,
  VisionPipeline,
} from "./types.ts";

/**
 * Opens an installed model pack for work. Sessions are created on first need.
 * Errors: MODEL_DAMAGED naming the file.
 */
export async function openPipeline(packFolder: string, options: OpenOptions): Promise<Pipeline> {
  const { manifest, index, folder, weightsFile } = await readPack(packFolder);
  const weights = { folder, file: weightsFile, index };
  const summary = packSummary(manifest);
  if (manifest.family === "hummingbird")
    return new HummingbirdPipeline({ config: manifest.config, weights, summary }, options);
  if (manifest.family === "patnet") return new PatnetPipeline({ config: manifest.config, weights, summary }, options);
  const { config } = manifest;
  const { threads, device } = options;
  const networks = new KeyvidNetworks(config, weights, { threads, device });
  const memoryOf = (request: ResolvedAnimation): number => animationMemory(config, index, request);
  return new KeyvidPipeline({ config, folder, summary, networks, memoryOf }, options);
}

/**
 * Makes what a pack keeps for its clips and no checkpoint holds, so that no clip has to wait for it: for Hummingbird the int8 form.
 * Does nothing where all is there. Errors: as a clip's; CANCELLED.
 */
export async function preparePack(packFolder: string, threads: number, hooks: PrepareHooks): Promise<void> {
  const pipeline = await openPipeline(packFolder, { threads, precision: "fp32" });
  try {
    if (pipeline.kind === "text-to-video") await pipeline.prepare?.(hooks);
  } finally {
    await pipeline.close();
  }
}

/** Opens a pack that makes clips from sentences. Errors: MODEL_DAMAGED, MODEL_WRONG_KIND. */
export async function openTextToVideo(packFolder: string, options: OpenOptions): Promise<TextToVideoPipeline> {
  const pipeline = await openPipeline(packFolder, options);
  if (pipeline.kind === "text-to-video") return pipeline;
  await pipeline.close();
  throw new StudioError(
    "MODEL_WRONG_KIND",
    `${pipeline.summary.name} makes no clips from sentences: choose another model.`,
  );
}

/** Opens a pack that animates pictures. Errors: MODEL_DAMAGED, MODEL_WRONG_KIND. */
export async function openAnimation(packFolder: string, options: OpenOptions): Promise<AnimatePipeline> {
  const pipeline = await openPipeline(packFolder, options);
  if (pipeline.kind === "animate") return pipeline;
  await pipeline.close();
  throw new StudioError("MODEL_WRONG_KIND", `${pipeline.summary.name} animates no pictures: choose another model.`);
}

/** Opens a pack that looks at pictures. Errors: MODEL_DAMAGED, MODEL_WRONG_KIND. */
export async function openVision(packFolder: string, options: OpenOptions): Promise<VisionPipeline> {
  const pipeline = await openPipeline(packFolder, options);
  if (pipeline.kind === "vision") return pipeline;
  await pipeline.close();
  throw new StudioError(
    "MODEL_WRONG_KIND",
    `${pipeline.summary.name} makes clips and does not look at pictures: choose a PATNet model.`,
  );
}
