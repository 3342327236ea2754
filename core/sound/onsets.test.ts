import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { trackBeats } from "./beats.ts";
import { findOnsets, onsetEnvelope } from "./onsets.ts";
import { hits, mix, noise, silence, tone } from "./synthesis.testkit.ts";

const onsetsOf = (sound: Parameters<typeof onsetEnvelope>[0]) =>
  findOnsets(onsetEnvelope(sound)).map(({ seconds }) => seconds);
/** Every expected time has one found within the tolerance, and nothing else was found. */
function expectTimes(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((time, i) => expect(Math.abs(time - expected[i]!)).toBeLessThan(tolerance));
}

describe("onsets", () => {
  it.each([8000, 16000, 22050, 44100, 48000, 96000])("finds every click at %d Hz within half a frame", (rate) => {
    const times = [0.3, 0.62, 0.8, 1.4, 1.75];
    const samples = hits(
      times.map((at) => ({ at })),
      2,
      rate,
    );
    expectTimes(onsetsOf(mix(rate, samples)), times, 1 / 48);
  });

  it("finds a sound that begins at once", () => {
    const found = onsetsOf(mix(16000, hits([{ at: 0 }, { at: 1 }], 2, 16000)));
    expectTimes(found, [0, 1], 1 / 48);
  });

  it("finds clicks anywhere, over a steady tone and noise", () => {
    const gaps = fc.array(fc.double({ min: 0.15, max: 0.6, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(gaps, fc.boolean(), (steps, kick) => {
        let at = 0.05;
        const times = steps.map((step) => (at += step));
        const clicks = hits(
          times.map((time) => ({ at: time })),
          4.2,
          16000,
          kick ? "kick" : "click",
        );
        const random = noise(3);
        const background = tone(440, 4.2, 16000, 0.02).channels[0]!.map((value) => value + 0.002 * random());
        const found = onsetsOf(mix(16000, clicks, background)).filter((time) => time > 0.1);
        expectTimes(found, times, 0.03);
      }),
      { numRuns: 30 },
    );
  });

  it("finds none in silence, one at most in a steady tone, and none in nothing", () => {
    expect(onsetsOf(silence(2, 44100, 2))).toEqual([]);
    expect(onsetsOf(tone(300, 3, 44100)).filter((time) => time > 0.1 && time < 2.9)).toEqual([]);
    expect(onsetsOf({ sampleRate: 44100, channels: [new Float32Array(0)] })).toEqual([]);
  });

  it("sensitivity decides about faint ones", () => {
    const sound = mix(16000, hits([{ at: 0.5 }, { at: 1, height: 0.02 }, { at: 1.5 }], 2, 16000));
    const envelope = onsetEnvelope(sound);
    expect(findOnsets(envelope, { sensitivity: 0 })).toHaveLength(2);
    expect(findOnsets(envelope, { sensitivity: 1 })).toHaveLength(3);
  });
});

describe("beats", () => {
  it.each([72, 96, 120, 140, 174])("tracks a click track of %d beats a minute", (tempo) => {
    const period = 60 / tempo;
    const times = Array.from({ length: Math.floor(11 / period) }, (_, i) => 0.21 + i * period);
    const found = trackBeats(
      onsetEnvelope(
        mix(
          22050,
          hits(
            times.map((at) => ({ at })),
            12,
            22050,
          ),
        ),
      ),
    );
    expect(Math.abs(found.tempo! / tempo - 1)).toBeLessThan(0.015);
    for (const time of times)
      expect(Math.min(...found.seconds.map((beat) => Math.abs(beat - time)))).toBeLessThan(0.035);
    expect(found.seconds).toHaveLength(times.length);
    expect(found.confidence).toBeGreaterThan(0.5);
  });

  it("keeps time over a missing click", () => {
    const times = Array.from({ length: 20 }, (_, i) => 0.1 + i * 0.5).filter((_, i) => i !== 9);
    const beats = trackBeats(
      onsetEnvelope(
        mix(
          16000,
          hits(
            times.map((at) => ({ at })),
            10.5,
            16000,
          ),
        ),
      ),
    ).seconds;
    expect(Math.min(...beats.map((beat) => Math.abs(beat - 4.6)))).toBeLessThan(0.05);
  });

  it("claims no beat in silence, in a tone, in noise or in a second of sound", () => {
    const random = noise(5);
    const hiss = { sampleRate: 16000, channels: [new Float32Array(16000 * 8).map(() => 0.3 * random())] };
    for (const sound of [
      silence(8, 16000),
      tone(200, 8, 16000),
      hiss,
      mix(16000, hits([{ at: 0.1 }, { at: 0.6 }], 1, 16000)),
    ])
      expect(trackBeats(onsetEnvelope(sound))).toMatchObject({ tempo: null, seconds: [] });
  });
});
