import type { Track } from "../../../core/timeline/index.ts";
import { automated, type Automated, keyframesOfTrack } from "../../timeline/automation.ts";
import type { CommandContext } from "../command.ts";
import { documentOf, framesFrom, say, seek } from "./helpers.ts";

/** Commands of keyframes while a sound track is selected: they mean its volume and its pan. Times are the timeline's. */

/** The selected track; null while none is, or it has no sound. */
export function keyedTrack(context: CommandContext): Track | null {
  const { selection } = context.editUi.getState();
  if (selection.type !== "track") return null;
  return documentOf(context).tracks.find(({ id, kind }) => id === selection.id && kind === "audio") ?? null;
}

const moving = (track: Track): readonly Automated[] => automated.filter((each) => typeof track[each] !== "number");
const at = (track: Track, time: number): readonly Automated[] =>
  moving(track).filter((each) => keyframesOfTrack(track, each).some((keyframe) => keyframe.time === time));

/** One step of the history, however many values it is. */
function inOneStep(
  context: CommandContext,
  names: readonly Automated[],
  change: (name: Automated, gesture: string) => void,
) {
  const gesture = `track-keyframes-${Date.now().toString(36)}`;
  for (const name of names) change(name, gesture);
  context.project.endGesture(gesture, "keep");
}

/** A keyframe at the playhead for what moves; where nothing does, for the volume. */
export function addTrackKeyframe(context: CommandContext, track: Track): void {
  const { time } = context.transport;
  const names = moving(track);
  inOneStep(context, names.length > 0 ? names : ["volume"], (parameter, gesture) =>
    context.project.perform("setTrackKeyframe", { track: track.id, parameter, time }, { gesture }),
  );
  say(context, `Keyframe set on ${track.name}.`);
}

export function toTrackKeyframe(context: CommandContext, track: Track, direction: 1 | -1): void {
  const { time } = context.transport;
  const times = moving(track)
    .flatMap((each) => keyframesOfTrack(track, each).map((keyframe) => keyframe.time))
    .sort((a, b) => a - b);
  const next = direction === 1 ? times.find((each) => each > time) : times.findLast((each) => each < time);
  if (next === undefined) return say(context, "There is no keyframe that way.");
  seek(context, next);
}

/** Moves the keyframes at the playhead, and the playhead with them. */
export function moveTrackKeyframe(context: CommandContext, track: Track, frames: number): void {
  const from = context.transport.time;
  const time = Math.max(0, framesFrom(context, from, frames));
  const here = at(track, from);
  if (here.length === 0) return say(context, "There is no keyframe at the playhead.");
  inOneStep(context, here, (parameter, gesture) =>
    context.project.perform("setTrackKeyframe", { track: track.id, parameter, time, from }, { gesture }),
  );
  seek(context, time);
  say(context, "Keyframe moved.");
}

export function removeTrackKeyframes(context: CommandContext, track: Track): void {
  const { time } = context.transport;
  const here = at(track, time);
  if (here.length === 0) return say(context, "There is no keyframe at the playhead.");
  inOneStep(context, here, (parameter, gesture) =>
    context.project.perform("removeTrackKeyframe", { track: track.id, parameter, time }, { gesture }),
  );
  say(context, "Keyframe deleted.");
}
