/** What KeyVID's calls cost, told from its graphs: nothing is opened, so the studio's own process may ask. */
import type { LatentSize } from "../diffusion/latent.ts";
import { sizeOf } from "../onnx/graph.ts";
import { peakBytes } from "../onnx/peak.ts";
import { textGraph } from "../openclip/text-tower.ts";
import { visionGraph } from "../openclip/vision-tower.ts";
import type { WeightIndex } from "../types.ts";
import { architecture } from "../unet3d/architecture.ts";
import { UNET_PREFIX } from "../unet3d/blocks.ts";
import { vaeDecoderGraph } from "../vae/decoder.ts";
import { latentScale, vaeEncoderGraph } from "../vae/encoder.ts";
import { soundGraph } from "./audio-trunk.ts";
import type { KeyvidConfig } from "./config.ts";
import { resamplerGraph } from "./resampler.ts";
import type { Stage, StageCosts, StageWork } from "./stage-networks.ts";
import { unetGraph } from "./unet.ts";

export class KeyvidCosts implements StageCosts {
  readonly cellPixels: number;
  readonly #config: KeyvidConfig;
  readonly #weights: Readonly<Record<Stage, WeightIndex>>;

  /** @param weights of each stage, by the keys of its graphs */
  constructor(config: KeyvidConfig, weights: Readonly<Record<Stage, WeightIndex>>) {
    this.cellPixels = latentScale(config.vae);
    this.#config = config;
    this.#weights = weights;
  }

  lastCut(stage: Stage): number {
    return architecture(this.#config[stage]).up.length - 1;
  }

  work(stage: Stage, size: LatentSize): StageWork {
    const config = this.#config;
    const { text, vision, vae, audio } = config;
    const { height, width } = size;
    const pixels = { batch: 1, height: height * this.cellPixels, width: width * this.cellPixels };
    return {
      text: textGraph(text, 1).flops,
      vision: visionGraph(vision, 1).flops + resamplerGraph(config, 1).flops,
      audio: soundGraph(audio, 1).flops,
      encodeFrame: vaeEncoderGraph(vae, pixels).flops,
      decodeFrame: vaeDecoderGraph(vae, { batch: 1, height, width }).flops,
      unet: this.callWork(stage, size, 1),
    };
  }

  callWork(stage: Stage, size: LatentSize, branches: number, reuse?: number): number {
    return unetGraph(this.#config[stage], size, { branches, reuse }).flops;
  }

  /**
   * Bytes of memory that one whole call with so many branches takes, the U-Net's weights included. Measured at the official size, one
   * call for keyframes of 64 × 64: 5.93 GB counted, 6.08 GB resident in a process that had 0.15 GB before.
   */
  callMemory(stage: Stage, size: LatentSize, branches: number): number {
    return peakBytes(unetGraph(this.#config[stage], size, { branches })) + this.unetBytes(stage);
  }

  /** Bytes of what a call for one branch is given, nearly all of it keys and values. */
  inputBytes(stage: Stage, size: LatentSize): number {
    return unetGraph(this.#config[stage], size, { branches: 1 }).inputs.reduce(
      (sum, { shape }) => sum + 4 * sizeOf(shape),
      0,
    );
  }

  /** Bytes of a stage's U-Net, whatever the call. */
  unetBytes(stage: Stage): number {
    const own = Object.entries(this.#weights[stage]).filter(([key]) => key.startsWith(UNET_PREFIX));
    return own.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  }
}
