import * as fc from "fast-check";
import { expect, test } from "vitest";
import { frameAt, timeOf } from "./use-playback.ts";

test("a seek to a frame's middle shows that frame, whatever the rate", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 26 }), fc.integer({ min: 1, max: 60 }), (frames, fps) => {
      for (let frame = 0; frame < frames; frame++) expect(frameAt(timeOf(frame, fps), fps, frames)).toBe(frame);
    }),
  );
});

test("the file's rounded times belong to the frame that begins there", () => {
  expect(frameAt(0.1249999, 8, 16)).toBe(1);
  expect(frameAt(0, 8, 16)).toBe(0);
  expect(frameAt(-0.01, 8, 16)).toBe(0);
  expect(frameAt(99, 8, 16)).toBe(15);
});
