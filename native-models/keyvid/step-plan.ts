/**
 * The speed modes: at which of the reference's steps the network is asked, and for what. Each mode follows the reference's path of the
 * same seed (see `sample.ts`), so that a draft shows what the reference will look like.
 */
import type { Preset } from "../../core/contract/animation.ts";
import { type GuidanceScales, neededBranches } from "./guidance.ts";
import type { StepPlan } from "./sample.ts";

/** Steps of the reference's run. */
export const REFERENCE_STEPS = 90;

interface Mode {
  /** Steps at which the network is asked, unless a request says otherwise. */
  readonly steps: number;
  /** Guidance is computed at every so manyeth of them; between those, what it added last time is added again. */
  readonly guidedEvery: number;
}

export const modes: Readonly<Record<Preset, Mode>> = {
  draft: { steps: 6, guidedEvery: 3 },
  balanced: { steps: 18, guidedEvery: 3 },
  reference: { steps: REFERENCE_STEPS, guidedEvery: 1 },
};

/** Below 1: questions stand closer towards the end of a run, where details form. */
const CROWDING = 0.8;

export interface RunPlan {
  /** Steps of the scheduler. */
  readonly gridSteps: number;
  /** One entry for each of them. */
  readonly plan: readonly StepPlan[];
}

/**
 * @param steps steps at which the network is asked, 1 to 90; Reference takes so many steps of its own, the fast modes spread them over
 * the reference's 90
 */
export function runPlan(preset: Preset, steps = modes[preset].steps): RunPlan {
  if (preset === "reference") return { gridSteps: steps, plan: Array.from({ length: steps }, () => "guided") };
  const plan: StepPlan[] = Array.from({ length: REFERENCE_STEPS }, () => "extrapolated");
  for (let k = 0; k < steps; k++)
    plan[Math.round(REFERENCE_STEPS * (k / steps) ** CROWDING)] =
      k % modes[preset].guidedEvery === 0 ? "guided" : "conditional";
  return { gridSteps: REFERENCE_STEPS, plan };
}

/** Steps at which the network is asked. */
export const answersOf = ({ plan }: RunPlan): number => plan.filter((step) => step !== "extrapolated").length;

/** Calls of the network that a run makes, one for each branch computed. */
export function networkCalls({ plan }: RunPlan, scales: GuidanceScales): number {
  const branches = neededBranches(scales).length;
  return plan.reduce((sum, step) => sum + (step === "guided" ? branches : step === "conditional" ? 1 : 0), 0);
}
