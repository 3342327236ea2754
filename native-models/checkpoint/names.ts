/** What every family asks of a checkpoint's tensors: that they are there, have the right shape and hold real numbers. */
import { StudioError } from "../../core/contract/errors.ts";
import type { ParameterSpec, TensorInfo, TensorSource } from "../types.ts";

export function mismatch(message: string, detail?: string): StudioError {
  return new StudioError("CHECKPOINT_MISMATCH", message, detail);
}

export function wrongKind(message: string, detail?: string): StudioError {
  return new StudioError("MODEL_WRONG_KIND", message, detail);
}

/** The sentence for a LoRA where a whole model is wanted, or null when the file is none. */
export function loraInstead(source: TensorSource): StudioError | null {
  const names = [...source.tensors.keys()];
  const isLora =
    names.every((name) => /^\d+$/u.test(name)) || names.some((name) => /lora_(?:up|down|[AB])\b/u.test(name));
  if (!isLora) return null;
  return wrongKind("This file is a LoRA, not a whole model: install it together with its base model.", names[0]);
}

export function missing(official: string): StudioError {
  return mismatch(
    `The tensor ${official} is missing from this checkpoint: choose the file that the authors published.`,
  );
}

/** A shape without its trailing axes of length 1: [O, I, 3, 1, 1] and [O, I, 3, 1] mean the same weights. */
function essential(shape: readonly number[]): string {
  let end = shape.length;
  while (end > 1 && shape[end - 1] === 1) end--;
  return shape.slice(0, end).join("×");
}

/**
 * The checkpoint's tensor for a graph's parameter, checked.
 * Errors: CHECKPOINT_MISMATCH naming the tensor when it is missing, has another shape or holds no real numbers.
 */
export function fitting(spec: ParameterSpec, tensor: TensorInfo | undefined): TensorInfo {
  if (tensor === undefined) throw missing(spec.source);
  const { shape } = tensor;
  if (essential(shape) !== essential(spec.sourceShape))
    throw mismatch(
      `The tensor ${spec.source} has the shape [${shape.join(", ")}] where the model needs [${spec.sourceShape.join(", ")}]: this checkpoint does not fit.`,
    );
  if (!/^(?:b?float)/u.test(tensor.dtype))
    throw mismatch(
      `The tensor ${spec.source} holds ${tensor.dtype} numbers where the model needs real ones: choose the file that the authors published.`,
    );
  return tensor;
}

/** A checkpoint's tensors by their official names, whatever the file calls them. */
export interface OfficialNames {
  find(official: string): TensorInfo | undefined;
  /** The shape of an official tensor. Errors: CHECKPOINT_MISMATCH naming it. */
  shape(official: string): readonly number[];
}

/** How many of `name(0)`, `name(1)` … there are in a row. */
export function countInRow(names: OfficialNames, name: (index: number) => string): number {
  let count = 0;
  while (names.find(name(count)) !== undefined) count++;
  return count;
}

/** Largest whole number that divides all. */
export function greatestCommonDivisor(values: readonly number[]): number {
  return values.reduce((a, b) => {
    let [x, y] = [a, b];
    while (y > 0) [x, y] = [y, x % y];
    return x;
  });
}

/** Multiples of a base width, as far as the stated base divides every width; else of their greatest common divisor. */
export function multiples(widths: readonly number[], stated: number | undefined): { base: number; mult: number[] } {
  const isBase = stated !== undefined && stated > 0 && widths.every((width) => width % stated === 0);
  const base = isBase ? stated : greatestCommonDivisor(widths);
  return { base, mult: widths.map((width) => width / base) };
}
