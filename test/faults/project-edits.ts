import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { applyEdit, type EditCall, newTimeline, type Timeline } from "../../core/timeline/index.ts";

/** How many edits a child makes. */
export const EDITS = 30;

/** The n-th edit of the test's project, n from 1: what a project of revision n looks like is known beforehand. */
export function projectEdit(n: number): EditCall {
  if (n % 4 === 0)
    return { name: "addMarker", arguments: { markedRange: { start: n * 1000, duration: 0 }, name: `ä ${n}` } };
  const clip = { text: { text: `clip ${n}` }, duration: FLICKS_PER_SECOND };
  const at = n % 5 === 0 ? 0 : n * FLICKS_PER_SECOND;
  return { name: "insert", arguments: { at, clips: [{ track: "t5", clip }] } };
}

/** The project's documents by revision, from 0. */
export function expectedDocuments(): Timeline[] {
  const documents = [newTimeline("Killed")];
  for (let n = 1; n <= EDITS; n++) {
    const result = applyEdit(documents.at(-1)!, projectEdit(n));
    if (!result.ok) throw new Error(result.error.message);
    documents.push(result.value);
  }
  return documents;
}
