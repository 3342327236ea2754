/** From a picture and a sound to frames: localising, keyframes, interpolation, with progress, previews, saved states and a way to stop. */
import { createHash } from "node:crypto";
import { type DeviceId, type ModelSummary, type ResolvedAnimation, StudioError } from "../../core/contract/index.ts";
import { spokenMemory } from "../../core/planner/index.ts";
import type { Sound } from "../../core/sound/index.ts";
import { Clock } from "../clock.ts";
import { frameOf, type LatentSize } from "../diffusion/latent.ts";
import { openPreviewMap, type PreviewMap, previewFrames } from "../diffusion/preview.ts";
import { toRgb8 } from "../diffusion/rgb.ts";
import { SAVE_SECONDS } from "../diffusion/saved-state.ts";
import { TorchRandom } from "../diffusion/torch-random.ts";
import type {
  AnimateHooks,
  AnimateInput,
  AnimatePipeline,
  GenerateResult,
  InterpolateInput,
  KeyframesInput,
} from "../types.ts";
import { decodeTiled, tilesFor } from "../vae/tiles.ts";
import { FRAMES, KEYFRAMES, type KeyvidConfig } from "./config.ts";
import { neededBranches } from "./guidance.ts";
import { melSpectrogram, segmentClip, withoutPadding } from "./mel.ts";
import { freeMemory } from "../free-memory.ts";
import { fromRgb8, modelPicture } from "./picture.ts";
import { readSampler, writeSampler } from "./sampler-state.ts";
import {
  conditioningCalls,
  denoisingWork,
  interpolationLatent,
  keyframeLatent,
  type KeptFrames,
  type StageHooks,
  type StageInput,
  stagePlan,
  stageSize,
} from "./stages.ts";
import type { Stage, StageNetworks } from "./stage-networks.ts";
import { answersOf, stageScales } from "./step-plan.ts";

export interface KeyvidModel {
  readonly config: KeyvidConfig;
  readonly summary: ModelSummary;
  /** Folder of the pack, where the preview map is kept. */
  readonly folder: string;
  readonly networks: StageNetworks & { close(): Promise<void> };
  /** Bytes of memory that such a clip takes at its peak. */
  readonly memoryOf: (request: ResolvedAnimation) => number;
}

/** What a caller may set; the product leaves all of it as it is. */
export interface KeyvidPipelineOptions {
  /** States are written at most this often. */
  readonly saveSeconds?: number | undefined;
  /** Where the networks run: another device's bits are other ones. */
  readonly device?: DeviceId | undefined;
  /** Bytes of memory that this process may hold in all. */
  readonly memory?: (() => number) | undefined;
}

/** Keeps the interpolator's noise apart from the keyframes' of the same seed. */
const INTERPOLATION_STREAM = 0x9e3779b9n;

/** A KeyVID pack opened for work. Sessions open on first need; the first segment of a size takes longer. */
export class KeyvidPipeline implements AnimatePipeline {
  readonly kind = "animate";
  readonly summary: ModelSummary;
  readonly #model: KeyvidModel;
  readonly #saveSeconds: number;
  readonly #memory: () => number;
  readonly #device: DeviceId;
  #previewMap: PreviewMap | null = null;

  constructor(model: KeyvidModel, options: KeyvidPipelineOptions = {}) {
    this.summary = model.summary;
    this.#model = model;
    this.#saveSeconds = options.saveSeconds ?? SAVE_SECONDS;
    this.#device = options.device ?? "cpu";
    // What a warm model holds already is there for the next clip.
    this.#memory = options.memory ?? (() => freeMemory() + process.memoryUsage.rss());
  }

  async localise(sound: Sound): Promise<Float32Array> {
    return this.#model.networks.localise(withoutPadding(melSpectrogram(segmentClip(sound))));
  }

