import {
  type Clip,
  endOfPlaced,
  laneOf,
  type ParameterName,
  parameterNames,
  type Transition,
  transitionTypes,
} from "../../../core/timeline/index.ts";
import { frameDuration } from "../../../core/time/index.ts";
import { cutsBetween, findTransitionAt, transitionAt, transitionNames } from "../../timeline/transitions.ts";
import type { CommandContext } from "../command.ts";
import {
  addTrackKeyframe,
  keyedTrack,
  moveTrackKeyframe,
  removeTrackKeyframes,
  toTrackKeyframe,
} from "./track-keyframes.ts";
import { complain, documentOf, editGroup, frameOf, hasClips, idsOf, oneClip, say, seek, selected } from "./helpers.ts";

/** Fades, transitions, keyframes, speed. */

/**
 * On the selected cut; between all selected clips that meet; else at the edge nearest to the playhead of the selected clip (or of the one
 * under the playhead). A selected transition becomes this one.
 */
export function addTransitionAt(context: CommandContext, type: Transition["type"]): void {
  const { editUi, project } = context;
  const { selection } = editUi.getState();
  const document = documentOf(context);
  const name = transitionNames[type];
  const isThere = (id: string): boolean =>
    document.tracks.some(({ children }) => children.some((child) => child.kind === "transition" && child.id === id));
  if (selection.type === "transition" && isThere(selection.id)) {
    project.perform("setTransition", { transition: selection.id, type });
    return say(context, `${name}.`);
  }
  const chosen = selection.type === "cut" ? [selection.left, selection.right] : idsOf(selected(context));
  const cuts = cutsBetween(document, chosen);
  if (cuts.length === 0) return addAtEdge(context, type);
  const gesture = `transitions-${Date.now().toString(36)}`;
  const done = cuts.filter(
    (cut) => project.perform("addTransition", transitionAt(document, cut, type), { gesture }).ok,
  );
  project.endGesture(gesture, "keep");
  if (done.length === 0) return;
  const made = selection.type === "cut" ? findTransitionAt(documentOf(context), cuts[0]!) : null;
  if (made !== null) editUi.setState({ selection: { type: "transition", id: made.transition.id } });
  say(context, done.length === 1 ? `${name} added.` : `${name} added to ${done.length} cuts.`);
}

function addAtEdge(context: CommandContext, type: Transition["type"]): void {
  const found = oneClip(context) ?? nearest(context);
  if (found === null) return complain(context, "A transition lies between clips: put some on the timeline first.");
  const { item } = found;
  const { time } = context.transport;
  const edge = Math.abs(time - item.start) < Math.abs(time - endOfPlaced(item)) ? "start" : "end";
  const args = transitionAt(documentOf(context), { clip: item.clip.id, edge }, type);
  if (context.project.perform("addTransition", args).ok)
    say(context, `${transitionNames[type]} added at the ${edge} of ${item.clip.name}.`);
}

/** The clip that has an edge nearest to the playhead. */
function nearest(context: CommandContext) {
  const { time } = context.transport;
  let best: {
    readonly found: {
      track: ReturnType<typeof documentOf>["tracks"][number];
      item: ReturnType<typeof laneOf>["placed"][number];
    };
    readonly far: number;
  } | null = null;
  for (const track of documentOf(context).tracks.filter(({ kind }) => kind !== "audio"))
    for (const item of laneOf(track).placed) {
      const far = Math.min(Math.abs(item.start - time), Math.abs(endOfPlaced(item) - time));
      if (best === null || far < best.far) best = { found: { track, item }, far };
    }
  return best?.found ?? null;
}

function resize(context: CommandContext, by: number): void {
  const { selection } = context.editUi.getState();
  if (selection.type !== "transition") return;
  const transition = documentOf(context)
    .tracks.flatMap(({ children }) => children)
    .find((child) => child.kind === "transition" && child.id === selection.id) as Transition | undefined;
  if (transition === undefined) return;
  const step = Math.round(by * frameDuration(documentOf(context).settings.rate));
  const grow = (offset: number) =>
    offset === 0 && (transition.inOffset === 0 || transition.outOffset === 0) ? 0 : Math.max(0, offset + step);
  const result = context.project.perform("setTransition", {
    transition: transition.id,
    inOffset: grow(transition.inOffset),
    outOffset: grow(transition.outOffset),
  });
  if (result.ok) say(context, by > 0 ? "The transition is longer." : "The transition is shorter.");
}

