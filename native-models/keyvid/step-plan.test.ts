import { describe, expect, it } from "vitest";
import { answersOf, networkCalls, presetSteps, presetWork, runPlan, stageScales } from "./step-plan.ts";

const official = { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 };
const light = { text: 1, image: 1, audio: 1.5, interpolationAudio: 1.5 };
const none = { text: 1, image: 1, audio: 1, interpolationAudio: 1 };

describe("speed modes", () => {
  it.each([official, light, none])("keep to their share of the reference's work under any guidance", (guidance) => {
    expect(presetSteps("reference", guidance)).toBe(90);
    expect(presetWork("reference", 90, guidance)).toBe(1);
    for (const [preset, share] of [
      ["draft", 1 / 30],
      ["balanced", 1 / 10],
    ] as const) {
      const steps = presetSteps(preset, guidance);
      expect(presetWork(preset, steps, guidance)).toBeLessThanOrEqual(share + 1e-9);
      expect(presetWork(preset, steps + 1, guidance)).toBeGreaterThan(share);
      expect(answersOf(runPlan(preset, steps))).toBe(steps);
    }
  });

  it("ask the network at the first step and crowd towards the end", () => {
    const { plan, gridSteps } = runPlan("balanced", 12);
    expect(gridSteps).toBe(90);
    const asked = plan.flatMap((step, i) => (step === "extrapolated" ? [] : [i]));
    expect(asked[0]).toBe(0);
    const gaps = asked.slice(1).map((at, i) => at - asked[i]!);
    expect(gaps[0]).toBeGreaterThan(gaps.at(-1)!);
  });

  it("counts calls by branch: four in the interpolator, three where two scales are alike", () => {
    const run = runPlan("reference", 90);
    expect(networkCalls(run, stageScales("interpolation", official))).toBe(360);
    expect(networkCalls(run, stageScales("keyframes", official))).toBe(270);
    expect(networkCalls(run, stageScales("keyframes", none))).toBe(90);
  });
});
