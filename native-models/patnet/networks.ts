/** An opened PATNet: pictures in, classes or objects with masks out. Sessions are made on first need and kept warm. */
import type { Precision } from "../../core/contract/index.ts";
import { type Int8Data, readInt8 } from "../pack/int8-files.ts";
import type { Picture } from "../types.ts";
import { SessionCache } from "../onnx/session-cache.ts";
import type { OpenGraph, SessionOptions, Weights } from "../onnx/session.ts";
import { type Boxes, boxAt, boxCount, sigmoid } from "./boxes.ts";
import { ClassifierCalibration } from "./calibrate.ts";
import { classifierGraph } from "./classifier.ts";
import type { PatnetConfig, TestSettings } from "./config.ts";
import { type BoxPredictions, type Detection, detections } from "./detections.ts";
import {
  boxHeadGraph,
  BOXES_PER_RUN,
  MASK_SIDE,
  maskHeadGraph,
  MASKS_PER_RUN,
  pyramidGraph,
  STRIDES,
} from "./detector.ts";
import { type Mask, pasteMask } from "./masks.ts";
import { classifierCrop, classifierInput, detectorInput, detectorSize, type DetectorSize } from "./preprocess.ts";
import { type Proposals, proposals, regionLevel } from "./proposals.ts";
import { resizeBilinear } from "./resize.ts";

/** Smallest picture that all of a detector's graphs take. */
const SMALLEST = { height: 64, width: 64 };

export interface FoundObject extends Detection {
  readonly mask: Mask;
}

/** A picture's pyramid: what regions are cut from, and the proposals found on the way. */
export interface Pyramid {
  readonly size: DetectorSize;
  readonly levels: Readonly<Record<string, Float32Array>>;
  readonly proposals: Proposals;
}

export interface NetworkOptions extends SessionOptions {
  /** `int8`: the classifier runs in int8 arithmetic as soon as its pack has seen enough pictures. */
  readonly precision?: Precision;
}

export class PatnetNetworks {
  readonly config: PatnetConfig;
  readonly #weights: Weights;
  readonly #options: NetworkOptions;
  readonly #sessions = new SessionCache();
  /** Null: not looked for yet, or still being measured. */
  #int8: Int8Data | null = null;
  #calibration: ClassifierCalibration | null = null;

  constructor(config: PatnetConfig, weights: Weights, options: NetworkOptions) {
    this.config = config;
    this.#weights = weights;
    this.#options = options;
  }

  /** Probability of each class, or of each tag by itself, for every picture. A single class is looked for in the picture's middle. */
  async classify(pictures: readonly Picture[]): Promise<Float32Array[]> {
    const { side, classes, tags } = this.config.classifier!;
    if (pictures.length === 0) return [];
    // Tags are about the whole picture.
    const view = (picture: Picture) => (tags ? resizeBilinear(picture, side, side) : classifierCrop(picture, side));
    const inputs = pictures.map((picture) => classifierInput(view(picture)));
    const logits = await this.#logits(inputs, side);
    const read = tags ? (values: Float32Array) => values.map(sigmoid) : probabilities;
    return pictures.map((_, i) => read(logits.subarray(i * classes, (i + 1) * classes)));
  }

