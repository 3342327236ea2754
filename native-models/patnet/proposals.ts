/** Region proposals out of the pyramid's scores and deltas (S. Ren et al., "Faster R-CNN", 2015), with mmdet's conventions. */
import { applyDelta, type Boxes, boxAt, byScore, sigmoid, suppress } from "./boxes.ts";
import type { TestSettings } from "./config.ts";
import { ANCHORS_PER_CELL, STRIDES } from "./detector.ts";

/** An anchor's side is this many strides; its shape one of these ratios of height to width. */
const ANCHOR_SCALE = 8;
const ANCHOR_RATIOS = [0.5, 1, 2] as const;

export interface Proposals {
  /** In pixels of the resized picture, best first. */
  readonly boxes: Boxes;
  /** 0 to 1. */
  readonly scores: Float32Array;
  /** Pyramid level that each was found on. */
  readonly levels: Uint8Array;
}

/** One level's outputs: logits [3, h, w], deltas [12, h, w]. */
export interface LevelOutput {
  readonly logits: Float32Array;
  readonly deltas: Float32Array;
  /** Cells a row. */
  readonly columns: number;
}

/** The anchor of a cell, centred on the cell's corner. */
function anchor(level: number, row: number, column: number, shape: number): readonly number[] {
  const stride = STRIDES[level]!;
  const ratio = Math.sqrt(ANCHOR_RATIOS[shape]!);
  const [halfWidth, halfHeight] = [(ANCHOR_SCALE * stride) / ratio / 2, (ANCHOR_SCALE * stride * ratio) / 2];
  const [x, y] = [column * stride, row * stride];
  return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
}

/**
 * The best proposals of a picture. They are ranked by logit, which is mmdet's order by score as long as scores differ; the scores of sure
 * objects come so near to 1 that float32 tells them apart no longer, and their order would hang on rounding.
 * @param size of the resized picture without its padding
 */
export function proposals(
  levels: readonly LevelOutput[],
  size: { width: number; height: number },
  settings: TestSettings,
): Proposals {
  const found: { box: Boxes; logit: number; level: number }[] = [];
  for (const [level, { logits, deltas, columns }] of levels.entries()) {
    const cells = logits.length / ANCHORS_PER_CELL;
    // Anchors are numbered cell by cell, the outputs lie shape by shape.
    const numbered = Float32Array.from(logits, (_, i) => logits[(i % ANCHORS_PER_CELL) * cells + Math.floor(i / 3)]!);
    for (const index of byScore(numbered).slice(0, settings.proposalsBefore)) {
      const [cell, shape] = [Math.floor(index / ANCHORS_PER_CELL), index % ANCHORS_PER_CELL];
      const delta = [0, 1, 2, 3].map((k) => deltas[(4 * shape + k) * cells + cell]!);
      const box = new Float32Array(4);
      applyDelta(anchor(level, Math.floor(cell / columns), cell % columns, shape), delta, [1, 1, 1, 1], size, box);
      if (box[2]! > box[0]! && box[3]! > box[1]!) found.push({ box, logit: numbered[index]!, level });
    }
  }
  const boxes = new Float32Array(4 * found.length);
  for (const [i, { box }] of found.entries()) boxes.set(box, 4 * i);
  const logits = found.map(({ logit }) => logit);
  const groups = found.map(({ level }) => level);
  const kept = suppress(boxes, logits, groups, settings.proposalIou).slice(0, settings.proposals);
  return {
    boxes: Float32Array.from(kept.flatMap((index) => [...boxAt(boxes, index)])),
    scores: Float32Array.from(kept, (index) => sigmoid(logits[index]!)),
    levels: Uint8Array.from(kept, (index) => groups[index]!),
  };
}

/** A region of this many pixels a side is cut from the finest level; each doubling goes one level up. */
const FINEST_SIDE = 56;
const COARSEST_LEVEL = 3;

/** The pyramid level that a region's features are cut from. */
export function regionLevel(boxes: Boxes, index: number): number {
  const [x1, y1, x2, y2] = boxAt(boxes, index) as unknown as [number, number, number, number];
  const level = Math.floor(Math.log2(Math.sqrt((x2 - x1) * (y2 - y1)) / FINEST_SIDE + 1e-6));
  return Math.min(Math.max(level, 0), COARSEST_LEVEL);
}
