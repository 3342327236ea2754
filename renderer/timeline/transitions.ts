import { type Flicks, frameDuration } from "../../core/time/index.ts";
import {
  applyEdit,
  type EditArguments,
  endOfPlaced,
  laneOf,
  type Placed,
  type Settings,
  type Timeline,
  type Track,
  type Transition,
} from "../../core/timeline/index.ts";
import { indexAt } from "./hit.ts";

/** What transitions are called, wherever they are listed. */
export const transitionNames: Readonly<Record<Transition["type"], string>> = {
  dissolve: "Dissolve",
  dip: "Dip to colour",
  wipe: "Wipe",
  slide: "Slide",
  push: "Push",
  iris: "Iris",
  clock: "Clock wipe",
  zoom: "Zoom",
  blur: "Blur",
};

/** At first half a second, in whole frames. */
export function usualLength({ rate }: Settings): Flicks {
  const frames = 12 * Math.max(1, Math.round(rate.numerator / rate.denominator / 24));
  return Math.round(frames * frameDuration(rate));
}

/** An edge of a clip; where another clip meets it there, the cut between the two. */
export interface Edge {
  readonly clip: string;
  readonly edge: "start" | "end";
}

export const transitionAt = (
  { settings }: Timeline,
  { clip, edge }: Edge,
  type: Transition["type"],
): EditArguments<"addTransition"> => ({ clip, edge, type, duration: usualLength(settings) });

/** Where clips of one track meet, of those with these ids. */
export function cutsBetween({ tracks }: Timeline, ids: readonly string[]): Edge[] {
  const chosen = new Set(ids);
  return tracks.flatMap((track) => {
    const { placed } = laneOf(track);
    return placed.flatMap((item, i) => {
      const next = placed[i + 1];
      const meets = next !== undefined && endOfPlaced(item) === next.start;
      return meets && chosen.has(item.clip.id) && chosen.has(next.clip.id)
        ? [{ clip: item.clip.id, edge: "end" as const }]
        : [];
    });
  });
}

/**
 * The edge that a place on a track means: the nearer one of the clip there, or one beside a gap.
 * @param within how far from the edge the place may lie
 */
export function nearestEdge(track: Track, time: Flicks, within: Flicks): (Edge & { readonly time: Flicks }) | null {
  const { placed } = laneOf(track);
  const at = indexAt(placed, time);
  const edges = [placed[at], placed[at + 1]]
    .filter((item) => item !== undefined)
    .flatMap((item) => [
      { clip: item.clip.id, edge: "start" as const, time: item.start },
      { clip: item.clip.id, edge: "end" as const, time: endOfPlaced(item) },
    ]);
  const [nearest] = edges
    .filter((edge) => Math.abs(edge.time - time) <= within)
    .sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time));
  if (nearest === undefined) return null;
  // A cut is the end of the clip before it.
  const before = placed.find((item) => endOfPlaced(item) === nearest.time);
  return before === undefined ? nearest : { clip: before.clip.id, edge: "end", time: nearest.time };
}

/** How a transition would lie there, or why it cannot. */
export function tryTransition(
  document: Timeline,
  edge: Edge,
  type: Transition["type"],
): { readonly transition: Transition; readonly cut: Flicks } | { readonly refusal: string } {
  const result = applyEdit(document, { name: "addTransition", arguments: transitionAt(document, edge, type) });
  if (!result.ok) return { refusal: result.error.message };
  const found = findTransitionAt(result.value, edge);
  return found ?? { refusal: "There is no room for a transition here." };
}

/** The transition at an edge, and the time of its cut. */
export function findTransitionAt(
  { tracks }: Timeline,
  { clip, edge }: Edge,
): { readonly transition: Transition; readonly cut: Flicks } | null {
  for (const track of tracks) {
    const { placed, index } = laneOf(track);
    const at = index.get(clip);
    if (at === undefined) continue;
    const item: Placed = placed[at]!;
    const before = placed[at - 1];
    if (edge === "end") return item.tail === null ? null : { transition: item.tail, cut: endOfPlaced(item) };
    const transition = item.head ?? (before?.tailTo === clip ? before.tail : null);
    return transition === null ? null : { transition, cut: item.start };
  }
  return null;
}
