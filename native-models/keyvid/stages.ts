/**
 * The two stages of one 2 s segment, from prepared inputs to the latent that the VAE decodes: what each shows the network, where it
 * starts, and what it overwrites on the way (KEYVID.md, 3 and 4). Latents are [4, T, h, w].
 */
import type { Preset } from "../../core/contract/animation.ts";
import { DdimScheduler, type DdimStep, dynamicScale } from "../diffusion/ddim.ts";
import { type LatentSize, latentElements } from "../diffusion/latent.ts";
import { createNoiseSchedule } from "../diffusion/noise-schedule.ts";
import { clipPicture } from "./clip-picture.ts";
import { FRAMES, type KeyvidConfig, KEYFRAMES, MEL_BANDS, MEL_COLUMNS } from "./config.ts";
import { type Branch, type GuidanceScales, neededBranches } from "./guidance.ts";
import { drawPosterior, fillStartNoise, injectFrames, placeKeyframes, repeatFrame } from "./interpolation.ts";
import { type Denoiser, sampleClip, type SampleOptions } from "./sample.ts";
import type { Deep, Keys, Stage, StageCosts, StageNetworks, Tokens, UnetCall } from "./stage-networks.ts";
import { answersOf, reusedOf, runPlan, type RunPlan } from "./step-plan.ts";

/** Latent cells of all branches together up to which they go in one call: four branches of 48 frames of 128 × 128 pixels. */
const CELLS_AT_ONCE = 4 * 48 * 16 * 16;

export interface StageInput {
  readonly config: Pick<KeyvidConfig, "sampler" | "vae">;
  readonly prompt: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** [3, height, width] of -1 to 1. */
  readonly picture: Float32Array;
  /** [128, 204] */
  readonly mel: Float32Array;
  /** The twelve places among the 48 frames, ascending, the first 0. */
  readonly places: readonly number[];
  readonly scales: GuidanceScales;
  readonly run: RunPlan;
  /** The generator's next standard normal numbers. */
  readonly draw: (count: number) => Float32Array;
}

/** What a caller may see of a run and do to it; see `SampleOptions`. */
export type StageHooks = Pick<SampleOptions, "checkpoint" | "onAnswer" | "onState" | "resume"> & {
  /** The sample after each step, 0-based. */
  readonly onSample?: (step: number, sample: Float32Array) => void;
  /** The sample before the first step. */
  readonly onStart?: (start: Float32Array) => void;
  /** When everything that the network is conditioned on is computed. */
  readonly onConditioned?: () => void | Promise<void>;
};

/** Frames that a re-roll leaves as they are. */
export interface KeptFrames {
  /** Places among the twelve. */
  readonly which: readonly number[];
  /** Their pictures, [3, height, width] of -1 to 1. */
  readonly pictures: readonly Float32Array[];
}

/** Latent cells of an input's pictures. */
export function stageSize(networks: StageCosts, input: { width: number; height: number }, frames: number): LatentSize {
  const { cellPixels } = networks;
  return { batch: 1, frames, height: input.height / cellPixels, width: input.width / cellPixels };
}

/** Stage 2: the twelve keyframes' latent. Kept frames come out near what they were; the caller has their pictures. */
export async function keyframeLatent(
  networks: StageNetworks,
  input: StageInput,
  hooks: StageHooks = {},
  kept?: KeptFrames,
): Promise<Float32Array> {
  const size = stageSize(networks, input, KEYFRAMES);
  const first = await encodeDrawn(networks, "keyframes", input, input.picture);
  const start = input.draw(latentElements(size));
  const known = kept ? await keptLatents(networks, input, kept) : null;
  return runLoop(
    networks,
    "keyframes",
    input,
    size,
    repeatFrame(first, KEYFRAMES),
    start,
    hooks,
    (_, sample, noise, landed) => {
      if (kept && known) injectFrames(sample, KEYFRAMES, kept.which, known, noise, landed.alphaNext, landed.scaleNext);
    },
  );
}

async function keptLatents(networks: StageNetworks, input: StageInput, kept: KeptFrames): Promise<Float32Array> {
  const latents: Float32Array[] = [];
  for (const picture of kept.pictures) {
    const { mean } = await networks.encode("keyframes", picture, input.height, input.width);
    latents.push(mean.map((value) => value * input.config.vae.scaleFactor));
  }
  return placeKeyframes(latents, KEYFRAMES, kept.which);
}

/**
 * Stage 3: the latent of all 48 frames through the keyframes.
 * @param keyframes their pictures, [3, height, width] of -1 to 1
 */
