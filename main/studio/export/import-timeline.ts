import { mkdir, readdir, rmdir, stat } from "node:fs/promises";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { UNSEEN } from "../../../core/exchange/index.ts";
import type { MediaReference, Take, Timeline } from "../../../core/timeline/index.ts";
import { fingerprint } from "../fingerprint.ts";
import { newId } from "../media/media-service.ts";
import { placeOf } from "../projects/place.ts";
import { ProjectStore } from "../projects/store.ts";
import { placeOfMedia, readExchange } from "./exchange.ts";

/** Looks into a file and tells what a project says of it; null where there is none to be read. */
export type LookInto = (path: string, folder: string) => Promise<MediaReference | null>;

/**
 * Makes a project of a timeline of another editor. Its media are looked for where the file says; those that are not there are offline.
 * Errors: OUTPUT_UNWRITABLE (the folder is not empty), and those of `readExchange`.
 * @param upload its name, where its bytes came from a page: then only media that it brings along are looked into. A file that the user
 *   handed over where it lies may name others.
 */
export async function importTimeline(
  path: string,
  folder: string,
  lookInto: LookInto,
  upload?: string,
): Promise<{ readonly folder: string; readonly timeline: Timeline; readonly notes: string[] }> {
  const target = resolve(folder);
  const known = await readdir(target).catch(() => null);
  if (known !== null && known.length > 0)
    throw new StudioError("OUTPUT_UNWRITABLE", `${basename(target)} is not empty: name a new folder for the project.`);
  await mkdir(target, { recursive: true });
  try {
    const { timeline, notes, places, folder: from } = await readExchange(path, target, upload ?? basename(path));
    /** The first of these places at which there is media that may be looked into. */
    const lookFor = async (reference: MediaReference): Promise<MediaReference | null> => {
      for (const path of new Set([places?.get(reference.id), reference.path])) {
        if (path === undefined) continue;
        const at = placeOfMedia(from, path);
        if (!isLocal(at) || (upload !== undefined && !isInside(target, at))) continue;
        if ((await stat(at).catch(() => null))?.isFile() !== true) continue;
        // Another file of this name is not what was used.
        if (reference.fingerprint.bytes !== UNSEEN.bytes && !(await isSame(at, reference))) continue;
        const found = await lookInto(at, target).catch(() => null);
        if (found !== null) return found;
      }
      return null;
    };
    const media: MediaReference[] = [];
    const ids = new Map<string, string>();
    const lost: string[] = [];
    for (const reference of Object.values(timeline.media)) {
      const found = await lookFor(reference);
      const isUnseen = reference.fingerprint.bytes === UNSEEN.bytes;
      if (found === null && isUnseen) lost.push(`“${reference.name}” was not found: locate it in the project.`);
      // Ids name media in all of the studio: what other editors know nothing of must not be taken for something else.
      const id = found?.id ?? (isUnseen ? newId() : reference.id);
      ids.set(reference.id, id);
      const same = media.findIndex((each) => each.id === id);
      if (same < 0) media.push(found === null ? { ...reference, id } : merged(reference, found));
      else media[same] = merged(media[same]!, merged(reference, found!));
    }
    const whole = withMedia(timeline, media, ids);
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
    record: reference.record ?? found.record,
    availableRange: covers ? range : availableRange,
  };
}

/** The timeline with these media, whose ids have changed. */
function withMedia(timeline: Timeline, media: readonly MediaReference[], ids: ReadonlyMap<string, string>): Timeline {
  const take = (each: Take): Take =>
    each.media === null ? each : { ...each, media: ids.get(each.media) ?? each.media };
  const tracks = timeline.tracks.map((track) => ({
    ...track,
    children: track.children.map((child) =>
      child.kind === "clip" && child.content.type === "media"
        ? { ...child, content: { ...child.content, takes: child.content.takes.map(take) } }
        : child,
    ),
  }));
  return { ...timeline, tracks, media: Object.fromEntries(media.map((each) => [each.id, each])) };
}

async function isSame(path: string, { fingerprint: known }: MediaReference): Promise<boolean> {
  const found = await fingerprint(path).catch(() => null);
  return found !== null && found.bytes === known.bytes && found.sha256 === known.sha256;
}

/** A place on another computer of the network is not asked: asking alone tells that computer who asks. */
const isLocal = (path: string): boolean => !/^[\\/]{2}/.test(path);

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
