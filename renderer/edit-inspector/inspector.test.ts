import { expect, it } from "vitest";
import { EASINGS } from "../../core/timeline/index.ts";
import { add, clipId, edited, frames, threeClips } from "../../core/timeline/testing/sample.ts";
import { foundClips } from "../timeline/selection.ts";
import { common, easingName, isDefault, keyframesOf, valueOf } from "./clip-values.ts";
import { readNumber } from "./fields/NumberInput.tsx";

it("reads numbers as people type them", () => {
  expect(["12", " 12.5 ", "12,5", "−3", "-3 dB", "+40%", ".5", "7."].map(readNumber)).toEqual([
    12, 12.5, 12.5, -3, -3, 40, 0.5, 7,
  ]);
  expect(["", "abc", "1-2", "--1", "1.2.3"].map(readNumber)).toEqual([null, null, null, null, null]);
});

it("shows what several clips have in common, at the playhead", () => {
  let document = add(threeClips(), "V2", "over", "short", 10, 30);
  const [a, b] = ["a", "b"].map((name) => clipId(document, name)) as [string, string];
  document = edited(document, "setKeyframe", { clip: a, parameter: "opacity", time: 0, value: 0 });
  document = edited(document, "setKeyframe", {
    clip: a,
    parameter: "opacity",
    time: frames(40),
    value: 1,
    easing: EASINGS.hold,
  });
  const found = foundClips(document, { selection: { type: "clips", ids: [b, a, "gone"] } });
  expect(found.map(({ item }) => item.clip.name)).toEqual(["a", "b"]);
  const first = found.slice(0, 1);
  expect(valueOf(first, "opacity", frames(20))).toBeCloseTo(0.5);
  // Outside of the clip it is as at its edge.
  expect([valueOf(first, "opacity", frames(400)), valueOf(found, "opacity", frames(20))]).toEqual([1, null]);
  expect(valueOf(found, "rotation", 0)).toBe(0);
  expect([isDefault(found, "opacity"), isDefault(found, "rotation")]).toEqual([false, true]);
  const clips = found.map(({ item }) => item.clip);
  expect([common(clips, ({ blend }) => blend), common(clips, ({ name }) => name)]).toEqual(["normal", null]);
  expect(keyframesOf(clips[0]!, "opacity").map(({ easing }) => easingName(easing))).toEqual(["linear", "hold"]);
  expect(easingName({ type: "bezier", x1: 0.1, y1: 0, x2: 1, y2: 1 })).toBeNull();
});