  async keyframes(input: KeyframesInput, hooks: AnimateHooks): Promise<GenerateResult> {
    const kept = keptOf(input);
    const only = input.only ?? Array.from({ length: KEYFRAMES }, (_, i) => i);
    return this.#run("keyframes", input, hooks, {
      seed: BigInt(input.request.seed),
      frames: KEYFRAMES,
      identity: [only, ...(input.kept ?? []).map((picture) => picture ?? [])],
      latent: (stage, stageHooks) => keyframeLatent(this.#model.networks, stage, stageHooks, kept?.frames),
      finished: (frame) => kept?.rgb.get(frame),
    });
  }

  async interpolate(input: InterpolateInput, hooks: AnimateHooks): Promise<GenerateResult> {
    checkPictures(input.request, input.keyframes);
    const pictures = input.keyframes.map(fromRgb8);
    return this.#run("interpolation", input, hooks, {
      seed: BigInt(input.request.seed) ^ INTERPOLATION_STREAM,
      frames: FRAMES,
      identity: input.keyframes,
      latent: (stage, stageHooks) => interpolationLatent(this.#model.networks, stage, pictures, stageHooks),
      finished: () => undefined,
    });
  }

  async #run(stage: Stage, input: AnimateInput, hooks: AnimateHooks, work: StageRun): Promise<GenerateResult> {
    const { networks } = this.#model;
    const { request } = input;
    const size = stageSize(networks, request, work.frames);
    const clock = new Clock();
    const checkpoint = () => {
      if (hooks.signal.aborted) throw new StudioError("CANCELLED", "The clip was cancelled.");
    };
    checkpoint();
    this.#checkMemory(input);
    const prepared = this.#prepare(stage, request, input, work.seed, size);
    const device = this.#device === "cpu" ? [] : [new TextEncoder().encode(this.#device)];
    const identity = identityOf(stage, input, [...work.identity, ...device]);
    const answers = answersOf(prepared.run);
    const share = this.#shares(stage, prepared, size);
    await hooks.progress("text", 0, 1, 0);
    await networks.release(stage === "keyframes" ? "interpolation" : "keyframes");
    const previewMap = await this.#preview(stage);
    let saved = performance.now();
    let answered = 0;
    const state = (input.resume && readSampler(input.resume, identity)) ?? undefined;
    const stageHooks: StageHooks = {
      checkpoint,
      resume: state,
      async onConditioned() {
        clock.lap("text");
        await hooks.progress("text", 1, 1, share.before);
        await hooks.progress("denoise", 0, answers, share.before);
      },
      async onAnswer(done, clean) {
        answered = done;
        await hooks.preview(previewFrames(previewMap, clean, size, done));
        await hooks.progress("denoise", done, answers, share.before + (share.denoise * done) / answers);
      },
      onState: async (state) => {
        if (performance.now() - saved < this.#saveSeconds * 1000) return;
        await hooks.saved?.(writeSampler(state, identity), answered);
        saved = performance.now();
      },
    };
    const latent = await work.latent(prepared, stageHooks);
    clock.lap("denoise");
    const framesSha256 = await this.#decode(stage, latent, size, work, hooks, share.before + share.denoise, checkpoint);
    clock.lap("decode");
    return { framesSha256, seconds: clock.seconds, resumed: state?.done ?? 0 };
  }

  /** Before anything is computed, and for both stages: nobody should approve keyframes that then cannot move. Errors: MODEL_OUT_OF_MEMORY. */
  #checkMemory({ request, memoryBytes }: AnimateInput): void {
    const need = memoryBytes ?? this.#model.memoryOf(request);
    const have = this.#memory();
    if (need <= have) return;
    throw new StudioError(
      "MODEL_OUT_OF_MEMORY",
      `Animating at ${request.width}×${request.height} takes about ${spokenMemory(need)} of memory and ${spokenMemory(have)} are free: choose a smaller size, or close other programs and try again.`,
    );
  }

  #prepare(
    stage: Stage,
    request: ResolvedAnimation,
    { picture, sound }: AnimateInput,
    seed: bigint,
    size: LatentSize,
  ): StageInput {
    const scales = stageScales(stage, request.guidance);
    const { preset, steps } = request;
    const random = new TorchRandom(seed);
    return {
      config: this.#model.config,
      prompt: request.prompt,
      width: request.width,
      height: request.height,
      picture: modelPicture(picture, request, request.focus),
      mel: melSpectrogram(segmentClip(sound)),
      places: request.keyframes,
      scales,
      run: stagePlan(this.#model.networks, stage, size, { preset, steps, branches: neededBranches(scales).length }),
      draw: (count) => random.randn(count),
    };
  }

  async #decode(
    stage: Stage,
    latent: Float32Array,
    size: LatentSize,
    work: StageRun,
    hooks: AnimateHooks,
    before: number,
    checkpoint: () => void,
  ): Promise<string> {
    const { networks, config } = this.#model;
    const decode = (part: Float32Array, height: number, width: number) => networks.decode(stage, part, height, width);
    const sha = createHash("sha256");
    await hooks.progress("decode", 0, work.frames, before);
    for (let frame = 0; frame < work.frames; frame++) {
      checkpoint();
      const rgb =
        work.finished(frame) ??
        toRgb8(await decodeTiled(decode, frameOf(latent, size, frame), size, tilesFor(config.vae, size)));
      sha.update(rgb);
      await hooks.frame(frame, rgb);
      await hooks.progress("decode", frame + 1, work.frames, before + ((1 - before) * (frame + 1)) / work.frames);
    }
    return sha.digest("hex");
  }

  /** Shares of the run's floating point operations: up to the first step, and the denoising. */
  #shares(stage: Stage, { scales, run }: StageInput, size: LatentSize): { before: number; denoise: number } {
    const work = this.#model.networks.work(stage, size);
    const calls = conditioningCalls(stage, scales);
    const before =
      calls.text * work.text + calls.vision * work.vision + calls.audio * work.audio + calls.encode * work.encodeFrame;
    const denoise = denoisingWork(this.#model.networks, stage, size, { scales, run });
    const total = before + denoise + size.frames * work.decodeFrame;
    return { before: before / total, denoise: denoise / total };
  }

  async #preview(stage: Stage): Promise<PreviewMap> {
    const { folder, networks } = this.#model;
    if (this.#previewMap) return this.#previewMap;
    this.#previewMap = await openPreviewMap(folder, (latent, height, width) =>
      networks.decode(stage, latent, height, width),
    );
    // Where it had to be fitted, the decoder is open, and not needed again before the last step.
    await networks.release(stage);
    return this.#previewMap;
  }

  async close(): Promise<void> {
    await this.#model.networks.close();
  }
}

