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

/** True when the clip's picture and sound are both still in the list. */
export function canReanimate({ record }: Pick<Clip, "record">, media: readonly Media[]): boolean {
  if (record.schema !== "plume.animation/1") return false;
  const { picture, sound } = record.request;
  return [picture, sound].every((id) => media.some((each) => each.id === id && each.isThere));
}
