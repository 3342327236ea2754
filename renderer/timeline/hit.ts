import { endOf, type Flicks } from "../../core/time/index.ts";
import {
  type Clip,
  endOfPlaced,
  laneOf,
  type Marker,
  type ParameterName,
  parameterNames,
  type Placed,
  type Timeline,
  type Track,
  type Transition,
} from "../../core/timeline/index.ts";
import type { Tool } from "../state/edit-ui.ts";
import { type AutomationHit, hitAutomation } from "./automation.ts";
import { type Layout, MARKERS_HEIGHT, type Row, rowAt, RULER_HEIGHT, timeToX, type View, xToTime } from "./geometry.ts";

/** What the pointer stands on. */
export type Hit =
  | { readonly zone: "ruler" }
  | { readonly zone: "marker"; readonly marker: Marker }
  | { readonly zone: "in" }
  | { readonly zone: "out" }
  | ({ readonly zone: "clip"; readonly part: ClipPart } & OnClip)
  | { readonly zone: "cut"; readonly left: Placed; readonly right: Placed; readonly row: Row }
  | ({ readonly zone: "transition"; readonly part: "body" | "start" | "end"; readonly transition: Transition } & OnClip)
  | ({ readonly zone: "keyframe"; readonly parameter: ParameterName; readonly time: Flicks } & OnClip)
  /** `duration` null: nothing comes after it on this track. */
  | { readonly zone: "gap"; readonly row: Row; readonly start: Flicks; readonly duration: Flicks | null }
  | AutomationHit
  | { readonly zone: "none" };
export type ClipPart = "body" | "upper" | "lower" | "start" | "end" | "fade-in" | "fade-out";
interface OnClip {
  readonly item: Placed;
  readonly row: Row;
}

/** Pixels on either side within which an edge, a cut and a handle are meant. */
const EDGE = 8;
const CUT = 3;
const HANDLE = 6;
/** The title line of a clip; the fades' handles lie at its height. */
export const TITLE_HEIGHT = 16;
/** The lowest pixels of a clip, where its keyframes are. */
export const KEYFRAMES_HEIGHT = 10;

export interface HitScene {
  readonly document: Timeline;
  readonly layout: Layout;
  readonly view: View;
  /** How far the tracks are scrolled up. */
  readonly scrollY: number;
  readonly inPoint: Flicks | null;
  readonly outPoint: Flicks | null;
  /** The clips that show handles and keyframes. */
  readonly selected: ReadonlySet<string>;
  /** The track whose lines can be taken hold of. */
  readonly track: string | null;
}

/** What lies at a place, in pixels from the drawing's corner. */
export function hitAt(scene: HitScene, x: number, y: number): Hit {
  if (y < RULER_HEIGHT) return hitRuler(scene, x, y);
  const fromTop = y - RULER_HEIGHT + scene.scrollY;
  const row = rowAt(scene.layout, fromTop);
  if (row === null) return { zone: "none" };
  const time = xToTime(scene.view, x);
  const { placed } = laneOf(row.track);
  const at = indexAt(placed, time);
  const isOpen = scene.track === row.track.id;
  return (
    (isOpen ? hitAutomation(scene.view, row, x, fromTop - row.y) : null) ??
    hitTransition(scene, placed, at, row, x) ??
    hitClip(scene, placed, at, row, x, fromTop - row.y) ??
    gapAt(placed, at, row, time)
  );
}

function hitRuler({ document, view, inPoint, outPoint }: HitScene, x: number, y: number): Hit {
  if (y >= RULER_HEIGHT - MARKERS_HEIGHT) {
    const marker = document.markers.findLast(({ markedRange }) => {
      const from = timeToX(view, markedRange.start);
      return x >= from - HANDLE && x <= Math.max(from + HANDLE, timeToX(view, endOf(markedRange)));
    });
    if (marker !== undefined) return { zone: "marker", marker };
    if (inPoint !== null && Math.abs(x - timeToX(view, inPoint)) <= HANDLE) return { zone: "in" };
    if (outPoint !== null && Math.abs(x - timeToX(view, outPoint)) <= HANDLE) return { zone: "out" };
  }
  return { zone: "ruler" };
}

