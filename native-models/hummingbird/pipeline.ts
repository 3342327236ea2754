/** From a request to frames: tokens, prompt embedding, denoising, decoding, with progress, previews and a way to stop. */
import { createHash } from "node:crypto";
import { type ModelSummary, type ResolvedRequest, StudioError } from "../../core/contract/index.ts";
import { Clock } from "../clock.ts";
import { frameOf, type LatentSize, latentSize } from "../diffusion/latent.ts";
import { openPreviewMap, type PreviewMap, previewFrames } from "../diffusion/preview.ts";
import { toRgb8 } from "../diffusion/rgb.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type { Weights } from "../onnx/session.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import type { GenerateHooks, GenerateResult, OpenOptions, TextToVideoPipeline } from "../types.ts";
import { decodeTiled, tilesFor } from "../vae/tiles.ts";
import { calibrationPlan, openInt8 } from "./calibrate.ts";
import type { HummingbirdConfig } from "./config.ts";
import { HummingbirdNetworks } from "./networks.ts";
import { sampleLatent, unetCalls } from "./sample.ts";

export interface OpenedPack {
  readonly config: HummingbirdConfig;
  readonly weights: Weights;
  readonly summary: ModelSummary;
}

/** A Hummingbird pack opened for work. Sessions open on first need; the first clip of a size takes longer. */
export class HummingbirdPipeline implements TextToVideoPipeline {
  readonly kind = "text-to-video";
  readonly summary: ModelSummary;
  readonly #pack: OpenedPack;
  readonly #options: OpenOptions;
  readonly #folder: string;
  #opened: HummingbirdNetworks | null = null;
  #previewMap: PreviewMap | null = null;

  constructor(pack: OpenedPack, options: OpenOptions) {
    this.summary = pack.summary;
    this.#folder = pack.weights.folder;
    this.#pack = pack;
    this.#options = options;
  }

  async generate(request: ResolvedRequest, hooks: GenerateHooks): Promise<GenerateResult> {
    const size = latentSize(request);
    const clock = new Clock();
    const stopIfAsked = () => {
      if (hooks.signal.aborted) throw new StudioError("CANCELLED", "The clip was cancelled.");
    };

    stopIfAsked();
    await hooks.progress("text", 0, 1, 0);
    const networks = await this.#networks(stopIfAsked);
    const calls = unetCalls(networks, request.steps, request.guidance);
    const share = shares(networks, size, calls);
    clock.lap("open");
    const embed = (prompt: string) => networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
    const context = await embed(request.prompt);
    await hooks.progress("text", 1, 1, share.text);
    clock.lap("text");

    stopIfAsked();
    await networks.prepare(size);
    const previewMap = await this.#preview(networks);
    clock.lap("prepare");
    await hooks.progress("denoise", 0, request.steps, share.text);
    const random = new TorchRandom(request.seed);
    const latent = await sampleLatent(networks, {
      size,
      steps: request.steps,
      guidance: request.guidance,
      fps: request.fps,
      context,
      negativeContext: () => embed(request.negativePrompt),
      drawNoise: (count) => random.randn(count),
      checkpoint: stopIfAsked,
      onStep: async (step, estimate) => {
        await hooks.preview(previewFrames(previewMap, estimate, size, step));
        await hooks.progress("denoise", step, request.steps, share.text + (share.denoise * step) / request.steps);
      },
    });
    clock.lap("denoise");

    const sha = createHash("sha256");
    const before = share.text + share.denoise;
    await hooks.progress("decode", 0, size.frames, before);
    for (let frame = 0; frame < size.frames; frame++) {
      stopIfAsked();
      const rgb = await this.#decodeFrame(networks, latent, size, frame);
      sha.update(rgb);
      await hooks.frame(frame, rgb);
      await hooks.progress("decode", frame + 1, size.frames, before + ((1 - before) * (frame + 1)) / size.frames);
    }
    clock.lap("decode");
    return { framesSha256: sha.digest("hex"), seconds: clock.seconds };
  }

  /** The networks in the precision asked for. A model's first int8 run calibrates it, which takes a few float32 clips' time. */
  async #networks(stopIfAsked: () => void): Promise<HummingbirdNetworks> {
    if (this.#opened) return this.#opened;
    const { config, weights, summary } = this.#pack;
    const { threads, precision } = this.#options;
    const plan = calibrationPlan(summary.examplePrompts, latentSize(summary.defaults), config);
    const int8 =
      precision === "int8" ? await openInt8(config, weights, { threads, ...plan, checkpoint: stopIfAsked }) : undefined;
    this.#opened = new HummingbirdNetworks(config, weights, { threads, int8 });
    return this.#opened;
  }

  async #decodeFrame(
    networks: HummingbirdNetworks,
    latent: Float32Array,
    size: LatentSize,
    frame: number,
  ): Promise<Uint8Array> {
    const decode = (part: Float32Array, height: number, width: number) => networks.decode(part, height, width);
    const image = await decodeTiled(decode, frameOf(latent, size, frame), size, tilesFor(networks.config.vae, size));
    return toRgb8(image);
  }

  async #preview(networks: HummingbirdNetworks): Promise<PreviewMap> {
    this.#previewMap ??= await openPreviewMap(this.#folder, (latent, height, width) =>
      networks.decode(latent, height, width),
    );
    return this.#previewMap;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}

/** Shares of the whole clip's floating point operations. */
function shares(networks: HummingbirdNetworks, size: LatentSize, calls: number): { text: number; denoise: number } {
  const work = networks.work(size);
  const total = work.text + work.unet * calls + work.vaeFrame * size.frames;
  return { text: work.text / total, denoise: (work.unet * calls) / total };
}
