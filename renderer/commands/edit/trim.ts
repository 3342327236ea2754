import type { Flicks } from "../../../core/time/index.ts";
import { endOfPlaced, laneOf, type Placed } from "../../../core/timeline/index.ts";
import { layoutOf } from "../../timeline/geometry.ts";
import { movedTracks } from "../../timeline/gestures/move.ts";
import { together } from "../../timeline/selection.ts";
import type { CommandContext } from "../command.ts";
import {
  documentOf,
  editGroup,
  frameOf,
  hasClips,
  idsOf,
  linked,
  oneClip,
  say,
  selected,
  underPlayhead,
} from "./helpers.ts";

/** What drags do, by so many frames: move, trim, ripple, roll, slip, slide. */

const frames = (count: number): string => `${Math.abs(count)} ${Math.abs(count) === 1 ? "frame" : "frames"}`;
const later = (count: number): string => (count < 0 ? "earlier" : "later");

function move(context: CommandContext, count: number): void {
  const { selection } = context.editUi.getState();
  const by = Math.round(count * frameOf(context));
  if (selection.type === "marker") return moveMarker(context, selection.id, by, count);
  if (selection.type === "transition") return slideTransition(context, selection.id, by);
  const clips = together(documentOf(context), idsOf(selected(context)), linked(context));
  const result = context.project.perform("move", { clips, by, companions: false });
  if (result.ok) say(context, `Moved ${frames(count)} ${later(count)}.`);
}

function moveMarker(context: CommandContext, id: string, by: Flicks, count: number): void {
  const marker = documentOf(context).markers.find((each) => each.id === id);
  if (marker === undefined) return;
  const start = Math.max(0, marker.markedRange.start + by);
  context.project.perform("setMarker", { marker: id, markedRange: { ...marker.markedRange, start } });
  say(context, `Moved the marker ${frames(count)} ${later(count)}.`);
}

function findTransition(context: CommandContext, id: string) {
  for (const track of documentOf(context).tracks)
    for (const child of track.children) if (child.kind === "transition" && child.id === id) return child;
  return null;
}

function slideTransition(context: CommandContext, id: string, by: Flicks): void {
  const transition = findTransition(context, id);
  if (transition === null) return;
  const { inOffset, outOffset } = transition;
  const next = Math.min(inOffset + outOffset, Math.max(0, inOffset - by));
  context.project.perform("setTransition", { transition: id, inOffset: next, outOffset: inOffset + outOffset - next });
  say(context, "Moved the transition.");
}

/** Moves clips to the track above or under theirs. */
function moveRow(context: CommandContext, rows: 1 | -1): void {
  const document = documentOf(context);
  const held = selected(context);
  const kind = held[0]!.track.kind;
  const tracks = movedTracks(layoutOf(document.tracks, {}), held, kind, rows);
  const name = document.tracks.find(({ id }) => id === Object.values(tracks)[0])?.name;
  if (name === undefined) return say(context, "There is no other track of this kind that way.");
  const ids = together(document, idsOf(held), linked(context));
  const result = context.project.perform("move", { clips: ids, by: 0, tracks, companions: false });
  if (result.ok) say(context, `Moved to ${name}.`);
}

function trim(context: CommandContext, edge: "start" | "end", count: number, ripple: boolean): void {
  const found = oneClip(context);
  if (found === null) return say(context, "Select a clip first.");
  const by = Math.round(count * frameOf(context));
  const args = { clip: found.item.clip.id, edge, by, linked: linked(context) };
  const result = context.project.perform(ripple ? "rippleTrim" : "trim", args);
  if (result.ok) say(context, `Trimmed ${edge} by ${frames(count)}.`);
}

const neighbours = (placed: readonly Placed[], item: Placed) => {
  const at = placed.findIndex(({ clip }) => clip.id === item.clip.id);
  return [placed[at - 1], placed[at + 1]] as const;
};

/** The cut at the clip's end, else the one at its start. */
function roll(context: CommandContext, count: number): void {
  const found = oneClip(context);
  if (found === null) return say(context, "Select a clip first.");
  const { item, track } = found;
  const [before, after] = neighbours(laneOf(track).placed, item);
  const pair =
    after?.start === endOfPlaced(item)
      ? ([item, after] as const)
      : before !== undefined && endOfPlaced(before) === item.start
        ? ([before, item] as const)
        : null;
  if (pair === null) return say(context, "No other clip meets this one: there is no cut to roll.");
  const by = Math.round(count * frameOf(context));
  const args = { left: pair[0].clip.id, right: pair[1].clip.id, by, linked: linked(context) };
  if (context.project.perform("roll", args).ok) say(context, `Rolled the cut ${frames(count)} ${later(count)}.`);
}

function shift(context: CommandContext, name: "slip" | "slide", count: number): void {
  const found = oneClip(context);
  if (found === null) return say(context, "Select a clip first.");
  const by = Math.round(count * frameOf(context));
  const result = context.project.perform(name, { clip: found.item.clip.id, by, linked: linked(context) });
  if (result.ok) say(context, `${name === "slip" ? "Slipped" : "Slid"} ${frames(count)} ${later(count)}.`);
}

/** Trims an edge of the clips under the playhead to it, and closes the gap (Q and W). */
function toPlayhead(context: CommandContext, edge: "start" | "end", ripple: boolean): void {
  const { time } = context.transport;
  const found = underPlayhead(context)[0];
  if (found === undefined) return say(context, "There is no clip under the playhead.");
  const { item } = found;
  const by = time - (edge === "start" ? item.start : endOfPlaced(item));
  const args = { clip: item.clip.id, edge, by, linked: linked(context) };
  const result = context.project.perform(ripple ? "rippleTrim" : "trim", args);
  if (!result.ok) return;
  // With its start rippled away, the picture under the playhead has moved to where the clip begins.
  if (edge === "start" && ripple) context.transport.seek(item.start);
  say(context, `Trimmed ${edge} to the playhead.`);
}

