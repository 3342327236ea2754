/**
 * Band-limited resampling by a windowed sinc, number for number as `torchaudio.functional.resample` with its defaults (Hann window
 * over 6 zero crossings, roll-off 0.99). Source of the formula: torchaudio's documentation of `resample` and J. O. Smith, "Digital
 * Audio Resampling" (2002). The kernel is computed in float32, as torchaudio does for float32 sound.
 */
import type { Sound } from "./sound.ts";

const ZERO_CROSSINGS = 6;
const ROLLOFF = 0.99;

const f = Math.fround;

/** One output phase: the taps that are not zero, and the offset of the first from the phase's input sample. */
interface Phase {
  readonly first: number;
  readonly taps: Float32Array;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The filter of output sample `phase` (modulo `to`), for reduced rates. */
function phaseFilter(phase: number, from: number, to: number): Phase {
  const base = Math.min(from, to) * ROLLOFF;
  const width = Math.ceil((ZERO_CROSSINGS * from) / base);
  const scale = f(base / from);
  const delay = f(f(-phase) / to);
  const at = (offset: number) => f(f(delay + f(f(offset) / from)) * f(base));
  // Beyond the window's edge the taps vanish; torchaudio multiplies by them all the same.
  const centre = (phase * from) / to;
  const first = Math.max(-width, Math.floor(centre - (ZERO_CROSSINGS * from) / base) - 1);
  const last = Math.min(width + from - 1, Math.ceil(centre + (ZERO_CROSSINGS * from) / base) + 1);
  const taps = Float32Array.from({ length: last - first + 1 }, (_, k) => {
    const t = Math.min(ZERO_CROSSINGS, Math.max(-ZERO_CROSSINGS, at(first + k)));
    const angle = f(f(f(t * f(Math.PI)) / ZERO_CROSSINGS) / 2);
    const window = f(f(Math.cos(angle)) ** 2);
    const x = f(t * f(Math.PI));
    const sinc = x === 0 ? 1 : f(f(Math.sin(x)) / x);
    return f(sinc * f(window * scale));
  });
  return { first, taps };
}

/**
 * @param samples one channel at `from` Hz
 * @param from and `to`: whole sampling rates in Hz, above 0
 * @returns ceil(to · length / from) samples at `to` Hz; the same array when the rates are equal
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  const divisor = greatestCommonDivisor(from, to);
  const [fromStep, toStep] = [from / divisor, to / divisor];
  if (fromStep === toStep) return samples;
  const phases: Phase[] = [];
  const output = new Float32Array(Math.ceil((toStep * samples.length) / fromStep));
  for (let i = 0; i < output.length; i++) {
    const phase = i % toStep;
    const { first, taps } = (phases[phase] ??= phaseFilter(phase, fromStep, toStep));
    const start = Math.floor(i / toStep) * fromStep + first;
    let sum = 0;
    const end = Math.min(taps.length, samples.length - start);
    for (let k = Math.max(0, -start); k < end; k++) sum += samples[start + k]! * taps[k]!;
    output[i] = sum;
  }
  return output;
}

/** Every channel at `sampleRate`. */
export function resampleSound(sound: Sound, sampleRate: number): Sound {
  return { sampleRate, channels: sound.channels.map((channel) => resample(channel, sound.sampleRate, sampleRate)) };
}
