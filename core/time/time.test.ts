import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beatsToFlicks,
  clampedRange,
  containsRange,
  containsTime,
  endOf,
  extendedBy,
  FLICKS_PER_SECOND,
  FRAME_RATES,
  flicksToFrame,
  formatBars,
  formatRate,
  formatTimecode,
  frameDuration,
  frameToFlicks,
  intersection,
  isBefore,
  isExactRate,
  meets,
  overlaps,
  parseBars,
  parseTimecode,
  type Rate,
  rateFrom,
  snapToFrame,
  type TimeRange,
  unionOf,
} from "./index.ts";

const anyRate = fc.oneof(
  fc.constantFrom<Rate>(...Object.values(FRAME_RATES)),
  fc.record({ numerator: fc.integer({ min: 5000, max: 240_000 }), denominator: fc.constantFrom(1000, 1001) }),
);
/** Up to a day at 240 frames a second, 46 days at 5. */
const anyFrame = fc.integer({ min: -20_000_000, max: 20_000_000 });
const range = fc.record({ start: fc.integer({ min: -50, max: 50 }), duration: fc.integer({ min: 0, max: 40 }) });

describe("flicks", () => {
  it("hold one frame of every rate in use, and one sample of sound, as a whole number", () => {
    for (const rate of Object.values(FRAME_RATES)) expect(isExactRate(rate), formatRate(rate)).toBe(true);
    for (const samples of [8000, 16_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000])
      expect(FLICKS_PER_SECOND % samples).toBe(0);
    expect(frameDuration(FRAME_RATES["29.97"])).toBe(23_543_520);
    expect(Number.MAX_SAFE_INTEGER / FLICKS_PER_SECOND / 86_400).toBeGreaterThan(147);
  });

  it("go to a frame and back without loss, at any rate", () => {
    fc.assert(
      fc.property(anyFrame, anyRate, (frame, rate) => {
        const time = frameToFlicks(frame, rate);
        expect(Number.isSafeInteger(time)).toBe(true);
        expect(flicksToFrame(time, rate)).toBe(frame);
        expect(flicksToFrame(time - 1, rate)).toBe(frame - 1);
        expect(snapToFrame(time + 1, rate)).toBe(time);
      }),
    );
  });

  it("knows the rates that probes name with a few digits", () => {
    expect(rateFrom(29.97)).toEqual({ numerator: 30_000, denominator: 1001 });
    expect(rateFrom(23.98)).toEqual({ numerator: 24_000, denominator: 1001 });
    expect(rateFrom(25)).toEqual({ numerator: 25, denominator: 1 });
    expect(formatRate(rateFrom(17.3))).toBe("17.3");
  });
});

