/**
 * LoRA files of the U-Net: those that name their layers (see lora-names.ts), and those of T2V-Turbo's training, a plain list of tensors
 * [up0, down0, up1, down1, …] without names, in the order of PyTorch's `named_modules()` over the linear and the 2-D and 3-D convolution
 * layers.
 *
 * Sources: E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021); T2V-Turbo's `utils/lora.py` for the list's order
 * and the merge W ← W + α · reshape(flatten(up) · flatten(down)).
 */
import { StudioError } from "../../core/contract/errors.ts";
import { openCheckpoint } from "../checkpoint/open-checkpoint.ts";
import type { TensorSource } from "../types.ts";
import { type HummingbirdNames, unetPrefix } from "./checkpoint-names.ts";
import { MatrixProduct } from "./lora-matmul.ts";
import { fitsWeight, type LoraPair, type LoraPairs, namedPairs } from "./lora-names.ts";

/** Order of the U-Net's children, of a residual block's, a transformer's and a transformer block's, as they were defined. */
const definitionOrder = [
  "time_embed",
  "fps_embedding",
  "time_cond_proj",
  "input_blocks",
  "init_attn",
  "middle_block",
  "output_blocks",
  "out",
  "in_layers",
  "emb_layers",
  "out_layers",
  "skip_connection",
  "temopral_conv",
  "proj_in",
  "transformer_blocks",
  "proj_out",
  "attn1",
  "ff",
  "attn2",
  "to_q",
  "to_k",
  "to_v",
  "to_out",
];

function rank(part: string): number {
  const digits = /^(?:conv)?(\d+)$/u.exec(part);
  if (digits) return Number(digits[1]);
  const index = definitionOrder.indexOf(part);
  return index < 0 ? definitionOrder.length : index;
}

/** Compares dotted module names as `named_modules()` lists them. */
export function compareModules(a: string, b: string): number {
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = rank(left[i]!) - rank(right[i]!);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/**
 * The U-Net's modules that a LoRA file covers, in its order: every weight with 2, 4 or 5 axes. The two Conv1d of `init_attn` have 3 and
 * are skipped. Names are relative to the U-Net, e.g. `input_blocks.1.0.in_layers.2`.
 */
export function loraModules(names: HummingbirdNames): string[] {
  const modules: string[] = [];
  for (const name of names.namesBelow(unetPrefix)) {
    const module = /^(?<module>.+?)(?:\.conv2d)?\.weight$/u.exec(name.slice(unetPrefix.length))?.groups?.module;
    if (module === undefined) continue;
    const axes = names.shape(`${unetPrefix}${module}.weight`).length;
    if (axes === 2 || axes >= 4) modules.push(module);
  }
  return modules.sort(compareModules);
}

/** One LoRA file, checked against a model, ready to be merged weight by weight. */
export class Lora {
  /** Adds nothing at 0, the trained change at 1. */
  readonly scale: number;
  readonly #source: TensorSource;
  readonly #product: MatrixProduct;
  readonly #pairs: LoraPairs;

  private constructor(source: TensorSource, product: MatrixProduct, scale: number, pairs: LoraPairs) {
    this.#source = source;
    this.#product = product;
    this.scale = scale;
    this.#pairs = pairs;
  }

  /**
   * Opens a LoRA file for the model with these names.
   * Errors: CHECKPOINT_UNREADABLE; BAD_REQUEST for a scale that is no number; MODEL_WRONG_KIND when the file is no such LoRA or was
   * made for another variant, naming the first layer that does not fit.
   */
  static async open(file: string, scale: number, names: HummingbirdNames): Promise<Lora> {
    if (!Number.isFinite(scale))
      throw new StudioError("BAD_REQUEST", "The LoRA's scale must be a number, for example 1 or 0.5.");
    const source = await openCheckpoint(file);
    try {
      const pairs = (await namedPairs(source, names, loraModules(names))) ?? pairUp(source, names);
      return new Lora(source, await MatrixProduct.create(), scale, pairs);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Whether it covers this weight. */
  changes(official: string): boolean {
    return this.scale !== 0 && this.#pairs.has(official);
  }

  /** Adds this LoRA's change to a weight in place; weights that it does not cover stay. */
  async merge(official: string, weight: Float32Array): Promise<void> {
    const pair = this.#pairs.get(official);
    if (pair === undefined || this.scale === 0) return;
    const [up, down] = [await this.#source.readFloat32(pair.up), await this.#source.readFloat32(pair.down)];
    const update = await this.#product.multiply(up, down, this.#source.tensors.get(pair.up)!.shape[1]!);
    const scale = this.scale * pair.scale;
    for (let i = 0; i < weight.length; i++) weight[i]! += scale * update[i]!;
  }

  async close(): Promise<void> {
    await this.#product.close();
    await this.#source.close();
  }
}

function pairUp(source: TensorSource, names: HummingbirdNames): LoraPairs {
  const count = source.tensors.size;
  const isList = Array.from({ length: count }, (_, i) => String(i)).every((name) => source.tensors.has(name));
  if (!isList)
    throw new StudioError(
      "MODEL_WRONG_KIND",
      "This LoRA is not a list of tensors as T2V-Turbo's training writes it: choose a LoRA that was made for Hummingbird.",
      [...source.tensors.keys()].slice(0, 5).join(", "),
    );
  const modules = loraModules(names);
  if (count !== 2 * modules.length)
    throw new StudioError(
      "MODEL_WRONG_KIND",
      `This LoRA was made for another model: it changes ${Math.floor(count / 2)} layers, this model has ${modules.length}.`,
    );
  const pairs = new Map<string, LoraPair>();
  for (const [index, module] of modules.entries()) {
    const official = `${unetPrefix}${module}.weight`;
    const [up, down] = [String(2 * index), String(2 * index + 1)];
    const [upShape, downShape] = [source.tensors.get(up)!.shape, source.tensors.get(down)!.shape];
    const shape = names.shape(official);
    if (!fitsWeight(upShape, downShape, shape))
      throw new StudioError(
        "MODEL_WRONG_KIND",
        `This LoRA was made for another model: its layer ${index} does not fit ${module}.`,
        `up [${upShape.join(", ")}], down [${downShape.join(", ")}], weight [${shape.join(", ")}]`,
      );
    pairs.set(official, { up, down, scale: 1 });
  }
  return pairs;
}
