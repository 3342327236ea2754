import { endOf, flicksToSeconds } from "../time/index.ts";
import { clipsOf, mediaOf, mediaRange, type Timeline } from "../timeline/index.ts";

/** A stretch of a media whose subject is wanted, seconds of its time. */
export interface SubjectWant {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/** Where the subject must be known so that a document can be painted: one stretch for each clip, equal ones once. */
export function subjectWants(document: Timeline): SubjectWant[] {
  const wants = new Map<string, SubjectWant>();
  for (const clip of clipsOf(document)) {
    const media = clip.enabled && clip.subject !== undefined ? mediaOf(document, clip) : null;
    if (media?.size == null) continue;
    const range = mediaRange(clip);
    const isFilm = media.availableRange !== null;
    const [start, end] = isFilm ? [flicksToSeconds(range.start), flicksToSeconds(endOf(range))] : [0, 0];
    wants.set(`${media.id} ${start} ${end}`, { id: media.id, start: Math.max(0, start), end: Math.max(0, end) });
  }
  return [...wants.values()];
}
