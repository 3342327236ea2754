import type { ResolvedAnimationRequest, ResolvedRequest } from "../../core/contract/index.ts";
import { useSelect } from "../state/context.ts";
import type { AnimateItem, GenerateItem, Item } from "../state/items.ts";
import { formatLength, plural } from "../ui/format.ts";
import { presetWords } from "../ui/words.ts";
import { type Fact, Facts } from "./Facts.tsx";

/** What was asked for, whatever the kind of clip. */
export function RequestFacts({ item }: { readonly item: Item }) {
  return item.kind === "generate" ? <GenerationFacts item={item} /> : <AnimationFacts item={item} />;
}

/** Rows that all kinds have in common. */
function useCommonRows({ request, clip }: Item): Fact[] {
  const models = useSelect((state) => state.models);
  const name = clip?.record.model.name ?? models.find(({ id }) => id === request.model)?.name ?? request.model;
  return [
    ["Model", name],
    ["Seed", String(request.seed), "copy"],
    ["Steps", String(request.steps)],
  ];
}

const shapeRows = ({ width, height, frames, fps, precision }: Omit<ResolvedRequest, "guidance">): Fact[] => [
  ["Precision", precision],
  ["Size", `${width}×${height}`],
  ["Length", `${formatLength(frames, fps)} · ${frames} frames at ${fps}`],
];

/** What a clip was made of out of words, besides model, seed and steps. */
export const generationRows = (request: ResolvedRequest): Fact[] => [
  ["Guidance", String(request.guidance)],
  ...shapeRows(request),
  ...(request.negativePrompt ? [["Not in it", request.negativePrompt] as const] : []),
];

/** What an animation was made of, besides model, seed and steps. */
export function animationRows(
  request: ResolvedAnimationRequest,
  names: { readonly picture: string; readonly sound: string },
): Fact[] {
  const { text, image, audio, interpolationAudio } = request.guidance;
  return [
    ["Picture", names.picture],
    ["Sound", names.sound],
    ["Preset", presetWords[request.preset]],
    ["Follows", request.follow],
    ["Guidance", `text ${text} · image ${image} · sound ${audio}, ${interpolationAudio}`],
    ...shapeRows({ ...request, negativePrompt: "" }),
    ...(request.segments.length > 1 ? [["Made of", plural(request.segments.length, "segment")] as const] : []),
  ];
}

function GenerationFacts({ item }: { readonly item: GenerateItem }) {
  return <Facts title="Generation" rows={[...useCommonRows(item), ...generationRows(item.request)]} />;
}

function AnimationFacts({ item }: { readonly item: AnimateItem }) {
  const media = useSelect((state) => state.media);
  const { request, clip } = item;
  const made = clip?.record.schema === "plume.animation/1" ? clip.record.inputs : null;
  const nameOf = (id: string) => media.find((each) => each.id === id)?.name ?? "no longer in the list";
  const names = {
    picture: made?.picture.name ?? nameOf(request.picture),
    sound: made?.sound.name ?? nameOf(request.sound),
  };
  return <Facts title="Animation" rows={[...useCommonRows(item), ...animationRows(request, names)]} />;
}
