import { mkdir, readdir, rmdir, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { UNSEEN } from "../../../core/exchange/index.ts";
import type { MediaReference, Timeline } from "../../../core/timeline/index.ts";
import { placeOf } from "../projects/place.ts";
import { ProjectStore } from "../projects/store.ts";
import { placeOfMedia, readExchange } from "./exchange.ts";

/** Looks into a file and tells what a project says of it; null where there is none to be read. */
export type LookInto = (path: string, folder: string) => Promise<MediaReference | null>;

/**
 * Makes a project of a timeline of another editor. Its media are looked for where the file says; those that are not there are offline.
 * Errors: OUTPUT_UNWRITABLE (the folder is not empty), and those of `readExchange`.
 */
export async function importTimeline(
  path: string,
  folder: string,
  lookInto: LookInto,
): Promise<{ readonly folder: string; readonly timeline: Timeline; readonly notes: string[] }> {
  const target = resolve(folder);
  const known = await readdir(target).catch(() => null);
  if (known !== null && known.length > 0)
    throw new StudioError("OUTPUT_UNWRITABLE", `${basename(target)} is not empty: name a new folder for the project.`);
  await mkdir(target, { recursive: true });
  try {
    const { timeline, notes, folder: from } = await readExchange(path, target);
    const media: Record<string, MediaReference> = {};
    const lost: string[] = [];
    for (const reference of Object.values(timeline.media)) {
      const at = placeOfMedia(from, reference);
      const isThere = (await stat(at).catch(() => null))?.isFile() === true;
      const found = isThere ? await lookInto(at, target).catch(() => null) : null;
      if (found === null && reference.fingerprint.bytes === UNSEEN.bytes)
        lost.push(`“${reference.name}” was not found: locate it in the project.`);
      media[reference.id] = found === null ? reference : merged(reference, found);
    }
    const whole = { ...timeline, media };
    await ProjectStore.create(placeOf(target), whole);
    return { folder: target, timeline: whole, notes: [...notes, ...lost] };
  } catch (error) {
    await rmdir(target).catch(() => {}); // only when nothing is in it
    throw error;
  }
}

/** The file's own facts, but never less of it than the clips use. */
function merged(reference: MediaReference, found: MediaReference): MediaReference {
  const { availableRange } = reference;
  const range = found.availableRange;
  const covers =
    availableRange === null ||
    range === null ||
    (range.start <= availableRange.start &&
      range.start + range.duration >= availableRange.start + availableRange.duration);
  return {
    ...found,
    id: reference.id,
    record: reference.record ?? found.record,
    availableRange: covers ? range : availableRange,
  };
}
