/** Peaks of a curve by the rules of SciPy's `signal.find_peaks` with a distance and a prominence. */

export interface PeakOptions {
  /** Peaks nearer than this many samples to a higher one are dropped; 1 keeps all. */
  readonly distance: number;
  /** Least height above the higher of the two saddles beside the peak, in the curve's own units. */
  readonly prominence: number;
}

/**
 * Indices of the local maxima, ascending. A plateau reports the floor of its middle; the first and the last sample are never peaks.
 * The distance rule goes first, from the highest peak down (of equal ones the later first), then the prominence rule.
 */
export function findPeaks(curve: ArrayLike<number>, { distance, prominence }: PeakOptions): number[] {
  const apart = keepApart(curve, localMaxima(curve), distance);
  return apart.filter((peak) => peakProminence(curve, peak) >= prominence);
}

function localMaxima(curve: ArrayLike<number>): number[] {
  const peaks: number[] = [];
  for (let i = 1; i < curve.length - 1; i++) {
    if (!(curve[i - 1]! < curve[i]!)) continue;
    let end = i;
    while (end + 1 < curve.length && curve[end + 1] === curve[i]) end++;
    if (end + 1 < curve.length && curve[end + 1]! < curve[i]!) peaks.push((i + end) >> 1);
    i = end;
  }
  return peaks;
}

function keepApart(curve: ArrayLike<number>, peaks: readonly number[], distance: number): number[] {
  const kept = peaks.map(() => true);
  const byHeight = peaks.map((_, i) => i).sort((a, b) => curve[peaks[b]!]! - curve[peaks[a]!]! || b - a);
  for (const i of byHeight) {
    if (!kept[i]) continue;
    for (let k = i - 1; k >= 0 && peaks[i]! - peaks[k]! < distance; k--) kept[k] = false;
    for (let k = i + 1; k < peaks.length && peaks[k]! - peaks[i]! < distance; k++) kept[k] = false;
  }
  return peaks.filter((_, i) => kept[i]);
}

/** Height of a peak over the higher of the lowest points between it and the next higher sample (or the end) on either side. */
export function peakProminence(curve: ArrayLike<number>, peak: number): number {
  const height = curve[peak]!;
  const lowest = (step: 1 | -1) => {
    let low = height;
    for (let i = peak + step; i >= 0 && i < curve.length && curve[i]! <= height; i += step)
      low = Math.min(low, curve[i]!);
    return low;
  };
  return height - Math.max(lowest(-1), lowest(1));
}
