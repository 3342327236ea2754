import type { Flicks } from "../../../core/time/index.ts";
import { endOfPlaced, findClip, NEW_TRACK, type Timeline, type TrackKind } from "../../../core/timeline/index.ts";
import { type Layout, rowAt, RULER_HEIGHT, xToTime } from "../geometry.ts";
import { findPlaced, type Found, together } from "../selection.ts";
import { snapBy } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";
import { type Drag, EditGesture, type Pointer, signed, spoken } from "./gesture.ts";

/**
 * Which track each clip goes to when the one that is held goes so many rows of its kind up (negative) or down. Clips of other kinds
 * stay. Only as far as there are tracks for all of them, and one that is made for it: over the pictures, over the texts, under the sounds.
 */
export function movedTracks(
  layout: Layout,
  held: readonly Found[],
  kind: TrackKind,
  rows: number,
): Record<string, string> {
  const ofKind = layout.rows.filter(({ track }) => track.kind === kind).map(({ track }) => track.id);
  const moving = held.filter(({ track }) => track.kind === kind);
  const places = moving.map(({ track }) => ofKind.indexOf(track.id));
  const [above, below] = kind === "audio" ? [0, 1] : [1, 0];
  const most = ofKind.length - 1 - Math.max(...places) + below;
  const by = Math.min(most, Math.max(-Math.min(...places) - above, rows));
  if (by === 0) return {};
  return Object.fromEntries(moving.map(({ item }, i) => [item.clip.id, ofKind[places[i]! + by] ?? NEW_TRACK[kind]]));
}

/** How many rows of the held track's kind lie between it and the pointer; beyond all tracks one more, where one can be made. */
export function rowsBetween(layout: Layout, from: string, y: number): number {
  const start = layout.rows.find(({ track }) => track.id === from);
  if (start === undefined) return 0;
  const ofKind = layout.rows.filter(({ track }) => track.kind === start.track.kind);
  const index = ofKind.indexOf(start);
  if (y < 0 && start.track.kind !== "audio") return -1 - index;
  if (y >= layout.height && start.track.kind === "audio") return ofKind.length - index;
  const inside = Math.min(layout.height - 1, Math.max(0, y));
  const there = rowAt(layout, inside);
  if (there !== null && there.track.kind === start.track.kind) return ofKind.indexOf(there) - index;
  // Beyond the tracks of its kind: as far as they go that way.
  const isAbove = inside < ofKind[0]!.y;
  if (isAbove) return -index;
  return inside > ofKind.at(-1)!.y ? ofKind.length - 1 - index : 0;
}

/** Drags the selected clips in time and between tracks, over whatever is there. With Alt held it puts down copies. */
export function moveClips(view: TimelineView, start: Pointer, id: string): Drag {
  const { project, editUi } = view.studio;
  const document = project.store.getState().document;
  const ui = editUi.getState();
  const selected = ui.selection.type === "clips" ? ui.selection.ids : [id];
  const ids = together(document, selected, ui.linkedSelection);
  const held = ids.map((each) => findPlaced(document, each)).filter((found) => found !== null);
  const grabbed = findPlaced(document, id)!;
  const gesture = new EditGesture(view, ids);
  const { settings } = document;
  // As it was: with a new track the others move away under the pointer.
  const { layout } = view;
  const from = xToTime(view.view, start.x);
  const earliest = Math.min(...held.map(({ item }) => item.start));
  const edges = [
    grabbed.item.start,
    endOfPlaced(grabbed.item),
    ...held.flatMap(({ item }) => [item.start, endOfPlaced(item)]),
  ];
  let said = "";

  return {
    cursor: "grabbing",
    move(pointer) {
      const wanted = xToTime(view.view, pointer.x) - from;
      const snapped = snapBy(gesture.snapTo(pointer), edges, wanted, gesture.within, settings.rate);
      const by = Math.max(-earliest, snapped.by);
      const rows = rowsBetween(layout, grabbed.track.id, pointer.y - RULER_HEIGHT + view.scrollY);
      const tracks = movedTracks(layout, held, grabbed.track.kind, rows);
      const result = pointer.alt
        ? gesture.perform("overwrite", copies(document, held, by, tracks))
        : gesture.perform("move", { clips: ids, by, tracks, companions: false });
      const target = document.tracks.find((track) => track.id === tracks[id]);
      const to = tracks[id] === undefined ? "" : ` ${target?.name ?? "a new track"}`;
      const problem = result.ok ? "" : ` ${result.error.message}`;
      said = `Moved ${spoken(by, settings)}${to === "" ? "" : `, to${to}`}.`;
      gesture.show({
        text: result.ok ? `${signed(by, settings)}${to}` : problem.trim(),
        at: pointer,
        snap: by === snapped.by ? snapped.point : null,
      });
    },
    end: (_, moved) => gesture.end(moved, said),
    cancel: () => gesture.end(false),
  };
}

function copies(document: Timeline, held: readonly Found[], by: Flicks, tracks: Readonly<Record<string, string>>) {
  const first = Math.min(...held.map(({ item }) => item.start));
  return {
    at: Math.max(0, first + by),
    clips: held.map(({ track, item }) => ({
      track: tracks[item.clip.id] ?? track.id,
      offset: item.start - first,
      clip: { copy: findClip(document, item.clip.id)! },
    })),
  };
}