const onTransition = ({ editUi }: CommandContext): boolean => editUi.getState().selection.type === "transition";

/** Fades the selected clips from their edge to the playhead. */
function fade(context: CommandContext, side: "fadeIn" | "fadeOut"): void {
  const { time } = context.transport;
  const found = oneClip(context);
  if (found === null) return say(context, "There is no clip under the playhead.");
  const { item } = found;
  const length = side === "fadeIn" ? time - item.start : endOfPlaced(item) - time;
  const other = side === "fadeIn" ? item.clip.fadeOut : item.clip.fadeIn;
  const most = item.clip.sourceRange.duration - other;
  const result = context.project.perform("setClip", {
    clips: [item.clip.id],
    [side]: Math.min(most, Math.max(0, length)),
  });
  if (result.ok)
    say(
      context,
      length <= 0
        ? "The fade is gone."
        : side === "fadeIn"
          ? "Fades in until the playhead."
          : "Fades out from the playhead.",
    );
}

const moving = (clip: Clip): ParameterName[] =>
  parameterNames.filter((name) => clip.parameters[name] !== undefined && typeof clip.parameters[name] !== "number");

/** Times of a clip's keyframes, in order, each once. */
const keyTimes = (clip: Clip): number[] =>
  [
    ...new Set(
      moving(clip).flatMap((name) => {
        const value = clip.parameters[name]!;
        return typeof value === "number" ? [] : value.keyframes.map(({ time }) => time);
      }),
    ),
  ].sort((a, b) => a - b);

/** A keyframe at the playhead for each value that moves; where none does, for position, scale and opacity. */
function addKeyframe(context: CommandContext): void {
  const track = keyedTrack(context);
  if (track !== null) return addTrackKeyframe(context, track);
  const found = oneClip(context);
  if (found === null) return say(context, "Select a clip first.");
  const { clip } = found.item;
  const time = context.transport.time - found.item.start;
  if (time < 0 || time > clip.sourceRange.duration) return say(context, "The playhead is not over the clip.");
  const names = moving(clip);
  const usual: readonly ParameterName[] =
    found.track.kind === "audio" ? ["volume"] : ["positionX", "positionY", "scaleX", "scaleY", "opacity"];
  const gesture = `keyframes-${Date.now().toString(36)}`;
  for (const parameter of names.length > 0 ? names : usual)
    context.project.perform("setKeyframe", { clip: clip.id, parameter, time }, { gesture });
  context.project.endGesture(gesture, "keep");
  say(context, "Keyframe set.");
}

const toKeyframe =
  (direction: 1 | -1) =>
  (context: CommandContext): void => {
    const track = keyedTrack(context);
    if (track !== null) return toTrackKeyframe(context, track, direction);
    const found = oneClip(context);
    if (found === null) return say(context, "Select a clip first.");
    const time = context.transport.time - found.item.start;
    const times = keyTimes(found.item.clip);
    const next = direction === 1 ? times.find((each) => each > time) : times.findLast((each) => each < time);
    if (next === undefined) return say(context, "There is no keyframe that way.");
    seek(context, found.item.start + next);
  };

/** Moves the keyframes at the playhead, and the playhead with them. */
const moveKeyframe =
  (count: number) =>
  (context: CommandContext): void => {
    const track = keyedTrack(context);
    if (track !== null) return moveTrackKeyframe(context, track, count);
    const found = oneClip(context);
    if (found === null) return;
    const { clip } = found.item;
    const from = context.transport.time - found.item.start;
    const time = Math.min(clip.sourceRange.duration, Math.max(0, from + Math.round(count * frameOf(context))));
    const here = moving(clip).filter((name) => {
      const value = clip.parameters[name]!;
      return typeof value !== "number" && value.keyframes.some((keyframe) => keyframe.time === from);
    });
    if (here.length === 0) return say(context, "There is no keyframe at the playhead.");
    const gesture = `keyframes-${Date.now().toString(36)}`;
    for (const parameter of here)
      context.project.perform("setKeyframe", { clip: clip.id, parameter, time, from }, { gesture });
    context.project.endGesture(gesture, "keep");
    seek(context, found.item.start + time);
    say(context, "Keyframe moved.");
  };

