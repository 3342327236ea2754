/** Whole runs: the sampling loop with recorded noise, and from a prompt and a seed to frames. */
import type { LatentSize } from "../../../native-models/diffusion/latent.ts";
import { type Condition, HummingbirdNetworks, type PromptKeys } from "../../../native-models/hummingbird/networks.ts";
import { toRgb8 } from "../../../native-models/diffusion/rgb.ts";
import { sampleLatent } from "../../../native-models/hummingbird/sample.ts";
import { createNoiseSchedule } from "../../../native-models/diffusion/noise-schedule.ts";
import { guidanceEmbedding } from "../../../native-models/diffusion/embedding.ts";
import { LcmScheduler } from "../../../native-models/hummingbird/lcm.ts";
import { clipTokenizer } from "../../../native-models/openclip/tokenizer.ts";
import { TorchRandom } from "../../../native-models/diffusion/torch-random.ts";
import type { GoldenFile } from "../golden-folder.ts";
import { EXACT, type Tolerance } from "../tolerance.ts";
import type { Check, Context } from "./context.ts";
import { type GoldenModel, sessionOptions } from "./model.ts";
import { crop, shapeOf } from "./tensors.ts";
import { runUnet, type UnetInputs } from "./unet.ts";

type LatentShape = UnetInputs["shape"];

/** The product's networks, remembering what went into and came out of every call of the U-Net. */
class RecordedNetworks extends HummingbirdNetworks {
  readonly calls: { readonly latent: Float32Array; readonly t: number; readonly prediction: Float32Array }[] = [];

  override async predict(
    size: LatentSize,
    latent: Float32Array,
    t: number,
    keys: PromptKeys,
    condition: Condition,
  ): Promise<Float32Array> {
    const prediction = await super.predict(size, latent, t, keys, condition);
    this.calls.push({ latent: latent.slice(), t, prediction: prediction.slice() });
    return prediction;
  }
}

interface Loop {
  readonly steps: number;
  readonly shape: LatentShape;
  readonly initial: Float32Array;
  readonly noise: readonly Float32Array[];
}

interface LoopResult {
  readonly timesteps: readonly number[];
  readonly predictions: readonly Float32Array[];
  readonly denoised: readonly Float32Array[];
  readonly latentsNext: readonly Float32Array[];
}

/** Runs the product's sampler on given noise. */
async function runLoop(
  { model, settings }: Context,
  { steps, shape, initial, noise }: Loop,
  context: Float32Array,
): Promise<LoopResult> {
  const golden = await model();
  const networks = new RecordedNetworks(golden.config, await golden.packWeights(), sessionOptions);
  const draws = [initial, ...noise];
  const denoised: Float32Array[] = [];
  const [, , frames, height, width] = shape;
  try {
    const result = await sampleLatent(networks, {
      size: { batch: 1, frames, height, width },
      steps,
      guidance: settings.guidance_scale,
      fps: settings.fps,
      context,
      negativeContext: () => Promise.reject(new Error("a distilled model takes no negative prompt")),
      drawNoise: () => draws.shift()?.slice() ?? fail("the sampler draws more noise than the reference"),
      onStep: (_, estimate) => {
        denoised.push(estimate.slice());
      },
    });
    if (result.some((value, i) => value !== denoised.at(-1)?.[i])) fail("the result is not the last step's estimate");
  } finally {
    await networks.close();
  }
  const { linear_start: linearStart, linear_end: linearEnd } = settings;
  const scheduler = new LcmScheduler(steps, createNoiseSchedule({ linearStart, linearEnd }));
  const last = networks.calls.at(-1)!;
  // What the last step would hand on is thrown away by the sampler: made from the same call once more.
  const unused = scheduler.step(steps - 1, last.prediction, last.latent, noise[steps - 1]!).previousSample;
  return {
    timesteps: networks.calls.map(({ t }) => t),
    predictions: networks.calls.map(({ prediction }) => prediction),
    denoised,
    latentsNext: [...networks.calls.slice(1).map(({ latent }) => latent), unused],
  };
}

function fail(problem: string): never {
  throw new Error(problem);
}

