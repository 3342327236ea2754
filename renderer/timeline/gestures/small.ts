import { type Flicks, frameDuration, snapToFrame } from "../../../core/time/index.ts";
import {
  endOfPlaced,
  type Marker,
  type ParameterName,
  parameterInfo,
  type Placed,
  type Transition,
} from "../../../core/timeline/index.ts";
import { type View, xToTime } from "../geometry.ts";
import { snapBy } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";
import { clamp, type Drag, EditGesture, type Pointer, signed, spoken } from "./gesture.ts";

/** Drags of small things: fades, keyframes, transitions, markers, the marked stretch, the playhead. */

const distance = (view: View, start: Pointer, now: Pointer): Flicks => xToTime(view, now.x) - xToTime(view, start.x);

export function dragFade(view: TimelineView, start: Pointer, item: Placed, side: "fadeIn" | "fadeOut"): Drag {
  const gesture = new EditGesture(view, [item.clip.id]);
  const { settings } = gesture.base;
  const { clip } = item;
  const other = side === "fadeIn" ? clip.fadeOut : clip.fadeIn;
  const edge = side === "fadeIn" ? item.start + clip.fadeIn : endOfPlaced(item) - clip.fadeOut;
  let length = clip[side];
  return {
    cursor: "ew-resize",
    move(pointer) {
      const wanted = distance(view.view, start, pointer);
      const snapped = snapBy(gesture.snapTo(pointer), [edge], wanted, gesture.within, settings.rate);
      const raw = side === "fadeIn" ? clip.fadeIn + snapped.by : clip.fadeOut - snapped.by;
      length = clamp(raw, 0, Math.max(0, clip.sourceRange.duration - other));
      gesture.perform("setClip", { clips: [clip.id], [side]: length });
      gesture.show({
        text: `${side === "fadeIn" ? "fade in" : "fade out"} ${signed(length, settings).slice(1)}`,
        at: pointer,
        snap: snapped.point,
      });
    },
    end: (_, moved) =>
      gesture.end(
        moved,
        `${side === "fadeIn" ? "Fade in" : "Fade out"} ${spoken(length, settings).replace(/ later$/, "")}.`,
      ),
    cancel: () => gesture.end(false),
  };
}

export function dragKeyframe(
  view: TimelineView,
  start: Pointer,
  item: Placed,
  parameter: ParameterName,
  time: Flicks,
): Drag {
  const gesture = new EditGesture(view);
  const { settings } = gesture.base;
  const { clip } = item;
  return {
    cursor: "ew-resize",
    move(pointer) {
      const snapped = snapBy(
        gesture.snapTo(pointer),
        [item.start + time],
        distance(view.view, start, pointer),
        gesture.within,
        settings.rate,
      );
      const to = clamp(time + snapped.by, 0, clip.sourceRange.duration);
      if (to === time) gesture.revert();
      else gesture.perform("setKeyframe", { clip: clip.id, parameter, time: to, from: time });
      gesture.show({
        text: `${parameterInfo[parameter].label} ${signed(to - time, settings)}`,
        at: pointer,
        snap: snapped.point,
      });
    },
    end(_, moved) {
      gesture.end(moved, `Moved the keyframe of ${parameterInfo[parameter].label}.`);
      if (!moved) view.studio.transport.seek(item.start + time);
    },
    cancel: () => gesture.end(false),
  };
}

