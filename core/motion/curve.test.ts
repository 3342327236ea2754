import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blendCurves, curveLength, curveRange, drawOnCurve, segmentScores, smoothCurve, snapFrame } from "./curve.ts";

const close = (curve: ArrayLike<number>) => Array.from(curve, (score) => Math.round(score * 1000) / 1000);
const scores = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 100 });

describe("motion curves", () => {
  it("cover their sound", () => {
    expect(curveLength(2)).toBe(48);
    expect(curveLength(2.01)).toBe(49);
    expect(curveLength(0)).toBe(1);
  });

  it("are drawn over by a stroke in either direction, and keep what lies beside it", () => {
    const flat = new Float32Array(8);
    const rising = [
      { at: 1.5, score: 0 },
      { at: 5.5, score: 1 },
    ];
    expect(close(drawOnCurve(flat, rising))).toEqual([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 0]);
    expect(close(drawOnCurve(flat, rising.toReversed()))).toEqual([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 0]);
    expect(close(flat)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(close(drawOnCurve(flat, [{ at: 2.2, score: 0.5 }]))).toEqual([0, 0, 0.5, 0, 0, 0, 0, 0]);
    expect(
      close(
        drawOnCurve(flat, [
          { at: -3, score: 1 },
          { at: 1, score: 1 },
          { at: 90, score: 1 },
        ]),
      ),
    ).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("no edit leaves the range of what it mixes", () => {
    fc.assert(
      fc.property(scores, fc.nat(5), fc.double({ min: 0, max: 1, noNaN: true }), (values, radius, share) => {
        const curve = Float32Array.from(values);
        const { low, high } = curveRange(curve);
        const mixed = blendCurves(curve, smoothCurve(curve, radius), share);
        expect(mixed).toHaveLength(curve.length);
        expect(mixed.every((score) => score >= low - 1e-5 && score <= high + 1e-5)).toBe(true);
      }),
    );
  });

  it("give each segment 48 scores, holding the ends", () => {
    const curve = Float32Array.from({ length: 60 }, (_, i) => i);
    expect(segmentScores(curve, 30)[0]).toBe(30);
    expect(segmentScores(curve, 30)[47]).toBe(59);
    expect(segmentScores(curve, -2)[0]).toBe(0);
  });

  it("snap to a beat that is near", () => {
    expect(snapFrame(11, [0, 0.5, 1], 2)).toBe(12);
    expect(snapFrame(9, [0, 0.5, 1], 2)).toBe(9);
    expect(snapFrame(9, [], 2)).toBe(9);
  });
});
