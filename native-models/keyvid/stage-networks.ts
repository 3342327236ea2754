/**
 * What the two stages ask of KeyVID's networks. Each stage has towers and a VAE of its own, as each official file does. The pipeline is
 * written against this, so that it is tested without them; `networks.ts` answers it with onnxruntime. Arrays are row-major float32.
 */
import type { LatentSize } from "../diffusion/latent.ts";

export type Stage = "keyframes" | "interpolation";

/** What a U-Net is conditioned on besides the sample: each frame's part of the picture and of the sound, and the sentence. */
export interface Tokens {
  /** [77, contextDim] */
  readonly text: Float32Array;
  /** Sixteen a frame: [16 T, contextDim] */
  readonly image: Float32Array;
  /** Twelve a frame: [T, 12, audioDim] */
  readonly audio: Float32Array;
}

/** Projected keys and values of every cross-attention to one part, by input name. */
export type Keys = Readonly<Record<string, Float32Array>>;

/** What a U-Net made of the deeper, slowly changing part of a call (X. Ma et al., "DeepCache", 2024). */
export interface Deep {
  /** Output block that the features enter. */
  readonly cut: number;
  /** [B·T, C, h', w'] for B branches. */
  readonly features: Float32Array;
}

/** One call of a U-Net for one clip. */
export interface UnetCall {
  readonly stage: Stage;
  readonly size: LatentSize;
  /** Places of the frames among the 48; only the keyframe generator is told. */
  readonly places: readonly number[];
  /** Noisy latent [4, T, h, w]. */
  readonly sample: Float32Array;
  /** Latents shown beside it, [4, T, h, w]. */
  readonly beside: Float32Array;
  /** Training timestep, 0 to 999. */
  readonly t: number;
  /** Keys and values of text, picture and sound together. */
  readonly keys: Keys;
}

/** One call of a U-Net for one clip under several conditions at once: what they share is computed once. */
export interface BranchedCall extends Omit<UnetCall, "keys"> {
  readonly branches: readonly Keys[];
  /** Run only what lies above the cut, on these features. */
  readonly reuse?: Deep | undefined;
  /** Also give what enters this output block, 1 to `lastCut(stage)`. */
  readonly keep?: number | undefined;
}

export interface BranchedAnswer {
  /** v of each branch, [4, T, h, w]. */
  readonly predictions: readonly Float32Array[];
  readonly deep?: Deep;
}

/** Floating point operations of each part, 2 per multiply-add. */
export interface StageWork {
  readonly text: number;
  readonly vision: number;
  readonly audio: number;
  readonly encodeFrame: number;
  readonly decodeFrame: number;
  readonly unet: number;
}

/** What calls cost, told from the graphs alone. */
export interface StageCosts {
  /** Pixels a latent cell covers, each way (8). */
  readonly cellPixels: number;
  /** The shallowest, and so cheapest, output block at which a call can take up kept features. */
  lastCut(stage: Stage): number;
  /** `unet` is one full call for one branch. */
  work(stage: Stage, size: LatentSize): StageWork;
  /** Floating point operations of one call with so many branches, whole or from a cut on. */
  callWork(stage: Stage, size: LatentSize, branches: number, reuse?: number): number;
}

export interface StageNetworks extends StageCosts {
  /** Sentence → [77, contextDim]. */
  embedText(stage: Stage, prompt: string): Promise<Float32Array>;
  /** The image tower's view [3, 224, 224] → sixteen tokens for each of the 48 frames, [768, contextDim]. */
  pictureTokens(stage: Stage, view: Float32Array): Promise<Float32Array>;
  /** Mel spectrogram [128, 204] → twelve tokens for each frame of the stage, as the official code regroups them, [T, 12, audioDim]. */
  soundTokens(stage: Stage, mel: Float32Array, places: readonly number[]): Promise<Float32Array>;
  /** Keys and values of one part of the condition. */
  keys<P extends keyof Tokens>(stage: Stage, part: P, tokens: Tokens[P]): Promise<Keys>;
  /** Opens the U-Net for this size ahead of its first call, so that loading shows as loading. */
  prepare(stage: Stage, size: LatentSize): Promise<void>;
  /** → v [4, T, h, w] */
  predict(call: UnetCall): Promise<Float32Array>;
  predictBranches(call: BranchedCall): Promise<BranchedAnswer>;
  /** Closes a stage's large sessions, so that the other stage's have room. */
  release(stage: Stage): Promise<void>;
  /** Picture [3, H, W] of -1 to 1 → the posterior's mean and logarithmic variance, [4, h, w] each, not yet scaled. */
  encode(
    stage: Stage,
    picture: Float32Array,
    height: number,
    width: number,
  ): Promise<{ mean: Float32Array; logvar: Float32Array }>;
  /** Scaled latent [4, h, w] → picture [3, H, W], about -1 to 1, not clamped. */
  decode(stage: Stage, latent: Float32Array, height: number, width: number): Promise<Float32Array>;
  /** Mel spectrogram without padding [128, 198] → 48 motion scores. */
  localise(mel: Float32Array): Promise<Float32Array>;
}