/** The seed of a loop: stated as a number, or in words as the end-to-end seed plus the number of steps. */
function loopSeed({ settings }: Context, steps: number): number {
  const { loop_seed: stated, e2e } = settings;
  if (typeof stated === "number") return stated;
  if (stated !== undefined && /^e2e_seed \+ number of steps$/u.test(stated.trim()) && e2e) return e2e.seed + steps;
  return fail(`the seed of the loop is not understood: ${stated ?? "settings.loop_seed is missing"}`);
}

/** Prompt → ids and embedding, own random stream → noise: what a run starts from, compared with the golden's. */
async function checkStart(
  { report, tolerances }: Context,
  file: GoldenFile,
  stem: string,
  start: { prompt: string; seed: () => number; idsName: string; loop: Loop; noiseNames: readonly string[] },
): Promise<void> {
  const { loop } = start;
  await report.guard(`${stem}.${start.idsName}`, async () => {
    const ids = clipTokenizer().tokenize(start.prompt).ids;
    report.check(`${stem}.${start.idsName}`, ids, (await file.get(start.idsName)).data, EXACT);
  });
  await report.guard(`${stem}.noise`, () => {
    const random = new TorchRandom(start.seed());
    // Thousands of draws reach beyond 4, where a float32 step is twice that of the short draws that this bound is made for.
    const { pass } = tolerances.of("torch_cpu_rng");
    const bound: Tolerance = { pass: { maxAbs: 2 * (pass.maxAbs ?? 0) }, tight: pass };
    const { length } = loop.initial;
    report.check(`${stem}.initial_latents`, random.randn(length), loop.initial, bound);
    for (const [step, name] of start.noiseNames.entries())
      report.check(`${stem}.${name}`, random.randn(length), loop.noise[step]!, bound);
  });
}

async function embedPrompt(model: GoldenModel, prompt: string): Promise<Float32Array> {
  const networks = await model.networks();
  try {
    return await networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
  } finally {
    await networks.close();
  }
}

/** `loop_*`: tokens, noise, every step of the loop, single calls of the U-Net on the golden's own latents. */
export const checkLoop: Check = async (context, file, stem) => {
  const { report, tolerances, model, settings } = context;
  await report.guard(stem, async () => {
    const initial = await file.get("initial_latents");
    const timesteps = (await file.get("timesteps")).data;
    const steps = timesteps.length;
    const noiseNames = Array.from({ length: steps }, (_, step) => `step${step}.noise`);
    const noise: Float32Array[] = [];
    for (const name of noiseNames) noise.push((await file.get(name)).data);
    const shape = shapeOf<LatentShape>(initial, 5, "initial_latents");
    const loop: Loop = { steps, shape, initial: initial.data, noise };
    const embeds = await file.get("prompt_embeds");
    const w = await file.get("w_embedding");

    await checkStart(context, file, stem, {
      prompt: settings.loop_prompt ?? fail("settings.loop_prompt is missing"),
      seed: () => loopSeed(context, steps),
      idsName: "prompt_token_ids",
      loop,
      noiseNames,
    });
    await report.guard(`${stem}.prompt_embeds`, async () => {
      const actual = await embedPrompt(await model(), settings.loop_prompt ?? "");
      const bound = tolerances.of(`${stem}.prompt_embeds`, "text_encoder.prompt_embeds");
      report.check(`${stem}.prompt_embeds`, actual, embeds.data, bound);
    });
    const guidance = guidanceEmbedding(settings.guidance_scale, w.data.length);
    const wBound = tolerances.of(`${stem}.w_embedding`, "embeddings.w_embedding");
    report.check(`${stem}.w_embedding`, guidance, w.data, wBound);

    const result = await runLoop(context, loop, embeds.data);
    report.check(`${stem}.timesteps`, result.timesteps, timesteps, EXACT);
    for (let step = 0; step < steps; step++) {
      const name = `step${step}`;
      for (const [part, actual] of [
        ["latents_next", result.latentsNext[step]!],
        ["denoised", result.denoised[step]!],
      ] as const) {
        const expected = (await file.get(`${name}.${part}`)).data;
        report.check(`${stem}.${name}.${part}`, actual, expected, tolerances.of(`${stem}.${name}.${part}`));
      }
      if (!file.has(`${name}.model_pred`)) continue;
      // On the golden's own latent, so that earlier steps' rounding does not count.
      const latent = step === 0 ? initial.data : (await file.get(`step${step - 1}.latents_next`)).data;
      const inputs: UnetInputs = {
        latent,
        shape,
        timesteps: timesteps.slice(step, step + 1),
        context: embeds.data,
        fps: settings.fps,
        wEmbedding: w.data,
      };
      const { out } = await runUnet(await model(), inputs);
      const bound = tolerances.of(`${stem}.${name}.model_pred`, "unet_forward.loop.out");
      report.check(`${stem}.${name}.model_pred`, out!, (await file.get(`${name}.model_pred`)).data, bound);
    }
    const final = (await file.get("final_denoised")).data;
    const bound = tolerances.of(`${stem}.final_denoised`, `${stem}.denoised`);
    report.check(`${stem}.final_denoised`, result.denoised.at(-1)!, final, bound);
  });
};

