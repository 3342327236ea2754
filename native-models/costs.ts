/**
 * What a clip costs, told from a pack's graphs and sizes: nothing is opened and onnxruntime is not loaded, so the studio's own process may
 * ask as often as it likes (20 to 50 ms of CPU for an official model's size).
 */
import type { Precision, Preset, ThreeWayGuidance } from "../core/contract/index.ts";
import { type ClipCosts, type MemoryCosts, memoryOf, type PhaseCosts } from "../core/planner/index.ts";
import { latentSize } from "./diffusion/latent.ts";
import { conditionGraph, promptGraph, unetGraph } from "./hummingbird/unet.ts";
import type { HummingbirdConfig } from "./hummingbird/config.ts";
import { FRAMES, KEYFRAMES, type KeyvidConfig } from "./keyvid/config.ts";
import { KeyvidCosts } from "./keyvid/costs.ts";
import { neededBranches } from "./keyvid/guidance.ts";
import { partIndex } from "./keyvid/part-index.ts";
import { conditioningCalls, denoisingWork, fitsAtOnce, stagePlan, stageSize } from "./keyvid/stages.ts";
import type { Stage } from "./keyvid/stage-networks.ts";
import { answersOf, stageScales } from "./keyvid/step-plan.ts";
import type { Graph } from "./onnx/graph.ts";
import { KEPT_BYTES, peakBytes } from "./onnx/peak.ts";
import { PIECE_BYTES } from "./onnx/pieces.ts";
import { textGraph } from "./openclip/text-tower.ts";
import type { WeightEntry, WeightIndex } from "./types.ts";
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

/**
 * Of a large U-Net in int8: bytes beside its weights while it runs, and how many times the tensors of its float32 form it holds. Fitted to the official
 * 0.7B from 128×128, 4 frames, to 512×320, 16 frames: planned over measured 1.01 to 1.31.
 */
const LARGE_INT8 = { beside: 250e6, tensors: 2.4 } as const;

/** Up to this size of a network, onnxruntime repacks its weights into private memory (see `Session`). */
const COPIED_UP_TO = 512 * 2 ** 20;

/**
 * Of a network whose run's tensors onnxruntime keeps (see `KEPT_BYTES`): how much more than those it holds, for its arena grows by doubling.
 * With the model's own share for operators, twice the tensors: measured on the starter. Larger runs have no arena and hold a little less
 * than the largest with one; they are counted with no less, so that a longer clip is never told to take less memory.
 */
const ARENA = 1.2;
const held = (tensors: number): number => Math.max(ARENA * Math.min(tensors, KEPT_BYTES), tensors);

/** Freed tensors that the allocator cannot give back, at most: 189 MB measured, over the share that every tensor is counted with. */
const MOST_HOLES = 115e6;
/**
 * What of a run's tensors stays when it is over: all of an arena; without one the holes in the heap, a part of what was there. Measured on
 * the 0.7B model's weights: over what drawing takes by itself, 0, 11, 70 and 107 MB after denoising with tensors of 14, 39, 119 and 176 MB.
 */
const HOLES = 0.36;
const keptAfter = (tensors: number): number =>
  Math.max(ARENA * Math.min(tensors, KEPT_BYTES), Math.min(MOST_HOLES, HOLES * tensors));

const float32Bytes = ({ shape }: WeightEntry): number => shape.reduce((product, size) => product * size, 4);

/**
 * A network while it runs: its weights, and the tensors that are alive at once. Weights that a pack keeps smaller become float32 when they
 * are opened (half precision, which stays mapped beside that) or used (int8 and 4 bits): a small network's stay so, of a large one's only
 * the one at work does. Measured: the starter takes 20 MB less in int8 or 4 bits than in float32, and 20 MB more in half precision.
 */
function running(graph: Graph, index: WeightIndex): MemoryCosts {
  const entries = graph.parameters.flatMap(({ key }) => index[key] ?? []);
  const halves = entries.reduce((sum, { dtype, bytes }) => sum + (dtype === "float16" ? bytes : 0), 0);
  const inMemory = graph.weightBytes(index);
  const isSmall = inMemory <= COPIED_UP_TO;
  const unfolded = entries.filter(({ dtype }) => dtype === "int8" || dtype === "uint4").map(float32Bytes);
  return {
    weights: inMemory + halves,
    copied: isSmall ? entries.reduce((sum, entry) => sum + float32Bytes(entry), 0) : Math.max(0, ...unfolded),
    activations: peakBytes(graph),
  };
}