/** Index of the last clip that begins at or before a time; -1 before the first. */
export function indexAt(placed: readonly Placed[], time: Flicks): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The stretch of a transition on the timeline. */
export const transitionRange = (
  transition: Transition,
  cut: Flicks,
): { readonly start: Flicks; readonly end: Flicks } => ({
  start: cut - transition.inOffset,
  end: cut + transition.outOffset,
});

function hitTransition({ view }: HitScene, placed: readonly Placed[], at: number, row: Row, x: number): Hit | null {
  for (const item of [placed[at], placed[at - 1], placed[at + 1]]) {
    if (item === undefined) continue;
    for (const [transition, cut] of [
      [item.tail, endOfPlaced(item)],
      [item.head, item.start],
    ] as const) {
      if (transition === null) continue;
      const { start, end } = transitionRange(transition, cut);
      const [from, to] = [timeToX(view, start), timeToX(view, end)];
      if (to - from < 4 || x < from - CUT || x > to + CUT) continue;
      const edge = Math.min(EDGE, (to - from) / 3);
      const part = x < from + edge ? "start" : x > to - edge ? "end" : "body";
      return { zone: "transition", part, transition, item, row };
    }
  }
  return null;
}

function hitClip(scene: HitScene, placed: readonly Placed[], at: number, row: Row, x: number, y: number): Hit | null {
  const { view } = scene;
  // An edge is meant from outside as well, where no other clip is.
  for (const i of [at, at + 1]) {
    const item = placed[i];
    if (item === undefined) continue;
    const [from, to] = [timeToX(view, item.start), timeToX(view, endOfPlaced(item))];
    if (x < from - CUT || x > to + CUT) continue;
    const onClip = { item, row };
    const special = scene.selected.has(item.clip.id) ? hitHandles(view, item, row, from, to, x, y) : null;
    if (special !== null) return special;
    const [before, after] = [placed[i - 1], placed[i + 1]];
    if (before !== undefined && endOfPlaced(before) === item.start && Math.abs(x - from) <= CUT)
      return { zone: "cut", left: before, right: item, row };
    if (after !== undefined && after.start === endOfPlaced(item) && Math.abs(x - to) <= CUT)
      return { zone: "cut", left: item, right: after, row };
    const edge = Math.min(EDGE, (to - from) / 4);
    if (x < from + edge) return { zone: "clip", part: "start", ...onClip };
    if (x > to - edge) return { zone: "clip", part: "end", ...onClip };
    return { zone: "clip", part: y < row.height / 2 ? "upper" : "lower", ...onClip };
  }
  return null;
}

/** Handles of fades and keyframes, which only selected clips of some size have. */
function hitHandles(view: View, item: Placed, row: Row, from: number, to: number, x: number, y: number): Hit | null {
  const { clip } = item;
  if (to - from < 40 || row.height < MIN_HANDLE_ROW) return null;
  if (y >= TITLE_HEIGHT - 2 && y <= TITLE_HEIGHT + HANDLE * 2) {
    const near = (time: Flicks) => Math.abs(x - timeToX(view, time)) <= HANDLE + 1;
    // At the very edge the handle is moved in, so that the edge can still be trimmed.
    if (near(item.start + clip.fadeIn) || (clip.fadeIn === 0 && x >= from && x <= from + HANDLE * 2))
      return { zone: "clip", part: "fade-in", item, row };
    if (near(endOfPlaced(item) - clip.fadeOut) || (clip.fadeOut === 0 && x <= to && x >= to - HANDLE * 2))
      return { zone: "clip", part: "fade-out", item, row };
  }
  if (y >= row.height - KEYFRAMES_HEIGHT - 4) {
    const found = keyframesOf(clip).findLast(({ time }) => Math.abs(timeToX(view, item.start + time) - x) <= HANDLE);
    if (found !== undefined) return { zone: "keyframe", ...found, item, row };
  }
  return null;
}
const MIN_HANDLE_ROW = 32;

