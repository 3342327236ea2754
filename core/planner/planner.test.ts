import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClipCosts,
  engineName,
  learntMemory,
  type MeasuredRun,
  memoryOf,
  secondsOf,
  smaller,
  sortSeconds,
} from "./index.ts";

const costs = (steps: number, step: number): ClipCosts => ({
  phases: [
    { phase: "text", units: 1, flops: 1e9 },
    { phase: "denoise", units: steps, flops: steps * step },
    { phase: "decode", units: 16, flops: 16e9 },
  ],
  memory: [
    { weights: 100e6, copied: 0, activations: 50e6 },
    { weights: 10e6, copied: 10e6, activations: 900e6 },
  ],
});
const engine = engineName("abcdefabcdef0123", "fp32", 2, "cpu");
const run = (size: string, steps: number, step: number, secondsAStep: number): MeasuredRun => ({
  model: "m",
  engine,
  size,
  phases: costs(steps, step).phases.map((part) => ({
    ...part,
    seconds: part.phase === "denoise" ? steps * secondsAStep : part.flops / 50e9,
  })),
  otherSeconds: 2,
  peakBytes: 0,
  plannedBytes: 0,
});
const wish = (size: string, steps: number, step: number, peak: number | null = null) =>
  ({ costs: costs(steps, step), model: "m", engine, size, peak }) as const;

/** A clip whose tensors take so many megabytes. */
const sized = (activations: number): ClipCosts => ({
  phases: [],
  memory: [{ weights: 1e8, copied: 0, activations: activations * 1e6 }],
});

const learnt = (size: number, runs: readonly MeasuredRun[]): number =>
  learntMemory(sized(size), { model: "m", engine, size: String(size) }, runs);

describe("how long a clip takes", () => {
  it("is not known before anything is, then estimated from the computer's speed, then measured", () => {
    expect(secondsOf(wish("a", 4, 100e9), [])).toBeNull();
    const guess = secondsOf(wish("a", 4, 100e9, 100e9), [])!;
    expect(guess.basis).toBe("estimated");
    expect(guess.seconds).toBeCloseTo((1 + 400 + 16) / 60, 6);
    const known = secondsOf(wish("a", 8, 100e9), [run("a", 4, 100e9, 3)])!;
    expect(known.basis).toBe("measured");
    expect(known.seconds).toBeCloseTo(8 * 3 + 17 / 50 + 2, 6);
  });

  it("follows the newest runs and is scaled by work to sizes that were not made yet", () => {
    const runs = [run("a", 4, 100e9, 3), run("a", 4, 100e9, 5)];
    expect(secondsOf(wish("a", 1, 100e9), runs)!.seconds).toBeCloseTo(4 + 17 / 50 + 2, 6);
    const other = secondsOf(wish("b", 1, 300e9), runs)!;
    expect(other.basis).toBe("scaled");
    expect(other.seconds).toBeCloseTo((300e9 / 100e9) * 5 + 17 / 50 + 2, 6);
    // The nearer in size tells it.
    const near = secondsOf(wish("b", 1, 300e9), [...runs, run("c", 4, 400e9, 40)])!;
    expect(near.seconds).toBeCloseTo((300 / 400) * 40 + 17 / 50 + 2, 6);
  });

  it("is told by another model on the same device, but not by other threads", () => {
    const runs = [{ ...run("a", 4, 100e9, 3), model: "other" }];
    expect(secondsOf(wish("a", 4, 100e9), runs)!.basis).toBe("estimated");
    const threads = engineName("abcdefabcdef0123", "fp32", 8, "cpu");
    expect(secondsOf({ ...wish("a", 4, 100e9), engine: threads }, runs)).toBeNull();
  });

  it("never falls when there are more steps, whatever was measured", () => {
    const anyRun = fc
      .tuple(
        fc.constantFrom("a", "b", "c"),
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0.001, max: 100, noNaN: true }),
      )
      .map(([size, steps, seconds]) => run(size, steps, 1e11, seconds));
    fc.assert(
      fc.property(fc.array(anyRun), fc.integer({ min: 1, max: 49 }), (runs, steps) => {
        const [few, more] = [wish("a", steps, 1e11, 1e10), wish("a", steps + 1, 1e11, 1e10)];
        expect(secondsOf(more, runs)!.seconds).toBeGreaterThan(secondsOf(few, runs)!.seconds);
      }),
    );
  });

  it("sorts a record's seconds into phases; measuring for int8 is nobody's", () => {
    expect(
      sortSeconds({
        load: 1,
        text: 2,
        "keyframes: denoise": 3,
        "motion: denoise": 4,
        "motion: decode": 5,
        calibrate: 100,
      }),
    ).toEqual({ phases: { text: 2, denoise: 7, decode: 5 }, other: 1 });
  });
});

const took = (size: string, peakBytes: number, plannedBytes: number) => ({
  ...run(size, 1, 1, 1),
  peakBytes,
  plannedBytes,
});

describe("memory", () => {
  it("is that of the worst moment", () => {
    expect(memoryOf(costs(1, 1))).toBeGreaterThan(900e6);
    expect(memoryOf({ ...costs(1, 1), memory: costs(1, 1).memory.slice(0, 1) })).toBeLessThan(600e6);
  });

  it("is what such a clip took, or the formula corrected by the nearest clip of this model", () => {
    const planned = memoryOf(costs(1, 1));
    const clip = { model: "m", engine, size: "a" };
    expect(learntMemory(costs(1, 1), clip, [])).toBe(planned);
    expect(learntMemory(costs(1, 1), clip, [took("b", 0, 0)])).toBe(planned);
    expect(learntMemory(costs(1, 1), clip, [took("b", 3e9, 2e9)])).toBeCloseTo(planned * 1.5, 0);
    // Between a smaller and a larger one.
    const between = learntMemory(costs(1, 1), clip, [took("b", 3e9, 2e9), took("c", 1e8, 2e8)]);
    expect(between).toBeGreaterThan(1e8);
    expect(between).toBeLessThan(3e9);
    expect(learntMemory(costs(1, 1), clip, [took("b", 6e9, 1e9)])).toBeCloseTo(planned * 4, 0);
    expect(learntMemory(costs(1, 1), clip, [took("b", 9e9, 1e9)])).toBe(9e9); // no less than a smaller one took
    expect(learntMemory(costs(1, 1), clip, [took("a", 5e8, 2e9), took("a", 6e8, 2e9)])).toBe(6e8);
    expect(learntMemory(costs(1, 1), { ...clip, model: "other" }, [took("a", 5e8, 2e9)])).toBe(planned);
  });

  it("never falls for a larger clip, whatever was measured", () => {
    // The same clip is planned the same.
    const anyRun = fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.3, max: 5, noNaN: true }))
      .map(([size, ratio]) => ({
        ...took(String(size), ratio * memoryOf(sized(size)), memoryOf(sized(size))),
      }));
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 6 }), fc.integer({ min: 1, max: 999 }), (runs, size) => {
        expect(learnt(size + 1, runs)).toBeGreaterThanOrEqual(learnt(size, runs) - 1);
      }),
    );
  });
});

it("smaller clips fall in size, keep about the shape, and end", () => {
  const { shorter, narrower } = smaller({ width: 512, height: 320, frames: 16 }, [24, 16, 12, 8]);
  expect(shorter.map(({ frames }) => frames)).toEqual([12, 8]);
  expect(narrower[0]).toEqual({ width: 448, height: 256, frames: 16 });
  expect(narrower.at(-1)).toEqual({ width: 64, height: 64, frames: 16 });
});
