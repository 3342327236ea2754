/** How measured values lie. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Of milliseconds. */
export const words = ({ p50, p95, max }: Spread): string =>
  `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)}, max ${max.toFixed(1)}`;
