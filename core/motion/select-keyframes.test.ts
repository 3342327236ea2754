import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fillEvenly } from "./select-evenly.ts";
import {
  completeKeyframes,
  motionExtremes,
  referenceRandom,
  selectAsReference,
  selectKeyframes,
} from "./select-keyframes.ts";

const goldens = process.env["PLUME_GOLDENS"] ?? fileURLToPath(new URL("../../../shared/goldens", import.meta.url));
const recorded = join(goldens, "keyvid/keyframes/selection.json");
const found = existsSync(recorded);
const drawSchema = z.discriminatedUnion("call", [
  z.object({ call: z.literal("np.random.choice"), pool: z.array(z.number()), result: z.array(z.number()) }),
  z.object({ call: z.literal("random.random"), result: z.number() }),
]);
const schema = z.object({
  curves: z.record(
    z.string(),
    z.object({
      peaks: z.array(z.number()),
      valleys: z.array(z.number()),
      runs: z.array(z.object({ seed: z.number(), indices: z.array(z.number()), draws: z.array(drawSchema) })),
    }),
  ),
});

describe.skipIf(!found)("the reference's selection", () => {
  const { curves } = schema.parse(JSON.parse(found ? readFileSync(recorded, "utf8") : '{"curves":{}}'));
  const runs = Object.entries(curves).flatMap(([name, curve]) => curve.runs.map((run) => ({ name, curve, run })));

  it.each(runs)("$name with seed $run.seed: same indices out of the seed", ({ curve, run }) => {
    expect(selectAsReference(curve, referenceRandom(run.seed))).toEqual(run.indices);
  });

  it.each(runs)("$name with seed $run.seed: asks for the recorded draws in order", ({ curve, run }) => {
    const draws = [...run.draws];
    const choice = (pool: readonly number[], count: number): number[] => {
      const draw = draws.shift();
      if (draw?.call !== "np.random.choice") throw new Error("another draw was recorded here");
      expect(draw.pool).toEqual(pool);
      expect(draw.result).toHaveLength(count);
      return draw.result;
    };
    const uniform = () => {
      const draw = draws.shift();
      if (draw?.call !== "random.random") throw new Error("another draw was recorded here");
      return draw.result;
    };
    const random = { without: choice, one: (pool: readonly number[]) => choice(pool, 1)[0]!, uniform };
    expect(selectAsReference(curve, random)).toEqual(run.indices);
    expect(draws).toEqual([]);
  });
});

const curves = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 48, maxLength: 48 });
const lockedFrames = fc.uniqueArray(fc.nat(47), { maxLength: 11 });

const lock = (locked: number[]) => () => selectKeyframes(new Float32Array(48), { mode: "even", seed: 0, locked });

describe("keyframes of any curve", () => {
  it.each(["even", "reference"] as const)("%s: twelve ascending frames from 0, the locked ones among them", (mode) => {
    fc.assert(
      fc.property(curves, lockedFrames, fc.nat(0xffffffff), (scores, locked, seed) => {
        const frames = selectKeyframes(scores, { mode, seed, locked });
        expect(frames).toHaveLength(12);
        expect(frames[0]).toBe(0);
        expect(
          frames.every((frame, i) => Number.isInteger(frame) && frame < 48 && (i === 0 || frame > frames[i - 1]!)),
        ).toBe(true);
        expect(locked.every((frame) => frames.includes(frame))).toBe(true);
        expect(selectKeyframes(scores, { mode, seed, locked })).toEqual(frames);
      }),
    );
  });

  it("even: takes a lone peak and leaves no wide gap, whatever the seed", () => {
    const scores = Array.from({ length: 48 }, (_, i) => Math.exp(-((i - 17) ** 2) / 8));
    const frames = selectKeyframes(scores, { mode: "even", seed: 1 });
    expect(frames).toContain(17);
    expect(frames).toEqual(selectKeyframes(scores, { mode: "even", seed: 2 }));
    const gaps = frames.map((frame, i) => (frames[i + 1] ?? 48) - frame);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5);
  });

  it("a flat curve is divided evenly", () => {
    expect(selectKeyframes(new Float32Array(48), { mode: "even", seed: 0 })).toEqual([
      0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44,
    ]);
  });

  it("says what is wrong with locked frames", () => {
    expect(lock([48])).toThrow("A keyframe must be a whole number from 0 to 47.");
    expect(lock([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).toThrow(/At most 12 keyframes fit.*unlock 1\.$/u);
  });

  it("completes what a user placed", () => {
    expect(completeKeyframes([])).toHaveLength(12);
    expect(completeKeyframes([5, 6, 7])).toEqual(expect.arrayContaining([0, 5, 6, 7]));
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    expect(completeKeyframes(all)).toEqual(all);
    expect(fillEvenly([0], 3, 3)).toEqual([0, 1, 2]);
  });
});

it("finds peaks with plateaus, distance and prominence", () => {
  const scores = [0, 1, 1, 0, 0, 0, 0, 0.5, 0.2, 0.6, 0, 0, 0, 0, 0, 0.05, 0, 9];
  expect(motionExtremes(scores).peaks).toEqual([1, 9]);
  // Of two valleys of one depth the later stays.
  expect(motionExtremes(scores).valleys).toEqual([4, 16]);
});
