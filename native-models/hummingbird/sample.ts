/** The denoising loop: from noise to the clean latent, with the sampler that the model was trained or distilled for. */
import { classifierFreeGuidance, DdimScheduler } from "../diffusion/ddim.ts";
import { type LatentSize, latentElements } from "../diffusion/latent.ts";
import { createNoiseSchedule } from "../diffusion/noise-schedule.ts";
import type { HummingbirdConfig } from "./config.ts";
import { LcmScheduler } from "./lcm.ts";
import type { Condition, HummingbirdNetworks, PromptKeys } from "./networks.ts";

export interface SampleOptions {
  readonly size: LatentSize;
  readonly steps: number;
  readonly guidance: number;
  readonly fps: number;
  /** Prompt embedding [tokens, contextDim]. */
  readonly context: Float32Array;
  /** Embedding of the negative (or empty) prompt; used only with classifier-free guidance. */
  readonly negativeContext: () => Promise<Float32Array>;
  /** The generator's next `count` standard normal numbers, in the reference's order of draws. */
  readonly drawNoise: (count: number) => Float32Array;
  /** After each step (1-based) with the present estimate of the clean latent [4, T, h, w]. */
  readonly onStep?: (step: number, estimate: Float32Array) => void | Promise<void>;
  /** Before each call of the U-Net: throws to stop. */
  readonly checkpoint?: () => void | Promise<void>;
  /** After each step; what it is given must not be changed. */
  readonly onState?: (state: SampleState) => void | Promise<void>;
  /** Goes on after the steps of a state that `onState` was given in an earlier run of the same. */
  readonly resume?: SampleState | undefined;
}

/** Everything that a run needs to go on after a step as if it had never stopped, besides its inputs. */
export interface SampleState {
  /** Steps that are done. */
  readonly done: number;
  readonly sample: Float32Array;
  /** The last estimate of the clean latent. */
  readonly estimate: Float32Array;
}

/** U-Net calls of a run: classifier-free guidance takes two a step, unless its scale is 1. */
export function unetCalls({ sampler }: HummingbirdConfig, steps: number, guidance: number): number {
  return sampler.kind === "ddim" && guidance !== 1 ? steps * 2 : steps;
}

/** Runs the loop and returns the latent that the VAE decodes, [4, T, h, w]. */
export async function sampleLatent(networks: HummingbirdNetworks, options: SampleOptions): Promise<Float32Array> {
  const { sampler, timeCondProjDim } = networks.config;
  const distilled = timeCondProjDim > 0;
  const condition = await networks.condition(options.fps, distilled ? options.guidance : null);
  const keys = await networks.promptKeys(options.context);
  const schedule = createNoiseSchedule({
    linearStart: sampler.linearStart,
    linearEnd: sampler.linearEnd,
    rescaleZeroTerminalSnr: sampler.rescaleBetasZeroSnr,
  });
  const { steps, resume } = options;
  if (resume !== undefined && resume.done >= steps) return resume.estimate;
  const run: Run = { networks, options, condition, keys, initial: options.drawNoise(latentElements(options.size)) };
  return sampler.kind === "lcm"
    ? lcm(run, new LcmScheduler(options.steps, schedule, sampler.parameterization))
    : ddim(
        run,
        new DdimScheduler({
          steps: options.steps,
          prediction: sampler.parameterization,
          spacing: "trailing",
          schedule,
        }),
      );
}

interface Run {
  readonly networks: HummingbirdNetworks;
  readonly options: SampleOptions;
  readonly condition: Condition;
  readonly keys: PromptKeys;
  readonly initial: Float32Array;
}

/** T2V-Turbo's loop: the estimate of the last step is the result; noise is drawn after every step, the last included. */
async function lcm(
  { networks, options, condition, keys, initial }: Run,
  scheduler: LcmScheduler,
): Promise<Float32Array> {
  let { done, sample, estimate } = options.resume ?? { done: 0, sample: initial, estimate: initial };
  // The generator's stream stands where it stood: the noise of the steps that are done is drawn and not used.
  for (let step = 0; step < done; step++) options.drawNoise(sample.length);
  for (const [step, t] of [...scheduler.timesteps.entries()].slice(done)) {
    await options.checkpoint?.();
    const prediction = await networks.predict(options.size, sample, t, keys, condition);
    const noise = options.drawNoise(sample.length);
    const result = scheduler.step(step, prediction, sample, noise);
    sample = result.previousSample;
    estimate = result.denoised;
    done = step + 1;
    await options.onStep?.(done, estimate);
    await options.onState?.({ done, sample, estimate });
  }
  return estimate;
}

/** DDIM with classifier-free guidance; with scale 1 the unconditional pass is left out. */
async function ddim(
  { networks, options, condition, keys, initial }: Run,
  scheduler: DdimScheduler,
): Promise<Float32Array> {
  const guided = options.guidance !== 1;
  const negative = guided ? await networks.promptKeys(await options.negativeContext()) : keys;
  let { done, sample, estimate } = options.resume ?? { done: 0, sample: initial, estimate: initial };
  for (const [step, t] of [...scheduler.timesteps.entries()].slice(done)) {
    await options.checkpoint?.();
    const conditional = await networks.predict(options.size, sample, t, keys, condition);
    let prediction = conditional;
    if (guided) {
      await options.checkpoint?.();
      const unconditional = await networks.predict(options.size, sample, t, negative, condition);
      const { guidanceRescale } = networks.config.sampler;
      prediction = classifierFreeGuidance(conditional, unconditional, options.guidance, guidanceRescale);
    }
    const result = scheduler.step(step, prediction, sample);
    sample = result.previousSample;
    estimate = result.denoised;
    done = step + 1;
    await options.onStep?.(done, estimate);
    await options.onState?.({ done, sample, estimate });
  }
  return estimate;
}
