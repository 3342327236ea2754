import type { ClipCosts } from "./costs.ts";
import type { MeasuredRun } from "./seconds.ts";

/**
 * The resident memory of an engine at its peak, as a formula of the graphs' own numbers: what Node and onnxruntime take with a small
 * model, each open network's weights (mapped from the file, and once more where they are repacked into private memory), and its living
 * tensors with what operators need for themselves. Fitted to the peaks of clips of 64×64 to 512×320, each in a process of its own;
 * `npm run bench -- planner` measures them anew beside the formula. The base lies 20 MB above the fit: the same clip took 408 MB in one
 * run and 460 in another, and a plan that is too low promises what does not hold.
 */
export const memoryModel = { base: 236e6, activations: 1.65 } as const;

/** Bytes of memory that making such a clip takes at its peak, by the formula alone. */
export function memoryOf({ memory }: Pick<ClipCosts, "memory">): number {
  const { base, activations } = memoryModel;
  return base + Math.max(...memory.map((each) => each.weights + each.copied + each.activations * activations));
}

/** What measured runs may say of the formula: it is never taken for more than this many times too small or too large. */
const [LEAST, MOST] = [0.5, 4];

/**
 * The same, corrected by what clips of this model took on this computer: exactly where such a clip was made, and by the ratio of the one
 * whose planned memory was nearest where not.
 */
export function learntMemory(
  costs: ClipCosts,
  wish: { readonly model: string; readonly engine: string; readonly size: string },
  runs: readonly MeasuredRun[],
): number {
  const planned = memoryOf(costs);
  const own = runs.filter((run) => run.model === wish.model && run.engine === wish.engine && run.peakBytes > 0);
  const same = own.filter(({ size }) => size === wish.size);
  if (same.length > 0) return Math.max(...same.map(({ peakBytes }) => peakBytes));
  let nearest: MeasuredRun | null = null;
  const distance = (run: MeasuredRun): number => Math.abs(Math.log(run.plannedBytes / planned));
  for (const run of own) if (nearest === null || distance(run) <= distance(nearest)) nearest = run;
  if (nearest === null) return planned;
  return planned * Math.min(MOST, Math.max(LEAST, nearest.peakBytes / nearest.plannedBytes));
}

/** As sentences say it: “740 MB”, “3.3 GB”. */
export const spokenMemory = (bytes: number): string =>
  bytes < 0.95e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