  /** Logits of normalised pictures, [pictures, classes]. */
  async #logits(inputs: readonly Float32Array[], side: number): Promise<Float32Array> {
    if (this.#options.precision === "int8" && !this.#int8) this.#int8 = await readInt8(this.#weights);
    if (this.#options.precision === "int8" && !this.#int8) return this.#calibrate(inputs);
    const size = { batch: inputs.length, height: side, width: side };
    const ranges = this.#int8?.ranges;
    const graph = () => classifierGraph(this.config, size, undefined, { int8: ranges });
    const weights = this.#int8?.weights ?? this.#weights;
    const name = `${inputs.length}${ranges ? "-int8" : ""}`;
    const session = await this.#sessions.get("classifier", name, graph, weights, this.#options);
    return (await session.run({ picture: joined(inputs) })).logits!;
  }

  /** Logits in float32, with the ranges noted that int8 needs. */
  async #calibrate(inputs: readonly Float32Array[]): Promise<Float32Array> {
    this.#calibration ??= await ClassifierCalibration.open(this.config, this.#weights, this.#options);
    const rows: Float32Array[] = [];
    for (const input of inputs) rows.push(await this.#calibration.look(input));
    if (this.#calibration.isComplete) {
      this.#int8 = await this.#calibration.finish();
      await this.#calibration.close();
      this.#calibration = null;
    }
    return joined(rows);
  }

  /** Objects of a picture with their masks, best first. */
  async detect(picture: Picture): Promise<FoundObject[]> {
    const { test } = this.config.detector!;
    const pyramid = await this.pyramid(picture);
    const { size } = pyramid;
    const predictions = await this.predictBoxes(pyramid, pyramid.proposals.boxes);
    const found = detections(pyramid.proposals.boxes, predictions, { size, scale: size.scale }, test);
    const masks = await this.predictMasks(pyramid, found);
    return found.map((detection, i) => {
      const values = masks[i]!.map(sigmoid);
      return { ...detection, mask: pasteMask(values, detection.box, picture, test.maskThreshold) };
    });
  }

  /** The pyramid of a picture and its proposals. */
  async pyramid(picture: Picture, settings: TestSettings = this.config.detector!.test): Promise<Pyramid> {
    const size = detectorSize(picture, this.config.detector!.scale);
    const padded = { height: size.paddedHeight, width: size.paddedWidth };
    const session = await this.#detectorSession("pyramid", padded, () => pyramidGraph(this.config, padded));
    const levels = await session.run({ picture: detectorInput(picture, size) });
    const outputs = STRIDES.map((_, level) => ({
      logits: levels[`logits${level}`]!,
      deltas: levels[`deltas${level}`]!,
      columns: session.graph.outputs.find(({ name }) => name === `logits${level}`)!.shape[3]!,
    }));
    return { size, levels, proposals: proposals(outputs, size, settings) };
  }

  /** Runs the box head over regions, given in pixels of the resized picture. */
  async predictBoxes(pyramid: Pyramid, regions: Boxes): Promise<BoxPredictions> {
    const padded = { height: pyramid.size.paddedHeight, width: pyramid.size.paddedWidth };
    const session = await this.#detectorSession("boxes", padded, () => boxHeadGraph(this.config, padded));
    const { classes } = this.config.detector!;
    const count = boxCount(regions);
    const scores = new Float32Array(count * (classes + 1));
    const deltas = new Float32Array(count * 4 * classes);
    for (let from = 0; from < count; from += BOXES_PER_RUN) {
      const part = Math.min(BOXES_PER_RUN, count - from);
      const outputs = await session.run({ ...pyramid.levels, ...regionInputs(regions, from, part, BOXES_PER_RUN) });
      scores.set(outputs.scores!.subarray(0, part * (classes + 1)), from * (classes + 1));
      deltas.set(outputs.deltas!.subarray(0, part * 4 * classes), from * 4 * classes);
    }
    return { scores, deltas };
  }

  /** The mask of each object's own class, [28, 28] logits over its box. */
  async predictMasks(pyramid: Pyramid, found: readonly Detection[]): Promise<Float32Array[]> {
    if (found.length === 0) return [];
    const { size } = pyramid;
    const padded = { height: size.paddedHeight, width: size.paddedWidth };
    const session = await this.#detectorSession("masks", padded, () => maskHeadGraph(this.config, padded));
    const regions = Float32Array.from(
      found.flatMap(({ box }) => [...box].map((value, k) => value * size.scale[k % 2]!)),
    );
    const plane = MASK_SIDE ** 2;
    const result: Float32Array[] = [];
    for (let from = 0; from < found.length; from += MASKS_PER_RUN) {
      const part = Math.min(MASKS_PER_RUN, found.length - from);
      const outputs = await session.run({ ...pyramid.levels, ...regionInputs(regions, from, part, MASKS_PER_RUN) });
      for (let i = 0; i < part; i++) {
        const at = (i * this.config.detector!.classes + found[from + i]!.label) * plane;
        result.push(outputs.masks!.slice(at, at + plane));
      }
    }
    return result;
  }

  #detectorSession(
    kind: string,
    { height, width }: typeof SMALLEST,
    graph: Parameters<SessionCache["get"]>[2],
  ): Promise<OpenGraph> {
    return this.#sessions.get(kind, `${height}x${width}`, graph, this.#weights, this.#options);
  }

  async close(): Promise<void> {
    await this.#calibration?.close();
    await this.#sessions.closeAll();
  }
}

/** Regions [from, from + count) as the heads take them: each in the list of its level, empty in the other lists and at the end. */
export function regionInputs(
  regions: Boxes,
  from: number,
  count: number,
  perRun: number,
): Record<string, Float32Array> {
  const lists = [0, 1, 2, 3].map(() => new Float32Array(4 * perRun));
  for (let i = 0; i < count; i++) lists[regionLevel(regions, from + i)]!.set(boxAt(regions, from + i), 4 * i);
  return Object.fromEntries(lists.map((list, level) => [`regions${level}`, list]));
}

/** One array after another. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Softmax. */
export function probabilities(logits: Float32Array): Float32Array {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
