/**
 * Which ranges the convolutions of a model's U-Net see while it makes real clips: what its int8 form is scaled by. Found once a pack,
 * when the model is installed or when int8 is first asked for.
 */
import type { LatentSize } from "../diffusion/latent.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type { ConvRange, Graph } from "../onnx/graph.ts";
import { PIECE_BYTES } from "../onnx/pieces.ts";
import type { SessionOptions, Weights } from "../onnx/session.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import { type Int8Data, writeInt8 } from "../pack/int8-files.ts";
import type { HummingbirdConfig } from "./config.ts";
import { HummingbirdNetworks } from "./networks.ts";
import { sampleLatent, unetCalls } from "./sample.ts";
import { unetGraph, unit } from "./unet.ts";

/** Other prompts and sizes may reach a little further than what calibration saw. */
const HEADROOM = 1.1;
/** For models without examples of their own: the styles and subjects that text-to-video models are usually asked for. */
const GENERAL_PROMPTS = [
  "A cute happy Corgi playing in park, sunset, animated style.",
  "A quiet beach at dawn and the waves gently lapping.",
  "Close-up of a person cooking in a bright kitchen.",
];
/** Latent cells a side and frames of a calibration clip at most: enough to see every layer at work, and soon done. */
const CALIBRATION_SIDE = 16;
const CALIBRATION_FRAMES = 8;

/** What a calibration of this model runs: its own examples, or general ones, at its usual size or smaller. */
export function calibrationPlan(
  examples: readonly string[],
  usual: LatentSize,
  config: HummingbirdConfig,
): CalibrationPlan {
  const prompts = examples.length > 0 ? examples.slice(0, GENERAL_PROMPTS.length) : GENERAL_PROMPTS;
  const size = {
    batch: 1,
    frames: Math.min(usual.frames, CALIBRATION_FRAMES),
    height: Math.min(usual.height, CALIBRATION_SIDE),
    width: Math.min(usual.width, CALIBRATION_SIDE),
  };
  const steps = config.sampler.defaultSteps;
  const calls = prompts.length * unetCalls(config, steps, config.sampler.defaultGuidance);
  return { prompts, size, steps, calls, flops: calls * unetGraph(config, size).flops };
}

export interface CalibrationPlan {
  /** Prompts that are typical of the model. */
  readonly prompts: readonly string[];
  readonly size: LatentSize;
  readonly steps: number;
  /** Calls of the U-Net in all, and their floating point operations. */
  readonly calls: number;
  readonly flops: number;
}

export interface CalibrateOptions extends SessionOptions {
  readonly plan: CalibrationPlan;
  /** Before each call of the U-Net, with the number of calls done: throws to stop. */
  readonly onCall?: (done: number) => void | Promise<void>;
}

/** Widens the ranges by what one call of an observing U-Net saw. */
function widen(ranges: Map<string, ConvRange>, graph: Graph, seen: Float32Array): void {
  for (const [row, path] of graph.observed.entries()) {
    const [inLow, inHigh, outLow, outHigh] = seen.subarray(row * 4, row * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const known = ranges.get(path);
    ranges.set(path, {
      input: [Math.min(inLow, known?.input[0] ?? 0), Math.max(inHigh, known?.input[1] ?? 0)],
      output: [Math.min(outLow, known?.output[0] ?? 0), Math.max(outHigh, known?.output[1] ?? 0)],
    });
  }
}

/** Runs clips in float32 and notes the range of every convolution's input and output over all steps. */
export async function calibrate(
  config: HummingbirdConfig,
  weights: Weights,
  options: CalibrateOptions,
): Promise<Map<string, ConvRange>> {
  const { plan } = options;
  const ranges = new Map<string, ConvRange>();
  let done = 0;
  const networks = new HummingbirdNetworks(config, weights, {
    threads: options.threads,
    // It is one of many things that a laptop does then, and done once a model.
    pieceBytes: PIECE_BYTES,
    observe: (graph, seen) => widen(ranges, graph, seen),
  });
  const embed = (prompt: string) => networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
  try {
    for (const [seed, prompt] of plan.prompts.entries()) {
      const random = new TorchRandom(seed);
      await sampleLatent(networks, {
        size: plan.size,
        steps: plan.steps,
        guidance: config.sampler.defaultGuidance,
        fps: config.fps,
        context: await embed(prompt),
        negativeContext: () => embed(""),
        drawNoise: (count) => random.randn(count),
        checkpoint: () => options.onCall?.(done++),
      });
    }
  } finally {
    await networks.close();
  }
  for (const [path, { input, output }] of ranges)
    ranges.set(path, {
      input: [input[0] * HEADROOM, input[1] * HEADROOM],
      output: [output[0] * HEADROOM, output[1] * HEADROOM],
    });
  return ranges;
}

/**
 * Makes the pack's int8 data: calibration runs in float32, then int8 weights, about a quarter of the float32 ones on disk.
 * Errors: those of calibration; OUTPUT_UNWRITABLE or DISK_FULL where the pack takes no file.
 */
export async function makeInt8(
  config: HummingbirdConfig,
  weights: Weights,
  options: CalibrateOptions,
): Promise<Int8Data> {
  const ranges = await calibrate(config, weights, options);
  const smallest = unit(config);
  const graph = unetGraph(config, { batch: 1, frames: 1, height: smallest, width: smallest }, null, { int8: ranges });
  return writeInt8(weights, graph.int8Weights, ranges);
}
