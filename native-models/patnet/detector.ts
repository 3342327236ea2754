/**
 * Mask R-CNN on the PATNet backbone as three graphs (K. He et al., "Mask R-CNN", 2017; T.-Y. Lin et al., "Feature Pyramid Networks for
 * Object Detection", 2017): the pyramid with region proposals, the box head, the mask head. What stands between them, and suppression
 * of overlaps, is plain code: `proposals.ts`, `detections.ts`, `masks.ts`.
 */
import { Graph, type Tensor } from "../onnx/graph.ts";
import { conv, linear } from "../onnx/layers.ts";
import * as op from "../onnx/ops.ts";
import * as vision from "../onnx/ops-vision.ts";
import { backbone } from "./backbone.ts";
import type { Detector, PatnetConfig } from "./config.ts";
import * as fold from "./fold.ts";
import { convolve } from "./kernels.ts";
import type { Trace } from "./trace.ts";

/** Pixels a cell of each pyramid level; regions are cut from all but the last. */
export const STRIDES = [4, 8, 16, 32, 64] as const;
const REGION_LEVELS = 4;
export const ANCHORS_PER_CELL = 3;
/** Side of the features that a region is cut to, for boxes and for masks. */
export const BOX_SIZE = 7;
export const MASK_SIZE = 14;
/** Side of a predicted mask. */
export const MASK_SIDE = 2 * MASK_SIZE;
/** Regions a run of each head. A region counts for nothing where its box is empty, so a last run need not be full. */
export const BOXES_PER_RUN = 128;
export const MASKS_PER_RUN = 16;

function detectorOf(config: PatnetConfig): Detector {
  if (!config.detector) throw new Error("This PATNet finds no objects.");
  return config.detector;
}

/** Four levels with the channels of the pyramid, finest first. */
function pyramid(g: Graph, features: readonly Tensor[], { channels }: Detector): Tensor[] {
  const laterals = features.map((feature, level) => {
    const path = `neck.lateral_convs.${level}.conv`;
    const derived = fold.normConv(path, [channels, feature.shape[1]!], `backbone.norm${2 * level}`);
    const shape = [channels, feature.shape[1]!, 1, 1] as const;
    return convolve(g, feature, { scope: `${path}.merged`, shape, ...derived });
  });
  for (let level = laterals.length - 2; level >= 0; level--)
    laterals[level] = op.add(g, laterals[level]!, op.upsample2(g, laterals[level + 1]!));
  return laterals.map((lateral, level) => conv(g, `neck.fpn_convs.${level}.conv`, lateral, channels, 3));
}

/**
 * Input `picture` [1, 3, H, W], H and W multiples of 32. Outputs `p0` … `p3`, the levels that regions are cut from; and for all five
 * levels `logits0` … `logits4` [1, 3, h, w] (of an object's being there) and `deltas0` … `deltas4` [1, 12, h, w].
 */
export function pyramidGraph(config: PatnetConfig, size: { height: number; width: number }, trace?: Trace): Graph {
  const detector = detectorOf(config);
  const g = new Graph("patnet-pyramid");
  const x = g.input("picture", "float32", [1, 3, size.height, size.width]);
  const features = g.scope("backbone", () => backbone(g, x, config.backbone, { trace }));
  const levels = pyramid(g, features, detector);
  for (const [level, tensor] of levels.entries()) g.output(`p${level}`, tensor);
  levels.push(vision.everySecond(g, levels.at(-1)!));
  for (const [level, tensor] of levels.entries()) {
    trace?.(`fpn.${level}`, tensor);
    const hidden = vision.relu(g, conv(g, "rpn_head.rpn_conv", tensor, detector.proposalWidth, 3));
    const logits = conv(g, "rpn_head.rpn_cls", hidden, ANCHORS_PER_CELL, 1);
    trace?.(`rpn_cls.${level}`, logits);
    g.output(`logits${level}`, logits);
    g.output(`deltas${level}`, conv(g, "rpn_head.rpn_reg", hidden, 4 * ANCHORS_PER_CELL, 1));
  }
  return g;
}

/**
 * Features [R, C, side, side] of regions from the pyramid. Inputs `p0` … `p3`, and for each of them `regions0` … `regions3` [R, 4] in
 * input pixels: a region's box stands in the list of its level and is empty in the others, where it gives zeros.
 */
function regionFeatures(
  g: Graph,
  { channels }: Detector,
  size: { height: number; width: number },
  count: number,
  side: number,
): Tensor {
  const parts = Array.from({ length: REGION_LEVELS }, (_, level) => {
    const stride = STRIDES[level]!;
    const cells = [1, channels, size.height / stride, size.width / stride];
    const features = g.input(`p${level}`, "float32", cells);
    return vision.roiAlign(g, features, g.input(`regions${level}`, "float32", [count, 4]), side, 1 / stride);
  });
  return parts.reduce((sum, part) => op.add(g, sum, part));
}

/** Outputs `scores` [R, classes + 1], background last, and `deltas` [R, 4·classes]. */
export function boxHeadGraph(config: PatnetConfig, size: { height: number; width: number }, trace?: Trace): Graph {
  const detector = detectorOf(config);
  const g = new Graph("patnet-boxes");
  const features = regionFeatures(g, detector, size, BOXES_PER_RUN, BOX_SIZE);
  trace?.("features", features);
  g.scope("roi_head.bbox_head", () => {
    let hidden = op.reshape(g, features, [BOXES_PER_RUN, -1]);
    for (const [index, width] of detector.boxWidths.entries())
      hidden = vision.relu(g, linear(g, `shared_fcs.${index}`, hidden, width));
    const logits = linear(g, "fc_cls", hidden, detector.classes + 1);
    g.output("scores", vision.softmax(g, logits));
    g.output("deltas", linear(g, "fc_reg", hidden, 4 * detector.classes));
  });
  return g;
}

/** Output `masks` [R, classes, 28, 28], logits. */
export function maskHeadGraph(config: PatnetConfig, size: { height: number; width: number }): Graph {
  const detector = detectorOf(config);
  const g = new Graph("patnet-masks");
  let x = regionFeatures(g, detector, size, MASKS_PER_RUN, MASK_SIZE);
  g.scope("roi_head.mask_head", () => {
    for (const [index, width] of detector.maskWidths.entries())
      x = vision.relu(g, conv(g, `convs.${index}.conv`, x, width, 3));
    const shape = [x.shape[1]!, detector.maskUpsampled, 2, 2];
    const upsampled = g.scope("upsample", () =>
      vision.convTranspose2(g, x, g.parameter("weight", shape), g.parameter("bias", [detector.maskUpsampled])),
    );
    g.output("masks", conv(g, "conv_logits", vision.relu(g, upsampled), detector.classes, 1));
  });
  return g;
}
