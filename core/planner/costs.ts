/** What a clip costs, as its model's graphs tell it. */

/** The phases whose time depends on the clip; opening the model comes before them. */
export type CostPhase = "text" | "denoise" | "decode";

export interface PhaseCosts {
  readonly phase: CostPhase;
  /** Steps of the denoising, frames of the decoding. */
  readonly units: number;
  /** Floating point operations of all units, 2 per multiply-add. */
  readonly flops: number;
}

/** Networks that are open at one time. */
export interface MemoryCosts {
  /** Bytes of their weights, mapped from the pack. */
  readonly weights: number;
  /** Bytes of those that are repacked into private memory as well. */
  readonly copied: number;
  /** Bytes of all tensors that are alive at once when they are the most. */
  readonly activations: number;
}

export interface ClipCosts {
  readonly phases: readonly PhaseCosts[];
  /** One entry for each time of the run whose memory could be its peak. */
  readonly memory: readonly MemoryCosts[];
}
