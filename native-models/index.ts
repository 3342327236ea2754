/** The door to the models: what the engine process opens, whatever the family. */
import { HummingbirdPipeline } from "./hummingbird/pipeline.ts";
import { packSummary, readPack } from "./pack/index.ts";
import type { OpenOptions, TextToVideoPipeline } from "./types.ts";

/**
 * Opens an installed model pack for generation. Sessions are created on first need.
 * Errors: MODEL_DAMAGED naming the file.
 */
export async function openPipeline(packFolder: string, options: OpenOptions): Promise<TextToVideoPipeline> {
  const { manifest, index, folder, weightsFile } = await readPack(packFolder);
  const weights = { folder, file: weightsFile, index };
  return new HummingbirdPipeline({ config: manifest.config, weights, summary: packSummary(manifest) }, options);
}
