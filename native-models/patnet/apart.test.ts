import { rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { Graph } from "../onnx/graph.ts";
import { difference, randomWeights, runOnce } from "../onnx/random-weights.testkit.ts";
import { stageParts } from "./apart.ts";
import { classifierGraph } from "./classifier.ts";
import type { PatnetConfig } from "./config.ts";
import { sizedClassifier } from "./variants.ts";

const classifier = (activation: "gelu" | "relu", options: { heads: number; spatial: boolean }): PatnetConfig =>
  sizedClassifier({ embed: 64, depths: [1, 1, 1, 1], activation }, { features: 24, classes: 7, ...options });

const cases = {
  "PATNet with all of its attention": classifier("relu", { heads: 6, spatial: true }),
  "PATNet without a gate over the picture": classifier("gelu", { heads: 4, spatial: false }),
  "FasterNet, which leaves channels as they are": classifier("relu", { heads: 0, spatial: false }),
};

/** Two pictures: one without symmetry, one of a single colour, whose channels deviate nowhere but at the borders. */
function pictures(height: number, width: number): Float32Array {
  const cells = 3 * height * width;
  return Float32Array.from({ length: 2 * cells }, (_, i) => (i < cells ? Math.sin(i * 1.7 + Math.sin(i)) : 0.8));
}

describe("stages whose channels stay apart", () => {
  it.each(Object.entries(cases))("give what the same stages give together: %s", async (_, config) => {
    const size = { batch: 2, height: 64, width: 96 };
    const apart = classifierGraph(config, size);
    // Where ranges are observed the channels are together.
    const joined = classifierGraph(config, size, undefined, { observe: true });
    expect(joined.operators.filter(({ op }) => op === "Split").length).toBeGreaterThan(0);
    expect(apart.operators.filter(({ op }) => op === "Split")).toEqual([]);
    const weights = await randomWeights([apart, joined]);
    try {
      const picture = pictures(size.height, size.width);
      const exact = await runOnce(joined, weights, { picture });
      const found = await runOnce(apart, weights, { picture });
      const largest = exact.logits!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.01);
      expect(difference(found.logits!, exact.logits!)).toBeLessThan(2e-5 * largest);
    } finally {
      await rm(weights.folder, { recursive: true, force: true });
    }
  });

  it("are those whose parts fill the layout's blocks, at few enough positions for attention", () => {
    const [, , , last] = cases["PATNet with all of its attention"].backbone.stages;
    const g = new Graph("test");
    expect(stageParts(g, last!, 49)).toEqual([128, 128, 256]);
    expect(stageParts(g, last!, 1000)).toBeNull();
    const narrow = sizedClassifier({ embed: 48, depths: [1, 1, 1, 1], activation: "relu" }, { heads: 0 }).backbone;
    // A quarter of 48 are 12 channels.
    expect(narrow.stages.map((stage) => stageParts(g, stage, 49))).toEqual([null, null, [48, 144], [96, 288]]);
  });
});
