/** Test help: small PATNet checkpoints with random weights, as files. */
import { writeFile } from "node:fs/promises";
import { officialTensors } from "../pack/weights.ts";
import type { PatnetConfig } from "./config.ts";
import { patnetParameters } from "./parameters.ts";
import { sizedClassifier } from "./variants.ts";

export const smallClassifier = sizedClassifier(
  { embed: 8, depths: [1, 1, 1, 1], activation: "relu" },
  { features: 24, classes: 7, heads: 4, spatial: true },
);

export const smallDetector: PatnetConfig = {
  ...smallClassifier,
  classifier: null,
  detector: {
    channels: 16,
    classes: 3,
    proposalWidth: 12,
    boxWidths: [20, 20],
    maskWidths: [16],
    maskUpsampled: 16,
    scale: [160, 96],
    test: {
      proposalsBefore: 100,
      proposals: 50,
      proposalIou: 0.7,
      scoreThreshold: 0.05,
      iou: 0.5,
      detections: 10,
      maskThreshold: 0.5,
    },
  },
  labels: ["cat", "dog", "bird"],
};

/** A tensor of a checkpoint in the making. */
export interface Entry {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Every official tensor of a configuration: kernels scaled by their fan in, norms near the identity. */
export function randomTensors(config: PatnetConfig, seed = 1): Map<string, Entry> {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 2;
  };
  return new Map(
    officialTensors(patnetParameters(config)).map(({ source, sourceShape: shape }) => {
      const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
      const [centre, spread]: readonly [number, number] = source.endsWith("running_var")
        ? [1, 0.4]
        : shape.length > 1
          ? [0, Math.sqrt(3 / fanIn)]
          : [source.endsWith(".weight") ? 1 : 0, 0.2];
      const values = Float32Array.from({ length: shape[0]! * fanIn }, () => centre + spread * random());
      return [source, { shape, values }];
    }),
  );
}

/** Writes a safetensors file of float32 tensors. */
export async function writeCheckpoint(path: string, tensors: ReadonlyMap<string, Entry>, prefix = ""): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of tensors)
    header[prefix + name] = { dtype: "F32", shape, data_offsets: [offset, (offset += values.byteLength)] };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const bodies = [...tensors.values()].map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  await writeFile(path, Buffer.concat([length, json, ...bodies]));
}

/** A picture without symmetry. */
export function testPicture(width: number, height: number, seed = 1) {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);
  return { width, height, rgb };
}
