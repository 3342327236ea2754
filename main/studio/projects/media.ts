import { isAbsolute, relative, sep } from "node:path";
import type { Patch } from "../../../core/history/index.ts";
import type { MediaReference, Timeline } from "../../../core/timeline/index.ts";
import { type Flicks, frameToFlicks, flicksToFrame, secondsToFlicks } from "../../../core/time/index.ts";
import type { MediaSource } from "../media/sources.ts";

/** How a project names a file: from its folder, with slashes; absolute where no relative path leads (another drive on Windows). */
export function mediaPath(folder: string, file: string): string {
  const path = relative(folder, file);
  return (isAbsolute(path) ? file : path).split(sep).join("/");
}

/** Media of the catalogue or a clip of the library as media of a project. @param folder the project's */
export function referenceOf(source: MediaSource, folder: string): MediaReference {
  const { media, path, clip } = source;
  return {
    id: source.id,
    kind: ({ video: "video", sound: "audio", picture: "image" } as const)[media.kind],
    name: media.name.slice(0, MAX_NAME),
    path: mediaPath(folder, path),
    fingerprint: source.fingerprint,
    availableRange: rangeOf(source),
    rate: media.kind === "video" ? media.rate : null,
    size: media.kind === "sound" ? null : { width: media.width, height: media.height },
    audio: soundOf(source),
    record: clip?.record ?? null,
  };
}

const MAX_NAME = 500;

/** What can be shown or heard: of films whole frames, since half of one cannot be seen. */
function rangeOf({ media, clip }: MediaSource): MediaReference["availableRange"] {
  if (media.kind === "picture") return null;
  if (media.kind === "sound") return { start: 0, duration: Math.max(1, secondsToFlicks(media.seconds)) };
  if (clip !== null) return { start: 0, duration: frameToFlicks(clip.frames, media.rate) };
  const start = secondsToFlicks(media.video.start);
  const whole = frameToFlicks(nearestFrame(secondsToFlicks(media.seconds), media.rate), media.rate);
  return { start, duration: Math.max(1, whole) };
}

/** How many frames this is: containers round lengths to milliseconds, so that the last frame seems a little short. */
const nearestFrame = (duration: Flicks, rate: Parameters<typeof flicksToFrame>[1]): number =>
  Math.max(1, flicksToFrame(duration + Math.round(frameToFlicks(1, rate) * 0.2), rate));

function soundOf({ media }: MediaSource): MediaReference["audio"] {
  const sound = media.kind === "sound" ? media : media.kind === "video" ? media.audio : null;
  return sound && { channels: Math.min(64, sound.channels), sampleRate: sound.sampleRate };
}

/** Projects come from every system: both separators part names. */
const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) || "media";
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
