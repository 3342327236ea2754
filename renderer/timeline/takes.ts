import type { Clip } from "../../core/timeline/index.ts";
import { activeTake } from "./paint/clip.ts";

/** Why the take that a clip shows could not be made; null where it was, or still is being made. */
export const activeTakeProblem = (clip: Clip): string | null => {
  const take = activeTake(clip);
  return take?.media === null ? take.problem : null;
};

/** The take before or after the one that is shown, round and round; null where there is only one. */
export function nextTake({ content }: Clip, direction: 1 | -1): string | null {
  if (content.type !== "media" || content.takes.length < 2) return null;
  const at = content.takes.findIndex(({ id }) => id === content.activeTake);
  return content.takes[(at + direction + content.takes.length) % content.takes.length]!.id;
}
