import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PowerSpectrum } from "./fft.ts";
import { followCurve } from "./follow.ts";
import { loudness, SILENCE_LUFS } from "./loudness.ts";
import { peakPyramid, peaksForColumns } from "./peaks.ts";
import { resample } from "./resample.ts";
import { cutSound, durationSeconds, mixDown } from "./sound.ts";
import { hits, mix, noise, silence, tone } from "./synthesis.testkit.ts";

describe("a power spectrum", () => {
  it("equals the sum that defines it", () => {
    const random = noise(2);
    const frame = Float64Array.from({ length: 60 }, random);
    const spectrum = new PowerSpectrum(64);
    const power = new Float64Array(33);
    spectrum.of(frame, power);
    for (let k = 0; k <= 32; k++) {
      let [re, im] = [0, 0];
      frame.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * k * n) / 64);
        im += value * Math.sin((2 * Math.PI * k * n) / 64);
      });
      expect(power[k]).toBeCloseTo(re ** 2 + im ** 2, 9);
    }
    expect(() => new PowerSpectrum(48)).toThrow(RangeError);
  });
});

describe("resampling", () => {
  it("keeps a tone's pitch and height at any pair of rates", () => {
    const rate = fc.constantFrom(8000, 11025, 16000, 22050, 44100, 48000, 96000);
    fc.assert(
      fc.property(rate, rate, (from, to) => {
        const source = tone(440, 0.1, from).channels[0]!;
        const result = resample(source, from, to);
        expect(result).toHaveLength(Math.ceil((to * source.length) / from));
        const expected = tone(440, 0.1, to).channels[0]!;
        const edge = Math.ceil(to / 100);
        for (let i = edge; i < result.length - edge; i++)
          expect(Math.abs(result[i]! - expected[i]!)).toBeLessThan(0.006);
      }),
      { numRuns: 20 },
    );
  });

  it("takes rates without a common divisor", () => {
    const result = resample(tone(440, 0.1, 44101).channels[0]!, 44101, 16000);
    const expected = tone(440, 0.1, 16000).channels[0]!;
    for (let i = 160; i < 1440; i++) expect(Math.abs(result[i]! - expected[i]!)).toBeLessThan(0.006);
  });

  it("leaves equal rates alone, and nothing stays nothing", () => {
    const samples = Float32Array.of(1, 2);
    expect(resample(samples, 48000, 48000)).toBe(samples);
    expect(resample(new Float32Array(0), 44100, 16000)).toHaveLength(0);
  });
});

describe("a sound", () => {
  it("is cut anywhere, with silence outside", () => {
    const sound = { sampleRate: 4, channels: [Float32Array.of(1, 2, 3, 4)] };
    expect([...cutSound(sound, -2, 4).channels[0]!]).toEqual([0, 0, 1, 2]);
    expect([...cutSound(sound, 1, 2).channels[0]!]).toEqual([2, 3]);
    expect([...cutSound(sound, 3, 3).channels[0]!]).toEqual([4, 0, 0]);
    expect([...cutSound(sound, 9, 2).channels[0]!]).toEqual([0, 0]);
    expect([...cutSound(sound, -9, 2).channels[0]!]).toEqual([0, 0]);
    expect(durationSeconds(sound)).toBe(1);
  });

  it("is mixed down to the mean of its channels", () => {
    const sound = { sampleRate: 4, channels: [Float32Array.of(1, 0), Float32Array.of(0, 0.5)] };
    expect([...mixDown(sound)]).toEqual([0.5, 0.25]);
  });
});

describe("loudness", () => {
  it.each([16000, 44100, 48000])("of a full-scale 997 Hz sine is -3.01 LUFS at %d Hz, as BS.1770 says", (rate) => {
    const { values } = loudness(tone(997, 2, rate, 1), 10);
    expect(values[10]).toBeGreaterThan(-3.11);
    expect(values[10]).toBeLessThan(-2.95);
  });

  it("of silence is the floor, and of two channels 3 LU more than of one", () => {
    expect(Math.max(...loudness(silence(1, 16000), 24).values)).toBe(SILENCE_LUFS);
    const one = tone(500, 1, 16000, 0.1);
    const two = { ...one, channels: [one.channels[0]!, one.channels[0]!] };
    expect(loudness(two, 10).values[5]! - loudness(one, 10).values[5]!).toBeCloseTo(3.01, 2);
  });
});

describe("follow curves", () => {
  const kicks = hits([{ at: 0.5 }, { at: 1.5 }], 2, 44100, "kick");
  const voice = tone(1000, 2, 44100, 0.5).channels[0]!.map((value, i) =>
    i > 44100 * 0.9 && i < 44100 * 1.2 ? value : 0,
  );
  const sound = mix(44100, kicks, voice);

  it("kick rises with the kicks alone, voice with the voice alone", () => {
    const kick = followCurve(sound, "kick", 24, 48);
    const sung = followCurve(sound, "voice", 24, 48);
    expect(Math.max(kick[12]!, kick[13]!)).toBeGreaterThan(0.85);
    expect(Math.max(kick[36]!, kick[37]!)).toBeGreaterThan(0.85);
    expect(kick[26]).toBeLessThan(0.35);
    expect(sung[26]).toBeGreaterThan(0.9);
    expect(sung[13]).toBeLessThan(sung[26]! - 0.4);
    expect(sung[45]).toBeLessThan(0.3);
  });

  it("loudness rises with both; silence stays at rest", () => {
    const loud = followCurve(sound, "loudness", 24, 48);
    expect(loud[26]).toBeGreaterThan(0.9);
    expect(loud[4]).toBeLessThan(0.1);
    for (const follow of ["kick", "voice", "loudness"] as const)
      expect(Math.max(...followCurve(silence(2, 44100), follow, 24, 48))).toBe(0);
  });
});

describe("a peak pyramid", () => {
  it("shows at every zoom the extremes that the samples have", () => {
    const random = noise(9);
    const samples = Float32Array.from({ length: 10_000 }, random);
    const pyramid = peakPyramid({ sampleRate: 1000, channels: [samples] });
    expect(pyramid.levels.at(-1)!.min).toHaveLength(1);
    expect(pyramid.levels.at(-1)!.max[0]).toBe(Math.max(...samples));
    fc.assert(
      fc.property(fc.double({ min: 0, max: 8, noNaN: true }), fc.integer({ min: 1, max: 40 }), (from, columns) => {
        const peaks = peaksForColumns(pyramid, from, from + 2, columns);
        peaks.forEach(([low, high], column) => {
          const first = Math.ceil((from + (2 * column) / columns) * 1000);
          const last = Math.floor((from + (2 * (column + 1)) / columns) * 1000) - 1;
          const inside = samples.subarray(first, last + 1);
          expect(low).toBeLessThanOrEqual(Math.min(...inside));
          expect(high).toBeGreaterThanOrEqual(Math.max(...inside));
        });
      }),
    );
    expect(peaksForColumns(pyramid, 20, 22, 3)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});
