import { assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sound } from "../../core/sound/index.ts";
import { MEL_BANDS, MEL_COLUMNS } from "./config.ts";
import { CLIP_SAMPLES, melSpectrogram, referenceClip, segmentClip, SOUND_RATE } from "./mel.ts";

const PADDING = 4.268 / 9.138;

function tone(hertz: number, seconds: number, sampleRate: number, channels = 1): Sound {
  const samples = Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) =>
    Math.sin((2 * Math.PI * hertz * i) / sampleRate),
  );
  return { sampleRate, channels: Array.from({ length: channels }, () => samples) };
}

/** Band with the most energy in one column. */
function loudest(mel: Float32Array, column: number): number {
  const bands = Array.from({ length: MEL_BANDS }, (_, band) => mel[band * MEL_COLUMNS + column]!);
  return bands.indexOf(Math.max(...bands));
}

describe("the mel spectrogram", () => {
  it("puts a tone into the band that its pitch belongs to, at any rate and channel count", () => {
    const hertz = constantFrom(220, 440, 1000, 3000);
    assert(
      property(hertz, constantFrom(8000, 11025, 44100, 48000), integer({ min: 1, max: 3 }), (pitch, rate, channels) => {
        const band = loudest(melSpectrogram(referenceClip(tone(pitch, 2.5, rate, channels))), 100);
        const mel = 1127 * Math.log1p(pitch / 700);
        const [low, high] = [20, 8000].map((limit) => 1127 * Math.log1p(limit / 700)) as [number, number];
        expect(Math.abs(band - ((mel - low) / (high - low)) * 129 + 1)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 8 },
    );
  });

  it("pads a short sound with the reference's value, and is all padding without one complete frame", () => {
    const mel = melSpectrogram(tone(440, 0.5, SOUND_RATE));
    expect(mel[48]).toBeCloseTo(PADDING, 6);
    expect(mel[47]).not.toBeCloseTo(PADDING, 3);
    for (const seconds of [0, 0.02]) {
      const none = melSpectrogram(tone(440, seconds, SOUND_RATE));
      expect(none.every((value) => Math.abs(value - PADDING) < 1e-6)).toBe(true);
    }
  });

  it("is finite in silence, and does not mind a constant offset", () => {
    const silence = { sampleRate: SOUND_RATE, channels: [new Float32Array(CLIP_SAMPLES)] };
    expect(melSpectrogram(silence)[0]).toBeCloseTo((Math.log(2 ** -23) + 4.268) / 9.138, 5);
    const sound = tone(440, 2, SOUND_RATE);
    const shifted = { sampleRate: SOUND_RATE, channels: [sound.channels[0]!.map((value) => value + 0.25)] };
    const [plain, offset] = [melSpectrogram(sound), melSpectrogram(shifted)];
    expect(loudest(offset, 50)).toBe(loudest(plain, 50));
    expect(offset[60 * MEL_COLUMNS + 50]).toBeCloseTo(plain[60 * MEL_COLUMNS + 50]!, 1);
  });
});

describe("clips", () => {
  it("the reference's comes from the middle, or is all of a short sound", () => {
    const ramp = { sampleRate: SOUND_RATE, channels: [Float32Array.from({ length: 64_000 }, (_, i) => i)] };
    expect(referenceClip(ramp).channels[0]![0]).toBe(16_000);
    expect(referenceClip(ramp).channels[0]).toHaveLength(CLIP_SAMPLES);
    expect(referenceClip(tone(440, 1.2, 8000)).channels[0]).toHaveLength(19_200);
  });

  it("a segment's comes from the start and ends in silence", () => {
    const clip = segmentClip(tone(440, 0.5, 48_000, 2));
    expect(clip.channels.map((channel) => channel.length)).toEqual([CLIP_SAMPLES, CLIP_SAMPLES]);
    expect(clip.channels[0]!.subarray(9000).every((value) => value === 0)).toBe(true);
    expect(clip.channels[0]!.subarray(0, 8000).some((value) => value > 0.9)).toBe(true);
  });
});
