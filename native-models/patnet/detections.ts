/** From the box head's predictions to the objects of a picture. */
import { applyDelta, type Boxes, boxAt, suppress } from "./boxes.ts";
import type { TestSettings } from "./config.ts";

/** What the box head's predictions are multiplied by. */
const DEVIATIONS = [0.1, 0.1, 0.2, 0.2] as const;

export interface Detection {
  /** x1, y1, x2, y2 in pixels of the original picture. */
  readonly box: Float32Array;
  /** 0 to 1. */
  readonly score: number;
  /** Number of the class. */
  readonly label: number;
}

export interface BoxPredictions {
  /** [R, classes + 1], background last. */
  readonly scores: Float32Array;
  /** [R, 4·classes] */
  readonly deltas: Float32Array;
}

/**
 * Objects, best first.
 * @param regions that the predictions are about, in pixels of the resized picture
 * @param size of the resized picture without its padding
 * @param scale pixels of the resized picture in one of the original, horizontally and vertically
 */
export function detections(
  regions: Boxes,
  { scores, deltas }: BoxPredictions,
  { size, scale }: { size: { width: number; height: number }; scale: readonly [number, number] },
  settings: TestSettings,
): Detection[] {
  const count = regions.length / 4;
  const classes = scores.length / count - 1;
  const found: Detection[] = [];
  for (let region = 0; region < count; region++)
    for (let label = 0; label < classes; label++) {
      const score = scores[region * (classes + 1) + label]!;
      if (!(score > settings.scoreThreshold)) continue;
      const box = new Float32Array(4);
      const at = 4 * (region * classes + label);
      applyDelta(boxAt(regions, region), deltas.subarray(at, at + 4), DEVIATIONS, size, box);
      // Overlaps are judged in the original picture.
      for (let k = 0; k < 4; k++) box[k]! /= scale[k % 2]!;
      found.push({ box, score, label });
    }
  const boxes = new Float32Array(4 * found.length);
  for (const [i, { box }] of found.entries()) boxes.set(box, 4 * i);
  const labels = found.map(({ label }) => label);
  const kept = suppress(
    boxes,
    found.map(({ score }) => score),
    labels,
    settings.iou,
  );
  return kept.slice(0, settings.detections).map((index) => found[index]!);
}
