/**
 * Where something begins to sound. The envelope is spectral flux over mel-spaced bands; onsets are its peaks.
 * Sources: S. Böck, F. Krebs, M. Schedl, "Evaluating the online capabilities of onset detection methods" (2012) for log-filtered
 * flux and its peak picking; S. Dixon, "Onset detection revisited" (2006) for flux itself.
 */
import type { Envelope } from "./envelope.ts";
import { PowerSpectrum } from "./fft.ts";
import { hertzToMel } from "./mel-scale.ts";
import { mixDown, type Sound } from "./sound.ts";

/** Values of the onset envelope a second. */
export const ONSET_RATE = 100;
const WINDOW_SECONDS = 0.046;
const BANDS = 40;
const [LOWEST_HZ, HIGHEST_HZ] = [30, 16000];
/** Magnitudes of 1 / COMPRESSION (about -60 dB of a full-scale sine) and less count as silence. */
const COMPRESSION = 1000;

/** Triangular bands evenly spaced on the mel scale, as sparse rows over the bins of a spectrum. */
function melBands(bins: number, hertzPerBin: number, highest: number): { first: number; weights: number[] }[] {
  const low = hertzToMel(LOWEST_HZ);
  const step = (hertzToMel(highest) - low) / (BANDS + 1);
  return Array.from({ length: BANDS }, (_, band) => {
    const centre = low + (band + 1) * step;
    const weights = Array.from({ length: bins }, (_, bin) =>
      Math.max(0, 1 - Math.abs(hertzToMel(bin * hertzPerBin) - centre) / step),
    );
    const first = Math.max(
      0,
      weights.findIndex((weight) => weight > 0),
    );
    return { first, weights: weights.slice(first, weights.findLastIndex((weight) => weight > 0) + 1) };
  });
}

/**
 * The onset envelope: how much the bands' loudness rises from one 10 ms to the next, 0 in silence and in steady sound.
 * Channels are mixed down; frames are centred on their time. Value i belongs to the time i / ONSET_RATE.
 */
export function onsetEnvelope(sound: Sound): Envelope {
  const samples = mixDown(sound);
  const size = 2 ** Math.max(5, Math.round(Math.log2(sound.sampleRate * WINDOW_SECONDS)));
  const spectrum = new PowerSpectrum(size);
  const highest = Math.min(HIGHEST_HZ, sound.sampleRate / 2);
  const bands = melBands(spectrum.bins, sound.sampleRate / size, highest);
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
  // A full-scale sine at a bin's centre has the magnitude 1.
  const scale = 4 / size;
  const frame = new Float64Array(size);
  const power = new Float64Array(spectrum.bins);
  const count = Math.ceil((samples.length / sound.sampleRate) * ONSET_RATE);
  const values = new Float32Array(count);
  let before = new Float64Array(BANDS);
  let now = new Float64Array(BANDS);
  for (let i = 0; i < count; i++) {
    const start = Math.round((i / ONSET_RATE) * sound.sampleRate) - size / 2;
    for (let k = 0; k < size; k++) frame[k] = (samples[start + k] ?? 0) * window[k]!;
    spectrum.of(frame, power);
    let flux = 0;
    bands.forEach(({ first, weights }, band) => {
      let energy = 0;
      for (let k = 0; k < weights.length; k++) energy += power[first + k]! * weights[k]!;
      const level = Math.log1p(COMPRESSION * scale * Math.sqrt(energy));
      flux += Math.max(0, level - before[band]!);
      now[band] = level;
    });
    values[i] = flux / BANDS;
    [before, now] = [now, before];
  }
  return { rate: ONSET_RATE, values };
}

export interface Onset {
  readonly seconds: number;
  /** Height of the envelope's peak over its surroundings, relative to the highest one: above 0, at most 1. */
  readonly strength: number;
}

export interface OnsetOptions {
  /** 0 finds only the strongest, 1 also faint ones. */
  readonly sensitivity?: number;
}

/** Flux below this is noise whatever the rest of the sound does. */
const FAINTEST = 0.05;
const NEAREST_SECONDS = 0.06;

/**
 * Onsets, ascending in time, at least 60 ms apart: local maxima of the envelope that stand out from the 200 ms around them.
 * Silence has none.
 */
export function findOnsets(envelope: Envelope, { sensitivity = 0.7 }: OnsetOptions = {}): Onset[] {
  const { values, rate } = envelope;
  const reach = Math.round(0.03 * rate);
  const wide = Math.round(0.1 * rate);
  let highest = 0;
  for (const value of values) highest = Math.max(highest, value);
  const least = Math.max(FAINTEST, highest * (0.5 - 0.45 * Math.min(1, Math.max(0, sensitivity))));
  const found: { index: number; height: number }[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) continue;
    let [peak, sum, count] = [0, 0, 0];
    for (let k = Math.max(0, i - wide); k <= Math.min(values.length - 1, i + wide); k++) {
      if (Math.abs(k - i) <= reach) peak = Math.max(peak, values[k]!);
      sum += values[k]!;
      count++;
    }
    if (value < peak || value - sum / count < least / 2) continue;
    const previous = found.at(-1);
    if (previous && i - previous.index < NEAREST_SECONDS * rate) continue;
    found.push({ index: i, height: value - sum / count });
  }
  const strongest = found.reduce((most, { height }) => Math.max(most, height), 0);
  return found.map(({ index, height }) => ({ seconds: peakTime(values, index) / rate, strength: height / strongest }));
}

/** The vertex of the parabola through a maximum and its neighbours, in samples. */
function peakTime(values: Float32Array, index: number): number {
  const [left, top, right] = [values[index - 1] ?? 0, values[index]!, values[index + 1] ?? 0];
  const bend = left - 2 * top + right;
  return bend < 0 ? Math.max(0, index + (0.5 * (left - right)) / bend) : index;
}