describe("timecode", () => {
  const ntsc = { rate: FRAME_RATES["29.97"], dropFrame: true };

  it("counts as SMPTE does at the minutes where numbers are left out", () => {
    const at = (frame: number) => formatTimecode(frameToFlicks(frame, ntsc.rate), ntsc);
    expect([1799, 1800, 17_981, 17_982, 107_892].map(at)).toEqual([
      "00:00:59;29",
      "00:01:00;02",
      "00:09:59;29",
      "00:10:00;00",
      "01:00:00;00",
    ]);
    const sixty = { rate: FRAME_RATES["59.94"], dropFrame: true };
    expect(formatTimecode(frameToFlicks(3600, sixty.rate), sixty)).toBe("00:01:00;04");
    expect(formatTimecode(frameToFlicks(107_892, ntsc.rate), { ...ntsc, dropFrame: false })).toBe("00:59:56:12");
    expect(formatTimecode(-frameToFlicks(25, FRAME_RATES["25"]), { rate: FRAME_RATES["25"], dropFrame: true })).toBe(
      "-00:00:01:00",
    );
  });

  it("drop-frame agrees with the clock to a frame after ten minutes, plain does not", () => {
    const hour = Math.round(3600 * FLICKS_PER_SECOND);
    const difference = (dropFrame: boolean) => Math.abs(parseTimecode("01:00:00:00", { ...ntsc, dropFrame })! - hour);
    expect(difference(true)).toBeLessThan(FLICKS_PER_SECOND / 100);
    expect(difference(false)).toBeGreaterThan(3.5 * FLICKS_PER_SECOND);
  });

  it("reads what it writes", () => {
    fc.assert(
      fc.property(anyFrame, fc.constantFrom(...Object.values(FRAME_RATES)), fc.boolean(), (frame, rate, dropFrame) => {
        const time = frameToFlicks(frame, rate);
        expect(parseTimecode(formatTimecode(time, { rate, dropFrame }), { rate, dropFrame })).toBe(time);
      }),
    );
  });

  it("reads what people type, and refuses what is no timecode", () => {
    const plain = { rate: FRAME_RATES["25"], dropFrame: false };
    const seconds = (text: string) => {
      const time = parseTimecode(text, plain);
      return time === null ? null : time / FLICKS_PER_SECOND;
    };
    expect(["1203", "12:03", "12.03", "00:00:12:03", " +12:03"].map(seconds)).toEqual(Array(5).fill(12.12));
    expect([seconds("90:00"), seconds("50"), seconds("-1:00")]).toEqual([90, 2, -1]);
    expect(["", "abc", "1:2:3:4:5", "00:00:00:25", "00:61:00:00", "123456789", "1-2"].map(seconds)).toEqual(
      Array(7).fill(null),
    );
    expect(parseTimecode("00:01:00;01", ntsc)).toBeNull();
  });
});

describe("bars and beats", () => {
  const tempo = { beatsPerMinute: 120, beatsPerBar: 4, beatUnit: 4, origin: 0 };

  it("names musical places", () => {
    expect(formatBars(0, tempo)).toBe("1.1.000");
    expect(formatBars(2 * FLICKS_PER_SECOND, tempo)).toBe("2.1.000");
    expect(formatBars(-FLICKS_PER_SECOND / 4, tempo)).toBe("0.4.480");
    expect([parseBars("2", tempo), parseBars("1.3", tempo)]).toEqual([2 * FLICKS_PER_SECOND, FLICKS_PER_SECOND]);
    expect(["", "1.5", "1.0", "1.1.960", "x"].map((text) => parseBars(text, tempo))).toEqual(Array(5).fill(null));
  });

  it("reads what it writes, at any tempo", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 20, max: 400, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (beatsPerMinute, beatsPerBar, ticks) => {
          const any = { ...tempo, beatsPerMinute, beatsPerBar, origin: 12_345 };
          const time = beatsToFlicks(ticks / 960, any);
          expect(parseBars(formatBars(time, any), any)).toBe(time);
        },
      ),
    );
  });
});

const times = ({ start, duration }: TimeRange) => Array.from({ length: duration }, (_, i) => start + i);

describe("time ranges", () => {
  it("behave as the sets of times that they are", () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        const [inA, inB] = [times(a), new Set(times(b))];
        const common = inA.filter((time) => inB.has(time));
        expect(times(intersection(a, b) ?? { start: 0, duration: 0 })).toEqual(common);
        expect(overlaps(a, b)).toBe(common.length > 0);
        expect(inA.every((time) => containsTime(a, time))).toBe(true);
        if (a.duration > 0) expect(containsRange(b, a)).toBe(common.length === a.duration);
        if (isBefore(a, b)) expect(common).toEqual([]);
        if (meets(a, b)) expect(times(extendedBy(a, b))).toEqual([...inA, ...times(b)]);
        expect(times(clampedRange(a, b))).toEqual(common);
        expect(containsRange(b, clampedRange(a, b))).toBe(true);
      }),
    );
  });

  it("unite to disjoint ranges in order", () => {
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const united = unionOf(ranges);
        expect(united.flatMap(times)).toEqual([...new Set(ranges.flatMap(times))].sort((a, b) => a - b));
        for (const [i, next] of united.entries()) if (i > 0) expect(endOf(united[i - 1]!)).toBeLessThan(next.start);
      }),
    );
  });
});
