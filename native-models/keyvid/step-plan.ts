/**
 * The speed modes: at which of the reference's steps the network is asked, and for what. Each mode follows the reference's path of the
 * same seed (see `sample.ts`), so that a draft shows what the reference will look like.
 */
import type { Preset, ThreeWayGuidance } from "../../core/contract/animation.ts";
import type { GuidanceScales } from "./guidance.ts";
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
 * @param steps whole questions' worth of work, 1 to 90; Reference takes so many steps of its own, the fast modes spread their questions
 * over the reference's 90
 * @param shallowShare work of a question that reuses deep features against a whole one's, where the run is to use both: then every
 * whole question is followed by such a one, and as many pairs are asked as the work allows
 */
export function runPlan(preset: Preset, steps: number, shallowShare: number | null = null): RunPlan {
  if (preset === "reference") return { gridSteps: steps, plan: Array.from({ length: steps }, () => "asked"), slope: 0 };
  const isDense = steps >= SLOPE_FROM;
  const pairs = shallowShare !== null && isDense ? Math.floor(steps / (1 + shallowShare)) : 0;
  const inPairs = 2 * pairs > steps && 2 * pairs <= REFERENCE_STEPS;
  const questions = inPairs ? 2 * pairs : steps;
  const plan: StepPlan[] = Array.from({ length: REFERENCE_STEPS }, () => "extrapolated");
  let last = -1;
  for (let k = 0; k < questions; k++) {
    const wanted = Math.round(REFERENCE_STEPS * (k / questions) ** (isDense ? CROWDING : 1));
    // Each question has a step of its own, and those still to come find room.
    last = Math.min(Math.max(wanted, last + 1), REFERENCE_STEPS - (questions - k));
    plan[last] = inPairs && k % 2 === 1 ? "reused" : "asked";
  }
  return { gridSteps: REFERENCE_STEPS, plan, slope: isDense ? SLOPE : 0 };
}

/** Steps at which the network is asked, whole or not. */
export const answersOf = ({ plan }: Pick<RunPlan, "plan">): number =>
  plan.filter((step) => step !== "extrapolated").length;

/** Those of them at which only its shallow part is. */
export const reusedOf = ({ plan }: Pick<RunPlan, "plan">): number => plan.filter((step) => step === "reused").length;

/** The scales of one stage. */
export function stageScales(
  stage: Stage,
  { text, image, audio, interpolationAudio }: ThreeWayGuidance,
): GuidanceScales {
  return { text, image, audio: stage === "keyframes" ? audio : interpolationAudio };
}
