/** From a request to frames: tokens, prompt embedding, denoising, decoding, with progress, previews and a way to stop. */
import { createHash } from "node:crypto";
import { type ModelSummary, type ResolvedRequest, StudioError } from "../../core/contract/index.ts";
import { Clock } from "../clock.ts";
import { frameOf, type LatentSize, latentSize } from "../diffusion/latent.ts";
import { openPreviewMap, type PreviewMap, previewFrames } from "../diffusion/preview.ts";
import { toRgb8 } from "../diffusion/rgb.ts";
import { readState, SAVE_SECONDS, writeState } from "../diffusion/saved-state.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type { Weights } from "../onnx/session.ts";
import { clipTokenizer } from "../openclip/tokenizer.ts";
import { type Int8Data, readInt8 } from "../pack/int8-files.ts";
import type {
  GenerateHooks,
  GenerateResult,
  OpenOptions,
  PrepareHooks,
  TextToVideoPipeline,
  WorkPhase,
} from "../types.ts";
import { decodeTiled, tilesFor } from "../vae/tiles.ts";
import { type CalibrationPlan, calibrationPlan, makeInt8 } from "./calibrate.ts";
import type { HummingbirdConfig } from "./config.ts";
import { HummingbirdNetworks, workOf } from "./networks.ts";
import { type SampleState, sampleLatent, unetCalls } from "./sample.ts";

