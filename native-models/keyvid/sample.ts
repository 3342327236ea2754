/**
 * KeyVID's denoising loop over any network that predicts v: the reference's stochastic DDIM steps, of which a plan says at which ones
 * the network is really asked. Between those the clean clip is extrapolated from the last two answers, so that a short run follows the
 * reference's own path: the same start, the same noise in every step, the same steps, with a share of the work.
 *
 * Source of the extrapolation: C. Lu et al., "DPM-Solver++" (2022), the second-order multistep scheme for the data prediction and its
 * stochastic variant. Two things differ. Integration over a long step is not done in closed form but by the reference's own short steps,
 * which cost nothing without the network; and the clean clip is taken as linear in the angle arccos(sqrt(abar)) of v-prediction (T.
 * Salimans, J. Ho, "Progressive Distillation", 2022) instead of in log SNR, which is infinite at the start of a zero-terminal-SNR run.
 * With fresh noise in every step the full slope overshoots, so that a run says how much of it to take.
 */
import type { DdimScheduler, DdimStep } from "../diffusion/ddim.ts";
import { type Branch, type GuidanceScales, guide, neededBranches, type Predictions } from "./guidance.ts";

/**
 * What happens at one step of the reference's run: the network is asked under guidance; only its shallow part is asked, with the deep
 * features of the last whole question ("DeepCache"); or its answer is extrapolated.
 */
export type StepPlan = "asked" | "reused" | "extrapolated";

/** What a question does with the network's deep features. */
export type DeepUse = "compute" | "keep" | "reuse";

/** The network under guidance; one clip of fixed size and conditions. */
export interface Denoiser {
  /**
   * Predictions of v for one sample [4, T, h, w] at training timestep t, one for each branch asked for, in that order.
   * `onCall` is awaited before every call of the network; it throws to stop. What was kept is there for the `reuse` that follows.
   */
  predict(
    sample: Float32Array,
    t: number,
    branches: readonly Branch[],
    onCall: () => void | Promise<void>,
    deep: DeepUse,
  ): Promise<readonly Float32Array[]>;
}

/** Everything that a run needs to go on after a step as if it had never stopped, besides its inputs. */
export interface SamplerState {
  /** Steps of the reference's run that are done. */
  readonly done: number;
  readonly sample: Float32Array;
  /** The last answers of the network, newest last: where they were given, and the clean clip that they mean. */
  readonly answers: readonly Answer[];
}

export interface Answer {
  /** arccos(sqrt(abar)) of the step, π/2 in pure noise. */
  readonly angle: number;
  /** The clean clip at scale 1. */
  readonly clean: Float32Array;
}

export interface SampleOptions {
  readonly scheduler: DdimScheduler;
  /** One entry for each step of the scheduler; the first is `asked`. */
  readonly plan: readonly StepPlan[];
  /** Share of the slope between the last two answers that the extrapolation goes on with, 0 to 1. */
  readonly slope: number;
  readonly scales: GuidanceScales;
  /** φ of guidance rescale. */
  readonly rescale: number;
  /** Start noise, used unless `resume` is given. */
  readonly start: Float32Array;
  /** Standard normal numbers for each step in turn; called once a step, also for steps that `resume` has behind it. */
  readonly drawNoise: (count: number) => Float32Array;
  /** Changes the sample in place after a step (0-based); `landed` is the noise level that it is at. */
  readonly afterStep?: (step: number, sample: Float32Array, noise: Float32Array, landed: DdimStep) => void;
  /** After each step at which the network was asked, with how many of them are done and the present estimate of the clean clip. */
  readonly onAnswer?: (done: number, clean: Float32Array) => void | Promise<void>;
  /**
   * After each step at which the network was asked, unless the next question reuses its features, which are no part of the state; what
   * it is given must be copied to be kept.
   */
  readonly onState?: (state: SamplerState) => void | Promise<void>;
  /** Before each call of the network: throws to stop. */
  readonly checkpoint?: () => void | Promise<void>;
  readonly resume?: SamplerState | undefined;
}

/** Answers that the extrapolation looks at. */
const ORDER = 2;

/** Runs the loop and returns the sample after the last step, [4, T, h, w]. */
export async function sampleClip(denoiser: Denoiser, options: SampleOptions): Promise<Float32Array> {
  const { scheduler, plan, drawNoise, resume } = options;
  let sample = resume?.sample.slice() ?? options.start;
  let answers: readonly Answer[] = resume?.answers ?? [];
  let answered = 0;
  for (const [i, step] of scheduler.steps.entries()) {
    const noise = drawNoise(sample.length);
    if (plan[i] !== "extrapolated") answered++;
    if (i < (resume?.done ?? 0)) continue;
    let v: Float32Array;
    const next = plan.slice(i + 1).find((each) => each !== "extrapolated");
    if (plan[i] === "extrapolated") {
      v = velocityOf(extrapolate(answers, angleOf(step), options.slope), sample, step);
    } else {
      const deep = plan[i] === "reused" ? "reuse" : next === "reused" ? "keep" : "compute";
      v = await ask(denoiser, sample, step.t, deep, options);
      answers = [...answers, { angle: angleOf(step), clean: cleanOf(v, sample, step) }].slice(-ORDER);
    }
    sample = scheduler.step(i, v, sample, noise).previousSample;
    options.afterStep?.(i, sample, noise, step);
    if (plan[i] === "extrapolated") continue;
    await options.onAnswer?.(answered, answers.at(-1)!.clean);
    if (next !== "reused") await options.onState?.({ done: i + 1, sample, answers });
  }
  return sample;
}

/** One question to the network: every branch that guidance needs, and the guided velocity. */
async function ask(
  denoiser: Denoiser,
  sample: Float32Array,
  t: number,
  deep: DeepUse,
  { scales, rescale, checkpoint }: SampleOptions,
): Promise<Float32Array> {
  const asked = neededBranches(scales);
  const given = await denoiser.predict(sample, t, asked, checkpoint ?? (() => undefined), deep);
  const predictions = Object.fromEntries(asked.map((branch, i) => [branch, given[i]])) as unknown as Predictions;
  return guide(predictions, scales, rescale);
}

const angleOf = ({ alpha }: DdimStep): number => Math.acos(Math.sqrt(alpha));

/** The clean clip at scale 1 that a velocity means: (sqrt(a) x - sqrt(1 - a) v) / s. */
function cleanOf(v: Float32Array, sample: Float32Array, { alpha, scale }: DdimStep): Float32Array {
  const [signal, noise] = [Math.sqrt(alpha) / scale, Math.sqrt(1 - alpha) / scale];
  return v.map((value, i) => signal * sample[i]! - noise * value);
}

/** The velocity that means this clean clip: (sqrt(a) x - s clean) / sqrt(1 - a). */
function velocityOf(clean: Float32Array, sample: Float32Array, { alpha, scale }: DdimStep): Float32Array {
  const noise = Math.sqrt(1 - alpha);
  const [signal, share] = [Math.sqrt(alpha) / noise, scale / noise];
  return clean.map((value, i) => signal * sample[i]! - share * value);
}

/** The clean clip along the line through the last two answers, at an angle beyond them; the last answer where there is but one. */
function extrapolate(answers: readonly Answer[], angle: number, slope: number): Float32Array {
  const [last, before] = [answers.at(-1)!, answers.at(-2)];
  if (!before || slope === 0) return last.clean;
  const ahead = (slope * (angle - last.angle)) / (last.angle - before.angle);
  return last.clean.map((value, i) => value + ahead * (value - before.clean[i]!));
}