/** Its edges make it longer or shorter; its body slides it over the cut. */
export function dragTransition(
  view: TimelineView,
  start: Pointer,
  transition: Transition,
  part: "body" | "start" | "end",
): Drag {
  const gesture = new EditGesture(view);
  const { settings } = gesture.base;
  const { id, inOffset, outOffset } = transition;
  const frame = Math.ceil(frameDuration(settings.rate));
  return {
    cursor: part === "body" ? "grabbing" : "ew-resize",
    move(pointer) {
      const by = snapToFrame(distance(view.view, start, pointer), settings.rate);
      const isOneSided = inOffset === 0 || outOffset === 0;
      const next =
        part === "body"
          ? {
              inOffset: clamp(inOffset - by, 0, inOffset + outOffset),
              outOffset: clamp(outOffset + by, 0, inOffset + outOffset),
            }
          : part === "start"
            ? { inOffset: Math.max(outOffset === 0 ? frame : 0, inOffset - by), outOffset }
            : { inOffset, outOffset: Math.max(inOffset === 0 ? frame : 0, outOffset + by) };
      if (part === "body" && isOneSided && next.inOffset + next.outOffset === 0) return;
      const result = gesture.perform("setTransition", { transition: id, ...next });
      const length = next.inOffset + next.outOffset;
      gesture.show({ text: result.ok ? signed(length, settings).slice(1) : result.error.message, at: pointer });
    },
    end: (_, moved) => gesture.end(moved, "Changed the transition."),
    cancel: () => gesture.end(false),
  };
}

export function dragMarker(view: TimelineView, start: Pointer, marker: Marker): Drag {
  const gesture = new EditGesture(view, [marker.id]);
  const { settings } = gesture.base;
  const { markedRange } = marker;
  let by = 0;
  return {
    cursor: "grabbing",
    move(pointer) {
      const snapped = snapBy(
        gesture.snapTo(pointer),
        [markedRange.start],
        distance(view.view, start, pointer),
        gesture.within,
        settings.rate,
      );
      by = Math.max(-markedRange.start, snapped.by);
      gesture.perform("setMarker", {
        marker: marker.id,
        markedRange: { ...markedRange, start: markedRange.start + by },
      });
      gesture.show({ text: signed(by, settings), at: pointer, snap: snapped.point });
    },
    end(_, moved) {
      gesture.end(moved, `Moved the marker ${spoken(by, settings)}.`);
      if (!moved) view.studio.transport.seek(markedRange.start);
    },
    cancel: () => gesture.end(false),
  };
}

/** The in or the out point. Not part of the document: cancelling puts it back. */
export function dragRange(view: TimelineView, which: "in" | "out"): Drag {
  const { transport } = view.studio;
  const { inPoint, outPoint } = transport.state;
  const gesture = new EditGesture(view);
  const { settings } = gesture.base;
  return {
    cursor: "ew-resize",
    move(pointer) {
      const snapped = snapBy(
        gesture.snapTo(pointer),
        [0],
        Math.max(0, xToTime(view.view, pointer.x)),
        gesture.within,
        settings.rate,
      );
      if (which === "in") transport.setIn(snapped.by);
      else transport.setOut(snapped.by - frameDuration(settings.rate));
      gesture.show({ snap: snapped.point, text: which, at: pointer });
    },
    end: () => gesture.end(false),
    cancel() {
      gesture.end(false);
      transport.clearMarks();
      if (inPoint !== null) transport.setIn(inPoint);
      if (outPoint !== null) transport.setOut(outPoint - frameDuration(settings.rate));
    },
  };
}

/** Scrubs: the playhead follows the pointer, and snaps with Shift held. */
export function dragPlayhead(view: TimelineView, start: Pointer): Drag {
  const { transport } = view.studio;
  const before = transport.time;
  const gesture = new EditGesture(view);
  const seek = (pointer: Pointer) => {
    const time = Math.max(0, xToTime(view.view, pointer.x));
    const points = pointer.shift ? gesture.snapTo(pointer).filter(({ label }) => label !== "playhead") : [];
    const snapped = snapBy(points, [0], time, gesture.within, gesture.base.settings.rate);
    transport.seek(snapped.by);
    gesture.show({ snap: snapped.point });
  };
  transport.pause();
  seek(start);
  return {
    cursor: "default",
    move: seek,
    end: () => gesture.end(false),
    cancel() {
      gesture.end(false);
      transport.seek(before);
    },
  };
}
