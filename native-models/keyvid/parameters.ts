/**
 * What a KeyVID pack holds: four parts, each with its own copy of what its file brings. Keys in the pack are `<part>/<official name>`;
 * copies with equal values are stored once.
 */
import type { Graph } from "../onnx/graph.ts";
import type { Weights } from "../onnx/session.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { visionGraph } from "../openclip/vision-tower.ts";
import type { ParameterSpec } from "../types.ts";
import { unetUnit } from "../unet3d/architecture.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import { latentScale, vaeEncoderGraph } from "../vae/encoder.ts";
import { localizerGraph, soundGraph } from "./audio-trunk.ts";
import type { Stage } from "./stage-networks.ts";
import type { KeyvidConfig, KeyvidUnetConfig } from "./config.ts";
import { partIndex } from "./part-index.ts";
import { resamplerGraph } from "./resampler.ts";
import { conditionParts, keysGraph, placeGraph, unetGraph } from "./unet.ts";

export type Part = Stage | "sound" | "localizer";
export const parts: readonly Part[] = ["sound", "localizer", "keyframes", "interpolation"];

/** Graphs that between them ask for every weight of a part; weights depend on no size. */
export function graphsOf(config: KeyvidConfig, part: Part): Graph[] {
  if (part === "sound") return [soundGraph(config.audio, 1)];
  if (part === "localizer") return [localizerGraph(config, 1)];
  return [...sharedGraphs(config), resamplerGraph(config, 1), ...unetGraphs(config[part])];
}

/** What the official files hold equal copies of. */
function sharedGraphs({ text, vision, vae }: KeyvidConfig): Graph[] {
  const side = latentScale(vae);
  return [
    textGraph(text, 1),
    visionGraph(vision, 1),
    vaeEncoderGraph(vae, { batch: 1, height: side, width: side }),
    vaeDecoderGraph(vae, { batch: 1, height: 1, width: 1 }),
  ];
}

function unetGraphs(unet: KeyvidUnetConfig): Graph[] {
  const side = unetUnit(unet);
  return [
    ...conditionParts.map((part) => keysGraph(unet, part, 1)),
    placeGraph(unet, 1),
    unetGraph(unet, { frames: 1, height: side, width: side }),
  ];
}

const distinct = (graphs: readonly Graph[]): ParameterSpec[] => [
  ...new Map(graphs.flatMap((graph) => graph.parameters).map((spec) => [spec.key, spec])).values(),
];

/** Every weight of a part, its keys as the pack has them. */
export const partParameters = (config: KeyvidConfig, part: Part): ParameterSpec[] =>
  distinct(graphsOf(config, part)).map((spec) => ({ ...spec, key: `${part}/${spec.key}` }));

/** Every weight that any graph of this model needs, each once. */
export const keyvidParameters = (config: KeyvidConfig): ParameterSpec[] =>
  parts.flatMap((part) => partParameters(config, part));

/** Those of the interpolation part that are most likely equal to the generator's. */
export const likelyCopies = (config: KeyvidConfig): ParameterSpec[] => distinct(sharedGraphs(config));

/** The part that a key of the pack belongs to. */
export const partOf = (key: string): Part => key.slice(0, key.indexOf("/")) as Part;

/** A pack's weights as the graphs of one part see them: under the official names. */
export function partWeights(weights: Weights, part: Part): Weights {
  return { ...weights, index: partIndex(weights.index, part) };
}
