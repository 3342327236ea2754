/** What a family of models brings so that its checkpoints can be installed: recognising them, what to convert, how to describe it. */
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";
import type { PackManifest } from "./manifest.ts";
import type { RunProbe } from "./probe.ts";

/** An opened checkpoint file. */
export interface CheckpointFile {
  readonly path: string;
  readonly source: TensorSource;
}

export interface LoraFile {
  readonly file: string;
  /** Adds nothing at 0, the trained change at 1. */
  readonly scale: number;
}

/** What stands in a manifest about a model, apart from the files that installing writes. */
type Facts<M extends PackManifest = PackManifest> = M extends PackManifest
  ? Omit<
      M,
      "format" | "converter" | "id" | "name" | "parameters" | "source" | "companions" | "loras" | "files" | "weights"
    >
  : never;

/** A checkpoint that was recognised and checked: all that is needed to write its pack. */
export interface InstallPlan {
  readonly facts: Facts;
  /** What the model calls itself, if it does. */
  readonly name?: string | undefined;
  /** Every weight that the family's graphs ask for, each key once. */
  readonly specs: readonly ParameterSpec[];
  /** The file and tensor that a weight is read from. Errors: CHECKPOINT_MISMATCH naming it. */
  readonly resolve: (spec: ParameterSpec) => { readonly source: TensorSource; readonly tensor: TensorInfo };
  /** Changes a weight in place before it is laid out (LoRA). */
  readonly adjust?: (spec: ParameterSpec, weight: Float32Array) => Promise<void>;
  /** Size of the weights file where weights are shared; absent: that of all weights. */
  readonly expectedBytes?: number;
  /** The files that the model is made of, the main one first. */
  readonly files: readonly string[];
  /** Closes what planning opened; the files that it was given stay open. */
  readonly close?: () => Promise<void>;
}

export interface PlanOptions {
  readonly loras: readonly LoraFile[];
}

export interface ModelFamily {
  readonly id: PackManifest["family"];
  /** Whether a file holds a model of this family or a part of one, going by the names of its tensors. */
  owns(source: TensorSource): boolean;
  /** Files beside `path`, which this family owns, that may hold the rest of the model. */
  companions?(path: string): Promise<readonly string[]>;
  /**
   * Checks names and shapes of everything that will be converted.
   * @param files those that the family owns, the one that the user chose first
   * Errors: MODEL_WRONG_KIND; CHECKPOINT_MISMATCH naming the tensor or the file that is missing; those of a LoRA.
   */
  plan(files: readonly CheckpointFile[], options: PlanOptions): Promise<InstallPlan>;
  /** Every weight that the graphs of an installed model of this family ask for. */
  parameters(manifest: PackManifest): readonly ParameterSpec[];
  /** Makes something small of fixed input, by which forms of a model's weights are compared. */
  readonly probe: RunProbe;
}
