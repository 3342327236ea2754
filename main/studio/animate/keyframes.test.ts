import { expect, test } from "vitest";
import { duePlaces, markDue, markMade, newKeyframes } from "./keyframes.ts";

const spread = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44];
const segments = [0, 36, 72].map((start) => ({ start, keyframes: spread }));
const made = [0, 1, 2].reduce(markMade, newKeyframes(segments));
const places = (keyframes: typeof made, which: "isDue" | "isStale") =>
  keyframes.flatMap((keyframe, place) => (keyframe[which] ? [place] : []));
const roll = (only: number[] | null) => ({ seed: 1, prompt: "", only });
const second = Array.from({ length: 12 }, (_, n) => 12 + n);

test("a roll draws what it names and nothing else; a segment that begins from it is stale until the user decides", () => {
  // The ninth keyframe stands at frame 36, where the second segment begins.
  const rolled = markDue(made, segments, roll([3, 9]));
  expect(places(rolled, "isDue")).toEqual([3, 9]);
  expect(places(rolled, "isStale")).toEqual(second);
  const drawn = markMade(rolled, 0);
  expect(drawn[9]).toMatchObject({ version: 2, isDue: false, isStale: false });
  expect(places(drawn, "isStale")).toEqual(second);

  const again = markDue(drawn, segments, roll(second));
  expect(duePlaces(again, 1)).toHaveLength(12);
  // The second's own keyframe at its frame 36 is drawn anew: the third is stale now.
  expect(places(markMade(again, 1), "isStale")).toEqual(second.map((place) => place + 12));
});

test("a roll of all leaves nothing stale, and one that no segment begins from makes nothing stale", () => {
  const all = [0, 1, 2].reduce(markMade, markDue(made, segments, roll(null)));
  expect([places(all, "isDue"), places(all, "isStale")]).toEqual([[], []]);
  expect(places(markDue(made, segments, roll([4])), "isStale")).toEqual([]);
});
