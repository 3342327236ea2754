/**
 * The speed modes: at which of the reference's steps the network is asked, and for what. Each mode follows the reference's path of the
 * same seed (see `sample.ts`), so that a draft shows what the reference will look like.
 */
import type { Preset, ThreeWayGuidance } from "../../core/contract/animation.ts";
import { type GuidanceScales, neededBranches } from "./guidance.ts";
import type { StepPlan } from "./sample.ts";
import type { Stage } from "./stage-networks.ts";

/** Steps of the reference's run. */
export const REFERENCE_STEPS = 90;

/**
 * Steps at which each mode asks the network: a thirtieth, a tenth and all of the reference's, with all of the guidance each time.
 * Measured on a trained model (SSIM to the reference for equal work): 9 guided questions 0.988; 12 with guidance at every other one, at
 * the first half, or at two of three, and what it added remembered between: 0.920, 0.905, 0.967.
 */
export const modeSteps: Readonly<Record<Preset, number>> = {
  draft: REFERENCE_STEPS / 30,
  balanced: REFERENCE_STEPS / 10,
  reference: REFERENCE_STEPS,
};

/** From this many questions on, the way between answers is taken as a slope; fewer stand too far apart (3: SSIM 0.67 instead of 0.95). */
const SLOPE_FROM = 6;
/** Half of the slope follows the stochastic run best; questions stand closer towards its end (below 1), where details form. */
const [SLOPE, CROWDING] = [0.5, 0.8];

export interface RunPlan {
  /** Steps of the scheduler. */
  readonly gridSteps: number;
  /** One entry for each of them. */
  readonly plan: readonly StepPlan[];
  /** See `SampleOptions`. */
  readonly slope: number;
}

/**
 * @param steps steps at which the network is asked, 1 to 90; Reference takes so many steps of its own, the fast modes spread them over
 * the reference's 90
 */
export function runPlan(preset: Preset, steps: number): RunPlan {
  if (preset === "reference") return { gridSteps: steps, plan: Array.from({ length: steps }, () => "asked"), slope: 0 };
  const isDense = steps >= SLOPE_FROM;
  const plan: StepPlan[] = Array.from({ length: REFERENCE_STEPS }, () => "extrapolated");
  let last = -1;
  for (let k = 0; k < steps; k++) {
    const wanted = Math.round(REFERENCE_STEPS * (k / steps) ** (isDense ? CROWDING : 1));
    // Each question has a step of its own, and those still to come find room.
    last = Math.min(Math.max(wanted, last + 1), REFERENCE_STEPS - (steps - k));
    plan[last] = "asked";
  }
  return { gridSteps: REFERENCE_STEPS, plan, slope: isDense ? SLOPE : 0 };
}

/** Steps at which the network is asked. */
export const answersOf = ({ plan }: Pick<RunPlan, "plan">): number => plan.filter((step) => step === "asked").length;

/** Predictions that a run asks the network for, one for each branch that guidance needs. */
export const networkCalls = (run: RunPlan, scales: GuidanceScales): number =>
  answersOf(run) * neededBranches(scales).length;

/** The scales of one stage. */
export function stageScales(
  stage: Stage,
  { text, image, audio, interpolationAudio }: ThreeWayGuidance,
): GuidanceScales {
  return { text, image, audio: stage === "keyframes" ? audio : interpolationAudio };
}
