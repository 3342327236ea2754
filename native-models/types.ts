/**
 * The seams inside native-models: what a graph asks of a checkpoint, what a pack on disk holds, and what the engine asks of a
 * pipeline. Folders: `onnx/` writes graphs, `checkpoint/` reads published files, `pack/` converts the one into the other;
 * `diffusion/`, `openclip/`, `vae/` and `unet3d/` are what families share; one folder per model family.
 */
import type { DeviceId, ModelSummary, Precision, ResolvedAnimation, ResolvedRequest } from "../core/contract/index.ts";
import type { Sound } from "../core/sound/sound.ts";

export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool"
  | "float8_e4m3fn"
  | "float8_e5m2"
  | "complex64"
  | "complex128";

/** One tensor of a checkpoint as its file describes it, before any byte of it is read. */
export interface TensorInfo {
  /** Dotted name, e.g. `model.diffusion_model.input_blocks.0.0.weight`. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Random access by name to a checkpoint file (PyTorch zip or safetensors); nothing is executed, nothing is read twice. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Plain values found beside the tensors (hyper-parameters, safetensors metadata); unknown classes are inert records. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Contiguous row-major bytes (C order) in the tensor's own dtype, little endian. Errors: CHECKPOINT_UNREADABLE naming the tensor. */
  read(name: string): Promise<Uint8Array>;
  /** Same, converted to float32. */
  readFloat32(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** How a stored weight differs from the checkpoint's tensor. */
export type WeightLayout =
  /** Same order of elements; the shape may be a reshape with equal element count (e.g. [O,I,3,1,1] → [O,I,3,1]). */
  | "same"
  /** 2-D transpose: [out,in] → [in,out], what MatMul wants on its right. */
  | "transposed";

/**
 * How a weight that no checkpoint holds is computed at conversion: a convolution with its batch norm folded in, branches merged
 * into one kernel, a table resized.
 */
export interface Derivation {
  /** The official tensors that it is made of. */
  readonly from: readonly { readonly source: string; readonly shape: readonly number[] }[];
  /** Row-major values of these tensors, in their order → values of the weight. Pure; sums are taken in float64. */
  readonly compute: (...tensors: readonly Float32Array[]) => Float32Array;
}

/** One weight that a graph needs, asked for by its official checkpoint name. */
export interface ParameterSpec {
  /** Unique key in the weights file and name of the graph's initializer, e.g. `….to_q.weight` or `….to_q.weight^T`. */
  readonly key: string;
  /** Official name in the checkpoint. */
  readonly source: string;
  /** Shape that the checkpoint must have (alternatives that a family accepts are handled by its own name mapping). */
  readonly sourceShape: readonly number[];
  /** Shape as stored in the pack. */
  readonly shape: readonly number[];
  readonly layout: WeightLayout;
  /**
   * What the graph does with it: `matrix`: xWᵀ; `kernel`: convolution; `table`: rows are looked up; absent: anything else. Decides how a
   * pack may keep it (onnx/weight-formats.ts).
   */
  readonly use?: "matrix" | "kernel" | "table";
  /** Present: `source` is only this weight's name, its values are computed. */
  readonly derived?: Derivation;
}

/** Where a weight lies inside the pack's weights file. */
export interface WeightEntry {
  /** File beside the pack's weights file that holds it; absent: the weights file itself. */
  readonly file?: string | undefined;
  readonly offset: number;
  readonly bytes: number;
  /** `uint4`: two numbers a byte, in blocks with a scale each. */
  readonly dtype: "float32" | "float16" | "int8" | "uint8" | "int32" | "uint4";
  readonly shape: readonly number[];
  /** Where its float32 scales begin, in the same file; present where the numbers mean something only with them. */
  readonly scales?: number | undefined;
}
export type WeightIndex = Readonly<Record<string, WeightEntry>>;

export interface PreviewFrames {
  /** 1-based denoising step. */
  readonly step: number;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** RGBA8, `frames` pictures one after another. */
  readonly rgba: Uint8Array;
}

/** `calibrate`: what int8 needs is measured, once a model. */
export type WorkPhase = "calibrate" | "text" | "denoise" | "decode";

/** Callbacks during a run; all are awaited before the next step so that a slow consumer applies back-pressure. */
export interface GenerateHooks {
  readonly signal: AbortSignal;
  /** `fraction` is the share of the whole clip's work (known FLOPs), 0 to 1, never decreasing. */
  progress(phase: WorkPhase, done: number, total: number, fraction: number): void | Promise<void>;
  preview(preview: PreviewFrames): void | Promise<void>;
  /** One finished frame, RGB8, height × width × 3. */
  frame(index: number, rgb: Uint8Array): void | Promise<void>;
  /** Every few steps: all that the run needs to go on bit for bit, and the 1-based step after which it was taken. */
  saved?(state: Uint8Array, step: number): void | Promise<void>;
}

export interface PrepareHooks {
  readonly signal: AbortSignal;
  /** `fraction` is the share of the work, 0 to 1, never decreasing. */
  progress(fraction: number): void | Promise<void>;
}

export interface GenerateResult {
  /** sha256 over the RGB frames in order, hex. */
  readonly framesSha256: string;
  readonly seconds: Readonly<Record<string, number>>;
  /** Steps that an earlier run had done already; the seconds do not hold their time. Absent: none, or not counted. */
  readonly resumed?: number;
}

/** A model pack opened for work: sessions are created on first need and kept until `close`. */
export interface TextToVideoPipeline {
  readonly kind: "text-to-video";
  readonly summary: ModelSummary;
  /** Makes what the first clip would otherwise make on its way and the pack keeps. Errors: CANCELLED, those of a run. */
  prepare?(hooks: PrepareHooks): Promise<void>;
  /** @param resume a state that `saved` was given in an earlier run of the same request */
  generate(request: ResolvedRequest, hooks: GenerateHooks, resume?: Uint8Array): Promise<GenerateResult>;
  close(): Promise<void>;
}

/** A picture as RGB8, height × width × 3; transparency is already flattened, the camera's orientation applied. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Callbacks of an animation are those of a clip. */
export type AnimateHooks = GenerateHooks;

/** What both stages of one 2 s segment are given. */
export interface AnimateInput {
  readonly request: ResolvedAnimation;
  readonly picture: Picture;
  readonly sound: Sound;
  /** A state that `saved` was given in an earlier run of the same input. */
  readonly resume?: Uint8Array;
  /** Bytes of memory that the clip was planned with, corrected by what earlier clips took; absent: as the formula says. */
  readonly memoryBytes?: number;
}

export interface KeyframesInput extends AnimateInput {
  /** Positions among the 12 to make anew; absent: all. The others are taken from `kept`. */
  readonly only?: readonly number[];
  /** Keyframes of an earlier run, RGB8 at the request's size; null where there is none. */
  readonly kept?: readonly (Uint8Array | null)[];
}

export interface InterpolateInput extends AnimateInput {
  /** The 12 approved keyframes, RGB8 at the request's size. */
  readonly keyframes: readonly Uint8Array[];
}

/** A model that moves a picture to a sound, opened for work. One segment is 48 frames at 24 a second. */
export interface AnimatePipeline {
  readonly kind: "animate";
  readonly summary: ModelSummary;
  /** Predicted motion of 2 s of sound (shorter sound is padded, longer cut): 48 scores, one a frame. */
  localise(sound: Sound): Promise<Float32Array>;
  /** The 12 keyframes of a segment, in order to `hooks.frame`. */
  keyframes(input: KeyframesInput, hooks: AnimateHooks): Promise<GenerateResult>;
  /** The 48 frames through approved keyframes, in order to `hooks.frame`. */
  interpolate(input: InterpolateInput, hooks: AnimateHooks): Promise<GenerateResult>;
  close(): Promise<void>;
}

/** A tag of a picture and how sure the model is of it, 0 to 1. */
export interface PictureTag {
  readonly label: string;
  readonly score: number;
}

/** An object found in a picture. */
export interface PictureObject {
  readonly label: string;
  /** 0 to 1. */
  readonly score: number;
  /** Left, top, right and bottom edge in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  /** Which pixels are the object's: 1 or 0 a pixel of this part of the picture, and 0 outside of it. */
  readonly mask: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly data: Uint8Array;
  };
}

/** A model that looks at pictures. */
export interface VisionPipeline {
  readonly kind: "vision";
  readonly summary: ModelSummary;
  /** Tags of each picture, surest first; none where the model knows no tags. */
  tags(pictures: readonly Picture[]): Promise<PictureTag[][]>;
  /** Objects of a picture, surest first; none where the model finds none. */
  objects(picture: Picture): Promise<PictureObject[]>;
  close(): Promise<void>;
}

export type Pipeline = TextToVideoPipeline | AnimatePipeline | VisionPipeline;

export interface OpenOptions {
  /** Intra-op threads for onnxruntime. */
  readonly threads: number;
  readonly precision: Precision;
  /** Where its networks run; absent: on the processor. int8 runs there in any case. */
  readonly device?: DeviceId | undefined;
  /** For tests: how often a run's state is written, seconds, and how much memory there is, bytes. */
  readonly saveSeconds?: number | undefined;
  readonly memory?: (() => number) | undefined;
}
