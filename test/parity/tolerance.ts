/** What a manifest allows a case to be off by: its `tolerances` table, read without knowing any model. */
import { z } from "zod";

/** Bounds on one comparison. A bound that is absent is not checked; `exact` demands equality. */
export interface Bounds {
  readonly maxAbs?: number;
  readonly meanAbs?: number;
  /** ‖a - b‖₂ / ‖b‖₂. */
  readonly relL2?: number;
  /** Largest |a - b| / |b|, see `relative` of `compare`. */
  readonly rel?: number;
  /** Largest difference in whole levels, with the share of the values that may differ at all. */
  readonly maxDiff?: number;
  readonly maxFractionDiffering?: number;
  readonly exact?: true;
}
export type BoundName = keyof Bounds;

export interface Tolerance {
  /** A case outside of these fails. */
  readonly pass: Bounds;
  /** What a faithful implementation reaches; a case outside of these is reported, not failed. */
  readonly tight: Bounds;
}

export const EXACT: Tolerance = { pass: { exact: true }, tight: {} };

const boundNames: Readonly<Record<string, BoundName>> = {
  max_abs: "maxAbs",
  mean_abs: "meanAbs",
  rel_l2: "relL2",
  rel: "rel",
  max_diff: "maxDiff",
  max_fraction_differing: "maxFractionDiffering",
};

export const tolerancesSchema = z.record(
  z.string(),
  z.union([z.string(), z.record(z.string(), z.union([z.number().nonnegative(), z.string()]))]),
);

/** The table of one manifest. Keys are case names in which `*` stands for anything. */
export class Tolerances {
  readonly #table: z.infer<typeof tolerancesSchema>;

  constructor(table: z.infer<typeof tolerancesSchema>) {
    this.#table = table;
  }

  /**
   * The tolerance of a case: the entry for the first of `names` that has one. Later names are stand-ins for cases that the manifest
   * gives no number of their own, e.g. an inner tensor of a network whose result has one.
   * @throws Error when there is none, or when a bound is not understood: a case without a bound could not fail
   */
  of(...names: readonly string[]): Tolerance {
    for (const name of names) {
      for (const [pattern, entry] of Object.entries(this.#table)) {
        if (matches(pattern, name)) return parse(pattern, entry);
      }
    }
    throw new Error(`the manifest gives no tolerance for ${names[0]}`);
  }
}

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/gu, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "u").test(name);
}

function parse(pattern: string, entry: string | Readonly<Record<string, number | string>>): Tolerance {
  if (typeof entry === "string") {
    if (/\bexact\b/iu.test(entry)) return EXACT;
    throw new Error(`the tolerance "${entry}" of ${pattern} is not understood`);
  }
  const pass: Record<string, number> = {};
  const tight: Record<string, number> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (key === "note") continue;
    const [, level, metric] = /^(?:(pass|tight)_)?(.+)$/u.exec(key) ?? [];
    const bound = boundNames[metric ?? ""];
    if (!bound || typeof value !== "number") throw new Error(`the bound ${key} of ${pattern} is not understood`);
    (level === "tight" ? tight : pass)[bound] = value;
  }
  if (Object.keys(pass).length === 0) throw new Error(`the tolerance of ${pattern} has no bound that must hold`);
  return { pass, tight };
}
