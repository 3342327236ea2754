import { z } from "zod";
import { definedOf } from "../defined.ts";
import { Draft, missing } from "../draft.ts";
import { clipsOf } from "../companions.ts";
import { attempt, type Result } from "../result.ts";
import { idSchema, type Marker, markerSchema, type Timeline } from "../schema.ts";

const fields = markerSchema.unwrap().omit({ id: true }).shape;

export const addMarkerArguments = z.strictObject({
  /** Absent: on the timeline. */
  clip: idSchema.optional(),
  markedRange: fields.markedRange,
  name: fields.name.optional(),
  colour: fields.colour.optional(),
  comment: fields.comment.optional(),
});

export function addMarker(document: Timeline, args: z.infer<typeof addMarkerArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const marker: Marker = {
      id: draft.newId("m"),
      name: args.name ?? "",
      markedRange: args.markedRange,
      colour: args.colour ?? "green",
      comment: args.comment ?? "",
    };
    const add = (markers: readonly Marker[]) => inOrder([...markers, marker]);
    if (args.clip !== undefined) draft.replaceClip(args.clip, (clip) => ({ ...clip, markers: add(clip.markers) }));
    const next = draft.finish();
    return args.clip === undefined ? { ...next, markers: add(document.markers) } : next;
  });
}

export const addMarkersArguments = z.strictObject({
  clip: idSchema,
  /** Instead of those of the clip that have this name: beats that are found anew. */
  instead: fields.name.optional(),
  markers: z.array(z.strictObject(fields)).min(1).max(10_000),
});

/** Puts many markers on a clip at once: the beats of its sound. */
export function addMarkers(document: Timeline, args: z.infer<typeof addMarkersArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const made = args.markers.map((marker): Marker => ({ ...marker, id: draft.newId("m") }));
    draft.replaceClip(args.clip, (clip) => {
      const kept = clip.markers.filter(({ name }) => args.instead === undefined || name !== args.instead);
      return { ...clip, markers: inOrder([...kept, ...made]) };
    });
    return draft.finish();
  });
}

export const setMarkerArguments = z.strictObject({
  marker: idSchema,
  markedRange: fields.markedRange.optional(),
  name: fields.name.optional(),
  colour: fields.colour.optional(),
  comment: fields.comment.optional(),
});

export const setMarker = (
  document: Timeline,
  { marker, ...changes }: z.infer<typeof setMarkerArguments>,
): Result<Timeline> => change(document, marker, (old) => ({ ...old, ...definedOf(changes) }));

export const removeMarkerArguments = z.strictObject({ marker: idSchema });

export const removeMarker = (document: Timeline, { marker }: z.infer<typeof removeMarkerArguments>): Result<Timeline> =>
  change(document, marker, () => null);

function change(document: Timeline, id: string, how: (old: Marker) => Marker | null): Result<Timeline> {
  return attempt(() => {
    const isIt = (marker: Marker): boolean => marker.id === id;
    if (document.markers.some(isIt)) return { ...document, markers: exchange(document.markers, id, how) };
    for (const { id: clip, markers } of clipsOf(document)) {
      if (!markers.some(isIt)) continue;
      const draft = new Draft(document);
      draft.replaceClip(clip, (old) => ({ ...old, markers: exchange(old.markers, id, how) }));
      return draft.finish();
    }
    return missing("marker");
  });
}

const exchange = (markers: readonly Marker[], id: string, how: (old: Marker) => Marker | null): Marker[] =>
  inOrder(markers.map((marker) => (marker.id === id ? how(marker) : marker)).filter((marker) => marker !== null));

const inOrder = (markers: readonly Marker[]): Marker[] =>
  markers.toSorted((a, b) => a.markedRange.start - b.markedRange.start);
