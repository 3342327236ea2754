/**
 * KeyVID's speed modes: what Draft, Balanced and Reference cost (predictions, floating point operations of the U-Nets counted from the
 * authored graphs, seconds on this machine), and how near the fast ones come to Reference on the starter: PSNR and SSIM over a fixed set
 * of pictures, sounds and seeds, each mode with keyframes of its own.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelSummary, Preset, ResolvedAnimation } from "../../core/contract/index.ts";
import { selectKeyframes } from "../../core/motion/index.ts";
import { latentScale } from "../../native-models/vae/encoder.ts";
import { similarity } from "../../native-models/diffusion/similarity.ts";
import { openAnimation } from "../../native-models/index.ts";
import { FRAMES, KEYFRAMES, type KeyvidConfig } from "../../native-models/keyvid/config.ts";
import { KeyvidNetworks } from "../../native-models/keyvid/networks.ts";
import type { Stage } from "../../native-models/keyvid/stage-networks.ts";
import { neededBranches } from "../../native-models/keyvid/guidance.ts";
import { denoisingWork, stagePlan } from "../../native-models/keyvid/stages.ts";
import {
  answersOf,
  modeSteps,
  REFERENCE_STEPS,
  reusedOf,
  type RunPlan,
  stageScales,
} from "../../native-models/keyvid/step-plan.ts";
import { officialConfig } from "../../native-models/keyvid/testing-model.testkit.ts";
import { installCheckpoint, manifestOf, readPack } from "../../native-models/pack/index.ts";
import type { AnimateHooks, AnimatePipeline } from "../../native-models/types.ts";
import { type BenchContext, numberAfter } from "./context.ts";
import { benchPairs, type Pair } from "./keyvid-pairs.ts";
import { cpuSeconds, describeMachine, type Machine } from "./machine.ts";

const starter = fileURLToPath(new URL("../../assets/models/keyvid", import.meta.url));
const PRESETS = ["draft", "balanced", "reference"] as const satisfies readonly Preset[];
/** What the modes are held to. */
const AIMS = { draft: { share: 1 / 30, ssim: null }, balanced: { share: 1 / 10, ssim: 0.9 } } as const;

export interface ModeCost {
  readonly preset: Preset;
  /** Steps at which the networks are asked. */
  readonly steps: number;
  /** Predictions, one for each guidance branch, by stage; `shallow`: those of them that reuse deep features. */
  readonly calls: Readonly<Record<Stage, number>>;
  readonly shallow: Readonly<Record<Stage, number>>;
  readonly unetGflop: number;
  /** Of Reference's U-Net work with the same guidance. */
  readonly share: number;
  /** Of the work that the authors' code does: 90 steps, four predictions each, in both stages, nothing shared. */
  readonly shareOfOriginal: number;
}

export interface Likeness {
  readonly psnr: number;
  /** Mean over all frames, and the lowest frame's. */
  readonly ssim: number;
  readonly lowestSsim: number;
}

export interface ModeResult extends ModeCost {
  /** Denoising of both stages, mean over the pairs. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** To Reference's frames; null for Reference itself. */
  readonly keyframes: Likeness | null;
  readonly frames: Likeness | null;
}

export interface KeyvidResult {
  readonly machine: Machine;
  readonly threads: number;
  readonly official: readonly ModeCost[];
  readonly starter: {
    readonly pairs: number;
    readonly modes: readonly ModeResult[];
    readonly otherSeed: Likeness;
  } | null;
  readonly aims: readonly { aim: string; reached: string; met: boolean }[];
}

export async function benchKeyvid({ threads, args, say }: BenchContext): Promise<KeyvidResult> {
  const machine = describeMachine();
  say(
    `${machine.cpu}, ${machine.logicalCores} logical cores, ${machine.memoryGb.toFixed(0)} GB, load ${machine.load.toFixed(1)}; ${threads} threads`,
  );
  const official = costs(officialConfig, { width: 512, height: 320 });
  say("The official KeyVID, 512 × 320, counted from its graphs:");
  for (const cost of official) say(`  ${costLine(cost)}`);
  const at = args.indexOf("--model");
  const model = at < 0 ? starter : args[at + 1]!;
  if (!existsSync(model)) {
    say(`There is no model at ${at < 0 ? "assets/models/keyvid" : model}: nothing is run.`);
    return { machine, threads, official, starter: null, aims: [] };
  }
  const side = numberAfter(args, "--side");
  const result = await benchModel({ model, side, count: numberAfter(args, "--pairs") ?? 3 }, threads, say);
  const aims = aimsOf(result.modes);
  for (const { aim, reached, met } of aims) say(`${met ? "reached" : "MISSED "}  ${aim}: ${reached}`);
  return { machine, threads, official, starter: result, aims };
}

