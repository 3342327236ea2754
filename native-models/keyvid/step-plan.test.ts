import { describe, expect, it } from "vitest";
import { neededBranches } from "./guidance.ts";
import { answersOf, modeSteps, reusedOf, runPlan, stageScales } from "./step-plan.ts";

const official = { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 };

const calls = (preset: "draft" | "balanced" | "reference") =>
  (["keyframes", "interpolation"] as const).map(
    (stage) => answersOf(runPlan(preset, modeSteps[preset])) * neededBranches(stageScales(stage, official)).length,
  );

describe("speed modes", () => {
  it("ask for a thirtieth, a tenth and all of the reference's predictions", () => {
    // Two scales of the keyframes are alike, so that one of four branches is not needed.
    expect(calls("reference")).toEqual([270, 360]);
    expect(calls("balanced")).toEqual([27, 36]);
    expect(calls("draft")).toEqual([9, 12]);
  });

  it.each([1, 2, 3, 9, 17, 45, 90])("ask at %d steps of the reference's run, at the first one always", (steps) => {
    const { plan, gridSteps } = runPlan("balanced", steps);
    expect(gridSteps).toBe(90);
    expect(plan).toHaveLength(90);
    expect(plan[0]).not.toBe("extrapolated");
    expect(answersOf({ plan })).toBe(steps);
  });

  it.each([
    [9, 0.25, 7],
    [9, 0.1, 8],
    [6, 0.2, 5],
    [45, 0.1, 40],
  ])(
    "ask %d questions' work in pairs where the second costs %d: a whole one, then one that reuses",
    (steps, share, pairs) => {
      const { plan } = runPlan("balanced", steps, share);
      expect(plan).toHaveLength(90);
      const asked = plan.filter((step) => step !== "extrapolated");
      expect(asked).toEqual(Array.from({ length: pairs }, () => ["asked", "reused"]).flat());
      expect(pairs * (1 + share)).toBeLessThanOrEqual(steps);
      expect(plan[0]).toBe("asked");
    },
  );

  it.each([
    ["draft", 3],
    ["balanced", 5],
    ["balanced", 80],
    ["reference", 90],
  ] as const)("%s with %d steps reuses nothing: too far apart, or no room for pairs", (preset, steps) => {
    const plan = runPlan(preset, steps, 0.1);
    expect([answersOf(plan), reusedOf(plan)]).toEqual([steps, 0]);
  });

  it("crowd towards the end", () => {
    const asked = runPlan("balanced", 9).plan.flatMap((step, i) => (step === "extrapolated" ? [] : [i]));
    expect(asked).toHaveLength(9);
    const gaps = asked.slice(1).map((at, i) => at - asked[i]!);
    expect(gaps[0]).toBeGreaterThan(gaps.at(-1)!);
  });
});