function removeKeyframes(context: CommandContext): void {
  const track = keyedTrack(context);
  if (track !== null) return removeTrackKeyframes(context, track);
  const found = oneClip(context);
  if (found === null) return;
  const { clip } = found.item;
  const time = context.transport.time - found.item.start;
  const gesture = `keyframes-${Date.now().toString(36)}`;
  let count = 0;
  for (const parameter of moving(clip))
    if (context.project.perform("removeKeyframe", { clip: clip.id, parameter, time }, { gesture, quiet: true }).ok)
      count++;
  context.project.endGesture(gesture, "keep");
  say(context, count === 0 ? "There is no keyframe at the playhead." : "Keyframe deleted.");
}

const speed =
  (factor: number) =>
  (context: CommandContext): void => {
    const found = selected(context)[0]!;
    const now = found.item.clip.parameters.speed;
    const next = factor === 0 ? 1 : Math.min(100, Math.max(0.05, (typeof now === "number" ? now : 1) * factor));
    const result = context.project.perform("setSpeed", { clip: found.item.clip.id, speed: next, ripple: true });
    if (result.ok) say(context, `${Math.round(next * 100)} percent speed.`);
  };

export const effectCommands = [
  ...editGroup("Transitions", [
    ...transitionTypes.map((type) => ({
      id: `transition.${type}`,
      title: transitionNames[type],
      keys: type === "dissolve" ? ["Mod+KeyD"] : [],
      presets: type === "dissolve" ? { resolve: ["Mod+KeyT"], fcp: ["Mod+KeyT"] } : {},
      run: (context: CommandContext) => addTransitionAt(context, type),
    })),
    {
      id: "transition.longer",
      title: "Longer transition",
      keys: ["Shift+Equal"],
      repeats: true,
      when: onTransition,
      run: (context: CommandContext) => resize(context, 1),
    },
    {
      id: "transition.shorter",
      title: "Shorter transition",
      keys: ["Shift+Minus"],
      repeats: true,
      when: onTransition,
      run: (context: CommandContext) => resize(context, -1),
    },
  ]),
  ...editGroup("Fades and keyframes", [
    {
      id: "fade.in",
      title: "Fade in until the playhead",
      keys: ["Shift+KeyF"],
      run: (context) => fade(context, "fadeIn"),
    },
    {
      id: "fade.out",
      title: "Fade out from the playhead",
      keys: ["Alt+KeyF"],
      run: (context) => fade(context, "fadeOut"),
    },
    {
      id: "fade.none",
      title: "Remove the fades",
      keys: [],
      when: hasClips,
      run: (context) =>
        void context.project.perform("setClip", { clips: idsOf(selected(context)), fadeIn: 0, fadeOut: 0 }),
    },
    { id: "keyframe.add", title: "Set a keyframe", keys: ["Alt+KeyK"], run: addKeyframe },
    {
      id: "keyframe.previous",
      title: "Previous keyframe",
      keys: ["Alt+BracketLeft"],
      run: toKeyframe(-1),
      presets: { fcp: ["Alt+Semicolon"] },
    },
    {
      id: "keyframe.next",
      title: "Next keyframe",
      keys: ["Alt+BracketRight"],
      run: toKeyframe(1),
      presets: { fcp: ["Alt+Quote"] },
    },
    { id: "keyframe.back", title: "Move the keyframe one frame earlier", keys: [], run: moveKeyframe(-1) },
    { id: "keyframe.on", title: "Move the keyframe one frame later", keys: [], run: moveKeyframe(1) },
    {
      id: "keyframe.remove",
      title: "Delete the keyframes at the playhead",
      keys: ["Alt+Delete", "Alt+Backspace"],
      run: removeKeyframes,
    },
    { id: "speed.half", title: "Half speed", keys: [], when: hasClips, run: speed(0.5) },
    { id: "speed.double", title: "Double speed", keys: [], when: hasClips, run: speed(2) },
    { id: "speed.normal", title: "Normal speed", keys: [], when: hasClips, run: speed(0) },
  ]),
];