function costs(config: KeyvidConfig, picture: { width: number; height: number }): ModeCost[] {
  // Counting needs no weights.
  const networks = new KeyvidNetworks(config, { folder: "", file: "", index: {} }, { threads: 1 });
  const { guidance } = config.sampler;
  const cell = latentScale(config.vae);
  const sizeOf = (stage: Stage) => ({
    batch: 1,
    frames: stage === "keyframes" ? KEYFRAMES : FRAMES,
    height: picture.height / cell,
    width: picture.width / cell,
  });
  const stages = ["keyframes", "interpolation"] as const;
  const planOf = (stage: Stage, preset: Preset, steps: number) => {
    const scales = stageScales(stage, guidance);
    const branches = neededBranches(scales).length;
    return { scales, branches, run: stagePlan(networks, stage, sizeOf(stage), { preset, steps, branches }) };
  };
  const work = (preset: Preset, steps: number) =>
    stages.reduce((sum, stage) => sum + denoisingWork(networks, stage, sizeOf(stage), planOf(stage, preset, steps)), 0);
  const original = stages.reduce(
    (sum, stage) => sum + 4 * REFERENCE_STEPS * networks.callWork(stage, sizeOf(stage), 1),
    0,
  );
  const reference = work("reference", REFERENCE_STEPS);
  return PRESETS.map((preset) => {
    const steps = modeSteps[preset];
    const count = (questions: (run: RunPlan) => number) => {
      const of = (stage: Stage) => {
        const { run, branches } = planOf(stage, preset, steps);
        return questions(run) * branches;
      };
      return { keyframes: of("keyframes"), interpolation: of("interpolation") };
    };
    const unet = work(preset, steps);
    return {
      preset,
      steps,
      calls: count(answersOf),
      shallow: count(reusedOf),
      unetGflop: unet / 1e9,
      share: unet / reference,
      shareOfOriginal: unet / original,
    };
  });
}

function costLine({ preset, steps, calls, shallow, unetGflop, share, shareOfOriginal }: ModeCost): string {
  const reused = shallow.keyframes + shallow.interpolation;
  const predictions = `${calls.keyframes} + ${calls.interpolation} predictions${reused > 0 ? ` (${reused} of them reuse deep features)` : ""}`;
  return `${preset.padEnd(10)} ${String(steps).padStart(2)} steps' work, ${predictions}, ${(unetGflop / 1000).toFixed(2)} TFLOP = 1/${(1 / share).toFixed(1)} of Reference, 1/${(1 / shareOfOriginal).toFixed(1)} of four predictions a step`;
}

