import type { ClipCosts } from "../../core/planner/index.ts";
import { StudioError } from "../../core/contract/index.ts";
// Neither loads onnxruntime into the studio's own process.
import { type AnimationWish, animationCosts, type ClipWish, textToVideoCosts } from "../../native-models/costs.ts";
import { type Pack, readPack } from "../../native-models/pack/read-pack.ts";

export type CostsWish = (ClipWish & { readonly kind: "generate" }) | (AnimationWish & { readonly kind: "animate" });

/** Packs that were read: their weight indices take some milliseconds to read. */
const read = new Map<string, { readonly weights: string; readonly pack: Promise<Pack> }>();

/**
 * What such a clip costs with the model in this folder. @param weights names its weights, so that one installed anew is read anew
 * Errors: MODEL_DAMAGED, MODEL_WRONG_KIND.
 */
export async function packCosts(folder: string, weights: string, wish: CostsWish): Promise<ClipCosts> {
  let known = read.get(folder);
  if (known?.weights !== weights) {
    known = { weights, pack: readPack(folder) };
    read.set(folder, known);
    known.pack.catch(() => read.delete(folder));
  }
  const { manifest, index } = await known.pack;
  if (manifest.family === "hummingbird" && wish.kind === "generate")
    return textToVideoCosts(manifest.config, index, wish);
  if (manifest.family === "keyvid" && wish.kind === "animate") return animationCosts(manifest.config, index, wish);
  throw new StudioError("MODEL_WRONG_KIND", "This model makes no such clips: choose another one.");
}
