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

/** A network while it runs: its weights, and the tensors that are alive at once. */
const running = (graph: Graph, index: WeightIndex): MemoryCosts => ({
  weights: graph.weightBytes(index),
  activations: peakBytes(graph),
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
  const denoising = wish.precision === "int8" ? { ...whole, weights: whole.weights * INT8_SHARE } : whole;
  const drawing = running(vae, index);
  return {
    phases: [
      { phase: "text", units: 1, flops: text.flops + prompt.flops + conditionGraph(config, 1).flops },
      { phase: "denoise", units: wish.steps, flops: wish.steps * (isGuided ? 2 : 1) * unet.flops },
      { phase: "decode", units: wish.frames, flops: wish.frames * vae.flops },
    ],
    // The U-Net stays open for the next clip while frames are drawn.
    memory: [
      running(text, index),
      denoising,
      { weights: denoising.weights + drawing.weights, activations: drawing.activations },
    ],
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
  const weights = Math.max(costs.unetBytes("keyframes"), costs.unetBytes("interpolation"));
  const bytes = animationMemory(costs, wish, (stage) => stageScales(stage, wish.guidance));
  return { phases, memory: [{ weights, activations: bytes - weights }] };
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
