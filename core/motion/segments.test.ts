import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SEGMENT_FRAMES } from "../contract/animation.ts";
import { joinSegments, planSegments } from "./segments.ts";

const rate = 8000;
/** Noise that is silent in the given seconds. */
function noise(seconds: number, quiet: readonly [number, number][] = []) {
  let state = 1;
  const samples = Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const isQuiet = quiet.some(([from, to]) => i / rate >= from && i / rate < to);
    return isQuiet ? 0 : (state / 2 ** 32 - 0.5) * 0.8;
  });
  return { sampleRate: rate, channels: [samples] };
}

test("two seconds are one segment", () => {
  expect(planSegments(noise(2), 48)).toEqual([0]);
});

test("segments cover any clip from its first frame to its last, and neighbours overlap", () => {
  fc.assert(
    fc.property(fc.integer({ min: 49, max: 400 }), (frames) => {
      const starts = planSegments(noise(frames / 24), frames);
      expect(starts[0]).toBe(0);
      expect((starts.at(-1) ?? 0) + SEGMENT_FRAMES).toBe(frames);
      for (const [n, start] of starts.entries()) {
        if (n === 0) continue;
        const step = start - (starts[n - 1] ?? 0);
        expect(step).toBeGreaterThan(0);
        expect(step).toBeLessThanOrEqual(42);
      }
    }),
    { numRuns: 40 },
  );
});

test("the cut falls into the quiet moment", () => {
  const [, second] = planSegments(noise(3.4, [[1.3, 1.7]]), 82);
  expect(second).toBe(34); // the only place, with one step of 34
  const [, cut] = planSegments(noise(5, [[1.42, 1.8]]), 120);
  expect((cut ?? 0) / 24).toBeGreaterThanOrEqual(1.4);
  expect((cut ?? 0) / 24).toBeLessThan(1.6);
});

test("cuts lie between beats where the clip's length leaves them free", () => {
  const beats = Array.from({ length: 14 }, (_, n) => n * 0.5);
  const samples = Float32Array.from({ length: 7 * rate }, (_, i) => {
    const since = (i / rate) % 0.5;
    return Math.sin(2 * Math.PI * 70 * since) * Math.exp(-14 * since);
  });
  for (const seconds of [4, 5, 6, 7]) {
    const starts = planSegments({ sampleRate: rate, channels: [samples] }, seconds * 24);
    for (const start of starts.slice(1, -1)) // the last cut is where the clip's length puts it
      expect(Math.min(...beats.map((beat) => Math.abs(beat - start / 24)))).toBeGreaterThan(0.08);
  }
});

test("a frame belongs to one segment, or to two whose shares sum to one and pass smoothly", () => {
  const starts = [0, 36, 72];
  const shares = Array.from({ length: 120 }, (_, frame) => joinSegments(starts, frame));
  for (const [frame, parts] of shares.entries()) {
    expect(parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    for (const { segment } of parts) {
      const local = frame - (starts[segment] ?? 0);
      expect(local).toBeGreaterThanOrEqual(0);
      expect(local).toBeLessThan(SEGMENT_FRAMES);
    }
  }
  expect(shares[35]).toEqual([{ segment: 0, share: 1 }]);
  expect(shares[36]).toHaveLength(2);
  expect(shares[42]).toEqual([{ segment: 1, share: 1 }]);
  const rising = shares.slice(36, 42).map((parts) => parts[1]?.share ?? 0);
  expect(rising).toEqual([...rising].sort((a, b) => a - b));
});
