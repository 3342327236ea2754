import { expect, it } from "vitest";
import { decibels, fall, placeOf, silentReading } from "./meter-scale.ts";

it("a meter's scale is in decibels, with more room for what is loud", () => {
  expect([decibels(1), decibels(0.5), decibels(0)]).toEqual([0, expect.closeTo(-6.02, 2), -80]);
  expect([placeOf(-90), placeOf(3), placeOf(20)]).toEqual([0, 1, 1]);
  expect(placeOf(0) - placeOf(-6)).toBeGreaterThan(placeOf(-36) - placeOf(-42));
});

it("rises at once, holds its peak, falls slowly, and remembers distortion for a while", () => {
  const loud = fall(silentReading, { peak: 1.2, rms: 0.5 }, 0.02);
  expect(loud).toMatchObject({ peak: decibels(1.2), held: decibels(1.2), power: decibels(0.5), clipped: 2 });
  const later = fall(loud, { peak: 0, rms: 0 }, 1);
  expect(later.held).toBe(loud.held);
  expect(loud.peak - later.peak).toBeCloseTo(20 / 1.7);
  expect(later.clipped).toBe(1);
  const long = fall(fall(later, { peak: 0, rms: 0 }, 1), { peak: 0, rms: 0 }, 10);
  expect([long.held, long.peak, long.power, long.clipped]).toEqual([-80, -80, -80, 0]);
});

it("shows nothing of silence, also where a frame began before it was asked for", () => {
  expect(fall(silentReading, { peak: 0, rms: 0 }, -0.01)).toEqual({ ...silentReading, hold: expect.any(Number) });
});
