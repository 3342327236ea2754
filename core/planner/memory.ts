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

/** What measured runs say of clips beyond them: the formula is never taken for more than this many times too small or too large. */
const [LEAST, MOST] = [0.5, 4];

/**
 * The same, corrected by what clips of this model took on this computer: exactly where such a clip was made; in between what smaller and
 * larger ones took; beyond them by the ratio of the nearest. A larger clip is never told to take less than a smaller one took.
 */
export function learntMemory(
  costs: ClipCosts,
  wish: { readonly model: string; readonly engine: string; readonly size: string },
  runs: readonly MeasuredRun[],
): number {
  const planned = memoryOf(costs);
  const own = runs.filter((run) => run.model === wish.model && run.engine === wish.engine && run.peakBytes > 0);
  const took = own
    .map(({ size, plannedBytes, peakBytes }) => ({ at: size === wish.size ? planned : plannedBytes, peak: peakBytes }))
    .toSorted((a, b) => a.at - b.at);
  let most = 0;
  const rising = took.map(({ at, peak }) => ({ at, peak: (most = Math.max(most, peak)) }));
  const below = rising.findLast(({ at }) => at <= planned);
  const above = rising.find(({ at }) => at > planned);
  if (below?.at === planned) return below.peak;
  const scaled = ({ at, peak }: { at: number; peak: number }): number =>
    planned * Math.min(MOST, Math.max(LEAST, peak / at));
  if (below === undefined) return above === undefined ? planned : Math.min(above.peak, scaled(above));
  if (above === undefined) return Math.max(below.peak, scaled(below));
  return below.peak + ((above.peak - below.peak) * (planned - below.at)) / (above.at - below.at);
}

/** As sentences say it: “740 MB”, “3.3 GB”. */
export const spokenMemory = (bytes: number): string =>
  bytes < 0.95e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
