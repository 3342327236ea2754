import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byteRange } from "./range.ts";

const whole = { status: 200, start: 0, end: 99 };
const huge = "9".repeat(40);

test.each([
  [undefined, whole],
  [null, whole],
  ["", whole],
  ["bytes=0-", { status: 206, start: 0, end: 99 }],
  ["bytes=0-0", { status: 206, start: 0, end: 0 }],
  ["bytes=10-19", { status: 206, start: 10, end: 19 }],
  ["BYTES=10-19", { status: 206, start: 10, end: 19 }],
  ["bytes= 10-19 ", { status: 206, start: 10, end: 19 }],
  ["bytes=90-", { status: 206, start: 90, end: 99 }],
  ["bytes=90-500", { status: 206, start: 90, end: 99 }],
  [`bytes=90-${huge}`, { status: 206, start: 90, end: 99 }],
  ["bytes=-10", { status: 206, start: 90, end: 99 }],
  ["bytes=-100", { status: 206, start: 0, end: 99 }],
  ["bytes=-500", { status: 206, start: 0, end: 99 }],
  [`bytes=-${huge}`, { status: 206, start: 0, end: 99 }],
  ["bytes=-0", { status: 416 }],
  ["bytes=99-", { status: 206, start: 99, end: 99 }],
  ["bytes=100-", { status: 416 }],
  ["bytes=100-200", { status: 416 }],
  [`bytes=${huge}-`, { status: 416 }],
  ["bytes=19-10", whole],
  ["bytes=-", whole],
  ["bytes=0-1,5-6", whole],
  ["bytes=a-b", whole],
  ["bytes=NaN-", whole],
  ["bytes=1.5-2", whole],
  ["bytes=+1-2", whole],
  ["bytes=--5", whole],
  ["bytes=0x1-2", whole],
  ["items=0-5", whole],
  ["bytes", whole],
])("Range %j of 100 bytes", (header, expected) => {
  expect(byteRange(header, 100)).toEqual(expected);
});

test("an empty file is sent whole and has no ranges", () => {
  expect(byteRange(undefined, 0)).toEqual({ status: 200, start: 0, end: -1 });
  expect(byteRange("bytes=0-", 0)).toEqual({ status: 416 });
  expect(byteRange("bytes=-5", 0)).toEqual({ status: 416 });
});

test("whatever is asked, the answer lies inside the file", () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(
    fc.property(header, fc.integer({ min: 1, max: 1e9 }), (text, size) => {
      const range = byteRange(text, size);
      if (range.status === 416) return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeLessThan(size);
      expect(range.end).toBeGreaterThanOrEqual(range.start);
    }),
  );
});
