import type { ClipCosts, CostPhase, PhaseCosts } from "./costs.ts";

/** Where one run's time went, kept for the next estimate. */
export interface MeasuredRun {
  readonly model: string;
  /** What else decides the speed: number format, threads, device, and the weights themselves. */
  readonly engine: string;
  /** Of the clip: width, height, frames. */
  readonly size: string;
  readonly phases: readonly (PhaseCosts & { readonly seconds: number })[];
  /** Opening the model, and all else that no phase counts. */
  readonly otherSeconds: number;
  /** Resident memory at its peak, and what the formula said; 0: not measured. */
  readonly peakBytes: number;
  readonly plannedBytes: number;
}

/** How a time was found: measured for such a clip, scaled from other clips of this model, or estimated from this computer's speed. */
export type Basis = "measured" | "scaled" | "estimated";

/**
 * Share of the matrix-multiply peak that networks of clips reach, before any was run. Measured (`npm run bench -- planner`): 0.6 to 0.7 on
 * the starter from 128×128 to 512×320, 0.25 to 0.4 on the small networks of the animator, 0.9 with random weights of 128 channels.
 */
const USUAL_SHARE = 0.6;
/** Weight of the newest run against all before it. */
const NEWEST = 0.5;

export interface SecondsWish {
  readonly costs: ClipCosts;
  readonly model: string;
  readonly engine: string;
  readonly size: string;
  /** Floating point operations a second of a large matrix product on this device; null: not measured. */
  readonly peak: number | null;
}

/** Seconds that a clip will take, or null where nothing is known of this computer. Newest runs last. Pure. */
export function secondsOf(
  wish: SecondsWish,
  runs: readonly MeasuredRun[],
): { readonly seconds: number; readonly basis: Basis } | null {
  const parts = wish.costs.phases.map((phase) => phaseSeconds(phase, wish, runs));
  if (parts.some((part) => part === null)) return null;
  const own = runs.filter(({ model, engine }) => model === wish.model && engine === wish.engine);
  const other = smoothed(own.map(({ otherSeconds }) => otherSeconds)) ?? 0;
  const bases = parts.map((part) => part!.basis);
  return {
    seconds: other + parts.reduce((sum, part) => sum + part!.seconds, 0),
    basis: bases.includes("estimated") ? "estimated" : bases.includes("scaled") ? "scaled" : "measured",
  };
}

function phaseSeconds(
  { phase, units, flops }: PhaseCosts,
  { model, engine, size, peak }: SecondsWish,
  runs: readonly MeasuredRun[],
): { seconds: number; basis: Basis } | null {
  const known = runs.flatMap((run) => {
    const part = run.phases.find((each) => each.phase === phase);
    return part === undefined || part.seconds <= 0 || part.units <= 0 ? [] : [{ run, part }];
  });
  const own = known.filter(({ run }) => run.model === model && run.engine === engine);
  const same = smoothed(own.filter(({ run }) => run.size === size).map(({ part }) => part.seconds / part.units));
  if (same !== null) return { seconds: same * units, basis: "measured" };
  const nearest = nearestTo(flops / units, own);
  if (nearest !== null) return { seconds: flops / nearest, basis: "scaled" };
  const elsewhere = nearestTo(
    flops / units,
    known.filter(({ run }) => deviceOf(run.engine) === deviceOf(engine)),
  );
  const rate = elsewhere ?? (peak === null ? null : peak * USUAL_SHARE);
  return rate === null ? null : { seconds: flops / rate, basis: "estimated" };
}

/** Operations a second of the run whose units were nearest in size to these: small networks reach less of a computer's speed. */
function nearestTo(
  flops: number,
  known: readonly { readonly part: PhaseCosts & { readonly seconds: number } }[],
): number | null {
  const distance = ({ flops: all, units }: PhaseCosts): number => Math.abs(Math.log(all / units / flops));
  let best: (PhaseCosts & { readonly seconds: number }) | null = null;
  // The newest of equals.
  for (const { part } of known) if (best === null || distance(part) <= distance(best)) best = part;
  return best === null ? null : best.flops / best.seconds;
}

/** A mean in which each run counts as much as all before it together. */
function smoothed(values: readonly number[]): number | null {
  let mean: number | null = null;
  for (const value of values) mean = mean === null ? value : mean + NEWEST * (value - mean);
  return mean;
}

/** An engine's name ends with its device. */
export const engineName = (weights: string, precision: string, threads: number, device: string): string =>
  [weights.slice(0, 12), precision, threads, device].join("/");
const deviceOf = (engine: string): string => engine.slice(engine.lastIndexOf("/", engine.lastIndexOf("/") - 1));

/** Seconds by phase as a record names them (“denoise”, “keyframes: denoise”) as the seconds of the phases, and the rest. */
export function sortSeconds(seconds: Readonly<Record<string, number>>): {
  readonly phases: Readonly<Record<CostPhase, number>>;
  readonly other: number;
} {
  const phases: Record<CostPhase, number> = { text: 0, denoise: 0, decode: 0 };
  let other = 0;
  for (const [name, value] of Object.entries(seconds)) {
    const phase = name.slice(name.lastIndexOf(" ") + 1);
    if (phase in phases) phases[phase as CostPhase] += value;
    // What int8 needs is measured once a model, not once a clip.
    else if (phase !== "calibrate") other += value;
  }
  return { phases, other };
}
