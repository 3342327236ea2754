import { isAbsolute, relative, sep } from "node:path";
import type { Clip } from "../../../core/contract/index.ts";
import type { Patch } from "../../../core/history/index.ts";
import type { MediaReference, Timeline } from "../../../core/timeline/index.ts";
import { frameToFlicks, rateFrom } from "../../../core/time/index.ts";
import { fingerprint } from "./fingerprint.ts";

/** How a project names a file: from its folder, with slashes; absolute where no relative path leads (another drive on Windows). */
export function mediaPath(folder: string, file: string): string {
  const path = relative(folder, file);
  return (isAbsolute(path) ? file : path).split(sep).join("/");
}

/** A clip of the library as media of a project. */
export async function libraryMedia(clip: Clip, file: string, folder: string): Promise<MediaReference> {
  const rate = rateFrom(clip.fps);
  return {
    id: clip.id,
    kind: "video",
    name: clip.fileName,
    path: mediaPath(folder, file),
    fingerprint: await fingerprint(file),
    availableRange: { start: 0, duration: frameToFlicks(clip.frames, rate) },
    rate,
    size: { width: clip.width, height: clip.height },
    audio: soundOf(clip),
    record: clip.record,
  };
}

/** Animated clips carry the sound that moved them; generated ones are silent. */
function soundOf({ record }: Clip): MediaReference["audio"] {
  if (record.schema !== "plume.animation/1") return null;
  const { channels, sampleRate } = record.inputs.sound;
  return { channels, sampleRate };
}

const nameOf = (path: string): string => path.split("/").at(-1) || "media";
const withoutPath = (media: MediaReference): MediaReference => ({ ...media, path: nameOf(media.path) });

/** The document as a page may see it: with file names in place of paths. */
export const publicTimeline = (document: Timeline): Timeline => ({
  ...document,
  media: Object.fromEntries(Object.entries(document.media).map(([id, media]) => [id, withoutPath(media)])),
});

/** A difference as a page may see it. */
export const publicPatch = (patch: Patch): Patch =>
  patch.map((change) => {
    if (change.path[0] !== "media" || !("set" in change)) return change;
    const [, id, field] = change.path;
    if (id === undefined) return { ...change, set: publicTimeline({ media: change.set } as Timeline).media };
    if (field === undefined) return { ...change, set: withoutPath(change.set as MediaReference) };
    return field === "path" ? { ...change, set: nameOf(String(change.set)) } : change;
  });
