/** The classification network: the last stage averaged over the picture, one hidden layer, one number a class. */
import { Graph, type GraphOptions } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import { backbone } from "./backbone.ts";
import { activate, type Trace } from "./blocks.ts";
import type { PatnetConfig } from "./config.ts";

export interface PictureSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Input `picture` [N, 3, H, W], normalised; outputs `logits` [N, classes], and `ranges` where the graph observes. */
export function classifierGraph(
  config: PatnetConfig,
  { batch, height, width }: PictureSize,
  trace?: Trace,
  options: GraphOptions = {},
): Graph {
  const { classifier } = config;
  if (!classifier) throw new Error("This PATNet has no classes.");
  // A detector's checkpoint keeps the backbone, and a classifier on it, one level down.
  const g = new Graph("patnet-classifier", config.detector ? "backbone" : "", options);
  const x = g.input("picture", "float32", [batch, 3, height, width]);
  const last = backbone(g, x, config.backbone, { trace }).at(-1)!;
  const channels = last.shape[1]!;
  const pooled = op.reshape(g, vision.globalMean(g, last), [batch, channels]);
  const weight = g.parameter("avgpool_pre_head.1.weight", [classifier.features, channels, 1, 1], {
    shape: [classifier.features, channels],
  });
  const features = activate(g, op.project(g, pooled, weight, undefined), config.backbone.activation);
  trace?.("features", features);
  const head = g.scope("head", () =>
    op.project(
      g,
      features,
      g.parameter("weight", [classifier.classes, classifier.features]),
      g.parameter("bias", [classifier.classes]),
    ),
  );
  g.output("logits", head);
  g.outputRanges();
  return g;
}
