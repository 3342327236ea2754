/**
 * Official names of KeyVID's tensors and the files that they come in: the keyframe generator, the motion interpolator and the keyframe
 * localiser, each published by itself; ImageBind's sound trunk stands in the generator's file and in Meta's own.
 */
import { fitting, missing, type OfficialNames } from "../checkpoint/names.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";
import { LOCALIZER_TRUNK_PREFIX, TRUNK_PREFIX } from "./audio-trunk.ts";

export type FileKind = "generator" | "interpolator" | "localizer" | "imagebind";

/** Tensors that settle what a file is, and what a training wrapper left before the official names. The order matters. */
const landmarks: readonly (readonly [FileKind, string])[] = [
  ["generator", "model.diffusion_model.frame_idx_embedding.0.weight"],
  ["interpolator", "model.diffusion_model.audio_proj_2.weight"],
  ["localizer", `${LOCALIZER_TRUNK_PREFIX}.modality_preprocessors.audio.rgbt_stem.proj.weight`],
  ["imagebind", "modality_preprocessors.audio.rgbt_stem.proj.weight"],
];

/** The tensors of one of KeyVID's files as the official release names them. */
export class KeyvidNames implements OfficialNames {
  readonly kind: FileKind;
  readonly source: TensorSource;
  readonly #prefix: string;

  private constructor(kind: FileKind, source: TensorSource, prefix: string) {
    this.kind = kind;
    this.source = source;
    this.#prefix = prefix;
  }

  /** Null where a file is none of KeyVID's. */
  static recognise(source: TensorSource): KeyvidNames | null {
    for (const [kind, landmark] of landmarks) {
      const found = [...source.tensors.keys()].find((name) => name === landmark || name.endsWith(`.${landmark}`));
      if (found === undefined) continue;
      const prefix = found.slice(0, -landmark.length);
      return new KeyvidNames(kind, source, prefix);
    }
    return null;
  }

  find(official: string): TensorInfo | undefined {
    // Meta's file names the trunk's parts without the generator's name for the whole.
    const own = this.kind === "imagebind" ? official.replace(`${TRUNK_PREFIX}.`, "") : official;
    return this.source.tensors.get(this.#prefix + own);
  }

  shape(official: string): readonly number[] {
    const tensor = this.find(official);
    if (tensor === undefined) throw missing(official);
    return tensor.shape;
  }

  /** The tensor of a graph's parameter, checked. Errors: CHECKPOINT_MISMATCH naming it. */
  resolve(spec: ParameterSpec): { source: TensorSource; tensor: TensorInfo } {
    return { source: this.source, tensor: fitting(spec, this.find(spec.source)) };
  }
}

/** Whether a file holds one of KeyVID's networks. */
export const looksLikeKeyvid = (source: TensorSource): boolean => KeyvidNames.recognise(source) !== null;
