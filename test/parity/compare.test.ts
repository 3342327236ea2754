import { describe, expect, it } from "vitest";
import { compare, measure } from "./compare.ts";
import { EXACT, Tolerances } from "./tolerance.ts";

const within = (maxAbs: number) => ({ pass: { maxAbs }, tight: {} });

describe("compare", () => {
  it("measures by hand-computed values", () => {
    const found = measure([1, 2, 3, 5], [1, 2, 4, 4]);
    expect(found.maxAbs).toBe(1);
    expect(found.meanAbs).toBe(0.5);
    expect(found.relL2).toBeCloseTo(Math.sqrt(2 / 37), 12);
    expect(found.rel).toBe(0.25);
    expect(found.maxFractionDiffering).toBe(0.5);
    expect(measure([0.5, 8], [1, 8], { relative: "largest" }).rel).toBe(0.0625);
  });

  it.each([
    ["NaN", [Number.NaN, 0]],
    ["a later NaN", [0, Number.NaN]],
    ["infinity", [Number.POSITIVE_INFINITY, 0]],
    ["too few values", [0]],
    ["too many values", [0, 0, 0]],
  ])("fails for %s, however wide the bound", (_, actual) => {
    expect(compare(actual, [0, 0], within(1e30)).passed).toBe(false);
    expect(compare(actual, [0, 0], { pass: { relL2: 1e30 }, tight: {} }).passed).toBe(false);
    expect(compare(actual, [0, 0], { pass: { rel: 1e30 }, tight: {} }).passed).toBe(false);
    expect(compare(actual, [0, 0], EXACT).passed).toBe(false);
  });

  it("fails when there is nothing to compare", () => {
    expect(compare([], [], within(1)).passed).toBe(false);
  });

  it("holds bounds inclusively and tells a missed tight bound", () => {
    expect(compare([1.5], [1], within(0.5)).passed).toBe(true);
    expect(compare([1.5], [1], within(0.49)).passed).toBe(false);
    const result = compare([1.5], [1], { pass: { maxAbs: 1 }, tight: { maxAbs: 0.1, meanAbs: 1 } });
    expect([result.passed, result.tightMissed]).toEqual([true, true]);
    expect(result.error).toBe("max abs 5.0e-1, mean abs 5.0e-1");
  });

  it("counts levels and the share of pixels that differ", () => {
    const bytes = { pass: { maxDiff: 1, maxFractionDiffering: 0.25 }, tight: {} };
    expect(compare([1, 2, 3, 5], [1, 2, 3, 4], bytes).passed).toBe(true);
    expect(compare([1, 2, 3, 6], [1, 2, 3, 4], bytes).passed).toBe(false);
    expect(compare([1, 2, 4, 5], [1, 2, 3, 4], bytes).passed).toBe(false);
  });
});

describe("Tolerances", () => {
  const table = new Tolerances({
    "loop_*.denoised": { pass_max_abs: 2, tight_max_abs: 1, note: "words" },
    "a.b": { rel: 3 },
    tokens: "exact integer equality",
    vague: "about right",
  });

  it("finds the first name with an entry; a star spans dots, a dot is a dot", () => {
    expect(table.of("loop_4.step0.denoised")).toEqual({ pass: { maxAbs: 2 }, tight: { maxAbs: 1 } });
    expect(table.of("axb", "a.b")).toEqual({ pass: { rel: 3 }, tight: {} });
    expect(table.of("tokens")).toEqual(EXACT);
  });

  it("has no default", () => {
    expect(() => table.of("denoised")).toThrow("no tolerance for denoised");
    expect(() => table.of("vague")).toThrow("not understood");
  });
});
