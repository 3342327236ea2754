/**
 * The speed modes: at which of the reference's steps the network is asked, and for what. Each mode follows the reference's path of the
 * same seed (see `sample.ts`), so that a draft shows what the reference will look like.
 */
import type { Preset, ThreeWayGuidance } from "../../core/contract/animation.ts";
import { FRAMES, KEYFRAMES } from "./config.ts";
import { type GuidanceScales, neededBranches } from "./guidance.ts";
import type { StepPlan } from "./sample.ts";
import type { Stage } from "./stage-networks.ts";

/** Steps of the reference's run. */
export const REFERENCE_STEPS = 90;

interface Mode {
  /** U-Net work at most, as a share of the reference's. */
  readonly share: number;
  /** Guidance is computed at every so manyeth answer; between those, what it added last time is added again. */
  readonly guidedEvery: number;
}

export const modes: Readonly<Record<Preset, Mode>> = {
  draft: { share: 1 / 30, guidedEvery: 3 },
  balanced: { share: 1 / 10, guidedEvery: 3 },
  reference: { share: 1, guidedEvery: 1 },
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
export function runPlan(preset: Preset, steps: number): RunPlan {
  if (preset === "reference") return { gridSteps: steps, plan: Array.from({ length: steps }, () => "guided") };
  const plan: StepPlan[] = Array.from({ length: REFERENCE_STEPS }, () => "extrapolated");
  for (let k = 0; k < steps; k++)
    plan[Math.round(REFERENCE_STEPS * (k / steps) ** CROWDING)] =
      k % modes[preset].guidedEvery === 0 ? "guided" : "conditional";
  return { gridSteps: REFERENCE_STEPS, plan };
}

/** Steps at which the network is asked. */
export const answersOf = ({ plan }: RunPlan): number => plan.filter((step) => step !== "extrapolated").length;

/** Predictions that a run asks the network for, one for each branch computed. */
export function networkCalls({ plan }: RunPlan, scales: GuidanceScales): number {
  const branches = neededBranches(scales).length;
  return plan.reduce((sum, step) => sum + (step === "guided" ? branches : step === "conditional" ? 1 : 0), 0);
}

/** The scales of one stage. */
export function stageScales(
  stage: Stage,
  { text, image, audio, interpolationAudio }: ThreeWayGuidance,
): GuidanceScales {
  return { text, image, audio: stage === "keyframes" ? audio : interpolationAudio };
}

/** Work of a run of both stages in frames through the U-Net: a call costs about as much as it has frames. */
function framesThrough(run: RunPlan, guidance: ThreeWayGuidance): number {
  return (
    networkCalls(run, stageScales("keyframes", guidance)) * KEYFRAMES +
    networkCalls(run, stageScales("interpolation", guidance)) * FRAMES
  );
}

/** U-Net work of both stages as a share of the reference's with the same guidance. */
export function presetWork(preset: Preset, steps: number, guidance: ThreeWayGuidance): number {
  const whole = framesThrough(runPlan("reference", REFERENCE_STEPS), guidance);
  return framesThrough(runPlan(preset, steps), guidance) / whole;
}

/** As many steps as a mode's share of the work allows under this guidance, at least two. */
export function presetSteps(preset: Preset, guidance: ThreeWayGuidance): number {
  let steps = REFERENCE_STEPS;
  while (steps > 2 && presetWork(preset, steps, guidance) > modes[preset].share + 1e-9) steps--;
  return steps;
}
