/**
 * Official names of Hummingbird's tensors, and finding them in files whose names or shapes differ in ways that do not matter: a prefix
 * that a training wrapper left, temporal convolutions stored as Conv2d, trailing axes of length 1.
 */
import type { StudioError } from "../../core/contract/errors.ts";
import { fitting, loraInstead, mismatch, missing, wrongKind } from "../checkpoint/names.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";

export const unetPrefix = "model.diffusion_model.";
export const vaePrefix = "first_stage_model.";
export const textPrefix = "cond_stage_model.model.";

/** A tensor that every Hummingbird has and hardly anything else: it settles the prefix. */
const landmark = `${unetPrefix}input_blocks.0.0.weight`;

/** Whether a file holds a Hummingbird, or a part of one. */
export function looksLikeHummingbird(source: TensorSource): boolean {
  return [...source.tensors.keys()].some((name) => name.includes(unetPrefix));
}

/** Names of a checkpoint's tensors as the official release has them. */
export class HummingbirdNames {
  /** What stands before the official names, mostly nothing. */
  readonly prefix: string;
  readonly #source: TensorSource;

  /**
   * Errors: MODEL_WRONG_KIND when the file is a LoRA or another kind of model, CHECKPOINT_MISMATCH when a part of it is missing.
   */
  constructor(source: TensorSource) {
    this.#source = source;
    const found = [...source.tensors.keys()].find((name) => name === landmark || name.endsWith(`.${landmark}`));
    if (found === undefined) throw notHummingbird(source);
    this.prefix = found.slice(0, -landmark.length);
    for (const [part, what] of [
      [`${vaePrefix}decoder.conv_in.weight`, "the VAE"],
      [`${textPrefix}token_embedding.weight`, "the text encoder"],
    ] as const)
      if (this.find(part) === undefined)
        throw mismatch(
          `This checkpoint lacks ${what} (the tensor ${part}): choose the complete file that the authors published.`,
        );
    if (this.find(`${unetPrefix}input_blocks.2.0.op.weight`) === undefined)
      throw wrongKind(
        "This is a video model of another layout (VideoCrafter2's, say), not a Hummingbird: choose a Hummingbird checkpoint.",
        "input_blocks.2 is no down-sampler",
      );
  }

  /** The tensor with an official name, under this file's name for it. */
  find(official: string): TensorInfo | undefined {
    const { tensors } = this.#source;
    const plain = tensors.get(this.prefix + official);
    if (plain !== undefined) return plain;
    // AMD's own script can wrap temporal convolutions: `….conv1.2.weight` becomes `….conv1.2.conv2d.weight`.
    const dot = official.lastIndexOf(".");
    return tensors.get(`${this.prefix}${official.slice(0, dot)}.conv2d${official.slice(dot)}`);
  }

  /** The shape of an official tensor. Errors: CHECKPOINT_MISMATCH naming it. */
  shape(official: string): readonly number[] {
    const tensor = this.find(official);
    if (tensor === undefined) throw missing(official);
    return tensor.shape;
  }

  /**
   * The tensor that a graph's parameter takes.
   * Errors: CHECKPOINT_MISMATCH naming the tensor when it is missing, has another shape or holds no real numbers.
   */
  resolve(spec: ParameterSpec): TensorInfo {
    return fitting(spec, this.find(spec.source));
  }

  /** Official names that start with `start`, in the file's order. */
  *namesBelow(start: string): Generator<string> {
    for (const name of this.#source.tensors.keys())
      if (name.startsWith(this.prefix + start)) yield name.slice(this.prefix.length);
  }
}

function notHummingbird(source: TensorSource): StudioError {
  const names = [...source.tensors.keys()];
  const detail = names.slice(0, 5).join(", ");
  const lora = loraInstead(source);
  if (lora) return lora;
  if (names.some((name) => name.startsWith(unetPrefix)))
    return mismatch(
      `The tensor ${landmark} is missing: this is only a part of a Hummingbird checkpoint, choose the complete file.`,
      detail,
    );
  return wrongKind(
    "This checkpoint is not a Hummingbird model: choose one of AMD's Hummingbird text-to-video files.",
    detail,
  );
}
