import { snapToFrame } from "../../../core/time/index.ts";
import { RULER_HEIGHT, xToTime } from "../geometry.ts";
import type { Hit } from "../hit.ts";
import { clipsFrom, clipsWithin, selectionOf, withBonds } from "../selection.ts";
import { nearestPoint } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";
import { type Drag, EditGesture, type Pointer } from "./gesture.ts";
import { moveClips } from "./move.ts";

/** A frame drawn over clips selects them; with Shift held on top of what is selected. */
export function marquee(view: TimelineView, start: Pointer, onClick: () => void): Drag {
  const { editUi, project } = view.studio;
  const before = editUi.getState().selection;
  const from = xToTime(view.view, start.x);
  const top = start.y - RULER_HEIGHT + view.scrollY;
  return {
    cursor: "default",
    move(pointer) {
      const bottom = pointer.y - RULER_HEIGHT + view.scrollY;
      const ids = clipsWithin(
        view.layout,
        from,
        xToTime(view.view, pointer.x),
        Math.min(top, bottom),
        Math.max(top, bottom),
      );
      const { document } = project.store.getState();
      const kept = start.shift && before.type === "clips" ? before.ids : [];
      const bonded = withBonds(document, ids, editUi.getState().linkedSelection);
      editUi.setState({ selection: selectionOf([...kept, ...bonded]) });
      view.hint = {
        marquee: {
          x: Math.min(start.x, pointer.x),
          y: Math.min(start.y, pointer.y),
          width: Math.abs(pointer.x - start.x),
          height: Math.abs(pointer.y - start.y),
        },
      };
    },
    end(_, moved) {
      view.hint = null;
      if (!moved) onClick();
    },
    cancel() {
      view.hint = null;
      editUi.setState({ selection: before });
    },
  };
}

/** A click on the empty timeline: selects the gap there, or nothing. */
export function clickEmpty(view: TimelineView, hit: Hit): void {
  const isGap = hit.zone === "gap" && hit.duration !== null && hit.duration > 0;
  view.studio.editUi.setState({
    selection: isGap
      ? { type: "gap", track: hit.row.track.id, start: hit.start, duration: hit.duration }
      : { type: "none" },
  });
}

/** Selects everything from here on, on all tracks (with Shift on this one alone), and drags it. */
export function selectForward(view: TimelineView, start: Pointer, hit: Hit): Drag | null {
  const { editUi, project } = view.studio;
  const { document } = project.store.getState();
  const row = "row" in hit ? hit.row : null;
  const from = hit.zone === "clip" ? hit.item.start : xToTime(view.view, start.x);
  const tracks = start.shift && row !== null ? [row.track] : document.tracks;
  const ids = clipsFrom(
    tracks.filter(({ locked }) => !locked),
    from,
  );
  editUi.setState({ selection: selectionOf(ids) });
  const first = hit.zone === "clip" ? hit.item.clip.id : ids[0];
  return first === undefined || !ids.includes(first) ? null : moveClips(view, start, first);
}

/** Where the blade would cut: the pointer's time, drawn to what is near. */
export function bladeTime(view: TimelineView, pointer: Pointer): number {
  const gesture = new EditGesture(view);
  const time = xToTime(view.view, pointer.x);
  const near = nearestPoint(gesture.snapTo(pointer), time, gesture.within);
  return near?.time ?? snapToFrame(time, gesture.base.settings.rate);
}

/** Cuts the clip under the pointer; with Shift held every clip under that time. */
export function blade(view: TimelineView, pointer: Pointer, hit: Hit): void {
  const { project, editUi, store } = view.studio;
  const at = bladeTime(view, pointer);
  const clips = hit.zone === "clip" && !pointer.shift ? { clips: [hit.item.clip.id] } : {};
  const result = project.perform("split", { at, ...clips, linked: editUi.getState().linkedSelection });
  if (result.ok) store.setState({ announcement: "Split." });
}
