/**
 * The int8 form of a classifier: which ranges its convolutions see on given pictures, and the int8 weights that go with them. Made once
 * a pack and kept in it.
 */
import type { ConvRange, Graph } from "../onnx/graph.ts";
import { writeInt8Weights } from "../onnx/quantise.ts";
import { Session, type SessionOptions, type Weights } from "../onnx/session.ts";
import { classifierGraph } from "./classifier.ts";
import type { PatnetConfig } from "./config.ts";

export interface Int8Classifier {
  readonly ranges: ReadonlyMap<string, ConvRange>;
  readonly weights: Weights;
}

/** Widens the ranges by what one run of an observing graph saw. */
function widen(ranges: Map<string, ConvRange>, graph: Graph, seen: Float32Array): void {
  for (const [row, path] of graph.observed.entries()) {
    const [inLow, inHigh, outLow, outHigh] = [0, 1, 2, 3].map((k) => seen[row * 4 + k]!) as [number, number, number, number];
    const known = ranges.get(path);
    ranges.set(path, {
      input: [Math.min(inLow, known?.input[0] ?? 0), Math.max(inHigh, known?.input[1] ?? 0)],
      output: [Math.min(outLow, known?.output[0] ?? 0), Math.max(outHigh, known?.output[1] ?? 0)],
    });
  }
}

/**
 * Runs pictures in float32 and notes the ranges of every convolution, by its path.
 * @param pictures normalised, [3, side, side] each
 */
export async function calibrateClassifier(
  config: PatnetConfig,
  weights: Weights,
  pictures: readonly Float32Array[],
  options: SessionOptions,
): Promise<Map<string, ConvRange>> {
  const { side } = config.classifier!;
  const graph = classifierGraph(config, { batch: 1, height: side, width: side }, undefined, { observe: true });
  const session = await Session.open(graph, weights, "observe", options);
  const ranges = new Map<string, ConvRange>();
  try {
    for (const picture of pictures) widen(ranges, graph, (await session.run({ picture })).ranges!);
  } finally {
    await session.close();
  }
  return ranges;
}

/** Writes the int8 weights for these ranges into `file` beside the pack's weights. Errors: those of writing. */
export async function quantiseClassifier(
  config: PatnetConfig,
  weights: Weights,
  ranges: ReadonlyMap<string, ConvRange>,
  file: string,
): Promise<Int8Classifier> {
  const { side } = config.classifier!;
  const graph = classifierGraph(config, { batch: 1, height: side, width: side }, undefined, { int8: ranges });
  const index = await writeInt8Weights(weights, graph.int8Weights, ranges, file);
  return { ranges, weights: { ...weights, index: { ...weights.index, ...index } } };
}
