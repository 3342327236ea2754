import { type Flicks, FLICKS_PER_SECOND, frameDuration, type Rate } from "../../core/time/index.ts";
import type { Track, TrackKind } from "../../core/timeline/index.ts";

/** What part of time is seen, and how large. */
export interface View {
  /** The time at the inset from the left edge. */
  readonly scroll: Flicks;
  /** Pixels a second. */
  readonly zoom: number;
  /** Of the drawing, in pixels. */
  readonly width: number;
}

/** Left of time 0 there is this much room, so that the first frame can be taken hold of. */
export const INSET = 12;
export const RULER_HEIGHT = 40;
/** The lower part of the ruler, where markers and the marked stretch are. */
export const MARKERS_HEIGHT = 16;
export const MIN_HEIGHT = 28;
export const MAX_HEIGHT = 240;
const HEIGHTS: Readonly<Record<TrackKind, number>> = { text: 34, video: 60, audio: 52 };
/** Between the pictures and the sounds. */
export const DIVIDER = 6;

export const timeToX = ({ scroll, zoom }: View, time: Flicks): number =>
  INSET + ((time - scroll) / FLICKS_PER_SECOND) * zoom;

export const xToTime = ({ scroll, zoom }: View, x: number): Flicks =>
  Math.round(scroll + ((x - INSET) / zoom) * FLICKS_PER_SECOND);

/** Flicks that so many pixels stand for. */
export const pixelsToFlicks = ({ zoom }: Pick<View, "zoom">, pixels: number): Flicks =>
  Math.round((pixels / zoom) * FLICKS_PER_SECOND);

/** From a day in a window to one frame in a fifth of it. */
export const zoomLimits = (rate: Rate, width: number): { readonly min: number; readonly max: number } => ({
  min: Math.max(1, width) / 86_400,
  max: (Math.max(200, width / 5) * FLICKS_PER_SECOND) / frameDuration(rate),
});

/** Larger or smaller by a factor; the time at `x` stays where it is. */
export function zoomedAt(view: View, factor: number, x: number, rate: Rate): View {
  const { min, max } = zoomLimits(rate, view.width);
  const zoom = Math.min(max, Math.max(min, view.zoom * factor));
  const anchor = xToTime(view, x);
  return { ...view, zoom, scroll: Math.max(0, anchor - pixelsToFlicks({ zoom }, x - INSET)) };
}

/** All of the timeline in the window. */
export function fitted(view: View, duration: Flicks, rate: Rate): View {
  const { min, max } = zoomLimits(rate, view.width);
  const seconds = Math.max(duration, frameDuration(rate) * 48) / FLICKS_PER_SECOND;
  const room = Math.max(100, view.width - INSET * 2 - 40);
  return { ...view, scroll: 0, zoom: Math.min(max, Math.max(min, room / seconds)) };
}

/** Scrolled, where need be, so that a time is seen; `share`: where in the window it then stands. */
export function revealed(view: View, time: Flicks, share = 0.25): View {
  const x = timeToX(view, time);
  if (x >= INSET && x <= view.width - 24) return view;
  return { ...view, scroll: Math.max(0, time - pixelsToFlicks(view, view.width * share)) };
}

/** One track as it lies in the window. */
export interface Row {
  readonly track: Track;
  /** Index among the document's tracks. */
  readonly index: number;
  /** From the top of all tracks. */
  readonly y: number;
  readonly height: number;
}

/** Room under a track for the motion lane of a clip on it. */
export interface LanePlace {
  readonly track: string;
  readonly height: number;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly height: number;
}

/**
 * The tracks from top to bottom: what lies over all others first, as one sees it; under the pictures the sounds, A1 first. (The document
 * has them from the bottom picture up.)
 */
export function layoutOf(
  tracks: readonly Track[],
  heights: Readonly<Record<string, number>>,
  lane: LanePlace | null = null,
): Layout {
  const numbered = tracks.map((track, index) => ({ track, index }));
  const seen = numbered.filter(({ track }) => track.kind !== "audio").reverse();
  const heard = numbered.filter(({ track }) => track.kind === "audio");
  const rows: Row[] = [];
  let y = 0;
  for (const each of [...seen, ...heard]) {
    if (each === heard[0] && seen.length > 0) y += DIVIDER;
    const height = heights[each.track.id] ?? HEIGHTS[each.track.kind];
    rows.push({ ...each, y, height });
    y += height;
    if (each.track.id === lane?.track) y += lane.height;
  }
  return { rows, height: y };
}

/** The row at a height from the top of all tracks. */
export const rowAt = ({ rows }: Layout, y: number): Row | null =>
  rows.find((row) => y >= row.y && y < row.y + row.height) ?? null;

/** The document index at which a track comes to lie one row further up (-1) or down (1) in the window; null where there is no way. */
export function shiftedIndex(tracks: readonly Track[], id: string, direction: -1 | 1): number | null {
  const { rows } = layoutOf(tracks, {});
  const at = rows.findIndex(({ track }) => track.id === id);
  const [row, other] = [rows[at], rows[at + direction]];
  if (row === undefined || other === undefined) return null;
  if ((row.track.kind === "audio") !== (other.track.kind === "audio")) return null;
  return other.index;
}
