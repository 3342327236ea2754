/**
 * LoRA files that name the layers that they change. Two spellings are in use: `….lora_up.weight` and `….lora_down.weight` with an
 * `….alpha`, layer names joined by underscores after `lora_unet_` (kohya-ss/sd-scripts), and `….lora_B.weight` and `….lora_A.weight`
 * with the layers' own dotted names (Hugging Face PEFT). The change is scale · alpha / rank · up · down.
 */
import { StudioError } from "../../core/contract/errors.ts";
import type { TensorSource } from "../types.ts";
import { type HummingbirdNames, unetPrefix } from "./checkpoint-names.ts";

export interface LoraPair {
  /** Names of both factors in the file. */
  readonly up: string;
  readonly down: string;
  /** alpha / rank; 1 where the file has no alpha. */
  readonly scale: number;
}
/** By official name of the weight. */
export type LoraPairs = ReadonlyMap<string, LoraPair>;

const UP = /^(?<layer>.+)\.(?:lora_up|lora_B)(?:\.default)?\.weight$/u;
/** What trainers write before a layer's name. */
const BEFORE = /^(?:lora_unet_|base_model_model_|model_diffusion_model_|diffusion_model_|unet_|model_)+/u;

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Whether up [outputs, rank, …] and down [rank, inputs, …] multiply to a weight of this shape. */
export function fitsWeight(up: readonly number[], down: readonly number[], weight: readonly number[]): boolean {
  const [outputs = 0, rank = 0] = up;
  const [rows = 0] = weight;
  return (
    rank > 0 &&
    outputs === rows &&
    down[0] === rank &&
    size(up) === outputs * rank &&
    size(down) * rows === size(weight) * rank
  );
}

/** Dots and underscores are told apart by no trainer: without them both spellings are one. */
const plain = (name: string): string => name.replaceAll(".", "_");

/**
 * The pairs of a LoRA that names its layers; null when the file names none.
 * @param modules what of the U-Net a LoRA may change, relative to it
 * Errors: MODEL_WRONG_KIND naming the first layer that the model has not, or whose shape is another.
 */
export async function namedPairs(
  source: TensorSource,
  names: HummingbirdNames,
  modules: readonly string[],
): Promise<LoraPairs | null> {
  const known = new Map(modules.map((module) => [plain(module), module]));
  const pairs = new Map<string, LoraPair>();
  for (const up of source.tensors.keys()) {
    const layer = UP.exec(up)?.groups?.["layer"];
    if (layer === undefined) continue;
    const down = up.replace("lora_up", "lora_down").replace("lora_B", "lora_A");
    const module = known.get(plain(layer).replace(BEFORE, "")) ?? known.get(plain(layer));
    const factors = [source.tensors.get(up)!.shape, source.tensors.get(down)?.shape ?? []] as const;
    const official = `${unetPrefix}${module}.weight`;
    if (module === undefined || !fitsWeight(...factors, names.shape(official)))
      throw new StudioError(
        "MODEL_WRONG_KIND",
        `This LoRA was made for another model: its layer ${layer.slice(0, 120)} ${module === undefined ? "is not in this one" : "has another shape here"}.`,
        `up [${factors[0].join(", ")}], down [${factors[1].join(", ")}]`,
      );
    const alpha = source.tensors.has(`${layer}.alpha`) ? (await source.readFloat32(`${layer}.alpha`))[0]! : null;
    const scale = alpha === null ? 1 : alpha / factors[0][1]!;
    if (!Number.isFinite(scale))
      throw new StudioError(
        "MODEL_WRONG_KIND",
        `This LoRA is damaged: the strength of its layer ${layer} is no number.`,
      );
    pairs.set(official, { up, down, scale });
  }
  return pairs.size === 0 ? null : pairs;
}
