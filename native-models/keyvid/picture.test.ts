import { assert, double, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Picture } from "../types.ts";
import { CLIP_SIDE, clipPicture } from "./clip-picture.ts";
import { cropBox, fitPicture, fromBytes, fromRgb8, modelPicture, toBytes } from "./picture.ts";

function plain(width: number, height: number, colour: readonly [number, number, number]): Picture {
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!) };
}

const side = integer({ min: 1, max: 500 });
const share = double({ min: 0, max: 1, noNaN: true });

describe("fitting a picture", () => {
  it("crops the target's shape out of any picture, inside it, around the focus", () => {
    assert(
      property(side, side, side, side, share, share, (width, height, w, h, x, y) => {
        const box = cropBox({ width, height }, { width: w, height: h }, { x, y });
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.top).toBeGreaterThanOrEqual(0);
        expect(box.width).toBeGreaterThanOrEqual(1);
        expect(box.height).toBeGreaterThanOrEqual(1);
        expect(box.left + box.width).toBeLessThanOrEqual(width);
        expect(box.top + box.height).toBeLessThanOrEqual(height);
        // One side is kept whole, up to the rounding of the aspect.
        expect(box.width === width || box.height === height).toBe(true);
      }),
    );
  });

  it("by default takes the middle, rounded down; at a corner the corner", () => {
    expect(cropBox({ width: 201, height: 90 }, { width: 64, height: 48 })).toEqual({
      width: 120,
      height: 90,
      left: 40,
      top: 0,
    });
    expect(cropBox({ width: 200, height: 90 }, { width: 64, height: 48 }, { x: 1, y: 1 }).left).toBe(80);
    expect(cropBox({ width: 200, height: 90 }, { width: 64, height: 48 }, { x: 0, y: 0 }).left).toBe(0);
  });

  it("keeps a plain colour at any size, one pixel included", () => {
    for (const [width, height] of [
      [1, 1],
      [1, 300],
      [700, 3],
      [64, 48],
      [5, 7],
    ] as const) {
      const fitted = fitPicture(plain(width, height, [255, 51, 0]), { width: 64, height: 48 });
      const plane = 64 * 48;
      expect(fitted[0]).toBeCloseTo(1, 5);
      expect(fitted[plane + 100]).toBeCloseTo(0.2, 5);
      expect(fitted[3 * plane - 1]).toBe(0);
    }
  });

  it("averages when it shrinks instead of picking pixels", () => {
    const stripes = {
      width: 256,
      height: 256,
      rgb: Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 0 : 255)),
    };
    for (const value of fitPicture(stripes, { width: 32, height: 32 }))
      expect(Math.abs(value - 0.5)).toBeLessThan(0.03);
  });

  it("passes through 8 bit like the reference", () => {
    expect([...toBytes(Float32Array.of(0, 0.999, 1, 0.5, -1, 2))]).toEqual([0, 254, 255, 127, 0, 255]);
    const values = fromBytes(Uint8Array.of(0, 255));
    expect([...values]).toEqual([-1, 1]);
    const picture = plain(64, 48, [10, 20, 30]);
    expect(modelPicture(picture, { width: 64, height: 48 })).toEqual(fromRgb8(picture.rgb));
  });
});

describe("the image tower's view", () => {
  it("of a plain grey is the normalised grey at any size", () => {
    for (const [width, height] of [
      [512, 320],
      [16, 24],
      [128, 128],
    ] as const) {
      const view = clipPicture(new Float32Array(3 * width * height), width, height);
      expect(view).toHaveLength(3 * CLIP_SIDE * CLIP_SIDE);
      expect(view[0]).toBeCloseTo((0.5 - 0.48145466) / 0.26862954, 5);
      expect(view.at(-1)).toBeCloseTo((0.5 - 0.40821073) / 0.27577711, 5);
    }
  });

  it("shows the whole frame: its corners are the picture's corners", () => {
    const [width, height] = [16, 24];
    const image = new Float32Array(3 * width * height).fill(-1);
    image[width * height - 1] = 1;
    const view = clipPicture(image, width, height);
    const red = view.subarray(0, CLIP_SIDE * CLIP_SIDE);
    expect(red.indexOf(Math.max(...red))).toBe(CLIP_SIDE * CLIP_SIDE - 1);
  });
});
