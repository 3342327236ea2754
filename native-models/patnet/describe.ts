/** The words by which the studio introduces a PATNet. */
import type { PackManifest } from "../pack/manifest.ts";
import type { PatnetConfig } from "./config.ts";
import type { RecognisedPatnet } from "./recognise.ts";
import { publishedName } from "./variants.ts";

type Description = Pick<PackManifest, "variant" | "licence" | "about" | "examplePrompts" | "native" | "sizes">;

const IMAGENET_CLASSES = 1000;
const COCO_CLASSES = 80;

/** e.g. `PATNet-T2`, `PartialNet, 32 channels`. */
function architecture({ backbone }: PatnetConfig): string {
  const blocks = backbone.stages.flatMap((stage) => stage.blocks);
  const published = blocks.some(({ learnt }) => learnt) ? null : publishedName(backbone);
  if (published) return published;
  const kind = blocks.some(({ learnt }) => learnt)
    ? "PartialNet"
    : blocks.every(({ mixing }) => mixing === "plain")
      ? "FasterNet"
      : "PATNet";
  return `${kind}, ${backbone.stages[0]!.width} channels`;
}

/** What it sees, from the number of its classes. */
function sight({ classifier, detector, labels }: PatnetConfig): string {
  const parts: string[] = [];
  if (classifier)
    parts.push(
      classifier.classes === IMAGENET_CLASSES
        ? "tells ImageNet's 1000 kinds of things apart"
        : `tells ${classifier.classes} kinds of things apart`,
    );
  if (detector) {
    const known = detector.classes === COCO_CLASSES && labels.length === 0 ? "COCO's 80" : String(detector.classes);
    parts.push(`finds and cuts out objects of ${known} kinds`);
  }
  return `It sees: ${parts.join(", and ")}. It makes no clips.`;
}

/**
 * Description of a recognised checkpoint: what it says about itself where it was made for Plume, and what its shapes tell for
 * anything else.
 */
export function describePatnet({ config, plume }: RecognisedPatnet): Description {
  const side = config.classifier?.side ?? Math.min(...config.detector!.scale);
  const named = plume.name === undefined ? undefined : [plume.name, plume.version].filter(Boolean).join(" ");
  return {
    variant: named ?? `${architecture(config)}${config.detector ? " Mask R-CNN" : ""}`,
    licence: plume.licence ?? "not stated",
    about: plume.what_it_knows ?? sight(config),
    examplePrompts: [],
    native: { width: side, height: side, frames: 1 },
    sizes: [],
  };
}
