/** Extremes of a sound at many scales, so that a waveform of any length is drawn at any zoom in the time of its pixels. */
import { mixDown, type Sound } from "./sound.ts";

export interface PeakLevel {
  readonly samplesPerPeak: number;
  readonly min: Float32Array;
  readonly max: Float32Array;
}

export interface PeakPyramid {
  readonly sampleRate: number;
  readonly samples: number;
  /** Finest first; each level joins four peaks of the one before. */
  readonly levels: readonly PeakLevel[];
}

const FINEST = 64;
const JOIN = 4;

/** Lowest and highest values of the mixed-down sound by blocks of 64, 256, 1024 … samples, until one block covers all. */
export function peakPyramid(sound: Sound): PeakPyramid {
  const samples = mixDown(sound);
  const levels = [blockExtremes(samples, samples, FINEST, FINEST)];
  for (let last = levels[0]!; last.min.length > 1; last = levels.at(-1)!)
    levels.push(blockExtremes(last.min, last.max, JOIN, last.samplesPerPeak * JOIN));
  return { sampleRate: sound.sampleRate, samples: samples.length, levels };
}

function blockExtremes(low: Float32Array, high: Float32Array, block: number, samplesPerPeak: number): PeakLevel {
  const count = Math.ceil(low.length / block);
  const [min, max] = [new Float32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    let [least, most] = [Infinity, -Infinity];
    for (let k = i * block; k < Math.min(low.length, (i + 1) * block); k++) {
      least = Math.min(least, low[k]!);
      most = Math.max(most, high[k]!);
    }
    [min[i], max[i]] = [least, most];
  }
  return { samplesPerPeak, min, max };
}

/**
 * The extremes of each of `columns` equal parts of the time from `from` to `to`, for drawing: [min, max] a column, 0 outside the sound.
 * @param from and `to`: seconds
 */
export function peaksForColumns(pyramid: PeakPyramid, from: number, to: number, columns: number): [number, number][] {
  const perColumn = ((to - from) * pyramid.sampleRate) / columns;
  const level = pyramid.levels.findLast(({ samplesPerPeak }) => samplesPerPeak <= perColumn) ?? pyramid.levels[0]!;
  const { min, max, samplesPerPeak } = level;
  return Array.from({ length: columns }, (_, column) => {
    const start = (from * pyramid.sampleRate + column * perColumn) / samplesPerPeak;
    const first = Math.max(0, Math.floor(start));
    const last = Math.min(min.length - 1, Math.max(first, Math.ceil(start + perColumn / samplesPerPeak) - 1));
    let [least, most] = [Infinity, -Infinity];
    for (let i = first; i <= last; i++) {
      least = Math.min(least, min[i]!);
      most = Math.max(most, max[i]!);
    }
    return least <= most ? [least, most] : [0, 0];
  });
}