/** Every keyframe inside a clip, in the order of its parameters. */
export function keyframesOf(clip: Clip): { readonly parameter: ParameterName; readonly time: Flicks }[] {
  return parameterNames.flatMap((parameter) => {
    const value = clip.parameters[parameter];
    if (value === undefined || typeof value === "number") return [];
    return value.keyframes
      .filter(({ time }) => time >= 0 && time <= clip.sourceRange.duration)
      .map(({ time }) => ({ parameter, time }));
  });
}

function gapAt(placed: readonly Placed[], at: number, row: Row, time: Flicks): Hit {
  const [before, after] = [placed[at], placed[at + 1]];
  const start = before === undefined ? 0 : endOfPlaced(before);
  if (time < 0) return { zone: "none" };
  return { zone: "gap", row, start, duration: after === undefined ? null : after.start - start };
}

/** The gap of a track at a time; `duration` null where nothing follows. Null where a clip is. */
export function findGap(
  track: Track,
  time: Flicks,
): { readonly start: Flicks; readonly duration: Flicks | null } | null {
  const { placed } = laneOf(track);
  const at = indexAt(placed, time);
  const before = placed[at];
  if (before !== undefined && endOfPlaced(before) > time) return null;
  const start = before === undefined ? 0 : endOfPlaced(before);
  const after = placed[at + 1];
  return { start, duration: after === undefined ? null : after.start - start };
}

/** What dragging from here does. */
export type Operation =
  | "seek"
  | "move"
  | "trim"
  | "ripple"
  | "roll"
  | "slip"
  | "slide"
  | "blade"
  | "select-forward"
  | "fade"
  | "keyframe"
  | "automation"
  | "transition"
  | "marker"
  | "range"
  | "marquee";

/** By place and tool; `null` on a track that is locked, where nothing can be done but select. */
export function operationAt(hit: Hit, tool: Tool): Operation {
  if (hit.zone === "ruler") return "seek";
  if (hit.zone === "marker") return "marker";
  if (hit.zone === "in" || hit.zone === "out") return "range";
  if (hit.zone === "automation") return "automation";
  if (hit.zone === "none" || hit.zone === "gap") return tool === "track-select" ? "select-forward" : "marquee";
  if (tool === "track-select") return "select-forward";
  if (tool === "blade") return "blade";
  if (hit.zone === "transition") return "transition";
  if (hit.zone === "keyframe") return "keyframe";
  if (tool === "slip" || tool === "slide") return tool;
  if (hit.zone === "cut") return tool === "ripple" ? "ripple" : "roll";
  if (hit.part === "fade-in" || hit.part === "fade-out") return "fade";
  if (hit.part === "start" || hit.part === "end")
    return tool === "ripple" || tool === "trim" ? "ripple" : tool === "roll" ? "roll" : "trim";
  if (tool === "trim") return hit.part === "upper" ? "slip" : "slide";
  return "move";
}

const CURSORS: Readonly<Record<Operation, string>> = {
  seek: "default",
  move: "default",
  trim: "ew-resize",
  ripple: "ew-resize",
  roll: "col-resize",
  slip: "ew-resize",
  slide: "grab",
  blade: "crosshair",
  "select-forward": "e-resize",
  fade: "ew-resize",
  keyframe: "ew-resize",
  automation: "ns-resize",
  transition: "default",
  marker: "default",
  range: "ew-resize",
  marquee: "default",
};

export function cursorAt(hit: Hit, tool: Tool): string {
  const operation = operationAt(hit, tool);
  if (hit.zone === "automation" && hit.time !== null) return "move";
  if (hit.zone === "transition" && operation === "transition" && hit.part !== "body") return "ew-resize";
  return CURSORS[operation];
}
