/**
 * Speed and memory of Hummingbird on this machine: one whole clip through the product's own pipeline, on random weights of the true
 * 0.7B shape (the official ones may not be shipped) and on the starter. Floating point operations are counted from the authored
 * graphs; the machine's matrix-multiply speed is measured between the steps, so that both see the same neighbours.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelSummary, ResolvedRequest } from "../../core/contract/index.ts";
import type { HummingbirdConfig } from "../../native-models/hummingbird/config.ts";
import { hummingbirdParameters } from "../../native-models/hummingbird/parameters.ts";
import { latentSize } from "../../native-models/diffusion/latent.ts";
import { type OpenedPack, HummingbirdPipeline } from "../../native-models/hummingbird/pipeline.ts";
import { unetGraph } from "../../native-models/hummingbird/unet.ts";
import { similarity } from "../../native-models/diffusion/similarity.ts";
import { vaeDecoderGraph } from "../../native-models/vae/decoder.ts";
import { installCheckpoint, manifestOf, packSummary, readPack } from "../../native-models/pack/index.ts";
import { officialConfig as official07B } from "../../native-models/hummingbird/official-config.testkit.ts";
import { aimsOf, type ClipResult, type HummingbirdResult, int8Aims, lines, type Timed } from "./hummingbird-report.ts";
import { cpuSeconds, describeMachine, memory, type Rate, Yardstick } from "./machine.ts";
import { randomWeights } from "./random-weights.ts";
import { type BenchContext, numberAfter } from "./context.ts";

const starterFile = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));

export async function benchHummingbird({ threads, args, say }: BenchContext): Promise<HummingbirdResult> {
  const machine = describeMachine();
  say(
    `${machine.cpu}, ${machine.logicalCores} logical cores, ${machine.memoryGb.toFixed(0)} GB, load ${machine.load.toFixed(1)}; ${threads} threads`,
  );
  if (machine.load > 0.5)
    say("Other programs are running: compare speeds with the matrix-multiply speed beside them, per CPU second.");
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  const models: BothClips[] = [];
  if (only !== "starter") models.push(await benchOfficial(args, threads, say));
  if (only !== "07b") {
    if (existsSync(starterFile)) models.push(await benchBundled(threads, say));
    else say("The starter (assets/models/starter.ckpt) is not here: left out.");
  }
  const aims = models.flatMap(({ fp32, int8, alike }) => [...aimsOf(fp32), ...int8Aims(fp32, int8, alike)]);
  const clips = models.flatMap(({ fp32, int8 }) => [fp32, int8]);
  const alike = Object.fromEntries(models.flatMap(({ fp32, alike }) => (alike ? [[fp32.model, alike]] : [])));
  for (const { aim, reached, met } of aims) say(`${met ? "reached" : "MISSED "}  ${aim}: ${reached}`);
  return { machine, threads, clips, similarity: alike, aims };
}

async function benchOfficial(
  args: readonly string[],
  threads: number,
  say: (line: string) => void,
): Promise<BothClips> {
  const folder = process.env["PLUME_BENCH_CACHE"] ?? join(tmpdir(), "plume-bench");
  say(`Random weights of the 0.7B shape in ${folder} (4.6 GB, written once) …`);
  const weights = await randomWeights(folder, "hummingbird-07b", hummingbirdParameters(official07B));
  const summary = describe("Hummingbird 0.7B, random weights");
  const request = {
    ...summary.defaults,
    frames: numberAfter(args, "--frames") ?? 16,
    height: (numberAfter(args, "--height") ?? 24) * 8,
    width: (numberAfter(args, "--width") ?? 32) * 8,
    steps: numberAfter(args, "--steps") ?? 4,
  };
  const { fp32, int8 } = await benchBoth({ config: official07B, weights, summary }, request, threads, say);
  // Frames of random weights are noise: how alike they are says nothing.
  return { fp32, int8, alike: null };
}

async function benchBundled(threads: number, say: (line: string) => void): Promise<BothClips> {
  const work = await mkdtemp(join(tmpdir(), "plume-bench-starter-"));
  try {
    await installCheckpoint({ file: starterFile, destination: join(work, "pack") });
    const { manifest, index, folder, weightsFile } = await readPack(join(work, "pack"));
    const summary = packSummary(manifest);
    const pack = {
      config: manifestOf("hummingbird", manifest).config,
      weights: { folder, file: weightsFile, index },
      summary,
    };
    return await benchBoth(pack, summary.defaults, threads, say);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function describe(name: string): ModelSummary {
  return {
    id: "bench",
    name,
    family: "hummingbird",
    variant: "0.7B",
    bundled: false,
    licence: "none",
    about: "Random weights for measurements.",
    examplePrompts: ["blue bubbles rising slowly"],
    parameters: 0,
    bytesOnDisk: 0,
    guidanceKind: "embedded",
    precisions: ["fp32", "int8"],
    defaults: { width: 256, height: 192, frames: 16, fps: 8, steps: 4, guidance: 7.5, precision: "fp32" },
    sizes: [],
    maxSteps: 16,
  };
}

/** Laps of wall clock and CPU time; what a hook of ours takes does not count. */
class Laps {
  readonly #start = performance.now();
  #wall = performance.now();
  #cpu = cpuSeconds();
  #paused = 0;

