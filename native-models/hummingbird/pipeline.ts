/** From a request to frames: tokens, prompt embedding, denoising, decoding, with progress, previews and a way to stop. */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ModelSummary, type ResolvedRequest, StudioError } from "../../core/contract/index.ts";
import type { Weights } from "../onnx/session.ts";
import type { GenerateHooks, GenerateResult, OpenOptions, TextToVideoPipeline } from "../types.ts";
import { calibrationPlan, openInt8 } from "./calibrate.ts";
import type { HummingbirdConfig, LatentSize } from "./config.ts";
import { LATENT_CHANNELS } from "./config.ts";
import { HummingbirdNetworks, latentSize } from "./networks.ts";
import { fitPreviewMap, type PreviewMap, previewFrames, previewMapSchema } from "./preview.ts";
import { sampleLatent, unetCalls } from "./sample.ts";
import { clipTokenizer } from "./tokenizer.ts";
import { TorchRandom } from "./torch-random.ts";
import { decodeTiled, tilesFor } from "./vae-tiles.ts";

const PREVIEW_MAP_FILE = "preview-map.json";

export interface OpenedPack {
  readonly config: HummingbirdConfig;
  readonly weights: Weights;
  readonly summary: ModelSummary;
}

/** A Hummingbird pack opened for work. Sessions open on first need; the first clip of a size takes longer. */
export class HummingbirdPipeline implements TextToVideoPipeline {
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
    const plane = size.height * size.width;
    const cells = new Float32Array(LATENT_CHANNELS * plane);
    for (let c = 0; c < LATENT_CHANNELS; c++) {
      const start = (c * size.frames + frame) * plane;
      cells.set(latent.subarray(start, start + plane), c * plane);
    }
    const decode = (part: Float32Array, height: number, width: number) => networks.decode(part, height, width);
    const image = await decodeTiled(decode, cells, size, tilesFor(networks.config, size));
    return toRgb8(image);
  }

  /** The latent-to-RGB map of this VAE, fitted on first need and kept in the pack. */
  async #preview(networks: HummingbirdNetworks): Promise<PreviewMap> {
    if (this.#previewMap) return this.#previewMap;
    const file = join(this.#folder, PREVIEW_MAP_FILE);
    const stored = await readFile(file, "utf8").then(parsePreviewMap, () => null);
    this.#previewMap =
      stored ?? (await fitPreviewMap((latent, height, width) => networks.decode(latent, height, width)));
    if (!stored) {
      const text = JSON.stringify(this.#previewMap);
      // A pack on a read-only disk works too; it only pays for the fit again next time.
      await writeFile(`${file}.new`, text).then(
        () => rename(`${file}.new`, file),
        () => undefined,
      );
    }
    return this.#previewMap;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}

function parsePreviewMap(text: string): PreviewMap | null {
  try {
    return previewMapSchema.parse(JSON.parse(text));
  } catch {
    // Half-written or from another version: fitted anew.
    return null;
  }
}

/** Shares of the whole clip's floating point operations. */
function shares(networks: HummingbirdNetworks, size: LatentSize, calls: number): { text: number; denoise: number } {
  const work = networks.work(size);
  const total = work.text + work.unet * calls + work.vaeFrame * size.frames;
  return { text: work.text / total, denoise: (work.unet * calls) / total };
}

/** [3, H, W] of about -1 to 1 → H × W × 3 bytes: clamp, scale to 0 to 255, truncate (as the reference does, not round). */
export function toRgb8(image: Float32Array): Uint8Array {
  const plane = image.length / 3;
  const rgb = new Uint8Array(image.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      const value = Math.fround(Math.fround(Math.min(1, Math.max(-1, image[channel * plane + i]!)) + 1) / 2);
      rgb[i * 3 + channel] = Math.trunc(Math.fround(value * 255));
    }
  }
  return rgb;
}

/** Wall seconds by phase. */
class Clock {
  readonly seconds: Record<string, number> = {};
  #last = performance.now();

  lap(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = (this.seconds[phase] ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
  }
}
