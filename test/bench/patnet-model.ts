/** The models of the PATNet benchmark: published sizes with random weights, in float32 and in int8. */
import { join } from "node:path";
import { Session, type Weights } from "../../native-models/onnx/session.ts";
import { type Int8Data, readInt8 } from "../../native-models/pack/int8-files.ts";
import { ClassifierCalibration } from "../../native-models/patnet/calibrate.ts";
import { classifierGraph } from "../../native-models/patnet/classifier.ts";
import { patnetParameters } from "../../native-models/patnet/parameters.ts";
import type { PatnetConfig } from "../../native-models/patnet/config.ts";
import { fasterNetSizes, patnetSizes, sizedClassifier } from "../../native-models/patnet/variants.ts";
import { randomWeights } from "./random-weights.ts";

export const sizes = ["T0", "T1", "T2", "S", "M", "L"] as const;
export type SizeName = (typeof sizes)[number];
export type Family = "patnet" | "fasternet";

const SIDE = 224;

export function benchConfig(family: Family, size: SizeName): PatnetConfig {
  if (family === "fasternet") return sizedClassifier(fasterNetSizes[size], { heads: 0 });
  // As published: all three kinds of attention, four heads in T0.
  return sizedClassifier(patnetSizes[size], { heads: size === "T0" ? 4 : 6, spatial: true });
}

/** Noise with the spread of a normalised picture. */
export function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 4;
  });
}

export const batchInput = (batch: number, seed = 1): Float32Array => noise(batch * 3 * SIDE * SIDE, seed);

const graphOf = (config: PatnetConfig, batch: number, int8?: Int8Data) =>
  classifierGraph(config, { batch, height: SIDE, width: SIDE }, undefined, { int8: int8?.ranges });

/** Random weights in a folder of the model's own, written once. */
export function benchWeights(work: string, family: Family, size: SizeName): Promise<Weights> {
  const name = `${family}-${size}`;
  return randomWeights(join(work, name), name, patnetParameters(benchConfig(family, size)));
}

/** Enough for noise, of which every picture reaches as far as any other. */
const NOISE_PICTURES = 6;

/** The int8 form, calibrated on noise. */
export async function benchInt8(config: PatnetConfig, weights: Weights): Promise<Int8Data> {
  const known = await readInt8(weights);
  if (known) return known;
  const calibration = await ClassifierCalibration.open(config, weights, { threads: 1 });
  for (let i = 0; i < NOISE_PICTURES; i++) await calibration.look(batchInput(1, i + 2));
  const made = await calibration.finish();
  await calibration.close();
  return made;
}

export function openBench(
  config: PatnetConfig,
  weights: Weights,
  options: { batch: number; threads: number; int8?: Int8Data },
): Promise<Session> {
  const { batch, threads, int8 } = options;
  return Session.open(graphOf(config, batch, int8), int8?.weights ?? weights, "bench", { threads });
}