/** Two networks that are open at once while one of them runs; what the other's run left in its arena is held too. */
const beside = (open: MemoryCosts, runs: MemoryCosts): MemoryCosts => ({
  weights: open.weights + runs.weights,
  copied: open.copied + runs.copied,
  activations: keptAfter(open.activations) + held(runs.activations),
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
  const drawing = running(vae, index);
  // The first clip in int8 runs the float32 network before, a large one in pieces, to measure its ranges; what that took is not given back
  // at once.
  const isLarge = whole.weights > PIECE_BYTES;
  const int8 = {
    weights: whole.weights * INT8_SHARE,
    copied: whole.copied * INT8_SHARE,
    activations: isLarge ? LARGE_INT8.tensors * whole.activations : whole.activations,
  };
  const atWork = isLarge ? { ...int8, copied: LARGE_INT8.beside } : int8;
  const measuring = isLarge ? { ...whole, weights: PIECE_BYTES, copied: 0 } : whole;
  const denoising =
    wish.precision === "int8" ? beside(measuring, atWork) : { ...whole, activations: held(whole.activations) };
  const drawn = beside(wish.precision === "int8" ? measuring : whole, drawing);
  const decoding =
    wish.precision === "int8"
      ? {
          weights: drawn.weights + int8.weights,
          copied: drawn.copied + int8.copied,
          activations: drawn.activations + keptAfter(int8.activations),
        }
      : drawn;
  return {
    phases: [
      { phase: "text", units: 1, flops: text.flops + prompt.flops + conditionGraph(config, 1).flops },
      { phase: "denoise", units: wish.steps, flops: wish.steps * (isGuided ? 2 : 1) * unet.flops },
      { phase: "decode", units: wish.frames, flops: wish.frames * vae.flops },
    ],
    // The U-Net stays open for the next clip while frames are drawn.
    memory: [running(text, index), denoising, decoding],
  };
}

/** What decides how much memory an animated picture takes. */
type Picture = Pick<AnimationWish, "width" | "height" | "guidance">;

const keyvidCosts = (config: KeyvidConfig, index: WeightIndex): KeyvidCosts =>
  new KeyvidCosts(config, {
    keyframes: partIndex(index, "keyframes"),
    interpolation: partIndex(index, "interpolation"),
  });

/** Costs of an animated picture, all its segments, both stages. */
export function animationCosts(config: KeyvidConfig, index: WeightIndex, wish: AnimationWish): ClipCosts {
  const costs = keyvidCosts(config, index);
  const stages = (["keyframes", "interpolation"] as const).map((stage) => stageCosts(costs, stage, wish));
  const phases = (["text", "denoise", "decode"] as const).map((phase): PhaseCosts => {
    const parts = stages.flatMap((each) => each.filter((part) => part.phase === phase));
    return {
      phase,
      units: wish.segments * parts.reduce((sum, { units }) => sum + units, 0),
      flops: wish.segments * parts.reduce((sum, { flops }) => sum + flops, 0),
    };
  });
  return { phases, memory: [stagesMemory(costs, index, wish)] };
}

/** Bytes of memory that making such a clip takes at its peak, by the planner's formula: the engine refuses by the same number. */
export function animationMemory(config: KeyvidConfig, index: WeightIndex, wish: Picture): number {
  return memoryOf({ memory: [stagesMemory(keyvidCosts(config, index), index, wish)] });
}

/** Of both stages, which are never at work together, the larger. */
function stagesMemory(costs: KeyvidCosts, index: WeightIndex, wish: Picture): MemoryCosts {
  const unet = Math.max(costs.unetBytes("keyframes"), costs.unetBytes("interpolation"));
  const tensors = Math.max(
    ...(["keyframes", "interpolation"] as const).map((stage) => stageTensors(costs, stage, wish)),
  );
  // Small networks of both stages stay open; of the official ones, only the U-Net at work.
  const all = Object.values(index).reduce((sum, { bytes }) => sum + bytes, 0);
  const isSmall = all <= COPIED_UP_TO;
  return { weights: isSmall ? all : unet, copied: isSmall ? all : 0, activations: tensors };
}

/**
 * Bytes of a stage's tensors, fitted to the small KeyVID at 64 × 64 to 192 × 192: a third more than a call's own, the keys of all branches,
 * and where one call answers all of them as much again, for its tensors of up to 8 MB leave holes in the heap (189 of 348 MB stayed after
 * the call; 8 MB with blocks mapped from 1 MB on). The full-size generator with random weights took 6.13, 6.69 and 8.11 GB for a call of
 * 12 frames at 128 × 128, 256 × 192 and 512 × 320, and 8.73 GB for one of 48 frames at 256 × 192: the formula says 1.04, 1.01, 1.01 and
 * 1.00 times that.
 */
function stageTensors(costs: KeyvidCosts, stage: Stage, wish: Picture): number {
  const size = stageSize(costs, wish, stage === "keyframes" ? KEYFRAMES : FRAMES);
  const branches = neededBranches(stageScales(stage, wish.guidance)).length;
  const isOneCall = branches > 1 && fitsAtOnce(size, branches);
  const call = (4 / 3) * (costs.callMemory(stage, size, isOneCall ? branches : 1) - costs.unetBytes(stage));
  return call + branches * costs.inputBytes(stage, size) + (isOneCall ? Math.min(call, MOST_HOLES) : 0);
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
