import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyDelta, iou, suppress } from "./boxes.ts";
import { maskArea, pasteMask } from "./masks.ts";
import { proposals, regionLevel } from "./proposals.ts";
import { testSettingsSchema } from "./config.ts";

const boxesArbitrary = fc
  .array(fc.tuple(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((list) => Float32Array.from(list.flatMap(([x, y, width, height]) => [x, y, x + width, y + height])));

describe("suppress", () => {
  it("keeps no two boxes of a group that overlap too much, and drops none without a better rival", () => {
    fc.assert(
      fc.property(boxesArbitrary, fc.integer(), (boxes, seed) => {
        const count = boxes.length / 4;
        const scores = Array.from({ length: count }, (_, i) => ((Math.imul(i + 1, seed | 1) >>> 0) % 1000) / 1000);
        const groups = scores.map((_, i) => i % 2);
        const kept = suppress(boxes, scores, groups, 0.5);
        const set = new Set(kept);
        for (const a of kept)
          for (const b of kept)
            if (a !== b && groups[a] === groups[b]) expect(iou(boxes, a, b)).toBeLessThanOrEqual(0.5);
        for (let i = 0; i < count; i++)
          if (!set.has(i))
            expect(
              kept.some((j) => groups[j] === groups[i] && scores[j]! >= scores[i]! && iou(boxes, i, j) > 0.5),
            ).toBe(true);
        expect(kept.every((index, i) => i === 0 || scores[kept[i - 1]!]! >= scores[index]!)).toBe(true);
      }),
    );
  });
});

describe("applyDelta", () => {
  const size = { width: 100, height: 80 };
  it("moves by shares of the box, grows by exponentials, and clips to the picture", () => {
    const result = new Float32Array(4);
    applyDelta([10, 10, 30, 20], [0.5, -1, Math.log(2), 0], [1, 1, 1, 1], size, result);
    expect([...result]).toEqual([10, 0, 50, 10].map(Math.fround));
  });

  it("bounds the growth", () => {
    const result = new Float32Array(4);
    applyDelta([49, 39, 51, 41], [0, 0, -50, 0], [1, 1, 1, 1], size, result);
    expect(result[2]! - result[0]!).toBeCloseTo(2 * (16 / 1000), 4);
  });
});

it("regionLevel: 56 pixels a side and more stand on coarser levels, with both ends held", () => {
  const levels = [10, 111, 113, 225, 449, 5000].map((side) => regionLevel(Float32Array.of(0, 0, side, side), 0));
  expect(levels).toEqual([0, 0, 1, 2, 3, 3]);
});

it("proposals: one bright cell gives its anchor, centred on the cell's corner", () => {
  const levels = [0, 1, 2, 3, 4].map((level) => {
    const columns = 64 >> level;
    const cells = columns * columns;
    const logits = new Float32Array(3 * cells);
    if (level === 1) logits[cells + 5 * columns + 9] = 1;
    return { logits, deltas: new Float32Array(12 * cells), columns };
  });
  const settings = testSettingsSchema.parse({ proposals: 1 });
  const found = proposals(levels, { width: 250, height: 250 }, settings);
  // Shape 1 is the square of 8 strides of 8 pixels, at column 9 and row 5.
  expect([...found.boxes]).toEqual([9 * 8 - 32, 5 * 8 - 32, 9 * 8 + 32, 5 * 8 + 32]);
  expect([...found.levels]).toEqual([1]);
  expect(found.scores[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
});

it("proposals: of two sure anchors whose scores are the same float32 the surer one stays", () => {
  const logits = Float32Array.of(0, 0, 0, 0, 17.5, 17.6, 0, 0, 0, 0, 0, 0);
  expect(Math.fround(1 / (1 + Math.exp(-17.5)))).toBe(Math.fround(1 / (1 + Math.exp(-17.6))));
  const level = { logits, deltas: new Float32Array(12 * 4), columns: 2 };
  const settings = testSettingsSchema.parse({ proposals: 1 });
  // Shape 1 (a square of 8 strides of 4 pixels) of the second cell, not of the first.
  const found = proposals([level], { width: 250, height: 250 }, settings);
  expect([...found.boxes]).toEqual([0, 0, 20, 16]);
});

describe("pasteMask", () => {
  const full = new Float32Array(28 * 28).fill(1);
  const size = { width: 40, height: 30 };

  it("fills the pixels whose centres lie in the box", () => {
    const mask = pasteMask(full, [5, 6, 15, 16], size, 0.5);
    expect(maskArea(mask)).toBe(100);
    expect([mask.left, mask.top, mask.width, mask.height]).toEqual([4, 5, 12, 12]);
  });

  it("stays inside the picture", () => {
    const mask = pasteMask(full, [-20, -20, 60, 60], size, 0.5);
    expect(maskArea(mask)).toBe(40 * 30);
    expect([mask.left, mask.top, mask.width, mask.height]).toEqual([0, 0, 40, 30]);
    expect(maskArea(pasteMask(full, [5, 5, 5, 9], size, 0.5))).toBe(0);
  });

  it("draws the left half of a mask on the left half of its box", () => {
    const half = full.map((_, i) => (i % 28 < 14 ? 1 : 0));
    const mask = pasteMask(half, [0, 0, 28, 28], size, 0.5);
    const columns = Array.from({ length: mask.width }, (_, column) => mask.data[column]);
    expect(columns.slice(0, 14)).toEqual(Array(14).fill(1));
    expect(columns.slice(14)).toEqual(Array(mask.width - 14).fill(0));
  });
});
