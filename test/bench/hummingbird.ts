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
import { hummingbirdParameters, latentSize } from "../../native-models/hummingbird/networks.ts";
import { type OpenedPack, HummingbirdPipeline } from "../../native-models/hummingbird/pipeline.ts";
import { unetGraph } from "../../native-models/hummingbird/unet.ts";
import { vaeDecoderGraph } from "../../native-models/hummingbird/vae.ts";
import { installCheckpoint, packSummary, readPack } from "../../native-models/pack/index.ts";
import { official07B } from "./hummingbird-config.ts";
import { cpuSeconds, describeMachine, type Machine, type Memory, memory, type Rate, Yardstick } from "./machine.ts";
import { randomWeights } from "./random-weights.ts";
import { type BenchContext, numberAfter } from "./context.ts";

const starterFile = fileURLToPath(new URL("../../assets/models/starter.ckpt", import.meta.url));

/** Seconds and speed of one piece of work. */
interface Timed extends Rate {
  readonly seconds: number;
}

export interface ClipResult {
  readonly model: string;
  readonly clip: { width: number; height: number; frames: number; steps: number };
  readonly gflop: { unetCall: number; vaeFrame: number; clip: number };
  /** Seconds until the text is embedded, and until the U-Net is open after that. */
  readonly textSeconds: number;
  readonly loadSeconds: number;
  readonly firstPreviewSeconds: number;
  readonly totalSeconds: number;
  /** Median over the steps; a step is one or two U-Net calls. */
  readonly unetCall: Timed;
  /** Median over the frames after the first. */
  readonly vaeFrame: Timed;
  readonly matmulPeak: { best: Rate; mean: Rate };
  /** Speed of a U-Net call over the machine's matrix-multiply speed, both per CPU second (mean of the run). */
  readonly unetShareOfPeak: number;
  readonly vaeShareOfPeak: number;
  readonly memory: Memory;
  readonly framesSha256: string;
}

export interface HummingbirdResult {
  readonly machine: Machine;
  readonly threads: number;
  readonly clips: readonly ClipResult[];
  readonly aims: readonly { aim: string; reached: string; met: boolean }[];
}

export async function benchHummingbird({ threads, args, say }: BenchContext): Promise<HummingbirdResult> {
  const machine = describeMachine();
  say(
    `${machine.cpu}, ${machine.logicalCores} logical cores, ${machine.memoryGb.toFixed(0)} GB, load ${machine.load.toFixed(1)}; ${threads} threads`,
  );
  if (machine.load > 0.5)
    say("Other programs are running: compare speeds with the matrix-multiply speed beside them, per CPU second.");
  const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
  const clips: ClipResult[] = [];
  if (only !== "starter") clips.push(await benchOfficial(args, threads, say));
  if (only !== "07b") {
    if (existsSync(starterFile)) clips.push(await benchBundled(threads, say));
    else say("The starter (assets/models/starter.ckpt) is not here: left out.");
  }
  const aims = clips.flatMap((clip) => aimsOf(clip));
  for (const { aim, reached, met } of aims) say(`${met ? "reached" : "MISSED "}  ${aim}: ${reached}`);
  return { machine, threads, clips, aims };
}

async function benchOfficial(
  args: readonly string[],
  threads: number,
  say: (line: string) => void,
): Promise<ClipResult> {
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
  return benchClip({ config: official07B, weights, summary }, request, threads, say);
}

