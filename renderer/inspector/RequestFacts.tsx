import type { ResolvedRequest } from "../../core/contract/index.ts";
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

function GenerationFacts({ item }: { readonly item: GenerateItem }) {
  const { request } = item;
  const rows: Fact[] = [
    ...useCommonRows(item),
    ["Guidance", String(request.guidance)],
    ...shapeRows(request),
    ...(request.negativePrompt ? [["Not in it", request.negativePrompt] as const] : []),
  ];
  return <Facts title="Generation" rows={rows} />;
}

function AnimationFacts({ item }: { readonly item: AnimateItem }) {
  const media = useSelect((state) => state.media);
  const { request, clip } = item;
  const made = clip?.record.schema === "plume.animation/1" ? clip.record.inputs : null;
  const nameOf = (id: string) => media.find((each) => each.id === id)?.name ?? "no longer in the list";
  const { text, image, audio, interpolationAudio } = request.guidance;
  const rows: Fact[] = [
    ["Picture", made?.picture.name ?? nameOf(request.picture)],
    ["Sound", made?.sound.name ?? nameOf(request.sound)],
    ...useCommonRows(item),
    ["Preset", presetWords[request.preset]],
    ["Follows", request.follow],
    ["Guidance", `text ${text} · image ${image} · sound ${audio}, ${interpolationAudio}`],
    ...shapeRows({ ...request, negativePrompt: "" }),
    ...(request.segments.length > 1 ? [["Made of", plural(request.segments.length, "segment")] as const] : []),
  ];
  return <Facts title="Animation" rows={rows} />;
}