/** Time of a U-Net call in int8 over the same in float32, about, on a CPU with VNNI (`npm run bench -- hummingbird`). */
const INT8_PRICE = 0.4;

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

  async generate(request: ResolvedRequest, hooks: GenerateHooks, resume?: Uint8Array): Promise<GenerateResult> {
    const size = latentSize(request);
    const clock = new Clock();
    const stopIfAsked = () => {
      if (hooks.signal.aborted) throw new StudioError("CANCELLED", "The clip was cancelled.");
    };
    const keeper = new StateKeeper(this.#identityOf(request), this.#options.saveSeconds ?? SAVE_SECONDS, hooks);
    const state = resume === undefined ? undefined : keeper.read(resume);

    stopIfAsked();
    const calls = unetCalls(this.#pack.config, request.steps, request.guidance);
    const needsRanges = this.#opened === null && (await this.#int8()) === null;
    const bar = new WorkBar(this.#partsOf(size, calls, needsRanges));
    const tell = (phase: WorkPhase, done: number, total: number) =>
      hooks.progress(phase, done, total, bar.at(phase, done / total));
    if (needsRanges) await this.#calibrate(stopIfAsked, (done, total) => tell("calibrate", done, total));
    // Looking whether ranges are there is part of opening; only a clip that measured them says so.
    clock.lap(needsRanges ? "calibrate" : "open");
    await tell("text", 0, 1);
    const networks = await this.#networks();
    clock.lap("open");
    const embed = (prompt: string) => networks.encodePrompt(clipTokenizer().tokenize(prompt).ids);
    const context = await embed(request.prompt);
    await tell("text", 1, 1);
    clock.lap("text");

    stopIfAsked();
    await networks.prepare(size);
    const previewMap = await this.#preview(networks);
    clock.lap("prepare");
    await tell("denoise", state?.done ?? 0, request.steps);
    const random = new TorchRandom(request.seed);
    const latent = await sampleLatent(networks, {
      size,
      steps: request.steps,
      guidance: request.guidance,
      fps: request.fps,
      context,
      negativeContext: () => embed(request.negativePrompt),
      drawNoise: (count) => random.randn(count),
      checkpoint: async () => {
        // What has been computed is kept, also where somebody only pauses.
        if (hooks.signal.aborted) await keeper.flush();
        stopIfAsked();
      },
      resume: state,
      onState: (now) => keeper.keep(now),
      onStep: async (step, estimate) => {
        await hooks.preview(previewFrames(previewMap, estimate, size, step));
        await tell("denoise", step, request.steps);
      },
    });
    // Drawing the frames can be interrupted too.
    await keeper.flush();
    clock.lap("denoise");

    const tiles = await this.#makeRoom(networks, size);
    const sha = createHash("sha256");
    await tell("decode", 0, size.frames);
    for (let frame = 0; frame < size.frames; frame++) {
      stopIfAsked();
      const rgb = await decodeFrame(networks, frameOf(latent, size, frame), size, tiles);
      sha.update(rgb);
      await hooks.frame(frame, rgb);
      await tell("decode", frame + 1, size.frames);
    }
    clock.lap("decode");
    return { framesSha256: sha.digest("hex"), seconds: clock.seconds, resumed: state?.done ?? 0 };
  }

  /** A hash of everything that decides a run's bits, so that a saved state is used for no other. */
  #identityOf(request: ResolvedRequest): string {
    const { precision, threads } = this.#options;
    const device = this.#device === undefined ? [] : [this.#device];
    return createHash("sha256")
      .update(JSON.stringify([this.summary.id, precision, threads, request, ...device]))
      .digest("hex");
  }

  /** What makes a first clip slow and the pack can keep: the preview map and the int8 form. */
  async prepare(hooks: PrepareHooks): Promise<void> {
    const stopIfAsked = () => {
      if (hooks.signal.aborted) throw new StudioError("CANCELLED", "Stopped.");
    };
    stopIfAsked();
    if ((await readInt8(this.#pack.weights)) === null)
      await this.#calibrate(stopIfAsked, (done, total) => hooks.progress((0.95 * done) / total));
    stopIfAsked();
    const networks = new HummingbirdNetworks(this.#pack.config, this.#pack.weights, { threads: this.#options.threads });
    try {
      await this.#preview(networks);
    } finally {
      await networks.close();
    }
    await hooks.progress(1);
  }

  /** The int8 data; undefined in float32, null where they must be made first. */
  async #int8(): Promise<Int8Data | null | undefined> {
    return this.#options.precision === "int8" ? readInt8(this.#pack.weights) : undefined;
  }

  /** Finds the model's int8 ranges, which takes a few float32 clips' time, and keeps its int8 form in the pack. */
  async #calibrate(
    stopIfAsked: () => void,
    tell: (done: number, total: number) => void | Promise<void>,
  ): Promise<void> {
    const plan = this.#calibrationPlan();
    await makeInt8(this.#pack.config, this.#pack.weights, {
      threads: this.#options.threads,
      plan,
      onCall: async (done) => {
        stopIfAsked();
        await tell(done, plan.calls);
      },
    });
    await tell(plan.calls, plan.calls);
  }

  #calibrationPlan(): CalibrationPlan {
    const { examplePrompts, defaults } = this.summary;
    return calibrationPlan(examplePrompts, latentSize(defaults), this.#pack.config);
  }

  /** The networks in the precision asked for; int8 data must be there. */
  async #networks(): Promise<HummingbirdNetworks> {
    if (this.#opened) return this.#opened;
    const { config, weights } = this.#pack;
    const int8 = await this.#int8();
    if (int8 === null)
      throw new StudioError("MODEL_DAMAGED", `The int8 data of ${this.summary.name} are gone: try the clip again.`);
    const { threads } = this.#options;
    this.#opened = new HummingbirdNetworks(config, weights, { threads, int8, device: this.#device });
    return this.#opened;
  }

  /** Only the processor has the kernels of int8. */
  get #device(): OpenOptions["device"] {
    const { device, precision } = this.#options;
    return precision === "int8" || device === "cpu" ? undefined : device;
  }

  /** Floating point operations of a clip's phases, those in int8 at their price in float32 ones. */
  #partsOf(size: LatentSize, calls: number, needsRanges: boolean): Record<WorkPhase, number> {
    const work = workOf(this.#pack.config, size);
    const price = this.#options.precision === "int8" ? INT8_PRICE : 1;
    return {
      calibrate: needsRanges ? this.#calibrationPlan().flops : 0,
      text: work.text,
      denoise: work.unet * calls * price,
      decode: work.vaeFrame * size.frames,
    };
  }

  /**
   * Side of the decoder's tiles for this clip, or null to decode frames whole. Where memory is short, the U-Net's goes first: opening
   * it again for the next clip costs less than tiles do.
   */
  async #makeRoom(networks: HummingbirdNetworks, size: LatentSize): Promise<number | null> {
    const { vae } = networks.config;
    if (tilesFor(vae, size) === null) return null;
    await networks.release("unet");
    return tilesFor(vae, size);
  }

  async #preview(networks: HummingbirdNetworks): Promise<PreviewMap> {
    if (this.#previewMap) return this.#previewMap;
    this.#previewMap = await openPreviewMap(this.#folder, (latent, height, width) =>
      networks.decode(latent, height, width),
    );
    // Where it had to be fitted, the decoder is open, and not needed again before the last step.
    await networks.release("vae");
    return this.#previewMap;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}

/** Writes a run's state down, not after every step but never losing one on purpose. */
class StateKeeper {
  readonly #of: string;
  readonly #saveSeconds: number;
  readonly #hooks: GenerateHooks;
  #unsaved: SampleState | null = null;
  #savedAt = performance.now();

  constructor(of: string, saveSeconds: number, hooks: GenerateHooks) {
    this.#of = of;
    this.#saveSeconds = saveSeconds;
    this.#hooks = hooks;
  }

  read(bytes: Uint8Array): SampleState | undefined {
    const run = readState(bytes, this.#of);
    const [sample, estimate] = run?.arrays ?? [];
    return run && sample && estimate ? { done: run.done, sample, estimate } : undefined;
  }

  async keep(state: SampleState): Promise<void> {
    this.#unsaved = state;
    if (performance.now() - this.#savedAt >= this.#saveSeconds * 1000) await this.flush();
  }

  async flush(): Promise<void> {
    const state = this.#unsaved;
    if (state === null) return;
    this.#unsaved = null;
    const { done, sample, estimate } = state;
    await this.#hooks.saved?.(writeState({ done, numbers: [], arrays: [sample, estimate] }, this.#of), done);
    this.#savedAt = performance.now();
  }
}

/** Latent of one frame [4, h, w] → RGB8. */
async function decodeFrame(
  networks: HummingbirdNetworks,
  frame: Float32Array,
  size: LatentSize,
  tiles: number | null,
): Promise<Uint8Array> {
  const decode = (part: Float32Array, height: number, width: number) => networks.decode(part, height, width);
  return toRgb8(await decodeTiled(decode, frame, size, tiles));
}

/** How far a clip is, by the work of its phases in the order in which they come. */
class WorkBar {
  readonly #parts: Readonly<Record<WorkPhase, number>>;

  constructor(parts: Readonly<Record<WorkPhase, number>>) {
    this.#parts = parts;
  }

  /** Share of the whole, 0 to 1, when `share` of this phase is done. */
  at(phase: WorkPhase, share: number): number {
    let [before, total] = [0, 0];
    let isBefore = true;
    for (const [name, work] of Object.entries(this.#parts)) {
      isBefore &&= name !== phase;
      if (isBefore) before += work;
      total += work;
    }
    return (before + this.#parts[phase] * share) / total;
  }
}
