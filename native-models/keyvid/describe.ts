/** The words and sizes by which the studio introduces a KeyVID. */
import { SIZE_STEP } from "../../core/contract/index.ts";
import { latentScale } from "../vae/encoder.ts";
import { unetUnit } from "../unet3d/architecture.ts";
import type { PackManifest } from "../pack/manifest.ts";
import { sizesAround } from "../pack/sizes.ts";
import { FRAMES } from "./config.ts";
import type { Recognised } from "./recognise.ts";

type Description = Pick<PackManifest, "variant" | "licence" | "about" | "examplePrompts" | "native" | "sizes">;

/** Categories of AVSync15, which the official model was trained on. */
const officialPrompts = ["hammering", "playing violin fiddle", "lions roaring", "striking bowling"];

/**
 * Description of a recognised model: what it says about itself where it was made for Plume, the release's facts for the official files,
 * and plain statements for anything else of the same architecture.
 */
export function describeKeyvid({ config, isOfficialSize, plume }: Recognised): Description {
  const step = Math.max(SIZE_STEP, unetUnit(config.keyframes) * latentScale(config.vae));
  const width = plume.native_width ?? (isOfficialSize ? 512 : 256);
  const height = plume.native_height ?? (isOfficialSize ? 320 : 256);
  const shared = { native: { width, height, frames: FRAMES }, sizes: sizesAround(width, height, step) };
  if (plume.name !== undefined)
    return {
      variant: plume.version === undefined ? plume.name : `${plume.name} ${plume.version}`,
      licence: plume.licence ?? "not stated",
      about: plume.what_it_knows ?? "Its makers do not say what it knows.",
      examplePrompts: plume.example_prompts ?? Object.keys(plume.motions ?? {}),
      ...shared,
    };
  if (isOfficialSize)
    return {
      variant: "KeyVID",
      licence:
        "Apache-2.0 for the code; the weights hold Meta's ImageBind, which is for non-commercial use (read the pages that you downloaded them from)",
      about:
        "KeyVID moves a picture to a sound, two seconds at a time at 512×320 pixels; it was trained on fifteen kinds of sounding action (hammering, barking, playing instruments) and is at its best with them.",
      examplePrompts: officialPrompts,
      ...shared,
    };
  return {
    variant: `KeyVID layout, ${config.keyframes.modelChannels} channels`,
    licence: "not stated",
    about: "A model of KeyVID's architecture in another size; its makers do not say what it knows.",
    examplePrompts: [],
    ...shared,
  };
}
