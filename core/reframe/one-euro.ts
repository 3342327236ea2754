/** The 1€ filter (G. Casiez, N. Roussel, D. Vogel, “1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input”, CHI 2012). */

export interface OneEuroSettings {
  /** Cut-off of what stands still, Hz: lower is calmer. */
  readonly minCutoff: number;
  /** How much the cut-off grows with speed: higher lags less. */
  readonly beta: number;
  /** Cut-off of the speed itself, Hz. */
  readonly speedCutoff: number;
}

/** Share of the newest value in an exponential mean of this cut-off. */
function alpha(cutoff: number, interval: number): number {
  const r = 2 * Math.PI * cutoff * interval;
  return r / (r + 1);
}

/** @param times ascending, seconds */
export function oneEuro(times: readonly number[], values: readonly number[], settings: OneEuroSettings): number[] {
  const { minCutoff, beta, speedCutoff } = settings;
  let [value, speed] = [values[0] ?? 0, 0];
  return values.map((next, i) => {
    if (i === 0) return value;
    const interval = times[i]! - times[i - 1]!;
    if (!(interval > 0)) return value;
    speed += alpha(speedCutoff, interval) * ((next - value) / interval - speed);
    value += alpha(minCutoff + beta * Math.abs(speed), interval) * (next - value);
    return value;
  });
}

/** The mean of a run forwards and one backwards: what the one is late the other is early. For paths that are known as a whole. */
export function smoothBothWays(
  times: readonly number[],
  values: readonly number[],
  settings: OneEuroSettings,
): number[] {
  const last = times.at(-1) ?? 0;
  const back = oneEuro(times.map((time) => last - time).reverse(), values.toReversed(), settings).reverse();
  return oneEuro(times, values, settings).map((value, i) => (value + back[i]!) / 2);
}
