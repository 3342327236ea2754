/** Differences between two arrays, and whether they lie within bounds. NaN lies within none. */
import type { BoundName, Bounds, Tolerance } from "./tolerance.ts";

export interface CompareOptions {
  /**
   * What the bound `rel` divides by: each expected value (default), or the largest expected value, for tensors that cross zero.
   */
  readonly relative?: "element" | "largest";
}

export interface Comparison {
  readonly passed: boolean;
  readonly tightMissed: boolean;
  /** e.g. `max abs 3.1e-6` */
  readonly error: string;
  /** e.g. `max abs 1.0e-4` */
  readonly tolerance: string;
}

const labels: Readonly<Record<BoundName, string>> = {
  maxAbs: "max abs",
  meanAbs: "mean abs",
  relL2: "rel L2",
  rel: "rel",
  maxDiff: "levels",
  maxFractionDiffering: "share differing",
  exact: "values differing",
};

/** All measures of the difference at once. */
export function measure(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  options: CompareOptions = {},
): Record<BoundName, number> {
  let [maxAbs, sum, squares, reference, largest, rel, differing] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    // Math.max keeps NaN, where a comparison would let the next value replace it.
    maxAbs = Math.max(maxAbs, difference);
    sum += difference;
    squares += difference ** 2;
    reference += expected[i]! ** 2;
    if (difference !== 0) {
      differing++;
      const ratio = difference / (options.relative === "largest" ? largest : Math.abs(expected[i]!));
      rel = Math.max(rel, ratio);
    }
  }
  const n = Math.max(1, expected.length);
  return {
    maxAbs,
    meanAbs: sum / n,
    relL2: squares === 0 ? 0 : Math.sqrt(squares / reference),
    rel,
    maxDiff: maxAbs,
    maxFractionDiffering: differing / n,
    exact: differing,
  };
}

/**
 * @param actual and `expected`: same length, or the comparison fails saying so
 */
export function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { pass, tight }: Tolerance,
  options: CompareOptions = {},
): Comparison {
  const tolerance = describe(pass, (bound) => limit(pass, bound));
  if (actual.length !== expected.length || expected.length === 0) {
    const error = `${actual.length} values where the golden has ${expected.length}`;
    return { passed: false, tightMissed: false, error, tolerance };
  }
  const found = measure(actual, expected, options);
  const holds = (bounds: Bounds) => names(bounds).every((bound) => found[bound] <= limit(bounds, bound));
  return {
    passed: holds(pass),
    tightMissed: !holds(tight),
    error: describe({ ...pass, ...tight }, (bound) => found[bound]),
    tolerance,
  };
}

const names = (bounds: Bounds) => Object.keys(bounds) as BoundName[];
const limit = (bounds: Bounds, bound: BoundName) => (bound === "exact" ? 0 : (bounds[bound] ?? 0));

function describe(bounds: Bounds, value: (bound: BoundName) => number): string {
  if (bounds.exact) return value("exact") === 0 ? "exact" : `${value("exact")} values differ`;
  return names(bounds)
    .map((bound) => `${labels[bound]} ${value(bound) === 0 ? "0" : value(bound).toExponential(1)}`)
    .join(", ");
}
