import type { ParameterSpec } from "../types.ts";
import { classifierGraph } from "./classifier.ts";
import type { PatnetConfig } from "./config.ts";
import { boxHeadGraph, maskHeadGraph, pyramidGraph } from "./detector.ts";

/** Smallest picture that all of a detector's graphs take. */
const SMALLEST = { height: 64, width: 64 };

/** Every weight that any graph of this model needs, each once. Independent of the picture's size. */
export function patnetParameters(config: PatnetConfig): ParameterSpec[] {
  const graphs = [
    // What int8 is made from is what an observing graph reads.
    ...(config.classifier
      ? [{}, { observe: true }].map((how) => classifierGraph(config, { batch: 1, ...SMALLEST }, undefined, how))
      : []),
    ...(config.detector
      ? [pyramidGraph(config, SMALLEST), boxHeadGraph(config, SMALLEST), maskHeadGraph(config, SMALLEST)]
      : []),
  ];
  return [...new Map(graphs.flatMap((graph) => graph.parameters).map((spec) => [spec.key, spec])).values()];
}
