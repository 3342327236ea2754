import { resolve } from "node:path";
import type { MediaReference } from "../../../core/timeline/index.ts";
import { fingerprint } from "../fingerprint.ts";
import { isMissing, type MediaSources } from "../media/sources.ts";
import type { MediaGate } from "./export-service.ts";

/** Media that the user gave to the studio, or that it made. */
export function bySources(sources: MediaSources): MediaGate {
  return async ({ id }) => {
    const [found] = await sources.resolve([id]);
    return found === undefined || isMissing(found) ? null : found;
  };
}

/**
 * Lets a project's own path stand for its media where the file's size and its edges are those that the project noted: who wrote the
 * project had that very file, so that reading it tells nobody anything new.
 */
export function byFingerprint(folder: string): MediaGate {
  return async (media: MediaReference) => {
    const path = resolve(folder, media.path);
    const found = await fingerprint(path).catch(() => null);
    if (found === null || found.bytes !== media.fingerprint.bytes || found.sha256 !== media.fingerprint.sha256)
      return null;
    return { path, input: [`file:${path}`] };
  };
}