/** What tells one stage's run from the other's. */
interface StageRun {
  readonly seed: bigint;
  readonly frames: number;
  /** What the result depends on besides the common input. */
  readonly identity: readonly (Uint8Array | readonly number[])[];
  readonly latent: (input: StageInput, hooks: StageHooks) => Promise<Float32Array>;
  /** A frame that is known already and not decoded. */
  readonly finished: (frame: number) => Uint8Array | undefined;
}

/** Keyframes that a re-roll leaves alone: those that are not in `only` and are there. */
function keptOf({
  request,
  only,
  kept,
}: KeyframesInput): { frames: KeptFrames; rgb: ReadonlyMap<number, Uint8Array> } | null {
  if (!only || !kept) return null;
  const rgb = new Map<number, Uint8Array>();
  kept.forEach((picture, place) => {
    if (picture && !only.includes(place)) rgb.set(place, picture);
  });
  if (rgb.size === 0) return null;
  checkPictures(request, [...rgb.values()], rgb.size);
  return { frames: { which: [...rgb.keys()], pictures: [...rgb.values()].map(fromRgb8) }, rgb };
}

function checkPictures(
  { width, height }: ResolvedAnimation,
  pictures: readonly Uint8Array[],
  count: number = KEYFRAMES,
): void {
  if (pictures.length !== count || pictures.some((rgb) => rgb.length !== width * height * 3))
    throw new StudioError(
      "BAD_REQUEST",
      `The keyframes do not fit the clip: make all ${KEYFRAMES} of them anew at ${width} × ${height} pixels.`,
    );
}

/** A hash of everything that decides a run's bits, so that a saved state is used for no other. */
function identityOf(stage: Stage, input: AnimateInput, more: StageRun["identity"]): string {
  const hash = createHash("sha256");
  const { request, picture, sound } = input;
  hash.update(JSON.stringify([stage, request, picture.width, picture.height, sound.sampleRate]));
  hash.update(picture.rgb);
  for (const channel of sound.channels)
    hash.update(new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength));
  for (const part of more) hash.update(part instanceof Uint8Array ? part : JSON.stringify(part));
  return hash.digest("hex");
}