/** Alt+arrow does what the chosen tool does, one frame far. */
function nudge(context: CommandContext, count: number): void {
  const { tool, selection } = context.editUi.getState();
  if (selection.type === "clips") {
    if (tool === "ripple") return trim(context, "end", count, true);
    if (tool === "roll") return roll(context, count);
    if (tool === "slip" || tool === "slide") return shift(context, tool, count);
  }
  move(context, count);
}

const canNudge = (context: CommandContext): boolean =>
  hasClips(context) || ["marker", "transition"].includes(context.editUi.getState().selection.type);

export const trimCommands = editGroup("Move and trim", [
  {
    id: "trim.nudge-back",
    title: "Nudge one frame earlier, with the chosen tool",
    keys: ["Alt+ArrowLeft"],
    repeats: true,
    when: canNudge,
    run: (context) => nudge(context, -1),
  },
  {
    id: "trim.nudge-on",
    title: "Nudge one frame later, with the chosen tool",
    keys: ["Alt+ArrowRight"],
    repeats: true,
    when: canNudge,
    run: (context) => nudge(context, 1),
  },
  {
    id: "trim.nudge-back-10",
    title: "Move ten frames earlier",
    keys: ["Mod+Alt+ArrowLeft"],
    repeats: true,
    when: canNudge,
    run: (context) => move(context, -10),
  },
  {
    id: "trim.nudge-on-10",
    title: "Move ten frames later",
    keys: ["Mod+Alt+ArrowRight"],
    repeats: true,
    when: canNudge,
    run: (context) => move(context, 10),
  },
  {
    id: "trim.up",
    title: "Move to the track above",
    keys: ["Alt+ArrowUp"],
    when: hasClips,
    run: (context) => moveRow(context, -1),
  },
  {
    id: "trim.down",
    title: "Move to the track below",
    keys: ["Alt+ArrowDown"],
    when: hasClips,
    run: (context) => moveRow(context, 1),
  },
  {
    id: "trim.end-back",
    title: "Trim the end one frame earlier",
    keys: ["Shift+Alt+ArrowLeft"],
    repeats: true,
    run: (context) => trim(context, "end", -1, false),
  },
  {
    id: "trim.end-on",
    title: "Trim the end one frame later",
    keys: ["Shift+Alt+ArrowRight"],
    repeats: true,
    run: (context) => trim(context, "end", 1, false),
  },
  {
    id: "trim.start-back",
    title: "Trim the start one frame earlier",
    keys: ["Mod+Shift+Alt+ArrowLeft"],
    repeats: true,
    run: (context) => trim(context, "start", -1, false),
  },
  {
    id: "trim.start-on",
    title: "Trim the start one frame later",
    keys: ["Mod+Shift+Alt+ArrowRight"],
    repeats: true,
    run: (context) => trim(context, "start", 1, false),
  },
  {
    id: "trim.ripple-end-back",
    title: "Ripple the end one frame earlier",
    keys: ["Alt+Comma"],
    repeats: true,
    run: (context) => trim(context, "end", -1, true),
  },
  {
    id: "trim.ripple-end-on",
    title: "Ripple the end one frame later",
    keys: ["Alt+Period"],
    repeats: true,
    run: (context) => trim(context, "end", 1, true),
  },
  {
    id: "trim.ripple-start-back",
    title: "Ripple the start one frame earlier",
    keys: [],
    run: (context) => trim(context, "start", -1, true),
  },
  {
    id: "trim.ripple-start-on",
    title: "Ripple the start one frame later",
    keys: [],
    run: (context) => trim(context, "start", 1, true),
  },
  { id: "trim.roll-back", title: "Roll the cut one frame earlier", keys: [], run: (context) => roll(context, -1) },
  { id: "trim.roll-on", title: "Roll the cut one frame later", keys: [], run: (context) => roll(context, 1) },
  { id: "trim.slip-back", title: "Slip one frame earlier", keys: [], run: (context) => shift(context, "slip", -1) },
  { id: "trim.slip-on", title: "Slip one frame later", keys: [], run: (context) => shift(context, "slip", 1) },
  { id: "trim.slide-back", title: "Slide one frame earlier", keys: [], run: (context) => shift(context, "slide", -1) },
  { id: "trim.slide-on", title: "Slide one frame later", keys: [], run: (context) => shift(context, "slide", 1) },
  {
    id: "trim.ripple-start",
    title: "Ripple trim start to playhead",
    keys: ["KeyQ"],
    presets: { resolve: ["Mod+Shift+BracketLeft"], fcp: ["Alt+BracketLeft"] },
    run: (context) => toPlayhead(context, "start", true),
  },
  {
    id: "trim.ripple-end",
    title: "Ripple trim end to playhead",
    keys: ["KeyW"],
    presets: { resolve: ["Mod+Shift+BracketRight"], fcp: ["Alt+BracketRight"] },
    run: (context) => toPlayhead(context, "end", true),
  },
  {
    id: "trim.start",
    title: "Trim start to playhead",
    keys: ["Shift+BracketLeft"],
    run: (context) => toPlayhead(context, "start", false),
  },
  {
    id: "trim.end",
    title: "Trim end to playhead",
    keys: ["Shift+BracketRight"],
    run: (context) => toPlayhead(context, "end", false),
  },
]);
