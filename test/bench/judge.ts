/**
 * The judge of the starter model: a small classifier (trained by native-models/training/judge.py on clean drawn clips) that reads
 * family, colour and direction from a clip. Its description, weights and evaluation prompts lie in assets/models/judge/. Run here
 * with plain loops: it is small, and a judge that shares no code with the engine cannot share its mistakes.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { openCheckpoint } from "../../native-models/checkpoint/open-checkpoint.ts";

const layerSchema = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("conv2d"),
    weight: z.string(),
    bias: z.string(),
    kernel: z.number().int(),
    stride: z.number().int(),
    padding: z.number().int(),
    in: z.number().int(),
    out: z.number().int(),
  }),
  z.object({ op: z.literal("relu") }),
  z.object({ op: z.literal("flatten") }),
  z.object({ op: z.literal("mean") }),
  z.object({
    op: z.literal("linear"),
    weight: z.string(),
    bias: z.string(),
    in: z.number().int(),
    out: z.number().int(),
  }),
]);
const descriptionSchema = z.object({
  /** [stacks, channels of a stack, side, side]: stack k holds frames 2k, 2k+1, 2k+2 of the clip, wrapping at its end. */
  input: z.object({ shape: z.tuple([z.number(), z.number(), z.number(), z.number()]), frames: z.number().int() }),
  weights: z.string(),
  layers: z.array(layerSchema),
  outputs: z.array(z.object({ name: z.string(), classes: z.array(z.string()) })),
});
type Layer = z.infer<typeof layerSchema>;

const promptSchema = z.object({
  prompt: z.string(),
  family: z.string(),
  colour: z.string(),
  colour2: z.string().nullish(),
  direction: z.string(),
  seed: z.number().int(),
});
export type EvaluationPrompt = z.infer<typeof promptSchema>;

/** What the judge reads from a clip, by the name of each output group (family, colour, direction). */
export type Reading = Readonly<Record<string, string>>;

interface Maps {
  readonly data: Float32Array;
  readonly channels: number;
  readonly side: number;
}

export class Judge {
  readonly #description: z.infer<typeof descriptionSchema>;
  readonly #weights: ReadonlyMap<string, Float32Array>;

  private constructor(description: z.infer<typeof descriptionSchema>, weights: ReadonlyMap<string, Float32Array>) {
    this.#description = description;
    this.#weights = weights;
  }

  static async open(folder: string): Promise<Judge> {
    const description = descriptionSchema.parse(JSON.parse(await readFile(join(folder, "judge.json"), "utf8")));
    const source = await openCheckpoint(join(folder, description.weights));
    const weights = new Map<string, Float32Array>();
    for (const name of source.tensors.keys()) weights.set(name, await source.readFloat32(name));
    await source.close();
    return new Judge(description, weights);
  }

  /** @param frames RGB8 pictures, width × height × 3 each; both sides multiples of the judge's own side. */
  read(frames: readonly Uint8Array[], width: number, height: number): Reading {
    const { input, layers, outputs } = this.#description;
    const [stacks, channels, side] = input.shape;
    const clip = shrink(frames, width, height, input.frames, side);
    let batch = Array.from({ length: stacks }, (_, k) => stack(clip, k, channels / 3, side));
    for (const layer of layers) {
      batch = layer.op === "mean" ? [mean(batch)] : batch.map((maps) => this.#apply(layer, maps));
    }
    const [{ data }] = batch as [Maps];
    let at = 0;
    return Object.fromEntries(
      outputs.map(({ name, classes }) => {
        const logits = data.subarray(at, at + classes.length);
        at += classes.length;
        return [name, classes[logits.indexOf(Math.max(...logits))]!];
      }),
    );
  }

  #weight(name: string): Float32Array {
    const found = this.#weights.get(name);
    if (!found) throw new Error(`The judge lacks ${name}.`);
    return found;
  }

