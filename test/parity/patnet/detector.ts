/** Mask R-CNN: the pyramid, proposals, the heads on the reference's own proposals, and whole detections. */
import { z } from "zod";
import { openCheckpoint } from "../../../native-models/checkpoint/open-checkpoint.ts";
import type { Weights } from "../../../native-models/onnx/session.ts";
import { Session } from "../../../native-models/onnx/session.ts";
import { applyDelta, boxAt, iou } from "../../../native-models/patnet/boxes.ts";
import type { PatnetConfig } from "../../../native-models/patnet/config.ts";
import { boxHeadGraph, BOXES_PER_RUN, pyramidGraph } from "../../../native-models/patnet/detector.ts";
import { maskArea, type Mask } from "../../../native-models/patnet/masks.ts";
import { PatnetNetworks, probabilities, type Pyramid, regionInputs } from "../../../native-models/patnet/networks.ts";
import { patnetParameters } from "../../../native-models/patnet/parameters.ts";
import { detectorInput } from "../../../native-models/patnet/preprocess.ts";
import { regionLevel } from "../../../native-models/patnet/proposals.ts";
import { recognisePatnet } from "../../../native-models/patnet/recognise.ts";
import type { Picture } from "../../../native-models/types.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { TraceOutputs, traceName } from "../hummingbird/tensors.ts";
import { EXACT } from "../tolerance.ts";
import { type Case, type Check, LARGEST } from "./context.ts";
import { batchNorm, sessionOptions, withWeights } from "./golden-source.ts";
import { bound, type GoldenEntry } from "./manifest.ts";
import { readPng } from "../png.ts";

const configSchema = z.object({
  num_classes: z.number(),
  img_scale: z.tuple([z.number(), z.number()]),
  test_cfg: z.object({
    rpn: z.object({ nms_pre: z.number(), max_per_img: z.number(), nms_iou: z.number() }),
    rcnn: z.object({
      score_thr: z.number(),
      nms_iou: z.number(),
      max_per_img: z.number(),
      mask_thr_binary: z.number(),
    }),
  }),
});