/** A prompt and a seed to bytes, with nothing taken from the golden but those. */
export const checkEndToEnd: Check = async (context, file, stem) => {
  const { report, tolerances, model } = context;
  await report.guard(stem, async () => {
    const settings = context.settings.e2e ?? fail("settings.e2e is missing");
    const initial = await file.get("initial_latents");
    const shape = shapeOf<LatentShape>(initial, 5, "initial_latents");
    const [, channels, frames, height, width] = shape;
    const recorded = (await file.get("step_noise")).data;
    const count = initial.data.length;
    const { steps } = settings;
    const noise = Array.from({ length: steps }, (_, step) => recorded.slice(step * count, (step + 1) * count));
    await checkStart(context, file, stem, {
      prompt: settings.prompt,
      seed: () => settings.seed,
      idsName: "token_ids",
      loop: { steps, shape, initial: initial.data, noise },
      noiseNames: noise.map((_, step) => `step_noise.${step}`),
    });

    const random = new TorchRandom(settings.seed);
    const own: Loop = {
      steps,
      shape,
      initial: random.randn(count),
      noise: Array.from({ length: steps }, () => random.randn(count)),
    };
    const networks = await (await model()).networks();
    try {
      const embedding = await networks.encodePrompt(clipTokenizer().tokenize(settings.prompt).ids);
      const result = await runLoop(context, own, embedding);
      report.check(`${stem}.timesteps`, result.timesteps, (await file.get("timesteps")).data, EXACT);
      const latent = result.denoised.at(-1)!;
      const final = (await file.get("final_denoised")).data;
      report.check(`${stem}.final_denoised`, latent, final, tolerances.of(`${stem}.final_denoised`));

      const images: Float32Array[] = [];
      const plane = height * width;
      for (let frame = 0; frame < frames; frame++) {
        const cells = new Float32Array(channels * plane);
        for (let c = 0; c < channels; c++)
          cells.set(latent.subarray((c * frames + frame) * plane, (c * frames + frame + 1) * plane), c * plane);
        images.push(await networks.decode(cells, height, width));
      }
      await checkPictures(context, file, stem, images);
    } finally {
      await networks.close();
    }
  });
};

/** Floats of the frames that the golden kept (their upper left corner), and the bytes of all. */
async function checkPictures(
  { report, tolerances }: Context,
  file: GoldenFile,
  stem: string,
  images: readonly Float32Array[],
): Promise<void> {
  const frames = await file.get("frames_uint8_thwc");
  const [, height, width] = shapeOf<[number, number, number, number]>(frames, 4, "frames_uint8_thwc");
  for (const tensor of file.tensorNames) {
    const frame = /^decoded_float_frame(\d+)(?:_crop.*)?$/u.exec(tensor)?.[1];
    if (frame === undefined) continue;
    const name = `${stem}.${tensor}`;
    await report.guard(name, async () => {
      const golden = await file.get(tensor);
      const image = images[Number(frame)] ?? fail("there is no such frame");
      const actual = crop(image, [1, 3, height, width], golden.shape);
      report.check(name, actual, golden.data, tolerances.of(name, "vae_decode.decoded"));
    });
  }
  const bytes = images.flatMap((image) => [...toRgb8(image)]);
  report.check(`${stem}.frames_uint8_thwc`, bytes, frames.data, tolerances.of("frames_uint8"));
}