export async function interpolationLatent(
  networks: StageNetworks,
  input: StageInput,
  keyframes: readonly Float32Array[],
  hooks: StageHooks = {},
): Promise<Float32Array> {
  const size = stageSize(networks, input, FRAMES);
  const { places } = input;
  const latents: Float32Array[] = [];
  for (const picture of keyframes) latents.push(await encodeDrawn(networks, "interpolation", input, picture));
  const known = placeKeyframes(latents, FRAMES, places);
  const start = fillStartNoise(input.draw(latentElements(size)), FRAMES, places);
  return runLoop(networks, "interpolation", input, size, known, start, hooks, (step, sample, noise, landed) => {
    // The reference puts the keyframes into the sample once, after its first step.
    if (step === 0) injectFrames(sample, FRAMES, places, known, noise, landed.alphaNext);
  });
}

/** A picture's latent, drawn from its posterior as the reference does. */
async function encodeDrawn(
  networks: StageNetworks,
  stage: Stage,
  input: StageInput,
  picture: Float32Array,
): Promise<Float32Array> {
  const { mean, logvar } = await networks.encode(stage, picture, input.height, input.width);
  return drawPosterior(mean, logvar, input.draw(mean.length), input.config.vae.scaleFactor);
}

async function runLoop(
  networks: StageNetworks,
  stage: Stage,
  input: StageInput,
  size: LatentSize,
  beside: Float32Array,
  start: Float32Array,
  hooks: StageHooks,
  overwrite: (step: number, sample: Float32Array, noise: Float32Array, landed: DdimStep) => void,
): Promise<Float32Array> {
  const keys = await conditionBranches(networks, stage, input, hooks);
  await networks.prepare(stage, size);
  await hooks.onConditioned?.();
  const denoiser = denoiserOf(networks, { stage, size, places: input.places, beside }, keys);
  hooks.onStart?.(start);
  const { sampler } = input.config;
  return sampleClip(denoiser, {
    scheduler: schedulerOf(input),
    plan: input.run.plan,
    slope: input.run.slope,
    scales: input.scales,
    rescale: sampler.guidanceRescale,
    start,
    drawNoise: input.draw,
    ...pick(hooks),
    afterStep(step, sample, noise, landed) {
      overwrite(step, sample, noise, landed);
      hooks.onSample?.(step, sample);
    },
  });
}

/**
 * One stage's network as the denoising loop sees it: keys and values for each branch, everything else of a call fixed. Features are kept
 * at the shallowest cut, where they are the most of the network.
 */
export function denoiserOf(
  networks: StageNetworks,
  fixed: Omit<UnetCall, "sample" | "t" | "keys">,
  keys: ReadonlyMap<Branch, Keys>,
): Denoiser {
  const cut = networks.lastCut(fixed.stage);
  /** Of each call of the last question: one for all branches, or one for each. */
  let kept: (Deep | undefined)[] = [];
  return {
    async predict(sample, t, branches, onCall, deep) {
      const conditions = branches.map((branch) => keys.get(branch)!);
      const calls = fitsAtOnce(fixed.size, branches.length) ? [conditions] : conditions.map((condition) => [condition]);
      const fresh: (Deep | undefined)[] = [];
      const answers: Float32Array[] = [];
      for (const [i, asked] of calls.entries()) {
        await onCall();
        const answer = await networks.predictBranches({
          ...fixed,
          sample,
          t,
          branches: asked,
          ...(deep === "reuse" ? { reuse: kept[i] } : {}),
          ...(deep === "keep" ? { keep: cut } : {}),
        });
        answers.push(...answer.predictions);
        fresh.push(answer.deep);
      }
      if (deep !== "reuse") kept = fresh;
      return answers;
    },
  };
}

/**
 * Whether a call for all branches at once may be made. It shares work between them but holds the activations of all: small clips gain,
 * large ones would not fit a laptop's memory.
 */
export function fitsAtOnce({ frames, height, width }: LatentSize, branches: number): boolean {
  return frames * height * width * branches <= CELLS_AT_ONCE;
}

/** Only what is there: an absent hook and an undefined one are told apart. */
function pick({ checkpoint, onAnswer, onState, resume }: StageHooks) {
  return {
    ...(checkpoint ? { checkpoint } : {}),
    ...(onAnswer ? { onAnswer } : {}),
    ...(onState ? { onState } : {}),
    resume,
  };
}

function schedulerOf({ config: { sampler }, run }: StageInput): DdimScheduler {
  const { linearStart, linearEnd, eta } = sampler;
  return new DdimScheduler({
    steps: run.gridSteps,
    prediction: "v",
    spacing: "trailing",
    landing: "first",
    schedule: createNoiseSchedule({ linearStart, linearEnd, rescaleZeroTerminalSnr: true }),
    eta,
    dataScale: dynamicScale(),
  });
}

/** Which parts of the condition each branch has; the others are empty: "", a grey picture, a mel of zeros. */
const present: Readonly<Record<Branch, Readonly<Record<keyof Tokens, boolean>>>> = {
  none: { text: false, image: false, audio: false },
  image: { text: false, image: true, audio: false },
  imageText: { text: true, image: true, audio: false },
  full: { text: true, image: true, audio: true },
};

