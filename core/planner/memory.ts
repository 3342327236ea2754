import type { ClipCosts } from "./costs.ts";

/**
 * The resident memory of an engine at its peak, as a formula of the graphs' own numbers: what Node and onnxruntime take without a model,
 * and of each network so many times its weights (mapped from the file, and repacked into private memory) and its living tensors (with
 * what operators need for themselves). Fitted to measured peaks; `npm run bench -- planner` measures them anew beside the formula.
 */
export const memoryModel = { base: 170e6, weights: 2, activations: 1.15 } as const;

/** Bytes of memory that making such a clip takes at its peak. */
export function memoryOf({ memory }: ClipCosts): number {
  const { base, weights, activations } = memoryModel;
  return base + Math.max(...memory.map((each) => each.weights * weights + each.activations * activations));
}
