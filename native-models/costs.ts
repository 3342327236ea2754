/**
 * What a clip costs, told from a pack's graphs and sizes: nothing is opened and onnxruntime is not loaded, so the studio's own process may
 * ask as often as it likes (20 to 50 ms of CPU for an official model's size).
 */
import type { Precision, Preset, ThreeWayGuidance } from "../core/contract/index.ts";
import type { ClipCosts, MemoryCosts, PhaseCosts } from "../core/planner/costs.ts";
import { latentSize } from "./diffusion/latent.ts";
import { conditionGraph, promptGraph, unetGraph } from "./hummingbird/unet.ts";
import type { HummingbirdConfig } from "./hummingbird/config.ts";
import { FRAMES, KEYFRAMES, type KeyvidConfig } from "./keyvid/config.ts";
import { KeyvidCosts } from "./keyvid/costs.ts";
import { neededBranches } from "./keyvid/guidance.ts";
import { partIndex } from "./keyvid/part-index.ts";
import { animationMemory, conditioningCalls, denoisingWork, stagePlan, stageSize } from "./keyvid/stages.ts";
import type { Stage } from "./keyvid/stage-networks.ts";
import { answersOf, stageScales } from "./keyvid/step-plan.ts";
import type { Graph } from "./onnx/graph.ts";
import { peakBytes } from "./onnx/peak.ts";
import { textGraph } from "./openclip/text-tower.ts";
import type { WeightIndex } from "./types.ts";
import { vaeDecoderGraph } from "./vae/decoder.ts";

export interface ClipWish {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly steps: number;
  readonly guidance: number;
  readonly precision: Precision;
}

export interface AnimationWish {
  readonly width: number;
  readonly height: number;
  /** Two-second segments. */
  readonly segments: number;
  readonly steps: number;
  readonly preset: Preset;
  readonly guidance: ThreeWayGuidance;
}

/**
 * Bytes of a U-Net in int8 against float32: a byte instead of four for convolutions and linear layers, float32 for the rest. Counted in
 * the packs of the starter and of a random 0.7B model.
 */
const INT8_SHARE = 0.27;

/** Up to this size of a network, onnxruntime repacks its weights into private memory (see `Session`). */
const COPIED_UP_TO = 512 * 2 ** 20;

/** A network while it runs: its weights, and the tensors that are alive at once. */
function running(graph: Graph, index: WeightIndex): MemoryCosts {
  const weights = graph.weightBytes(index);
  return { weights, copied: weights <= COPIED_UP_TO ? weights : 0, activations: peakBytes(graph) };
}

/** Two networks that are open at once while one of them runs. */
const beside = (open: MemoryCosts, runs: MemoryCosts): MemoryCosts => ({
  weights: open.weights + runs.weights,
  copied: open.copied + runs.copied,
  activations: runs.activations,
});

/** Costs of a clip from words. */
export function textToVideoCosts(config: HummingbirdConfig, index: WeightIndex, wish: ClipWish): ClipCosts {
  const size = latentSize(wish);
  const text = textGraph(config.text, 1);
  const prompt = promptGraph(config, 1);
  const unet = unetGraph(config, size);
  const vae = vaeDecoderGraph(config.vae, { batch: 1, height: size.height, width: size.width });
  const isGuided = config.sampler.kind === "ddim" && wish.guidance !== 1;
  const whole = running(unet, index);
  // The first clip in int8 also opens the float32 network, to measure its ranges.
  const int8 = { weights: whole.weights * INT8_SHARE, copied: 0, activations: 0 };
  const denoising = wish.precision === "int8" ? beside(int8, whole) : whole;
  const drawing = running(vae, index);
  return {
    phases: [
      { phase: "text", units: 1, flops: text.flops + prompt.flops + conditionGraph(config, 1).flops },
      { phase: "denoise", units: wish.steps, flops: wish.steps * (isGuided ? 2 : 1) * unet.flops },
      { phase: "decode", units: wish.frames, flops: wish.frames * vae.flops },
    ],
    // The U-Net stays open for the next clip while frames are drawn.
    memory: [running(text, index), denoising, beside(denoising, drawing)],
  };
}

/** Costs of an animated picture, all its segments, both stages. */
export function animationCosts(config: KeyvidConfig, index: WeightIndex, wish: AnimationWish): ClipCosts {
  const costs = new KeyvidCosts(config, {
    keyframes: partIndex(index, "keyframes"),
    interpolation: partIndex(index, "interpolation"),
  });
  const stages = (["keyframes", "interpolation"] as const).map((stage) => stageCosts(costs, stage, wish));
  const phases = (["text", "denoise", "decode"] as const).map((phase): PhaseCosts => {
    const parts = stages.flatMap((each) => each.filter((part) => part.phase === phase));
    return {
      phase,
      units: wish.segments * parts.reduce((sum, { units }) => sum + units, 0),
      flops: wish.segments * parts.reduce((sum, { flops }) => sum + flops, 0),
    };
  });
  const unet = Math.max(costs.unetBytes("keyframes"), costs.unetBytes("interpolation"));
  const callTensors = animationMemory(costs, wish, (stage) => stageScales(stage, wish.guidance)) - unet;
  // What the sampler keeps of its answers comes beside what a call holds: measured on the starter at three sizes, a third more.
  const tensors = (4 / 3) * callTensors;
  // Small networks of both stages stay open; of the official ones, only the U-Net at work.
  const all = Object.values(index).reduce((sum, { bytes }) => sum + bytes, 0);
  const isSmall = all <= COPIED_UP_TO;
  return { phases, memory: [{ weights: isSmall ? all : unet, copied: isSmall ? all : 0, activations: tensors }] };
}

function stageCosts(costs: KeyvidCosts, stage: Stage, wish: AnimationWish): PhaseCosts[] {
  const size = stageSize(costs, wish, stage === "keyframes" ? KEYFRAMES : FRAMES);
  const scales = stageScales(stage, wish.guidance);
  const { preset, steps } = wish;
  const run = stagePlan(costs, stage, size, { preset, steps, branches: neededBranches(scales).length });
  const work = costs.work(stage, size);
  const calls = conditioningCalls(stage, scales);
  return [
    {
      phase: "text",
      units: 1,
      flops:
        calls.text * work.text +
        calls.vision * work.vision +
        calls.audio * work.audio +
        calls.encode * work.encodeFrame,
    },
    { phase: "denoise", units: answersOf(run), flops: denoisingWork(costs, stage, size, { scales, run }) },
    { phase: "decode", units: size.frames, flops: size.frames * work.decodeFrame },
  ];
}
