import { endOf, type Flicks, overlaps, rangeBetween } from "../../core/time/index.ts";
import {
  type Clip,
  clipsOf,
  findClip,
  laneOf,
  type Placed,
  rangeOfPlaced,
  type Timeline,
  type Track,
  withCompanions,
  withLinked,
} from "../../core/timeline/index.ts";
import { type EditUi, nothingSelected, type Selection } from "../state/edit-ui.ts";
import type { Layout } from "./geometry.ts";

/** A clip with its track and place. */
export interface Found {
  readonly track: Track;
  readonly item: Placed;
}

export function findPlaced(document: Timeline, id: string): Found | null {
  for (const track of document.tracks) {
    const lane = laneOf(track);
    const at = lane.index.get(id);
    if (at !== undefined) return { track, item: lane.placed[at]! };
  }
  return null;
}

/** The selected clips that are still there, in the order of time. */
export function foundClips(document: Timeline, { selection }: Pick<EditUi, "selection">): Found[] {
  if (selection.type !== "clips") return [];
  return selection.ids
    .map((id) => findPlaced(document, id))
    .filter((found) => found !== null)
    .sort((a, b) => a.item.start - b.item.start);
}

export const selectionOf = (ids: readonly string[]): Selection =>
  ids.length === 0 ? nothingSelected : { type: "clips", ids: [...new Set(ids)] };

/** A clip with those that are selected along with it: its group, and with linked selection its picture or sound. */
export function withBonds(document: Timeline, ids: readonly string[], linked: boolean): string[] {
  const grouped = ids.flatMap((id) => {
    const group = findClip(document, id)?.group ?? null;
    return group === null
      ? [id]
      : [...clipsOf(document)].filter((clip) => clip.group === group).map(({ id: each }) => each);
  });
  return linked ? withLinked(document, grouped) : [...new Set(grouped)];
}

export type SelectMode = "replace" | "toggle" | "extend";

/** The selection after a click on a clip. */
export function clickedClip(document: Timeline, ui: EditUi, id: string, mode: SelectMode): Selection {
  const meant = withBonds(document, [id], ui.linkedSelection);
  const before = ui.selection.type === "clips" ? ui.selection.ids : [];
  if (mode === "replace") return selectionOf(meant);
  if (mode === "toggle" && before.includes(id)) return selectionOf(before.filter((each) => !meant.includes(each)));
  return selectionOf([...before, ...meant]);
}

/** The clips that a frame touches: a stretch of time, and heights from the top of all tracks. */
export function clipsWithin(layout: Layout, from: Flicks, to: Flicks, top: number, bottom: number): string[] {
  const range = rangeBetween(Math.min(from, to), Math.max(from, to));
  return layout.rows
    .filter((row) => row.y < bottom && row.y + row.height > top)
    .flatMap(({ track }) =>
      laneOf(track)
        .placed.filter((item) => overlaps(rangeOfPlaced(item), range))
        .map(({ clip }) => clip.id),
    );
}

/** Every clip of these tracks that begins at or after a time. */
export const clipsFrom = (tracks: readonly Track[], time: Flicks): string[] =>
  tracks.flatMap((track) =>
    laneOf(track)
      .placed.filter((item) => endOf(rangeOfPlaced(item)) > time && item.start >= time)
      .map(({ clip }) => clip.id),
  );

/** Clips that are moved and deleted along with these. */
export const together = (document: Timeline, ids: readonly string[], linked: boolean): string[] =>
  linked ? withCompanions(document, ids) : [...ids];

export const clipName = (clip: Clip): string => (clip.name === "" ? "clip" : clip.name);
