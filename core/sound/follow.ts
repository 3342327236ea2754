/** Motion curves that follow one part of a sound: its kick, its voice or its loudness. */
import { filterSamples, highPass, lowPass } from "./biquad.ts";
import { peakHold } from "./envelope.ts";
import { loudness } from "./loudness.ts";
import { mixDown, type Sound } from "./sound.ts";

export const follows = ["kick", "voice", "loudness"] as const;
export type Follow = (typeof follows)[number];

/** Band limits in Hz, and how fast the follower rises and falls, in seconds. */
const bands = {
  kick: { low: 35, high: 130, rise: 0.002, fall: 0.12 },
  voice: { low: 250, high: 3400, rise: 0.02, fall: 0.1 },
} as const;

/** Decibels below the loudest moment at which a follower rests. */
const RANGE_DB = 36;
/** A band whose loudest moment is below this (dB of full scale) is silent. */
const FAINTEST_DB = -60;
/** Values a second at which followers are computed before they are put on the curve's grid. */
const INNER_RATE = 240;

/**
 * A curve of 0 (rest) to 1 (the loudest moment of this part of the sound); all zeros when that part is silent.
 * @param rate values a second, 24 for motion curves
 * @param count number of values; value i belongs to the time i / rate
 */
export function followCurve(sound: Sound, follow: Follow, rate: number, count: number): Float32Array {
  if (follow === "loudness") {
    const { values } = loudness(sound, INNER_RATE, 0.1);
    return normalised(peakHold({ rate: INNER_RATE, values: values.map((value) => value + 100) }, rate, count), 100);
  }
  const { low, high, rise, fall } = bands[follow];
  const samples = filterSamples(mixDown(sound), [
    highPass(low, sound.sampleRate),
    highPass(low, sound.sampleRate),
    lowPass(high, sound.sampleRate),
    lowPass(high, sound.sampleRate),
  ]);
  const envelope = follower(samples, sound.sampleRate, rise, fall);
  const held = peakHold({ rate: INNER_RATE, values: envelope }, rate, count);
  return normalised(
    held.map((value) => (value > 0 ? Math.max(0, 20 * Math.log10(value) + 100) : 0)),
    100,
  );
}

/** Peak follower with separate rise and fall times, read out INNER_RATE times a second. */
function follower(samples: Float32Array, sampleRate: number, rise: number, fall: number): Float32Array {
  const up = 1 - Math.exp(-1 / (rise * sampleRate));
  const down = 1 - Math.exp(-1 / (fall * sampleRate));
  const output = new Float32Array(Math.ceil((samples.length / sampleRate) * INNER_RATE));
  let level = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = Math.abs(samples[i]!);
    level += (value - level) * (value > level ? up : down);
    const at = Math.floor((i / sampleRate) * INNER_RATE);
    output[at] = Math.max(output[at]!, level);
  }
  return output;
}

/** Decibels (shifted by `offset` so that they are positive) to 0 to 1, from RANGE_DB below the highest to the highest. */
function normalised(decibels: Float32Array, offset: number): Float32Array {
  let highest = 0;
  for (const value of decibels) highest = Math.max(highest, value);
  if (highest - offset < FAINTEST_DB) return new Float32Array(decibels.length);
  return decibels.map((value) => Math.max(0, 1 - (highest - value) / RANGE_DB));
}
