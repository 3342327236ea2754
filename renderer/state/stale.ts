import type { Clip, Media } from "../../core/contract/index.ts";

/**
 * Why an animation no longer belongs to what it was made from: its sound or its picture was replaced, changed on disk, or is gone.
 * Null for every other clip: nothing is ever made anew without being asked for.
 */
export function staleness({ record }: Pick<Clip, "record">, media: readonly Media[]): string | null {
  if (record.schema !== "plume.animation/1") return null;
  const parts = [
    { what: "sound", id: record.request.sound, made: record.inputs.sound },
    { what: "picture", id: record.request.picture, made: record.inputs.picture },
  ];
  for (const { what, id, made } of parts) {
    const now = media.find((each) => each.id === id);
    if (now !== undefined && now.version !== made.version)
      return `The ${what} was changed since: it was “${made.name}” and is now “${now.name}”.`.replace(
        `was “${now.name}” and is now “${now.name}”`,
        `is still called “${now.name}” but is another`,
      );
  }
  return null;
}

let known: { readonly clips: unknown; readonly media: unknown; readonly stale: ReadonlySet<string> } | null = null;

/** Ids of the library's clips that are stale: the timeline asks at every frame that it draws. */
export function staleClips(clips: readonly Clip[], media: readonly Media[]): ReadonlySet<string> {
  if (known === null || known.clips !== clips || known.media !== media) {
    const stale = clips.filter((clip) => staleness(clip, media) !== null);
    known = { clips, media, stale: new Set(stale.map(({ id }) => id)) };
  }
  return known.stale;
}

/** True when the clip's picture and sound are both still in the list. */
export function canReanimate({ record }: Pick<Clip, "record">, media: readonly Media[]): boolean {
  if (record.schema !== "plume.animation/1") return false;
  const { picture, sound } = record.request;
  return [picture, sound].every((id) => media.some((each) => each.id === id && each.isThere));
}
