/** The sampler with the real networks: the keyframe loop on given conditions, and both stages from a picture and a sound. */
import { z } from "zod";
import { motionExtremes, selectAsReference } from "../../../core/motion/index.ts";
import { toRgb8 } from "../../../native-models/diffusion/rgb.ts";
import { frameOf, type LatentSize } from "../../../native-models/diffusion/latent.ts";
import { FRAMES, KEYFRAMES } from "../../../native-models/keyvid/config.ts";
import { type Branch, branches, guide, type Predictions } from "../../../native-models/keyvid/guidance.ts";
import { melSpectrogram, referenceClip, withoutPadding } from "../../../native-models/keyvid/mel.ts";
import { fromBytes, modelPicture } from "../../../native-models/keyvid/picture.ts";
import { type Denoiser, sampleClip } from "../../../native-models/keyvid/sample.ts";
import type { Keys, Stage, StageNetworks } from "../../../native-models/keyvid/stage-networks.ts";
import {
  denoiserOf,
  interpolationLatent,
  keyframeLatent,
  type StageInput,
  stageSize,
} from "../../../native-models/keyvid/stages.ts";
import { runPlan } from "../../../native-models/keyvid/step-plan.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { readPng } from "../png.ts";
import { EXACT } from "../tolerance.ts";
import { type Check, type Context, stemOf, wanted } from "./context.ts";
import { drawsSchema, flatDraws, recordingRandom } from "./keyframes.ts";
import { absolute, type GoldenEntry, toleranceOf } from "./manifest.ts";
import { referenceScheduler, scalesOf } from "./schedule.ts";
import { readWav } from "./wav.ts";

type Axes5 = [number, number, number, number, number];

/** Golden tensors of the conditions by branch, and of the network's first answers. */
const conditions: Readonly<Record<Branch, readonly [text: string, image: string, audio: string, answer: string]>> = {
  none: ["text_uncond", "image_uncond", "audio_uncond", "out_uncond"],
  image: ["text_uncond", "image", "audio_uncond", "out_img"],
  imageText: ["text", "image", "audio_uncond", "out_img_text"],
  full: ["text", "image", "audio", "out_cond"],
};

/** A DDIM run of the keyframe network on given conditions and noise. */
export const checkKeyframeLoop: Check = async (context, file, entry) => {
  const { report } = context;
  const { networks } = await context.model();
  const stem = stemOf(entry.file);
  const start = await wanted<Axes5>(file, "x_T", 5);
  const [, , frames, height, width] = start.shape;
  const size: LatentSize = { batch: 1, frames, height, width };
  const keys = new Map<Branch, Keys>();
  for (const branch of branches) {
    const [text, image, audio] = conditions[branch];
    keys.set(branch, {
      ...(await networks.keys("keyframes", "text", (await file.get(text)).data)),
      ...(await networks.keys("keyframes", "image", (await file.get(image)).data)),
      ...(await networks.keys("keyframes", "audio", (await file.get(audio)).data)),
    });
  }
  const beside = (await file.get("concat")).data;
  const places = Array.from((await file.get("frame_idx")).data);
  const network = denoiserOf(networks, { stage: "keyframes", size, places, beside }, keys);
  const first = new Map<Branch, Float32Array>();
  const denoiser: Denoiser = {
    async predict(sample, t, _, onCall, deep) {
      // All four, whether their weight is zero or not: the golden has them all.
      const answers = await network.predict(sample, t, branches, onCall, deep);
      if (first.size === 0) for (const [i, branch] of branches.entries()) first.set(branch, answers[i]!);
      return answers;
    },
  };
  const scales = scalesOf(entry);
  const timesteps = z.array(z.number()).parse(entry["timesteps"]);
  const scheduler = referenceScheduler(timesteps.length);
  report.check(`${stem}.timesteps`, scheduler.timesteps, timesteps, EXACT);
  const { rescale } = z.object({ rescale: z.number() }).parse(entry["scales"]);
  await sampleClip(asked(denoiser), {
    scheduler,
    ...runPlan("reference", timesteps.length),
    scales,
    rescale,
    start: start.data,
    drawNoise: await recordedDraws([file, "noise"]),
    ...(await stepChecks(context, file, entry)),
  });
  for (const branch of branches)
    report.check(
      `${stem}.step0.${conditions[branch][3]}`,
      first.get(branch)!,
      (await file.get(`step0.${conditions[branch][3]}`)).data,
      toleranceOf(entry),
    );
  const predictions = Object.fromEntries(first) as unknown as Predictions;
  const noise = (await file.get("noise")).data.subarray(0, start.data.length);
  const { denoised } = scheduler.step(0, guide(predictions, scales, rescale), start.data, noise);
  report.check(`${stem}.step0.pred_x0`, denoised, (await file.get("step0.pred_x0")).data, toleranceOf(entry));
};

