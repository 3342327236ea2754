/** What the Hummingbird benchmark found, and how it compares with the aims. */
import type { Precision } from "../../core/contract/index.ts";
import type { Machine, Memory, Rate } from "./machine.ts";

export interface Aim {
  readonly aim: string;
  readonly reached: string;
  readonly met: boolean;
}

/** Seconds and speed of one piece of work. */
export interface Timed extends Rate {
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
  readonly precision: Precision;
}

export interface HummingbirdResult {
  readonly machine: Machine;
  readonly threads: number;
  readonly clips: readonly ClipResult[];
  /** Lowest and mean structural similarity of the int8 clip's frames to the float32 clip's, by model. */
  readonly similarity: Readonly<Record<string, { lowest: number; mean: number }>>;
  readonly aims: readonly Aim[];
}

const speed = (timed: Timed): string =>
  `${timed.seconds.toFixed(2)} s, ${timed.perSecond.toFixed(0)} GFLOP/s, ${timed.perCpuSecond.toFixed(0)} a CPU second`;

export function lines(clip: ClipResult): string[] {
  const { unetCall, vaeFrame, matmulPeak, gflop, memory: used } = clip;
  const { width, height, frames, steps } = clip.clip;
  return [
    `${clip.model}, ${clip.precision}: ${frames} frames of ${width}×${height}, ${steps} steps, ${(gflop.clip / 1000).toFixed(2)} TFLOP`,
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
export function aimsOf(clip: ClipResult): Aim[] {
  if (clip.precision !== "fp32") return [];
  if (clip.gflop.unetCall < 50) return [];
  const { frames, width, height } = clip.clip;
  // Estimates. U-Net: eight tensors of 640 channels at full latent size (skip, both halves, norms). Decoder: four of 256 at full size.
  const unet = (8 * 640 * frames * width * height * 4) / 64 / 1e6;
  const activations = Math.max(unet, (4 * 256 * width * height * 4) / 1e6);
  return [
    {
      aim: `${clip.model}: U-Net at ≥ 90 % of the matrix-multiply speed (per CPU second)`,
      reached: `${(clip.unetShareOfPeak * 100).toFixed(0)} %`,
      met: clip.unetShareOfPeak >= 0.9,
    },
    {
      aim: `${clip.model}: memory ≤ 3.5 GB + activations (about ${activations.toFixed(0)} MB)`,
      reached: `${clip.memory.peakMb.toFixed(0)} MB`,
      met: clip.memory.peakMb <= WEIGHTS_MB + activations,
    },
  ];
}

/** Int8 against float32: the U-Net call's CPU time, and how alike the clips are. */
export function int8Aims(
  fp32: ClipResult,
  int8: ClipResult,
  similarity: { lowest: number; mean: number } | null,
): Aim[] {
  const share = fp32.unetCall.perCpuSecond / int8.unetCall.perCpuSecond;
  const speed = {
    aim: `${fp32.model}: int8 U-Net call ≤ 40 % of the float32 one (CPU time)`,
    reached: `${(share * 100).toFixed(0)} %`,
    met: share <= 0.4,
  };
  if (!similarity) return [speed];
  return [
    // So small a network spends its time on what is not arithmetic: its speed is told, but the aim speaks of the true shape.
    ...(fp32.gflop.unetCall < 50 ? [] : [speed]),
    {
      aim: `${fp32.model}: int8 clip's frames SSIM ≥ 0.95 to float32`,
      reached: `lowest ${similarity.lowest.toFixed(4)}, mean ${similarity.mean.toFixed(4)}`,
      met: similarity.lowest >= 0.95,
    },
  ];
}
