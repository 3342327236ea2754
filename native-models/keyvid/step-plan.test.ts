import { describe, expect, it } from "vitest";
import { answersOf, modeSteps, networkCalls, runPlan, stageScales } from "./step-plan.ts";

const official = { text: 7.5, image: 2, audio: 7.5, interpolationAudio: 9 };

const calls = (preset: "draft" | "balanced" | "reference") =>
  (["keyframes", "interpolation"] as const).map((stage) =>
    networkCalls(runPlan(preset, modeSteps[preset]), stageScales(stage, official)),
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

  it("crowd towards the end", () => {
    const asked = runPlan("balanced", 9).plan.flatMap((step, i) => (step === "extrapolated" ? [] : [i]));
    expect(asked).toHaveLength(9);
    const gaps = asked.slice(1).map((at, i) => at - asked[i]!);
    expect(gaps[0]).toBeGreaterThan(gaps.at(-1)!);
  });
});
