/** The published sizes, and FasterNet's, which they are measured against. Installed checkpoints are never built from these tables. */
import type { Block, PatnetConfig } from "./config.ts";

export interface Size {
  /** Channels of the first stage. */
  readonly embed: number;
  /** Blocks of the four stages. */
  readonly depths: readonly [number, number, number, number];
  readonly activation: "gelu" | "relu";
}

/** H. Huang et al., "PATNet: Partial Convolution Meets Visual Attention", 2025, and its published configurations. */
export const patnetSizes = {
  T0: { embed: 32, depths: [1, 2, 8, 2], activation: "gelu" },
  T1: { embed: 48, depths: [1, 2, 8, 2], activation: "gelu" },
  T2: { embed: 64, depths: [2, 2, 6, 4], activation: "relu" },
  S: { embed: 96, depths: [2, 2, 9, 4], activation: "relu" },
  M: { embed: 128, depths: [2, 3, 16, 4], activation: "relu" },
  L: { embed: 160, depths: [2, 3, 20, 4], activation: "relu" },
} as const satisfies Record<string, Size>;

/** J. Chen et al., "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", 2023. */
export const fasterNetSizes = {
  T0: { embed: 40, depths: [1, 2, 8, 2], activation: "gelu" },
  T1: { embed: 64, depths: [1, 2, 8, 2], activation: "gelu" },
  T2: { embed: 96, depths: [1, 2, 8, 2], activation: "relu" },
  S: { embed: 128, depths: [1, 2, 13, 2], activation: "relu" },
  M: { embed: 144, depths: [3, 4, 18, 3], activation: "relu" },
  L: { embed: 192, depths: [3, 4, 18, 3], activation: "relu" },
} as const satisfies Record<string, Size>;

/** One channel in four is convolved. */
const DIVISION = 4;
const MLP_RATIO = 2;

export interface ClassifierOptions {
  readonly features?: number;
  readonly classes?: number;
  /** PAT_sp in every block. */
  readonly spatial?: boolean;
  /** Attention heads of the last stage; 0: none of PATNet's attention anywhere, a FasterNet. */
  readonly heads: number;
}

/** A classifier of a size. */
export function sizedClassifier(size: Size, options: ClassifierOptions): PatnetConfig {
  const { embed, depths, activation } = size;
  const { heads, spatial = false } = options;
  const stages = depths.map((depth, stage) => {
    const width = embed * 2 ** stage;
    const isLast = stage === depths.length - 1;
    const block: Block = {
      mixing: heads === 0 ? "plain" : isLast ? "self" : "channel",
      split: Math.floor(width / DIVISION),
      learnt: false,
      hidden: width * MLP_RATIO,
      spatial,
      heads: isLast ? heads : 0,
      innerResidual: isLast && heads > 0,
      layerScale: false,
    };
    return { width, blocks: Array.from({ length: depth }, () => block) };
  });
  const { features = 1280, classes = 1000 } = options;
  return {
    backbone: { activation, stages },
    classifier: { features, classes, side: 224 },
    detector: null,
    labels: [],
  };
}

/** The published name of a backbone's size, or null. */
export function publishedName({ stages }: PatnetConfig["backbone"]): string | null {
  const isPlain = stages.every(({ blocks }) => blocks.every(({ mixing, learnt }) => mixing === "plain" && !learnt));
  const sizes: Readonly<Record<string, Size>> = isPlain ? fasterNetSizes : patnetSizes;
  const depths = stages.map(({ blocks }) => blocks.length).join();
  const found = Object.entries(sizes).find(
    ([, size]) => size.embed === stages[0]?.width && size.depths.join() === depths,
  );
  return found ? `${isPlain ? "FasterNet" : "PATNet"}-${found[0]}` : null;
}