async function benchModel(
  { model, side, count }: { model: string; side: number | undefined; count: number },
  threads: number,
  say: (line: string) => void,
): Promise<NonNullable<KeyvidResult["starter"]>> {
  const work = await mkdtemp(join(tmpdir(), "plume-bench-keyvid-"));
  try {
    const folder = join(work, "pack");
    await installCheckpoint({ file: model, destination: folder });
    const { config } = manifestOf("keyvid", (await readPack(folder)).manifest);
    const pipeline = await openAnimation(folder, { threads, precision: "fp32" });
    const { width, height } = side === undefined ? pipeline.summary.defaults : { width: side, height: side };
    say(`${pipeline.summary.name}, ${width} × ${height}, ${count} pairs:`);
    const modeCosts = costs(config, { width, height });
    const pairs = benchPairs(count);
    const runs: Record<Preset, Clip[]> = { draft: [], balanced: [], reference: [] };
    for (const pair of pairs)
      for (const cost of modeCosts.toReversed())
        runs[cost.preset].push(await animate(pipeline, pair, cost, { width, height }));
    // Another seed's Reference: a likeness below this one says that a mode makes another clip.
    const other = await animate(pipeline, { ...pairs[0]!, seed: 7 }, modeCosts.at(-1)!, { width, height });
    await pipeline.close();
    const otherSeed = likeness([other.frames], [runs.reference[0]!.frames], width, height);
    const modes = modeCosts.map((cost) => summarise(cost, runs[cost.preset], runs.reference, width, height));
    for (const mode of modes) for (const line of modeLines(mode)) say(`  ${line}`);
    say(`  another seed's Reference: ${likenessText(otherSeed)}`);
    return { pairs: count, modes, otherSeed };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Clip {
  readonly keyframes: readonly Uint8Array[];
  readonly frames: readonly Uint8Array[];
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function animate(
  pipeline: AnimatePipeline,
  pair: Pair,
  { preset, steps }: ModeCost,
  size: { width: number; height: number },
): Promise<Clip> {
  const { picture, sound, prompt, seed } = pair;
  const { id } = pipeline.summary;
  const scores = await pipeline.localise(sound);
  const request: ResolvedAnimation = {
    model: id,
    prompt,
    seed,
    ...size,
    preset,
    selection: "even",
    steps,
    guidance: guidanceOf(pipeline.summary),
    focus: { x: 0.5, y: 0.5 },
    keyframes: selectKeyframes(scores, { mode: "even", seed }),
    precision: "fp32",
  };
  const [keyframes, frames]: [Uint8Array[], Uint8Array[]] = [[], []];
  const cpu = cpuSeconds();
  const first = await pipeline.keyframes({ request, picture, sound }, collect(keyframes));
  const second = await pipeline.interpolate({ request, picture, sound, keyframes }, collect(frames));
  const seconds = (first.seconds["denoise"] ?? 0) + (second.seconds["denoise"] ?? 0);
  return { keyframes, frames, seconds, cpuSeconds: cpuSeconds() - cpu };
}

function guidanceOf({ animation, name }: ModelSummary): ResolvedAnimation["guidance"] {
  if (!animation) throw new Error(`${name} animates nothing.`);
  return animation.guidance;
}

function collect(into: Uint8Array[]): AnimateHooks {
  return {
    signal: new AbortController().signal,
    progress: () => {},
    preview: () => {},
    frame: (_, rgb) => void into.push(rgb),
  };
}

function summarise(cost: ModeCost, clips: Clip[], references: Clip[], width: number, height: number): ModeResult {
  const compare = (pick: (clip: Clip) => readonly Uint8Array[]) =>
    cost.preset === "reference" ? null : likeness(clips.map(pick), references.map(pick), width, height);
  const mean = (pick: (clip: Clip) => number) => clips.reduce((sum, clip) => sum + pick(clip), 0) / clips.length;
  return {
    ...cost,
    seconds: mean(({ seconds }) => seconds),
    cpuSeconds: mean((clip) => clip.cpuSeconds),
    keyframes: compare(({ keyframes }) => keyframes),
    frames: compare(({ frames }) => frames),
  };
}

/** Over all pictures of all clips; PSNR of the mean squared error. */
function likeness(
  clips: (readonly Uint8Array[])[],
  aims: (readonly Uint8Array[])[],
  width: number,
  height: number,
): Likeness {
  const [ours, theirs] = [clips.flat(), aims.flat()];
  const ssims = ours.map((rgb, i) => similarity(rgb, theirs[i]!, width, height));
  let [squares, count] = [0, 0];
  ours.forEach((rgb, i) => {
    rgb.forEach((level, k) => (squares += (level - theirs[i]![k]!) ** 2));
    count += rgb.length;
  });
  return {
    psnr: squares === 0 ? Infinity : 10 * Math.log10(255 ** 2 / (squares / count)),
    ssim: ssims.reduce((sum, value) => sum + value, 0) / ssims.length,
    lowestSsim: Math.min(...ssims),
  };
}

const likenessText = ({ psnr, ssim, lowestSsim }: Likeness): string =>
  `PSNR ${psnr.toFixed(1)} dB, SSIM ${ssim.toFixed(3)} (lowest frame ${lowestSsim.toFixed(3)})`;

function modeLines(mode: ModeResult): string[] {
  const { seconds, cpuSeconds: cpu, keyframes, frames } = mode;
  return [
    costLine(mode),
    `           denoising ${seconds.toFixed(1)} s; with everything else ${cpu.toFixed(1)} CPU s`,
    ...(keyframes && frames
      ? [
          `           to Reference: keyframes ${likenessText(keyframes)}`,
          `                         clip      ${likenessText(frames)}`,
        ]
      : []),
  ];
}

function aimsOf(modes: readonly ModeResult[]): KeyvidResult["aims"][number][] {
  return (["balanced", "draft"] as const).flatMap((preset) => {
    const mode = modes.find((one) => one.preset === preset)!;
    const { share, ssim } = AIMS[preset];
    const work = {
      aim: `${preset}: at most 1/${(1 / share).toFixed(0)} of Reference's U-Net work`,
      reached: `1/${(1 / mode.share).toFixed(1)}`,
      met: mode.share <= share * 1.0001,
    };
    if (ssim === null) return [work];
    const reached = mode.frames?.ssim ?? 0;
    return [
      work,
      { aim: `${preset}: clip SSIM ≥ ${ssim} to Reference`, reached: reached.toFixed(3), met: reached >= ssim },
    ];
  });
}