  #apply(layer: Exclude<Layer, { op: "mean" }>, maps: Maps): Maps {
    switch (layer.op) {
      case "relu":
        return { ...maps, data: maps.data.map((value) => Math.max(0, value)) };
      case "flatten":
        return { data: maps.data, channels: maps.data.length, side: 1 };
      case "linear":
        return linear(maps, this.#weight(layer.weight), this.#weight(layer.bias));
      case "conv2d":
        return convolve(maps, layer, this.#weight(layer.weight), this.#weight(layer.bias));
    }
  }
}

/** Frame floor(i·T/count) for i of `count`, area-averaged to side × side, -1 to 1; each [3, side, side]. */
function shrink(
  frames: readonly Uint8Array[],
  width: number,
  height: number,
  count: number,
  side: number,
): Float32Array[] {
  if (width % side !== 0 || height % side !== 0) throw new Error(`The judge reads multiples of ${side} pixels only.`);
  const [sx, sy] = [width / side, height / side];
  return Array.from({ length: count }, (_, i) => {
    const frame = frames[Math.min(frames.length - 1, Math.floor((i * frames.length) / count))]!;
    const sums = new Float32Array(3 * side * side);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const cell = Math.floor(y / sy) * side + Math.floor(x / sx);
        for (let c = 0; c < 3; c++) sums[c * side * side + cell]! += frame[(y * width + x) * 3 + c]!;
      }
    }
    return sums.map((sum) => sum / (sx * sy) / 127.5 - 1);
  });
}

/** `depth` neighbouring frames from frame 2k on as one picture; channel = frame in the stack · 3 + colour. */
function stack(clip: readonly Float32Array[], k: number, depth: number, side: number): Maps {
  const plane = 3 * side * side;
  const data = new Float32Array(depth * plane);
  for (let j = 0; j < depth; j++) data.set(clip[(2 * k + j) % clip.length]!, j * plane);
  return { data, channels: depth * 3, side };
}

/** Mean over the stacks of one clip. */
function mean(batch: readonly Maps[]): Maps {
  const [first] = batch as [Maps];
  const data = first.data.map((_, i) => batch.reduce((sum, maps) => sum + maps.data[i]!, 0) / batch.length);
  return { ...first, data };
}

function linear({ data }: Maps, weight: Float32Array, bias: Float32Array): Maps {
  const out = bias.map((value, o) => {
    let sum = value;
    for (let i = 0; i < data.length; i++) sum += weight[o * data.length + i]! * data[i]!;
    return sum;
  });
  return { data: out, channels: out.length, side: 1 };
}

function convolve(
  maps: Maps,
  { kernel, stride, padding, out }: Extract<Layer, { op: "conv2d" }>,
  weight: Float32Array,
  bias: Float32Array,
): Maps {
  const { data, channels, side } = maps;
  const size = Math.floor((side + 2 * padding - kernel) / stride) + 1;
  const result = new Float32Array(out * size * size);
  for (let o = 0; o < out; o++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = bias[o]!;
        for (let ky = 0; ky < kernel; ky++) {
          const row = y * stride + ky - padding;
          if (row < 0 || row >= side) continue;
          for (let kx = 0; kx < kernel; kx++) {
            const column = x * stride + kx - padding;
            if (column < 0 || column >= side) continue;
            for (let c = 0; c < channels; c++)
              sum +=
                weight[((o * channels + c) * kernel + ky) * kernel + kx]! * data[(c * side + row) * side + column]!;
          }
        }
        result[(o * size + y) * size + x] = sum;
      }
    }
  }
  return { data: result, channels: out, side: size };
}

export async function evaluationPrompts(folder: string): Promise<EvaluationPrompt[]> {
  return z.array(promptSchema).parse(JSON.parse(await readFile(join(folder, "prompts.json"), "utf8")));
}

export interface Accuracy {
  readonly clips: number;
  readonly family: number;
  readonly colour: number;
  /** Over families that can move in several directions only. */
  readonly direction: number;
  readonly directionClips: number;
}

const share = (right: readonly boolean[]): number => right.filter(Boolean).length / Math.max(1, right.length);

/** Shares of right readings. Either colour of a two-coloured clip counts as right. */
export function accuracy(readings: readonly Reading[], prompts: readonly EvaluationPrompt[]): Accuracy {
  const directed = new Set(prompts.filter(({ direction }) => direction !== "none").map(({ family }) => family));
  const pairs = readings.map((reading, i) => ({ reading, wanted: prompts[i]! }));
  const moving = pairs.filter(({ wanted }) => directed.has(wanted.family));
  return {
    clips: pairs.length,
    family: share(pairs.map(({ reading, wanted }) => reading["family"] === wanted.family)),
    colour: share(pairs.map(({ reading, wanted }) => [wanted.colour, wanted.colour2].includes(reading["colour"]))),
    direction: share(moving.map(({ reading, wanted }) => reading["direction"] === wanted.direction)),
    directionClips: moving.length,
  };
}
