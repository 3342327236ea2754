/** The words and sizes by which the studio introduces a Hummingbird. */
import { LATENT_SCALE } from "../diffusion/latent.ts";
import type { PackManifest } from "../pack/manifest.ts";
import { sizesAround } from "../pack/sizes.ts";
import type { Recognised } from "./checkpoint-names-config.ts";
import { unit } from "./unet.ts";

type Description = Pick<PackManifest, "variant" | "licence" | "about" | "examplePrompts" | "native" | "sizes">;

/** First from AMD's own page (github.com/AMD-AGI/Hummingbird), the others plain. */
const officialPrompts = [
  "A cute happy Corgi playing in park, sunset, animated style.",
  "A drone flying over a snowy forest.",
  "Waves rolling onto a quiet beach at dawn.",
  "A red dragon is flying with flames in the air.",
];

/**
 * Description of a recognised checkpoint: what it says about itself where it was made for Plume, the release's facts for AMD's
 * files, and plain statements for anything else of the same architecture.
 */
export function describeHummingbird({ config, variant, isOfficialSize, plume }: Recognised): Description {
  const step = unit(config) * LATENT_SCALE;
  const native = {
    width: plume.native_width ?? (isOfficialSize ? 512 : 256),
    height: plume.native_height ?? (isOfficialSize ? 320 : 256),
    frames: plume.native_frames ?? 16,
  };
  const sizes = sizesAround(native.width, native.height, step);
  if (plume.name !== undefined)
    return {
      variant: plume.version === undefined ? plume.name : `${plume.name} ${plume.version}`,
      licence: plume.licence ?? "not stated",
      about: plume.what_it_knows ?? "Its makers do not say what it knows.",
      examplePrompts: plume.example_prompts ?? [],
      native,
      sizes,
    };
  if (isOfficialSize)
    return {
      variant,
      licence: "AMD's terms (RAIL-MS and AGPL-3.0; read the page that you downloaded it from)",
      about:
        "AMD Hummingbird makes short, varied clips from plain English sentences; it was trained at 512×320 pixels and 8 frames a second, and is weak at written words and at counting things.",
      examplePrompts: officialPrompts,
      native,
      sizes,
    };
  return {
    variant: `${variant} layout, ${config.modelChannels} channels`,
    licence: "not stated",
    about: "A model of Hummingbird's architecture in another size; its makers do not say what it knows.",
    examplePrompts: [],
    native,
    sizes,
  };
}
