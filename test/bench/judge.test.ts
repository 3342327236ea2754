import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { accuracy, type EvaluationPrompt, evaluationPrompts, Judge } from "./judge.ts";

const folder = fileURLToPath(new URL("../../assets/models/judge/", import.meta.url));

/** 16 frames of a disc of one colour that grows and shrinks in the middle of a black picture: the drawing kit's "pulse". */
function pulse(colour: readonly [number, number, number], side: number): Uint8Array[] {
  return Array.from({ length: 16 }, (_, t) => {
    const radius = side * (0.22 + 0.1 * Math.sin((2 * Math.PI * t) / 16));
    const frame = new Uint8Array(side * side * 3);
    for (let i = 0; i < side * side; i++) {
      const distance = Math.hypot((i % side) - side / 2, Math.floor(i / side) - side / 2);
      for (let c = 0; c < 3; c++) frame[i * 3 + c] = distance < radius ? colour[c]! : 5;
    }
    return frame;
  });
}

it("reads the colour and kind of clips that no network made, at any size it accepts", async () => {
  const judge = await Judge.open(folder);
  for (const side of [64, 128]) {
    expect(judge.read(pulse([25, 71, 245], side), side, side)).toMatchObject({ family: "pulse", colour: "blue" });
    expect(judge.read(pulse([235, 25, 25], side), side, side)).toMatchObject({ family: "pulse", colour: "red" });
  }
  expect(() => judge.read(pulse([0, 0, 0], 100), 100, 100)).toThrow("multiples of 64");
});

it("counts either colour of a two-coloured clip, and directions only where there are several", async () => {
  const prompts: EvaluationPrompt[] = [
    { prompt: "", family: "gradient", colour: "red", colour2: "blue", direction: "up", seed: 1 },
    { prompt: "", family: "fire", colour: "red", direction: "none", seed: 1 },
  ];
  const readings = [
    { family: "gradient", colour: "blue", direction: "down" },
    { family: "waves", colour: "red", direction: "up" },
  ];
  expect(accuracy(readings, prompts)).toEqual({ clips: 2, family: 0.5, colour: 1, direction: 0, directionClips: 1 });
  expect((await evaluationPrompts(folder)).length).toBeGreaterThan(40);
});
