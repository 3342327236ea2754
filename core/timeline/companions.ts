import { laneOf } from "./lane.ts";
import type { Clip, Timeline } from "./schema.ts";

/** Every clip of the document with its track, from the bottom track up. */
export function* clipsOf(document: Timeline): Generator<Clip> {
  for (const track of document.tracks) for (const { clip } of laneOf(track).placed) yield clip;
}

export function findClip(document: Timeline, id: string): Clip | null {
  for (const track of document.tracks) {
    const at = laneOf(track).index.get(id);
    if (at !== undefined) return laneOf(track).placed[at]!.clip;
  }
  return null;
}

/** These clips and all that are linked with one of them. Unknown ids stay, for the edit to refuse. */
export const withLinked = (document: Timeline, ids: readonly string[]): string[] =>
  withThose(document, ids, ({ link }) => [link]);

/** The same with groups: what is grouped is moved and deleted as one. */
export const withCompanions = (document: Timeline, ids: readonly string[]): string[] =>
  withThose(document, ids, ({ link, group }) => [link, group]);

function withThose(
  document: Timeline,
  ids: readonly string[],
  bonds: (clip: Clip) => readonly (string | null)[],
): string[] {
  const wanted = new Set(ids);
  const followed = new Set<string>();
  // A set that grows while it is gone through is gone through to its end: a partner may have bonds of its own.
  for (const id of wanted) {
    const clip = findClip(document, id);
    for (const bond of clip === null ? [] : bonds(clip)) {
      if (bond === null || followed.has(bond)) continue;
      followed.add(bond);
      for (const track of document.tracks)
        for (const partner of laneOf(track).bonds.get(bond) ?? []) {
          const other = findClip(document, partner);
          if (other !== null && bonds(other).includes(bond)) wanted.add(partner);
        }
    }
  }
  return [...wanted];
}
