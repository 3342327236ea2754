import { expect, test } from "vitest";
import { splitFrames } from "./preview.ts";

const facts = { step: 1, width: 2, height: 1, frames: 3 };

test("bytes are cut into frames without copying", () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, index) => index);
  const frames = splitFrames(bytes.buffer, facts);
  expect(frames.map((frame) => [frame[0], frame.length])).toEqual([
    [0, 8],
    [8, 8],
    [16, 8],
  ]);
});

test("missing bytes are an error and not a black picture", () => {
  expect(() => splitFrames(new ArrayBuffer(23), facts)).toThrow(/24 bytes, not 23/);
});
