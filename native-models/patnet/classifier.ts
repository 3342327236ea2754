/** The classification network: the last stage averaged over the picture, one hidden layer, one number a class. */
import { Graph, type GraphOptions, type Tensor } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import { backbone } from "./backbone.ts";
import { activate } from "./blocks.ts";
import type { PatnetConfig } from "./config.ts";
import type { Trace } from "./trace.ts";

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
  const { features: hidden, classes } = classifier;
  // Convolutions, whose kernels are read from memory faster than the matrices of products. The pictures are their positions.
  const pooled = asPositions(g, vision.globalAverage(g, last));
  const weight = g.parameter("avgpool_pre_head.1.weight", [hidden, channels, 1, 1]);
  const features = activate(g, op.conv2d(g, pooled, weight, undefined), config.backbone.activation);
  trace?.("features", features);
  const head = g.scope("head", () => {
    const matrix = g.parameter("weight", [classes, hidden], { shape: [classes, hidden, 1, 1] });
    return op.conv2d(g, features, matrix, g.parameter("bias", [classes]));
  });
  g.output("logits", op.reshape(g, op.transpose(g, head, [0, 2, 3, 1]), [batch, classes]));
  g.outputRanges();
  return g;
}

/** [N, C, 1, 1] → [1, C, N, 1]. */
const asPositions = (g: Graph, x: Tensor): Tensor => op.transpose(g, x, [2, 1, 0, 3]);