  lap(flops: number): Timed {
    const seconds = (performance.now() - this.#wall) / 1000;
    const cpu = cpuSeconds() - this.#cpu;
    return { seconds, perSecond: flops / seconds / 1e9, perCpuSecond: flops / cpu / 1e9 };
  }

  /** Runs work that is not part of the clip and starts a new lap. */
  async outside(work?: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await work?.();
    this.#paused += performance.now() - start;
    this.#wall = performance.now();
    this.#cpu = cpuSeconds();
  }

  /** Seconds since the beginning without the outside work. */
  get total(): number {
    return (performance.now() - this.#start - this.#paused) / 1000;
  }
}

interface BothClips {
  readonly fp32: ClipResult;
  readonly int8: ClipResult;
  readonly alike: { lowest: number; mean: number } | null;
}

type Wanted = Pick<ResolvedRequest, "width" | "height" | "frames" | "fps" | "steps" | "guidance">;

/** The same clip in float32 and in int8. */
async function benchBoth(
  pack: OpenedPack,
  wanted: Wanted,
  threads: number,
  say: (line: string) => void,
): Promise<BothClips> {
  const exact = await benchClip(pack, { ...wanted, precision: "fp32" }, threads, say);
  const fast = await benchClip(pack, { ...wanted, precision: "int8" }, threads, say);
  const scores = exact.frames.map((frame, i) => similarity(frame, fast.frames[i]!, wanted.width, wanted.height));
  return { fp32: exact.result, int8: fast.result, alike: { lowest: Math.min(...scores), mean: average(scores) } };
}

async function benchClip(
  pack: OpenedPack,
  wanted: Wanted & Pick<ResolvedRequest, "precision">,
  threads: number,
  say: (line: string) => void,
): Promise<{ result: ClipResult; frames: Uint8Array[] }> {
  const request: ResolvedRequest = {
    ...wanted,
    model: pack.summary.id,
    prompt: "blue bubbles rising slowly",
    negativePrompt: "",
    seed: 1,
  };
  const flops = flopsOf(pack.config, request);
  const yardstick = await Yardstick.open(threads);
  const peaks = [await yardstick.measure()];
  const pipeline = new HummingbirdPipeline(pack, { threads, precision: request.precision });
  const laps = new Laps();
  const steps: Timed[] = [];
  const frames: Timed[] = [];
  const pictures: Uint8Array[] = [];
  let firstPreview = 0;
  try {
    const result = await pipeline.generate(request, {
      signal: new AbortController().signal,
      progress: async (phase, done) => {
        // Each phase announces itself before its first piece of work.
        if (phase !== "text" && done === 0) await laps.outside();
      },
      preview: async () => {
        const step = laps.lap(flops.step);
        steps.push(step);
        firstPreview ||= laps.total;
        await laps.outside(async () => void peaks.push(await yardstick.measure()));
        say(
          `  step ${steps.length}: ${step.seconds.toFixed(2)} s, ${step.perSecond.toFixed(0)} GFLOP/s; matrix multiply ${peaks.at(-1)!.mean.perSecond.toFixed(0)}`,
        );
      },
      frame: async (_, rgb) => {
        pictures.push(rgb);
        frames.push(laps.lap(flops.vaeFrame));
        await laps.outside();
      },
    });
    const totalSeconds = laps.total;
    const outcome = summarise(pack, request, flops, { steps, frames, peaks }, { firstPreview, totalSeconds }, result);
    for (const line of lines(outcome)) say(line);
    return { result: outcome, frames: pictures };
  } finally {
    await pipeline.close();
    await yardstick.close();
  }
}

interface ClipFlops {
  readonly unetCall: number;
  readonly step: number;
  readonly vaeFrame: number;
  readonly clip: number;
}

function flopsOf(config: HummingbirdConfig, request: ResolvedRequest): ClipFlops {
  const size = latentSize(request);
  const unetCall = unetGraph(config, size).flops;
  const vaeFrame = vaeDecoderGraph(config.vae, { batch: 1, height: size.height, width: size.width }).flops;
  const calls = config.sampler.kind === "ddim" && request.guidance !== 1 ? 2 : 1;
  return {
    unetCall,
    step: unetCall * calls,
    vaeFrame,
    clip: unetCall * calls * request.steps + vaeFrame * size.frames,
  };
}

function middle<T>(values: readonly T[], by: (value: T) => number): T {
  return [...values].sort((a, b) => by(a) - by(b))[Math.floor(values.length / 2)]!;
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function summarise(
  pack: OpenedPack,
  request: ResolvedRequest,
  flops: ClipFlops,
  measured: { steps: readonly Timed[]; frames: readonly Timed[]; peaks: readonly { best: Rate; mean: Rate }[] },
  times: { firstPreview: number; totalSeconds: number },
  result: { framesSha256: string; seconds: Readonly<Record<string, number>> },
): ClipResult {
  const { steps, peaks } = measured;
  // The first frame also opens the decoder.
  const frames = measured.frames.length > 1 ? measured.frames.slice(1) : measured.frames;
  const step = middle(steps, ({ seconds }) => seconds);
  const perPeak = (timed: readonly Timed[]) =>
    average(timed.map((t) => t.perCpuSecond)) / average(peaks.map(({ mean }) => mean.perCpuSecond));
  const rate = (pick: (peak: { best: Rate; mean: Rate }) => Rate, join: (values: number[]) => number): Rate => ({
    perSecond: join(peaks.map((peak) => pick(peak).perSecond)),
    perCpuSecond: join(peaks.map((peak) => pick(peak).perCpuSecond)),
  });
  return {
    model: pack.summary.name,
    clip: { width: request.width, height: request.height, frames: request.frames, steps: request.steps },
    gflop: { unetCall: flops.unetCall / 1e9, vaeFrame: flops.vaeFrame / 1e9, clip: flops.clip / 1e9 },
    textSeconds: result.seconds["text"] ?? 0,
    loadSeconds: result.seconds["prepare"] ?? 0,
    firstPreviewSeconds: times.firstPreview,
    totalSeconds: times.totalSeconds,
    unetCall: {
      seconds: (step.seconds * flops.unetCall) / flops.step,
      perSecond: step.perSecond,
      perCpuSecond: average(steps.map(({ perCpuSecond }) => perCpuSecond)),
    },
    vaeFrame: middle(frames, ({ seconds }) => seconds),
    matmulPeak: {
      best: rate(
        ({ best }) => best,
        (values) => Math.max(...values),
      ),
      mean: rate(({ mean }) => mean, average),
    },
    unetShareOfPeak: perPeak(steps),
    vaeShareOfPeak: perPeak(frames),
    memory: memory(),
    precision: request.precision,
    framesSha256: result.framesSha256,
  };
}
