/** What a clip is told to take: no less than was measured, and never less for a larger one. */
import { describe, expect, it } from "vitest";
import { memoryOf } from "../core/planner/index.ts";
import { textToVideoCosts } from "./costs.ts";
import type { HummingbirdConfig } from "./hummingbird/config.ts";
import { hummingbirdParameters } from "./hummingbird/parameters.ts";
import { officialConfig, smallConfig } from "./hummingbird/testing-model.testkit.ts";
import type { WeightEntry } from "./types.ts";

/** Bytes for a clip of a model whose weights nobody needs to have. */
function memory(config: HummingbirdConfig) {
  const index: Record<string, WeightEntry> = {};
  for (const { key, shape } of hummingbirdParameters(config))
    index[key] = { offset: 0, bytes: shape.reduce((product, size) => product * size, 4), dtype: "float32", shape };
  return (width: number, height: number, frames: number, precision: "fp32" | "int8" = "fp32"): number =>
    memoryOf(textToVideoCosts(config, index, { width, height, frames, steps: 1, guidance: 3, precision }));
}

describe("the memory of a clip from words", () => {
  it("is planned no lower than the peaks that were measured with the 0.7B model's shapes (npm run bench -- planner --full)", () => {
    const planned = memory(officialConfig);
    for (const [width, height, frames, peak] of [
      [64, 64, 4, 3.53e9],
      [128, 128, 4, 3.64e9],
      [128, 128, 16, 3.64e9],
      [256, 192, 8, 3.99e9],
    ] as const) {
      expect(planned(width, height, frames)).toBeGreaterThanOrEqual(peak);
      expect(planned(width, height, frames)).toBeLessThan(1.15 * peak);
    }
  });

  it("is planned no lower in int8 either, whose ranges a large model measures in pieces", () => {
    const planned = memory(officialConfig);
    for (const [width, height, frames, peak] of [
      [128, 128, 4, 1.69e9],
      [128, 128, 16, 1.61e9],
      [256, 192, 8, 2.25e9],
      [512, 320, 16, 5.73e9],
    ] as const) {
      expect(planned(width, height, frames, "int8")).toBeGreaterThanOrEqual(peak);
      expect(planned(width, height, frames, "int8")).toBeLessThan(1.35 * peak);
    }
  });

  it.each(["fp32", "int8"] as const)("never falls when a clip gets longer or larger (%s)", (precision) => {
    const planned = memory(smallConfig);
    for (const side of [64, 128, 192, 256]) {
      const lengths = [2, 4, 8, 12, 16, 20, 26].map((frames) => planned(side, side, frames, precision));
      expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    }
    for (const frames of [4, 16]) {
      const sizes = [64, 128, 192, 256, 320].map((side) => planned(side, side, frames, precision));
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    }
  });
});