/** The checkpoint's network with the test settings that the golden was made with, which no checkpoint tells. */
function withSettings(config: PatnetConfig, stated: z.infer<typeof configSchema>): PatnetConfig {
  const { rpn, rcnn } = stated.test_cfg;
  const test = {
    proposalsBefore: rpn.nms_pre,
    proposals: rpn.max_per_img,
    proposalIou: rpn.nms_iou,
    scoreThreshold: rcnn.score_thr,
    iou: rcnn.nms_iou,
    detections: rcnn.max_per_img,
    maskThreshold: rcnn.mask_thr_binary,
  };
  return { ...config, detector: { ...config.detector!, scale: stated.img_scale, test } };
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

interface Model {
  readonly config: PatnetConfig;
  readonly weights: Weights;
  readonly networks: PatnetNetworks;
  readonly picture: Picture;
  /** The values of a tensor of the checkpoint. */
  readonly official: (name: string) => Promise<Float32Array>;
}

export const checkDetector: Check = async (golden, file) => {
  const { report, stem, entry, file: filePath } = golden;
  const stated = configSchema.parse(entry.config);
  const source = await openCheckpoint(filePath(`${stem}.pth`));
  try {
    const { names, config: recognised } = await recognisePatnet(source);
    report.check(`${stem}.classes`, [recognised.detector!.classes], [stated.num_classes], EXACT);
    const config = withSettings(recognised, stated);
    const official = (name: string) => source.readFloat32(names.find(name)!.name);
    const picture = await readPng(filePath(`${stem}.png`));
    await withWeights({ source, resolve: names.resolve.bind(names) }, patnetParameters(config), async (weights) => {
      const networks = new PatnetNetworks(config, weights, sessionOptions);
      const model = { config, weights, networks, picture, official };
      try {
        const pyramid = await networks.pyramid(picture);
        await checkSizes(golden, pyramid);
        await checkPyramid(golden, file, model, pyramid);
        await checkProposals(golden, file, pyramid);
        await checkHeads(golden, file, model, pyramid);
        await checkObjects(golden, file, model, pyramid);
      } finally {
        await networks.close();
      }
    });
  } finally {
    await source.close();
  }
};

const sizesSchema = z.object({
  img_shape_hw: z.array(z.number()),
  pad_shape_hw: z.array(z.number()),
  scale_factor: z.array(z.number()),
});

async function checkSizes({ report, stem, entry }: Case, { size }: Pyramid): Promise<void> {
  await report.guard(`${stem}.sizes`, () => {
    const golden = sizesSchema.parse(entry);
    report.check(
      `${stem}.sizes`,
      [size.height, size.width, size.paddedHeight, size.paddedWidth, ...size.scale, ...size.scale],
      [...golden.img_shape_hw, ...golden.pad_shape_hw, ...golden.scale_factor],
      EXACT,
    );
  });
}

/** Where our trace has what the goldens call by another name. */
const path = (name: string) => name.replace(/^backbone\.(\d)$/u, (_, level) => `backbone.stages.${2 * Number(level)}`);

/** `input`, `backbone.N` behind its norm, `fpn.N`, `rpn_cls.N`, `rpn_reg.N`. */
async function checkPyramid({ report, stem, entry }: Case, file: GoldenFile, model: Model, { size }: Pyramid) {
  const { config, weights, picture } = model;
  const tolerance = { pass: { rel: bound(entry, "fpn_rel_to_max") }, tight: {} };
  const inner = file.tensorNames.filter((name) => /^(?:backbone|fpn|rpn_cls|rpn_reg)\.\d$/u.test(name));
  const trace = new TraceOutputs(inner.map(path));
  const padded = { height: size.paddedHeight, width: size.paddedWidth };
  const graph = pyramidGraph(config, padded, (name, tensor) => trace.see(name, () => tensor));
  trace.addTo(graph);
  const session = await Session.open(graph, weights, "traced", sessionOptions);
  const input = detectorInput(picture, size);
  const outputs = await session.run({ picture: input });
  await session.close();
  const goldenInput = await file.optional("input");
  if (goldenInput) report.check(`${stem}.input`, input, goldenInput.data, tolerance, LARGEST);
  for (const name of inner)
    await report.guard(`${stem}.${name}`, async () => {
      const golden = await file.get(name);
      let actual = outputs[name.replace("rpn_reg.", "deltas")] ?? outputs[traceName(path(name))];
      if (!actual) throw new Error("the network has no such part, or it is not traced");
      if (name.startsWith("backbone.")) {
        // The stages' own norms are folded into the laterals.
        const apply = await batchNorm(model.official, `backbone.norm${2 * Number(name.at(-1))}`);
        const cells = golden.shape[2]! * golden.shape[3]!;
        actual = actual.map((value, i) => apply(value, Math.floor(i / cells) % golden.shape[1]!));
      }
      report.check(`${stem}.${name}`, actual, golden.data, tolerance, LARGEST);
    });
}

/** Proposals are a set: those that score alike may change places. */
async function checkProposals({ report, stem, entry }: Case, file: GoldenFile, { proposals }: Pyramid) {
  const golden = await file.get("proposals");
  const levels = (await file.get("proposal_fpn_level")).data;
  const [rows, pixels] = [golden.shape[0]!, bound(entry, "boxes_max_abs_px")];
  const count = proposals.scores.length;
  const row = (i: number) => golden.data.subarray(5 * i, 5 * i + 4);
  const near = (i: number, j: number) =>
    proposals.levels[j] === levels[i] &&
    Math.abs(proposals.scores[j]! - golden.data[5 * i + 4]!) <= bound(entry, "scores_max_abs") &&
    row(i).every((value, k) => Math.abs(value - proposals.boxes[4 * j + k]!) <= pixels);
  let found = 0;
  for (let i = 0; i < rows; i++) if (Array.from({ length: count }, (_, j) => j).some((j) => near(i, j))) found++;
  const share = requiredShare(entry, "proposals");
  const enough = count === rows && found / rows >= share;
  report.add({
    name: `${stem}.proposals`,
    passed: enough,
    tightMissed: false,
    error: `${found} of ${rows} found among ${count}`,
    tolerance: `${share * 100} % within ${pixels} px`,
  });
  const boxes = Float32Array.from({ length: 4 * rows }, (_, k) => golden.data[5 * Math.floor(k / 4) + (k % 4)]!);
  const ours = Array.from({ length: rows }, (_, i) => regionLevel(boxes, i));
  report.check(`${stem}.roi_levels`, ours, (await file.get("roi_levels")).data, EXACT);
}

/** The share in a tolerance such as ">=99% matched within 0.02 px". */
function requiredShare(entry: GoldenEntry, name: string): number {
  const text = typeof entry.tolerance === "object" ? entry.tolerance[name] : undefined;
  const percent = /^>=(\d+)% matched/u.exec(String(text))?.[1];
  if (percent === undefined) throw new Error(`the manifest gives no tolerance ${name}`);
  return Number(percent) / 100;
}

/** The box head, fed with the reference's own proposals so that rows compare. */
async function checkHeads({ report, stem, entry }: Case, file: GoldenFile, model: Model, pyramid: Pyramid) {
  const { config, networks, weights } = model;
  const golden = (await file.get("proposals")).data;
  const count = golden.length / 5;
  const regions = Float32Array.from({ length: 4 * count }, (_, k) => golden[5 * Math.floor(k / 4) + (k % 4)]!);
  const { scores, deltas } = await networks.predictBoxes(pyramid, regions);
  const logits = await file.get("cls_score");
  const width = logits.shape[1]!;
  const expected = Array.from({ length: count }, (_, i) => [
    ...probabilities(logits.data.subarray(i * width, (i + 1) * width)),
  ]).flat();
  const within = { pass: { maxAbs: bound(entry, "scores_max_abs") }, tight: {} };
  report.check(`${stem}.cls_score`, scores, expected, within);
  // Deltas are judged by the boxes that they make.
  const deltaRows = await file.get("bbox_pred_first64");
  const decode = (values: Float32Array) => {
    const result = new Float32Array(values.length);
    const classes = width - 1;
    for (let i = 0; i < values.length / 4; i++)
      applyDelta(
        boxAt(regions, Math.floor(i / classes)),
        values.subarray(4 * i, 4 * i + 4),
        [0.1, 0.1, 0.2, 0.2],
        pyramid.size,
        result.subarray(4 * i, 4 * i + 4),
      );
    return result;
  };
  report.check(`${stem}.bbox_pred_first64`, decode(deltas.subarray(0, deltaRows.data.length)), decode(deltaRows.data), {
    pass: { maxAbs: bound(entry, "boxes_max_abs_px") },
    tight: {},
  });
  const features = await file.get("bbox_roi_feats_first8");
  const trace = new TraceOutputs(["features"]);
  const padded = { height: pyramid.size.paddedHeight, width: pyramid.size.paddedWidth };
  const graph = boxHeadGraph(config, padded, (name, tensor) => trace.see(name, () => tensor));
  trace.addTo(graph);
  const session = await Session.open(graph, weights, "features", sessionOptions);
  const inputs = { ...pyramid.levels, ...regionInputs(regions, 0, features.shape[0]!, BOXES_PER_RUN) };
  const outputs = await session.run(inputs);
  await session.close();
  const actual = outputs[traceName("features")]!;
  report.check(
    `${stem}.bbox_roi_feats_first8`,
    actual.subarray(0, features.data.length),
    features.data,
    { pass: { rel: bound(entry, "fpn_rel_to_max") }, tight: {} },
    LARGEST,
  );
  const padding = actual.subarray(features.data.length);
  report.verdict(`${stem}.empty_regions`, padding.every((value) => value === 0) ? null : "empty regions are not zero");
}

/** Whole detections, matched by overlap and label. */
async function checkObjects({ report, stem, entry }: Case, file: GoldenFile, model: Model, pyramid: Pyramid) {
  const { networks, picture } = model;
  const objects = await networks.detect(picture);
  const goldenBoxes = (await file.get("boxes")).data;
  const [scores, labels, areas] = await Promise.all(
    ["scores", "labels", "mask_area"].map(async (name) => (await file.get(name)).data),
  );
  report.check(`${stem}.detections`, [objects.length], [scores!.length], EXACT);
  // For each golden detection the one of ours with its label that overlaps it most.
  const matches = Array.from(scores!, (_, i) => {
    const overlap = objects.map(({ box, label }) =>
      label === labels![i] ? iou(Float32Array.of(...goldenBoxes.subarray(4 * i, 4 * i + 4), ...box), 0, 1) : 0,
    );
    const best = overlap.indexOf(Math.max(...overlap));
    return overlap[best]! > 0.9 ? best : -1;
  });
  const lost = matches.filter((match) => match < 0).length;
  const twice = matches.length - new Set(matches).size;
  report.verdict(
    `${stem}.labels`,
    lost + twice === 0 ? null : `${lost} detections without a match, ${twice} matched twice`,
  );
  if (lost > 0) return;
  const matched = matches.map((match) => objects[match]!);
  report.check(
    `${stem}.boxes`,
    matched.flatMap(({ box }) => [...box]),
    goldenBoxes,
    { pass: { maxAbs: bound(entry, "boxes_max_abs_px") }, tight: {} },
  );
  const within = { pass: { maxAbs: bound(entry, "scores_max_abs") }, tight: {} };
  report.check(
    `${stem}.scores`,
    matched.map(({ score }) => score),
    scores!,
    within,
  );
  const goldenMasks = await file.get("mask_logits");
  const masks = await networks.predictMasks(pyramid, matched);
  report.check(
    `${stem}.mask_logits`,
    masks.flatMap((mask) => [...mask].map(sigmoid)),
    goldenMasks.data.map(sigmoid),
    within,
  );
  const packed = await file.get("masks_packed_first24");
  for (const [i, { mask, box }] of matched.entries()) {
    const boxArea = (box[2]! - box[0]!) * (box[3]! - box[1]!);
    // Of masks beyond the stored ones only the area is known.
    const stored = i < packed.shape[0]!;
    const difference = stored
      ? differing(mask, packed.data.subarray(i * packed.shape[1]!, (i + 1) * packed.shape[1]!), picture)
      : Math.abs(maskArea(mask) - areas![i]!);
    // IoU ≥ 0.99 and ≤ 0.2 % of the box, as the manifest has it; one pixel on a small box is more than that already.
    const allowed = Math.max(1, Math.min(0.01 * areas![i]!, 0.002 * boxArea));
    report.add({
      name: `${stem}.mask.${i}`,
      passed: difference <= allowed,
      tightMissed: false,
      error: `${difference} pixels differ${stored ? "" : " in area"}`,
      tolerance: `${allowed.toFixed(1)} pixels`,
    });
  }
}

/** Pixels in which a mask differs from a packed one (a bit a pixel, highest bit first, rows of the whole picture). */
function differing(mask: Mask, packed: Float32Array, { width, height }: Picture): number {
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const expected = (packed[at >> 3]! >> (7 - (at & 7))) & 1;
      const [column, row] = [x - mask.left, y - mask.top];
      const inside = column >= 0 && row >= 0 && column < mask.width && row < mask.height;
      if ((inside ? mask.data[row * mask.width + column]! : 0) !== expected) count++;
    }
  return count;
}
