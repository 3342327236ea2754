import * as fc from "fast-check";
import { expect, test } from "vitest";
import { balancedWidth, gridHeight, pictureHeight, tileWidth } from "./layout.ts";

const room = { width: 1070, height: 640 };
const squares = (count: number) => Array.from({ length: count }, () => 1);
const clipsOf = (aspects: readonly number[]) => aspects.map((aspect) => ({ width: 128 * aspect, height: 128 }));

test("one clip fills the room, but not to mush", () => {
  expect(pictureHeight(clipsOf([1]), room)).toBe(560);
  expect(pictureHeight([{ width: 64, height: 64 }], room)).toBe(384);
  expect(pictureHeight(clipsOf([1.5]), { width: 600, height: 640 })).toBe(400);
});

test("four stand two by two", () => {
  const height = pictureHeight(clipsOf(squares(4)), room);
  const width = balancedWidth(squares(4), height, room.width);
  expect(width).toBe(2 * height + 16);
});

test("many are small and scroll", () => {
  expect(pictureHeight(clipsOf(squares(60)), room)).toBe(208);
});

test("tiles fit in the width, and when there is a way to see all at once they fit in the height", () => {
  const aspects = fc.array(fc.constantFrom(0.5, 0.67, 1, 1.5, 1.78, 2), { minLength: 1, maxLength: 40 });
  const boxes = fc.record({ width: fc.integer({ min: 400, max: 2400 }), height: fc.integer({ min: 250, max: 1400 }) });
  fc.assert(
    fc.property(aspects, boxes, (shapes, box) => {
      const height = pictureHeight(clipsOf(shapes), box);
      const width = balancedWidth(shapes, height, box.width);
      for (const aspect of shapes) expect(tileWidth(aspect, height)).toBeLessThanOrEqual(box.width + 1);
      expect(width).toBeLessThanOrEqual(box.width);
      expect(gridHeight(shapes, height, width)).toBe(gridHeight(shapes, height, box.width));
      if (height > 208) expect(gridHeight(shapes, height, box.width)).toBeLessThanOrEqual(box.height);
    }),
  );
});