async function benchBundled(threads: number, say: (line: string) => void): Promise<ClipResult> {
  const work = await mkdtemp(join(tmpdir(), "plume-bench-starter-"));
  try {
    await installCheckpoint({ file: starterFile, destination: join(work, "pack") });
    const { manifest, index, folder, weightsFile } = await readPack(join(work, "pack"));
    const summary = packSummary(manifest);
    const pack = { config: manifest.config, weights: { folder, file: weightsFile, index }, summary };
    return await benchClip(pack, summary.defaults, threads, say);
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
    examplePrompts: [],
    parameters: 0,
    bytesOnDisk: 0,
    guidanceKind: "embedded",
    precisions: ["fp32"],
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

async function benchClip(
  pack: OpenedPack,
  wanted: Pick<ResolvedRequest, "width" | "height" | "frames" | "fps" | "steps" | "guidance" | "precision">,
  threads: number,
  say: (line: string) => void,
): Promise<ClipResult> {
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
      frame: async () => {
        frames.push(laps.lap(flops.vaeFrame));
        await laps.outside();
      },
    });
    const totalSeconds = laps.total;
    const outcome = summarise(pack, request, flops, { steps, frames, peaks }, { firstPreview, totalSeconds }, result);
    for (const line of lines(outcome)) say(line);
    return outcome;
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
  const vaeFrame = vaeDecoderGraph(config, { batch: 1, height: size.height, width: size.width }).flops;
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
    unetCall: { ...step, seconds: (step.seconds * flops.unetCall) / flops.step },
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
    framesSha256: result.framesSha256,
  };
}

const speed = (timed: Timed): string =>
  `${timed.seconds.toFixed(2)} s, ${timed.perSecond.toFixed(0)} GFLOP/s, ${timed.perCpuSecond.toFixed(0)} a CPU second`;

function lines(clip: ClipResult): string[] {
  const { unetCall, vaeFrame, matmulPeak, gflop, memory: used } = clip;
  const { width, height, frames, steps } = clip.clip;
  return [
    `${clip.model}: ${frames} frames of ${width}×${height}, ${steps} steps, ${(gflop.clip / 1000).toFixed(2)} TFLOP`,
    `  matrix multiply   best ${matmulPeak.best.perSecond.toFixed(0)}, mean ${matmulPeak.mean.perSecond.toFixed(0)} GFLOP/s; ${matmulPeak.mean.perCpuSecond.toFixed(0)} a CPU second`,
    `  U-Net call        ${speed(unetCall)} = ${(clip.unetShareOfPeak * 100).toFixed(0)} % of the matrix multiply (${gflop.unetCall.toFixed(0)} GFLOP)`,
    `  VAE frame         ${speed(vaeFrame)} = ${(clip.vaeShareOfPeak * 100).toFixed(0)} % (${gflop.vaeFrame.toFixed(0)} GFLOP)`,
    `  text ${clip.textSeconds.toFixed(2)} s, opening the U-Net ${clip.loadSeconds.toFixed(2)} s, first preview after ${clip.firstPreviewSeconds.toFixed(1)} s, whole clip ${clip.totalSeconds.toFixed(1)} s`,
    `  memory at its peak ${used.peakMb.toFixed(0)} MB; at the end private ${used.privateMb?.toFixed(0) ?? "?"}, mapped ${used.mappedMb?.toFixed(0) ?? "?"} MB`,
  ];
}

/** Bytes of U-Net weights that the memory aim allows, and room for a clip's activations. */
const WEIGHTS_MB = 3500;

/** The aims speak of the true shape; the starter is so small that what is not arithmetic weighs more. */
function aimsOf(clip: ClipResult): { aim: string; reached: string; met: boolean }[] {
  if (clip.gflop.unetCall < 50) return [];
  const { frames, width, height } = clip.clip;
  // The widest moment holds about eight tensors of 640 channels at full latent size (skip, both halves, norms).
  const activations = (8 * 640 * frames * width * height * 4) / 64 / 2 ** 20;
  return [
    {
      aim: `${clip.model}: U-Net at ≥ 90 % of the matrix-multiply speed (per CPU second)`,
      reached: `${(clip.unetShareOfPeak * 100).toFixed(0)} %`,
      met: clip.unetShareOfPeak >= 0.9,
    },
    {
      aim: `${clip.model}: memory ≤ 3.5 GB + activations (${activations.toFixed(0)} MB)`,
      reached: `${clip.memory.peakMb.toFixed(0)} MB`,
      met: clip.memory.peakMb <= WEIGHTS_MB + activations,
    },
  ];
}
