import { PIECE_BYTES } from "../onnx/pieces.ts";
import type { ManifestOf } from "../pack/manifest.ts";
import { probePicture, type RunProbe } from "../pack/probe.ts";
import { PatnetNetworks } from "./networks.ts";

const PICTURES = 8;

/** What a classifier says of some pictures, and the features that a detector finds objects in. */
export const probePatnet: RunProbe<ManifestOf<"patnet">> = async ({ config }, weights, { threads, onProgress }) => {
  const networks = new PatnetNetworks(config, weights, { threads, pieceBytes: PIECE_BYTES });
  const pictures = Array.from({ length: PICTURES }, (_, i) => probePicture(256, 192 + 16 * i, i));
  const rows: Float32Array[] = [];
  try {
    if (config.classifier) rows.push(...(await networks.classify(pictures)));
    await onProgress(0.5);
    if (config.detector) rows.push(...Object.values((await networks.pyramid(pictures[0]!)).levels));
    return { kind: "values", rows };
  } finally {
    await networks.close();
  }
};
