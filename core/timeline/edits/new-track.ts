import { Refusal } from "../result.ts";
import type { Timeline, TrackKind } from "../schema.ts";
import { addTrack } from "./track.ts";

/** In the place of a track's id: a track that is made with the edit, beyond the last one of its kind. */
export const NEW_TRACK = { video: "new-video", audio: "new-audio", text: "new-text" } as const satisfies Record<
  TrackKind,
  string
>;

/**
 * The document with the new tracks that an edit names, one of each kind at most, and what every name stands for. Throws Refusal.
 * @param names ids of tracks, and names of `NEW_TRACK`
 */
export function withNewTracks(
  document: Timeline,
  names: readonly string[],
): { readonly document: Timeline; readonly trackOf: (name: string) => string } {
  const made = new Map<string, string>();
  let grown = document;
  for (const kind of ["audio", "video", "text"] as const) {
    const name = NEW_TRACK[kind];
    if (!names.includes(name) || document.tracks.some(({ id }) => id === name)) continue;
    const result = addTrack(grown, { kind });
    if (!result.ok) throw new Refusal(result.error.code, result.error.message);
    const known = grown;
    grown = result.value;
    made.set(name, grown.tracks.find((track) => !known.tracks.includes(track))!.id);
  }
  return { document: grown, trackOf: (name) => made.get(name) ?? name };
}
