/**
 * The int8 form of a model's U-Net: which ranges its convolutions see while it makes real clips, and the int8 weights that go with
 * them. Made on first need and kept in the pack, beside the float32 weights that they come from.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { LatentSize } from "../diffusion/latent.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type { ConvRange, Graph } from "../onnx/graph.ts";
import { writeInt8Weights } from "../onnx/quantise.ts";
import type { SessionOptions, Weights } from "../onnx/session.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import type { HummingbirdConfig } from "./config.ts";
import { HummingbirdNetworks } from "./networks.ts";
import { sampleLatent } from "./sample.ts";
import { unetGraph, unit } from "./unet.ts";

const INT8_FILE = "int8.json";
const INT8_WEIGHTS = "weights-int8.bin";

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

const pair = z.tuple([z.number(), z.number()]);
const int8Schema = z.object({
  schema: z.literal("plume.int8/1"),
  ranges: z.record(z.string(), z.object({ input: pair, output: pair })),
  index: z.record(
    z.string(),
    z.object({
      file: z.string(),
      offset: z.number(),
      bytes: z.number(),
      dtype: z.enum(["float32", "int8", "int32"]),
      shape: z.array(z.number()),
    }),
  ),
});

/** What an int8 U-Net needs besides the pack. */
export interface Int8Data {
  readonly ranges: ReadonlyMap<string, ConvRange>;
  readonly weights: Weights;
}

/** What a calibration of this model runs: its own examples, or general ones, at its usual size or smaller. */
export function calibrationPlan(
  examples: readonly string[],
  usual: LatentSize,
  config: HummingbirdConfig,
): Pick<CalibrateOptions, "prompts" | "size" | "steps"> {
  const prompts = examples.length > 0 ? examples.slice(0, GENERAL_PROMPTS.length) : GENERAL_PROMPTS;
  const size = {
    batch: 1,
    frames: Math.min(usual.frames, CALIBRATION_FRAMES),
    height: Math.min(usual.height, CALIBRATION_SIDE),
    width: Math.min(usual.width, CALIBRATION_SIDE),
  };
  return { prompts, size, steps: config.sampler.defaultSteps };
}

export interface CalibrateOptions extends SessionOptions {
  /** Prompts that are typical of the model. */
  readonly prompts: readonly string[];
  readonly size: LatentSize;
  readonly steps: number;
  /** Before each call of the U-Net: throws to stop. */
  readonly checkpoint?: () => void | Promise<void>;
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
  const ranges = new Map<string, ConvRange>();
  const networks = new HummingbirdNetworks(config, weights, {
    threads: options.threads,
    observe: (graph, seen) => widen(ranges, graph, seen),
  });
  const embed = (prompt: string) => networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
  try {
    for (const [seed, prompt] of options.prompts.entries()) {
      const random = new TorchRandom(seed);
      await sampleLatent(networks, {
        size: options.size,
        steps: options.steps,
        guidance: config.sampler.defaultGuidance,
        fps: config.fps,
        context: await embed(prompt),
        negativeContext: () => embed(""),
        drawNoise: (count) => random.randn(count),
        ...(options.checkpoint ? { checkpoint: options.checkpoint } : {}),
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
 * The pack's int8 data; made (calibration runs and int8 weights, about a quarter of the float32 ones on disk) where it has none.
 * Errors: those of calibration; OUTPUT_UNWRITABLE or DISK_FULL where the pack takes no file.
 */
export async function openInt8(
  config: HummingbirdConfig,
  weights: Weights,
  options: CalibrateOptions,
): Promise<Int8Data> {
  const path = join(weights.folder, INT8_FILE);
  const stored = await readFile(path, "utf8").then(parseInt8, () => null);
  if (stored) return withIndex(weights, stored);
  const ranges = await calibrate(config, weights, options);
  const smallest = unit(config);
  const graph = unetGraph(config, { batch: 1, frames: 1, height: smallest, width: smallest }, null, { int8: ranges });
  const part = `${INT8_WEIGHTS}.part`;
  const written = await writeInt8Weights(weights, graph.int8Weights, ranges, part);
  const index = Object.fromEntries(
    Object.entries(written).map(([key, entry]) => [key, { ...entry, file: INT8_WEIGHTS }]),
  );
  await rename(join(weights.folder, part), join(weights.folder, INT8_WEIGHTS));
  const made = { schema: "plume.int8/1", ranges: Object.fromEntries(ranges), index };
  // The description comes last: without it the weights file counts for nothing.
  await writeFile(`${path}.part`, JSON.stringify(made));
  await rename(`${path}.part`, path);
  return withIndex(weights, int8Schema.parse(made));
}

function parseInt8(text: string): z.infer<typeof int8Schema> | null {
  try {
    return int8Schema.parse(JSON.parse(text));
  } catch {
    // Half-written or from another version: made anew.
    return null;
  }
}

function withIndex(weights: Weights, { ranges, index }: z.infer<typeof int8Schema>): Int8Data {
  return { ranges: new Map(Object.entries(ranges)), weights: { ...weights, index: { ...weights.index, ...index } } };
}
