/**
 * Tempo and beats by autocorrelation of the onset envelope and dynamic programming.
 * Source: D. P. W. Ellis, "Beat tracking by dynamic programming" (2007).
 */
import type { Envelope } from "./envelope.ts";

export interface Beats {
  /** Beats a minute; null when the sound has no steady pulse. */
  readonly tempo: number | null;
  /** Seconds, ascending; empty without a tempo. */
  readonly seconds: readonly number[];
  /** How periodic the onsets are, 0 to 1. */
  readonly confidence: number;
}

const [SLOWEST, FASTEST] = [40, 220];
/** Tempo that people prefer, and the spread of that preference in octaves. */
const PREFERRED = 120;
const SPREAD = 1;
/** How strongly the tracker holds on to its tempo. */
const TIGHTNESS = 400;
/** Share of the double period's correlation from which the half period counts as the beat. */
const HALVING = 0.8;
const LEAST_CONFIDENCE = 0.2;

const NONE: Beats = { tempo: null, seconds: [], confidence: 0 };

/** @param envelope onset envelope of at least two seconds; shorter ones have no tempo */
export function trackBeats(envelope: Envelope): Beats {
  const { rate } = envelope;
  const onsets = standardised(smoothed(envelope.values, rate));
  if (!onsets || envelope.values.length < 2 * rate) return NONE;
  const { period, confidence } = beatPeriod(onsets, rate);
  if (confidence < LEAST_CONFIDENCE) return { ...NONE, confidence };
  const seconds = bestChain(onsets, period).map((index) => index / rate);
  return { tempo: (60 * rate) / period, seconds, confidence };
}

/** Gaussian of 20 ms, so that onsets a hop apart still fall on each other. */
function smoothed(values: Float32Array, rate: number): Float64Array {
  const sigma = 0.02 * rate;
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  return Float64Array.from(values, (_, i) =>
    kernel.reduce((sum, weight, k) => sum + weight * (values[i + k - reach] ?? 0), 0),
  );
}

/** Zero mean and unit deviation; null for a constant. */
function standardised(values: Float64Array): Float64Array | null {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return deviation > 1e-6 ? values.map((value) => (value - mean) / deviation) : null;
}

/** The lag, in samples and fractions, at which the onsets repeat most, weighted by how people like tempi. */
function beatPeriod(onsets: Float64Array, rate: number): { period: number; confidence: number } {
  const shortest = Math.floor((60 / FASTEST) * rate);
  const longest = Math.min(Math.ceil((60 / SLOWEST) * rate), onsets.length >> 1);
  const raw = (lag: number) => {
    let sum = 0;
    for (let i = lag; i < onsets.length; i++) sum += onsets[i]! * onsets[i - lag]!;
    return sum / (onsets.length - lag);
  };
  const weighted = (lag: number) =>
    raw(lag) * Math.exp(-0.5 * (Math.log2((60 * rate) / lag / PREFERRED) / SPREAD) ** 2);
  let best = shortest;
  let bestScore = -Infinity;
  for (let lag = shortest; lag <= longest; lag++) {
    const score = weighted(lag);
    if (score > bestScore) [best, bestScore] = [lag, score];
  }
  // A pulse repeats at twice its period too: the shorter one is the beat where it repeats as well.
  const half = Math.round(best / 2);
  if (half >= shortest && raw(half) > HALVING * raw(best)) best = half;
  const [left, top, right] = [weighted(best - 1), weighted(best), weighted(best + 1)];
  const bend = left - 2 * top + right;
  const shift = bend < 0 ? Math.max(-0.5, Math.min(0.5, (0.5 * (left - right)) / bend)) : 0;
  return { period: best + shift, confidence: Math.min(1, Math.max(0, raw(best))) };
}

/** The chain of beats that collects the most onset strength while staying near the period. */
function bestChain(onsets: Float64Array, period: number): number[] {
  const score = Float64Array.from(onsets);
  const back = new Int32Array(onsets.length).fill(-1);
  for (let i = 0; i < onsets.length; i++) {
    let best = 0;
    for (let k = Math.max(0, Math.round(i - 2 * period)); k <= i - Math.round(period / 2); k++) {
      const gain = score[k]! - TIGHTNESS * Math.log((i - k) / period) ** 2;
      if (gain > best) [best, back[i]] = [gain, k];
    }
    score[i]! += best;
  }
  // The last beat is the best end within the last period.
  let at = onsets.length - 1;
  for (let i = Math.max(0, onsets.length - Math.ceil(period)); i < onsets.length; i++)
    if (score[i]! > score[at]!) at = i;
  const beats: number[] = [];
  for (; at >= 0; at = back[at]!) beats.push(at);
  beats.reverse();
  // The chain goes on through silence at both ends, where nobody hears a beat.
  const sounds = (index: number) => onsets[index]! > 0;
  const first = beats.findIndex(sounds);
  return first < 0 ? [] : beats.slice(first, beats.findLastIndex(sounds) + 1);
}