/** Keys and values of every branch that guidance needs; each part is computed once, and an empty one only where it is used. */
async function conditionBranches(
  networks: StageNetworks,
  stage: Stage,
  input: StageInput,
  { checkpoint }: StageHooks,
): Promise<ReadonlyMap<Branch, Keys>> {
  const needed = neededBranches(input.scales);
  const parts = new Map<string, Keys>();
  for (const part of ["text", "image", "audio"] as const) {
    for (const isPresent of new Set(needed.map((branch) => present[branch][part]))) {
      await checkpoint?.();
      parts.set(`${part}${isPresent}`, await partKeys(networks, stage, part, input, isPresent));
    }
  }
  return new Map(
    needed.map((branch): [Branch, Keys] => {
      const keysOf = (part: keyof Tokens) => parts.get(`${part}${present[branch][part]}`);
      return [branch, { ...keysOf("text"), ...keysOf("image"), ...keysOf("audio") }];
    }),
  );
}

async function partKeys(
  networks: StageNetworks,
  stage: Stage,
  part: keyof Tokens,
  input: StageInput,
  isPresent: boolean,
): Promise<Keys> {
  if (part === "text")
    return networks.keys(stage, part, await networks.embedText(stage, isPresent ? input.prompt : ""));
  if (part === "audio") {
    const mel = isPresent ? input.mel : new Float32Array(MEL_BANDS * MEL_COLUMNS);
    return networks.keys(stage, part, await networks.soundTokens(stage, mel, input.places));
  }
  const { width, height, picture } = input;
  const view = clipPicture(isPresent ? picture : new Float32Array(picture.length), width, height);
  const tokens = await networks.pictureTokens(stage, view);
  return networks.keys(stage, part, stage === "keyframes" ? tokensAt(tokens, input.places) : tokens);
}

/** The sixteen tokens of each of these frames, out of those of all 48. */
function tokensAt(tokens: Float32Array, places: readonly number[]): Float32Array {
  const perFrame = tokens.length / FRAMES;
  const chosen = new Float32Array(perFrame * places.length);
  places.forEach((place, i) => chosen.set(tokens.subarray(place * perFrame, (place + 1) * perFrame), i * perFrame));
  return chosen;
}

/**
 * The plan of a stage's run. Between keyframes the deep features change slowly enough for every second question to reuse them: as near
 * to the reference for less work. Measured on the starter, two pairs at 64 × 64, SSIM to the reference: interpolation by 9 whole
 * questions 0.991, by 7 pairs 0.991 for 5 % less work (3 % less at the official size, counted from the graphs); keyframes 0.994 and 0.993 for 9 % less, which
 * is not worth a second open network. With as little work as Draft's it loses, 0.96 to 0.94, and so does a third question on the same
 * features (0.990).
 */
export function stagePlan(
  networks: StageCosts,
  stage: Stage,
  size: LatentSize,
  { preset, steps, branches }: { preset: Preset; steps: number; branches: number },
): RunPlan {
  if (stage === "keyframes" || preset === "reference") return runPlan(preset, steps);
  return runPlan(
    preset,
    steps,
    answerWork(networks, stage, size, branches, true) / answerWork(networks, stage, size, branches, false),
  );
}

/** Floating point operations of one question under so many branches, whole or with kept deep features. */
function answerWork(networks: StageCosts, stage: Stage, size: LatentSize, branches: number, reuses: boolean): number {
  const cut = reuses ? networks.lastCut(stage) : undefined;
  return fitsAtOnce(size, branches)
    ? networks.callWork(stage, size, branches, cut)
    : branches * networks.callWork(stage, size, 1, cut);
}

/** Floating point operations of a run's denoising. */
export function denoisingWork(
  networks: StageCosts,
  stage: Stage,
  size: LatentSize,
  { scales, run }: Pick<StageInput, "scales" | "run">,
): number {
  const branches = neededBranches(scales).length;
  const shallow = reusedOf(run);
  const whole = (answersOf(run) - shallow) * answerWork(networks, stage, size, branches, false);
  return shallow === 0 ? whole : whole + shallow * answerWork(networks, stage, size, branches, true);
}

/** Calls that a run makes of the towers and of the VAE's encoder, for sharing out its work. */
export function conditioningCalls(stage: Stage, scales: GuidanceScales) {
  const needed = neededBranches(scales);
  const calls = (part: keyof Tokens) => new Set(needed.map((branch) => present[branch][part])).size;
  return {
    text: calls("text"),
    vision: calls("image"),
    audio: calls("audio"),
    encode: stage === "keyframes" ? 1 : KEYFRAMES,
  };
}
