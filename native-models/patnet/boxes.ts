/** Boxes as x1, y1, x2, y2 in pixels, many after another in one array; corners are points, so a box is x2 - x1 wide. */

/** Four numbers a box. */
export type Boxes = Float32Array;

export const boxCount = (boxes: Boxes): number => boxes.length / 4;
export const boxAt = (boxes: Boxes, index: number): Boxes => boxes.subarray(4 * index, 4 * index + 4);

/** Predicted sizes are bounded: no box grows or shrinks more than this factor at once. */
const LARGEST_LOG_RATIO = Math.abs(Math.log(16 / 1000));

/** The probability that a logit stands for. */
export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

const clip = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);

/**
 * Applies one predicted change to a box, clipped to the picture: the centre moves by shares of the width and height, which are
 * multiplied by exponentials (R. Girshick, "Fast R-CNN", 2015).
 * @param deviations what the four predictions are multiplied by
 * @param result where the box is written
 */
export function applyDelta(
  box: ArrayLike<number>,
  delta: ArrayLike<number>,
  deviations: readonly [number, number, number, number],
  size: { width: number; height: number },
  result: Boxes,
): void {
  const [x1, y1, x2, y2] = [box[0]!, box[1]!, box[2]!, box[3]!];
  const [width, height] = [x2 - x1, y2 - y1];
  const growth = (index: 2 | 3) =>
    Math.exp(Math.min(Math.max(delta[index]! * deviations[index], -LARGEST_LOG_RATIO), LARGEST_LOG_RATIO));
  const x = (x1 + x2) / 2 + width * delta[0]! * deviations[0];
  const y = (y1 + y2) / 2 + height * delta[1]! * deviations[1];
  const [halfWidth, halfHeight] = [(width * growth(2)) / 2, (height * growth(3)) / 2];
  result[0] = clip(x - halfWidth, size.width);
  result[1] = clip(y - halfHeight, size.height);
  result[2] = clip(x + halfWidth, size.width);
  result[3] = clip(y + halfHeight, size.height);
}

/** Intersection over union of two boxes; 0 where both are empty. */
export function iou(boxes: Boxes, a: number, b: number): number {
  const [i, j] = [4 * a, 4 * b];
  const width = Math.min(boxes[i + 2]!, boxes[j + 2]!) - Math.max(boxes[i]!, boxes[j]!);
  const height = Math.min(boxes[i + 3]!, boxes[j + 3]!) - Math.max(boxes[i + 1]!, boxes[j + 1]!);
  if (width <= 0 || height <= 0) return 0;
  const area = (k: number) => (boxes[k + 2]! - boxes[k]!) * (boxes[k + 3]! - boxes[k + 1]!);
  const shared = width * height;
  return shared / (area(i) + area(j) - shared);
}

/** Indices of scores from the highest down; equal ones keep their order. */
export function byScore(scores: ArrayLike<number>, indices: Iterable<number> = Array(scores.length).keys()): number[] {
  return [...indices].sort((a, b) => scores[b]! - scores[a]!);
}

/**
 * Greedy non-maximum suppression: boxes that overlap a better one of their group by more than `threshold` go.
 * @param groups level or class of each box; boxes of different groups do not see each other
 * @returns indices of those that stay, best first
 */
export function suppress(
  boxes: Boxes,
  scores: ArrayLike<number>,
  groups: ArrayLike<number>,
  threshold: number,
): number[] {
  const kept: number[] = [];
  const keptOf = new Map<number, number[]>();
  for (const candidate of byScore(scores)) {
    const group = groups[candidate]!;
    let rivals = keptOf.get(group);
    if (!rivals) keptOf.set(group, (rivals = []));
    if (rivals.some((rival) => iou(boxes, rival, candidate) > threshold)) continue;
    rivals.push(candidate);
    kept.push(candidate);
  }
  return kept;
}