/** Picks the branches that the loop asked for out of all four. */
function asked(denoiser: Denoiser): Denoiser {
  return {
    async predict(sample, t, wantedBranches, onCall, deep) {
      const answers = await denoiser.predict(sample, t, branches, onCall, deep);
      return wantedBranches.map((branch) => answers[branches.indexOf(branch)]!);
    },
  };
}

/** Compares the sample after every step with `stepN.x_prev`; the comparisons are reported in order. */
async function stepChecks(context: Context, file: GoldenFile, entry: GoldenEntry) {
  const goldens: Float32Array[] = [];
  while (file.has(`step${goldens.length}.x_prev`)) goldens.push((await file.get(`step${goldens.length}.x_prev`)).data);
  const check = (step: number, sample: Float32Array) => {
    const golden = goldens[step];
    const name = `${stemOf(entry.file)}.step${step}.x_prev`;
    if (golden) context.report.check(name, sample, golden, toleranceOf(entry));
    else context.report.verdict(name, "the golden has no such step");
  };
  return { afterStep: check, onSample: check };
}

/** The reference's standard normal numbers in its order of draws: each tensor is handed out in as many pieces as are asked for. */
async function recordedDraws(
  ...tensors: readonly (readonly [GoldenFile, string])[]
): Promise<(count: number) => Float32Array> {
  const recorded: Float32Array[] = [];
  for (const [file, name] of tensors) recorded.push((await file.get(name)).data);
  let at = 0;
  return (count) => {
    const [current] = recorded;
    if (!current || at + count > current.length) throw new Error("the run draws other noise than was recorded");
    const numbers = current.subarray(at, at + count);
    at += count;
    if (at === current.length) {
      recorded.shift();
      at = 0;
    }
    return numbers;
  };
}

const runSchema = z.object({
  image: z.string(),
  wav: z.string(),
  prompt: z.string(),
  hw: z.tuple([z.number(), z.number()]),
  latent_hw: z.tuple([z.number(), z.number()]),
  steps1: z.number(),
  steps2: z.number(),
  kf_seed: z.number(),
  keyframes: z.array(z.number()),
  draws: drawsSchema,
  timesteps1: z.array(z.number()),
  timesteps2: z.array(z.number()),
});

const RUN = "e2e/run.json";
const readRun = async (context: Context) => runSchema.parse(await context.json(RUN));
/** Guidance that the goldens' description gives; generation.sh of the reference. */
const SCALES: Readonly<Record<Stage, StageInput["scales"]>> = {
  keyframes: { text: 7.5, image: 2, audio: 7.5 },
  interpolation: { text: 7.5, image: 2, audio: 9 },
};

/** What a description says about guidance, e.g. "scales 7.5/2.0/7.5" or "scales text 7.5 / img 2.0 / audio 9.0". */
function describedScales(entry: GoldenEntry, stage: Stage): StageInput["scales"] {
  const one = String.raw`(?:[a-z]+\s*)?(\d+(?:\.\d+)?)`;
  const found = new RegExp(String.raw`scales?\s+${one}\s*/\s*${one}\s*/\s*${one}`, "u").exec(
    String(entry["description"]),
  );
  if (!found) return SCALES[stage];
  const [text, image, audio] = found.slice(1).map(Number) as [number, number, number];
  return { text, image, audio };
}

/** The parameters of the end-to-end run: selection out of the seed, and both runs' timesteps. */
export async function checkRun(context: Context, entry: GoldenEntry): Promise<void> {
  const { report } = context;
  const stem = stemOf(entry.file);
  const run = await readRun(context);
  report.check(`${stem}.timesteps1`, referenceScheduler(run.steps1).timesteps, run.timesteps1, EXACT);
  report.check(`${stem}.timesteps2`, referenceScheduler(run.steps2).timesteps, run.timesteps2, EXACT);
  const { networks } = await context.model();
  const scores = await networks.localise(
    withoutPadding(melSpectrogram(referenceClip(await readWav(context.path(run.wav))))),
  );
  const random = recordingRandom(run.kf_seed);
  report.check(`${stem}.keyframes`, selectAsReference(motionExtremes(scores), random), run.keyframes, EXACT);
  const drawn = [random.draws.length, ...flatDraws(random.draws)];
  report.check(`${stem}.draws`, drawn, [run.draws.length, ...flatDraws(run.draws)], EXACT);
  const { height, width } = stageSize(networks, { height: run.hw[0], width: run.hw[1] }, 1);
  report.check(`${stem}.latent_hw`, [height, width], run.latent_hw, EXACT);
}

async function stageInput(
  context: Context,
  entry: GoldenEntry,
  stage: Stage,
  draw: (count: number) => Float32Array,
): Promise<StageInput> {
  const run = await readRun(context);
  const { config } = await context.model();
  const [height, width] = run.hw;
  return {
    config,
    prompt: run.prompt,
    width,
    height,
    picture: modelPicture(await readPng(context.path(run.image)), { width, height }),
    mel: melSpectrogram(referenceClip(await readWav(context.path(run.wav)))),
    places: run.keyframes,
    scales: describedScales(entry, stage),
    run: runPlan("reference", stage === "keyframes" ? run.steps1 : run.steps2),
    draw,
  };
}

