import { plainTrack } from "../plain.ts";
import { z } from "zod";
import { definedOf } from "../defined.ts";
import { Draft, missing } from "../draft.ts";
import { laneOf } from "../lane.ts";
import { type Parameter, parameterInfo, valuesOf } from "../parameters.ts";
import { attempt, Refusal, type Result } from "../result.ts";
import { idSchema, type Timeline, type Track, type TrackKind, trackKindSchema, trackSchema } from "../schema.ts";
import { valueIn } from "../source.ts";
import { keyframeArguments, withRemovedKeyframe, withSetKeyframe, withValue } from "./keyframe.ts";
import { bySchema } from "./by.ts";

const position = z.number().int().min(0).max(500);

export const addTrackArguments = z.strictObject({
  kind: trackKindSchema,
  name: trackSchema.unwrap().shape.name.optional(),
  /** Index among all tracks, from the bottom. Absent: above the last one of its kind. */
  at: position.optional(),
});

/** Pictures lie at the bottom, text over them; sound comes first, because it lies below in the window. */
const ORDER: readonly TrackKind[] = ["audio", "video", "text"];
const LETTER: Record<TrackKind, string> = { audio: "A", video: "V", text: "T" };

export function addTrack(document: Timeline, args: z.infer<typeof addTrackArguments>): Result<Timeline> {
  return attempt(() => {
    const draft = new Draft(document);
    const id = draft.newId("t");
    const track = plainTrack(id, args.kind, args.name ?? freeName(document, args.kind), []);
    const above = document.tracks.findLastIndex(({ kind }) => ORDER.indexOf(kind) <= ORDER.indexOf(args.kind)) + 1;
    const at = Math.min(args.at ?? above, document.tracks.length);
    return { ...draft.finish(), tracks: document.tracks.toSpliced(at, 0, track) };
  });
}

function freeName({ tracks }: Timeline, kind: TrackKind): string {
  const taken = new Set(tracks.map(({ name }) => name));
  for (let n = 1; ; n++) if (!taken.has(`${LETTER[kind]}${n}`)) return `${LETTER[kind]}${n}`;
}

export const removeTrackArguments = z.strictObject({ track: idSchema });

/** Takes a track away with all that is on it. */
export function removeTrack(document: Timeline, { track: id }: z.infer<typeof removeTrackArguments>): Result<Timeline> {
  return attempt(() => {
    const track = new Draft(document).track(id);
    if (track.locked && laneOf(track).placed.length > 0)
      throw new Refusal("TRACK_LOCKED", `The track ${track.name} is locked: unlock it to remove it.`);
    const tracks = document.tracks.filter((other) => other !== track).map((other) => withoutDucker(other, id));
    return { ...document, tracks };
  });
}

function withoutDucker(track: Track, gone: string): Track {
  if (track.ducking === null || !track.ducking.under.includes(gone)) return track;
  return { ...track, ducking: { ...track.ducking, under: track.ducking.under.filter((id) => id !== gone) } };
}

export const moveTrackArguments = z.strictObject({ track: idSchema, to: position });

/** Gives a track another place in the order; what is drawn over what changes with it. */
export function moveTrack(document: Timeline, { track: id, to }: z.infer<typeof moveTrackArguments>): Result<Timeline> {
  return attempt(() => {
    const at = document.tracks.findIndex((track) => track.id === id);
    if (at < 0) return missing("track");
    const tracks = document.tracks.toSpliced(at, 1);
    return { ...document, tracks: tracks.toSpliced(Math.min(to, tracks.length), 0, document.tracks[at]!) };
  });
}

const fields = trackSchema
  .unwrap()
  .pick({ name: true, locked: true, muted: true, solo: true, volume: true, pan: true, ducking: true });

export const setTrackArguments = z.strictObject({ track: idSchema, ...fields.partial().shape });

/** Renames, locks, mutes, makes solo, mixes or ducks a track. */
export function setTrack(
  document: Timeline,
  { track: id, ...changes }: z.infer<typeof setTrackArguments>,
): Result<Timeline> {
  return attempt(() => {
    const old = new Draft(document).track(id);
    const next = { ...old, ...definedOf(changes) };
    const under = next.ducking?.under ?? [];
    if (under.includes(id) || under.some((other) => !document.tracks.some((track) => track.id === other)))
      throw new Refusal("BAD_ARGUMENT", "A track can be ducked under other tracks of the timeline only.");
    return { ...document, tracks: document.tracks.map((track) => (track === old ? next : track)) };
  });
}

const trackParameter = z.strictObject({ track: idSchema, parameter: z.enum(["volume", "pan"]) });

export const setTrackParameterArguments = trackParameter.extend({
  value: z.number(),
  /** On the timeline: where the parameter moves, this becomes a keyframe. Absent: it stands still from now on. */
  at: bySchema.optional(),
});

/** Gives a track's volume or pan a value. */
export const setTrackParameter = (
  document: Timeline,
  { value, at, ...which }: z.infer<typeof setTrackParameterArguments>,
): Result<Timeline> => changeParameter(document, which, (old) => withValue(old, value, at));

export const setTrackKeyframeArguments = keyframeArguments.extend(trackParameter.shape);

/** Sets, changes or moves one keyframe of a track's volume or pan; times are the timeline's. */
export const setTrackKeyframe = (
  document: Timeline,
  { track, parameter, ...args }: z.infer<typeof setTrackKeyframeArguments>,
): Result<Timeline> =>
  changeParameter(document, { track, parameter }, (old) =>
    withSetKeyframe(old, args, (time) => valueIn(parameter, old, time)),
  );

export const removeTrackKeyframeArguments = trackParameter.extend({ time: bySchema });

/** Takes one keyframe of a track away; with the last one its parameter stands still. */
export const removeTrackKeyframe = (
  document: Timeline,
  { time, ...which }: z.infer<typeof removeTrackKeyframeArguments>,
): Result<Timeline> => changeParameter(document, which, (old) => withRemovedKeyframe(old, time));

const changeParameter = (
  document: Timeline,
  { track: id, parameter }: z.infer<typeof trackParameter>,
  change: (old: Parameter) => Parameter,
): Result<Timeline> =>
  attempt(() => {
    const old = new Draft(document).track(id);
    const value = change(old[parameter]);
    const { min, max } = parameterInfo[parameter];
    if (valuesOf(value).some((each) => !(each >= min && each <= max)))
      throw new Refusal("BAD_ARGUMENT", `The ${parameter} must lie between ${min} and ${max}.`);
    const next = { ...old, [parameter]: value };
    return { ...document, tracks: document.tracks.map((track) => (track === old ? next : track)) };
  });
