/** The sampler's numbers: the checkpoint's schedule buffers and the tables of a DDIM run. */
import { DdimScheduler, type DdimStep, dynamicScale } from "../../../native-models/diffusion/ddim.ts";
import {
  createNoiseSchedule,
  officialNoiseSchedule,
  TRAIN_TIMESTEPS,
} from "../../../native-models/diffusion/noise-schedule.ts";
import { type Check, stemOf } from "./context.ts";
import { type GoldenEntry, toleranceOf } from "./manifest.ts";

export const schedule = createNoiseSchedule({ ...officialNoiseSchedule, rescaleZeroTerminalSnr: true });

/** The reference's scheduler of so many steps. */
export const referenceScheduler = (steps: number): DdimScheduler =>
  new DdimScheduler({
    steps,
    prediction: "v",
    spacing: "trailing",
    landing: "first",
    eta: 1,
    schedule,
    dataScale: dynamicScale(),
  });

/** abar in float64 all the way, which the buffers need that divide by 1 - abar. */
function exactAlphas(): number[] {
  const { linearStart, linearEnd } = officialNoiseSchedule;
  const [first, last] = [Math.sqrt(linearStart), Math.sqrt(linearEnd)];
  let product = 1;
  const roots = Array.from({ length: TRAIN_TIMESTEPS }, (_, t) => {
    product *= 1 - (first + ((last - first) * t) / (TRAIN_TIMESTEPS - 1)) ** 2;
    return Math.sqrt(product);
  });
  const [top, bottom] = [roots[0]!, roots.at(-1)!];
  return roots.map((root) => (((root - bottom) * top) / (top - bottom)) ** 2);
}

/**
 * The buffers that training code derives from the betas, by the definitions of J. Ho et al. (2020); the two reciprocals are zeros where
 * v is predicted. Sampling uses only those that come from `schedule` and `dynamicScale`; the others are goldens all the same.
 */
function buffers(): Record<string, ArrayLike<number>> {
  const alphas = exactAlphas();
  const before = [1, ...alphas.slice(0, -1)];
  const betas = before.map((previous, t) => 1 - alphas[t]! / previous);
  const variance = betas.map((beta, t) => (beta * (1 - before[t]!)) / (1 - alphas[t]!));
  const scale = dynamicScale();
  return {
    betas: schedule.betas,
    alphas_cumprod: schedule.alphasCumprod,
    alphas_cumprod_prev: before,
    sqrt_alphas_cumprod: Array.from(schedule.alphasCumprod, Math.sqrt),
    sqrt_one_minus_alphas_cumprod: Array.from(schedule.alphasCumprod, (alpha) => Math.sqrt(1 - alpha)),
    log_one_minus_alphas_cumprod: alphas.map((alpha) => Math.log(1 - alpha)),
    sqrt_recip_alphas_cumprod: alphas.map(() => 0),
    sqrt_recipm1_alphas_cumprod: alphas.map(() => 0),
    posterior_variance: variance,
    posterior_log_variance_clipped: variance.map((value) => Math.log(Math.max(value, 1e-20))),
    posterior_mean_coef1: betas.map((beta, t) => (beta * Math.sqrt(before[t]!)) / (1 - alphas[t]!)),
    posterior_mean_coef2: betas.map((beta, t) => ((1 - before[t]!) * Math.sqrt(1 - beta)) / (1 - alphas[t]!)),
    // The stored table is longer than the schedule: its last value goes on.
    scale_arr: Array.from({ length: 1400 }, (_, t) => scale[Math.min(t, scale.length - 1)]!),
  };
}

export const checkBuffers: Check = async ({ report }, file, entry) => {
  for (const [name, values] of Object.entries(buffers())) {
    if (!file.has(name)) continue;
    const stored = Float32Array.from(values);
    report.check(`${stemOf(entry.file)}.${name}`, stored, (await file.get(name)).data, toleranceOf(entry));
  }
};

const columns: Readonly<Record<string, (step: DdimStep) => number>> = {
  timesteps: ({ t }) => t,
  alphas: ({ alpha }) => alpha,
  alphas_prev: ({ alphaNext }) => alphaNext,
  sigmas: ({ sigma }) => sigma,
  dir_coef: ({ direction }) => direction,
  dir_coef_sq: ({ direction }) => direction ** 2,
  scale: ({ scale }) => scale,
  scale_prev: ({ scaleNext }) => scaleNext,
  sqrt_alphas_cumprod_t: ({ alpha }) => Math.sqrt(alpha),
  sqrt_one_minus_alphas_cumprod_t: ({ alpha }) => Math.sqrt(1 - alpha),
};

/** The note of the manifest holds a table to more than its tolerance says: only the direction's root cancels. */
const TIGHT = { pass: { maxAbs: 1e-6 }, tight: {} };

/** A table `schedule_STEPS`, in ascending order of time. */
export const checkSchedule: Check = async ({ report }, file, entry) => {
  const [, steps] = /_(\d+)\./u.exec(entry.file) ?? [];
  const taken = [...referenceScheduler(Number(steps)).steps].reverse();
  for (const [name, column] of Object.entries(columns)) {
    const cancels = name.startsWith("dir_coef");
    const tolerance = cancels ? toleranceOf(entry) : TIGHT;
    report.check(`${stemOf(entry.file)}.${name}`, taken.map(column), (await file.get(name)).data, tolerance);
  }
};

/** The scales that an entry says its run was guided with. */
export function scalesOf(entry: GoldenEntry): { text: number; image: number; audio: number } {
  const scales = entry["scales"] as Readonly<Record<string, number>>;
  const [text, image, audio] = [scales["text"], scales["img"], scales["audio"]];
  if (text === undefined || image === undefined || audio === undefined)
    throw new Error(`the manifest gives no scales for ${entry.file}`);
  return { text, image, audio };
}
