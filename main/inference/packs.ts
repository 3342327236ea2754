import type { ModelSummary, WeightFormat } from "../../core/contract/index.ts";
// Not the folder's index: that would load the converter and onnxruntime into the studio's own process.
import { formatBytes } from "../../native-models/pack/format-bytes.ts";
import { packSummary, WEIGHTS_FILE } from "../../native-models/pack/manifest.ts";
import { int8Bytes } from "../../native-models/pack/int8-files.ts";
import { readPack } from "../../native-models/pack/read-pack.ts";

/** What a pack's manifest says, without opening the model. */
export interface PackFacts {
  readonly summary: ModelSummary;
  /** sha256 of the converted weights, hex. */
  readonly weightsSha256: string;
  /** sha256 of the checkpoint it was made from, hex. */
  readonly sourceSha256: string;
  /** The same of the other files of a model that comes in several. */
  readonly companionSha256?: readonly string[];
}

/** Reads a pack's manifest and compares sizes, not contents. Errors: MODEL_DAMAGED. */
export async function readPackFacts(folder: string): Promise<PackFacts> {
  const { manifest } = await readPack(folder);
  const summary = packSummary(manifest);
  const weights = manifest.files.find((file) => file.name === WEIGHTS_FILE);
  return {
    summary: { ...summary, bytesOnDisk: summary.bytesOnDisk + (await int8Bytes(folder)) },
    weightsSha256: weights?.sha256 ?? "",
    sourceSha256: manifest.source.sha256,
    companionSha256: manifest.companions.map(({ sha256 }) => sha256),
  };
}

/** Bytes that an installed pack's weights take, or would take, in each format. Errors: MODEL_DAMAGED. */
export async function packFormats(folder: string): Promise<Record<WeightFormat, number>> {
  return formatBytes(await readPack(folder));
}