/** From a picture and a sound to twelve keyframes. */
export const checkKeyframeStage: Check = async (context, file, entry) => {
  const { report } = context;
  const { networks } = await context.model();
  const stem = stemOf(entry.file);
  const draw = await recordedDraws([file, "vae_noise_first_frame"], [file, "x_T"], [file, "noise"]);
  const input = await stageInput(context, entry, "keyframes", draw);
  report.check(`${stem}.model_input`, input.picture, (await file.get("model_input")).data, EXACT);
  report.check(
    `${stem}.score`,
    await networks.localise(withoutPadding(input.mel)),
    (await file.get("score")).data,
    toleranceOf(entry),
  );
  report.check(`${stem}.keyframes`, input.places, (await file.get("keyframes")).data, EXACT);
  const { onSample } = await stepChecks(context, file, entry);
  const latent = await keyframeLatent(networks, input, { onSample });
  const frames = await decodeAll(networks, "keyframes", latent, input, KEYFRAMES);
  const clip = channelsFirst(frames, KEYFRAMES);
  report.check(`${stem}.keyframes_float`, clip, (await file.get("keyframes_float")).data, framesTolerance(entry).float);
  await checkLevels(context, file, entry, "keyframes_uint8", frames);
};

/** Through the goldens' keyframes to 48 frames. */
export const checkInterpolationStage: Check = async (context, file, entry) => {
  const { report } = context;
  const { networks } = await context.model();
  const stem = stemOf(entry.file);
  const filled = await file.get("x_T_after_fill");
  const draw = await recordedDraws([file, "vae_noise_keyframes"], [file, "x_T_raw"], [file, "noise"]);
  const input = await stageInput(context, entry, "interpolation", draw);
  const golden = await context.tensor(entry.file.replace(/[^/]*$/u, "stage1_keyframes.safetensors"), "keyframes_uint8");
  const planes = golden.data.length / (3 * KEYFRAMES);
  const pictures = Array.from({ length: KEYFRAMES }, (_, frame) =>
    fromBytes(
      Uint8Array.from({ length: 3 * planes }, (_unused, i) => {
        const channel = Math.floor(i / planes);
        return golden.data[(channel * KEYFRAMES + frame) * planes + (i % planes)]!;
      }),
    ),
  );
  const { onSample } = await stepChecks(context, file, entry);
  const onStart = (start: Float32Array) =>
    report.check(`${stem}.x_T_after_fill`, start, filled.data, toleranceOf(entry));
  const latent = await interpolationLatent(networks, input, pictures, { onSample, onStart });
  const frames = await decodeAll(networks, "interpolation", latent, input, FRAMES);
  await checkLevels(context, file, entry, "frames_uint8", frames);
};

async function decodeAll(
  networks: StageNetworks,
  stage: Stage,
  latent: Float32Array,
  input: StageInput,
  count: number,
): Promise<Float32Array[]> {
  const size = stageSize(networks, input, count);
  const frames: Float32Array[] = [];
  for (let frame = 0; frame < count; frame++)
    frames.push(await networks.decode(stage, frameOf(latent, size, frame), size.height, size.width));
  return frames;
}

/** T pictures [3, H·W] → [3, T, H·W]. */
function channelsFirst(pictures: readonly Float32Array[], count: number): Float32Array {
  const plane = pictures[0]!.length / 3;
  const clip = new Float32Array(3 * count * plane);
  pictures.forEach((picture, frame) => {
    for (let channel = 0; channel < 3; channel++)
      clip.set(picture.subarray(channel * plane, (channel + 1) * plane), (channel * count + frame) * plane);
  });
  return clip;
}

const framesSchema = z.object({
  atol: z.number().nonnegative(),
  uint8_max_diff: z.number().nonnegative(),
  uint8_mean_diff: z.number().nonnegative(),
});

function framesTolerance(entry: GoldenEntry) {
  const allowed = framesSchema.parse(entry["frames_tolerance"]);
  return {
    float: absolute({ ...entry, atol: allowed.atol }, "atol"),
    levels: { pass: { maxDiff: allowed.uint8_max_diff, meanAbs: allowed.uint8_mean_diff }, tight: {} },
  };
}

async function checkLevels(
  { report }: Context,
  file: GoldenFile,
  entry: GoldenEntry,
  name: string,
  pictures: readonly Float32Array[],
): Promise<void> {
  // H × W × 3 back to [3, H·W], to compare in the golden's order.
  const planar = pictures.map((picture) => {
    const rgb = toRgb8(picture);
    const plane = rgb.length / 3;
    return Float32Array.from(rgb, (_, i) => rgb[(i % plane) * 3 + Math.floor(i / plane)]!);
  });
  const levels = channelsFirst(planar, pictures.length);
  report.check(`${stemOf(entry.file)}.${name}`, levels, (await file.get(name)).data, framesTolerance(entry).levels);
}
