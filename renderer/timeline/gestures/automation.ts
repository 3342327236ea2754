import { snapToFrame } from "../../../core/time/index.ts";
import { type Keyframe, valueIn } from "../../../core/timeline/index.ts";
import {
  type AutomationHit,
  automationWords,
  heightOf,
  keyframesOfTrack,
  lineRoom,
  valueAtHeight,
} from "../automation.ts";
import { xToTime } from "../geometry.ts";
import { snapBy } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";
import { type Drag, EditGesture, type Pointer } from "./gesture.ts";

/** A quarter of the pointer's way with Shift held. */
const FINE = 0.25;

/**
 * Drags a line of a sound track: a keyframe goes where the pointer goes; the line between two takes both along, and one that stands still
 * goes up and down as a whole. With the command key a press on the line makes a keyframe there.
 */
export function dragAutomation(view: TimelineView, start: Pointer, hit: AutomationHit): Drag {
  const { row, parameter } = hit;
  const time = hit.time ?? (start.mod ? snapToFrame(Math.max(0, xToTime(view.view, start.x)), rateOf(view)) : null);
  const shifted = (value: number, pointer: Pointer): number => {
    const up = ((start.y - pointer.y) * (pointer.shift ? FINE : 1)) / lineRoom(row);
    return up === 0 ? value : valueAtHeight(parameter, heightOf(parameter, value) + up);
  };
  return time === null ? dragLine(view, start, hit, shifted) : dragPoint(view, start, hit, time, shifted);
}

const rateOf = (view: TimelineView) => view.studio.project.store.getState().document.settings.rate;
type Shifted = (value: number, pointer: Pointer) => number;
const NAMES = { volume: "Volume", pan: "Pan" } as const;

function dragPoint(view: TimelineView, start: Pointer, hit: AutomationHit, time: number, shifted: Shifted): Drag {
  const { parameter } = hit;
  const { track } = hit.row;
  const gesture = new EditGesture(view);
  const { settings } = gesture.base;
  const isNew = hit.time === null;
  const before = valueIn(parameter, track[parameter], time);
  const which = { track: track.id, parameter, ...(isNew ? {} : { from: time }) };
  let value = before;
  return {
    cursor: "move",
    move(pointer) {
      const way = xToTime(view.view, pointer.x) - xToTime(view.view, start.x);
      const snapped = snapBy(gesture.snapTo(pointer), [time], way, gesture.within, settings.rate);
      const to = Math.max(0, time + snapped.by);
      value = shifted(before, pointer);
      gesture.perform("setTrackKeyframe", { ...which, time: to, value });
      gesture.show({
        text: `${NAMES[parameter]} ${automationWords(parameter, value)}`,
        at: pointer,
        snap: snapped.point,
      });
    },
    end(_, moved) {
      if (!moved && isNew) gesture.perform("setTrackKeyframe", { ...which, time });
      gesture.end(
        moved || isNew,
        `${isNew ? "Keyframe set" : "Keyframe moved"}: ${automationWords(parameter, value)}.`,
      );
      // Keys and the inspector work on the keyframe at the playhead.
      if (!moved) view.studio.transport.seek(time);
    },
    cancel: () => gesture.end(false),
  };
}

function dragLine(view: TimelineView, start: Pointer, { row, parameter }: AutomationHit, shifted: Shifted): Drag {
  const { track } = row;
  const gesture = new EditGesture(view);
  const at = Math.max(0, xToTime(view.view, start.x));
  const keyframes = keyframesOfTrack(track, parameter);
  const ends = [keyframes.findLast(({ time }) => time <= at), keyframes.find(({ time }) => time > at)].filter(
    (each): each is Keyframe => each !== undefined,
  );
  const before = valueIn(parameter, track[parameter], at);
  return {
    cursor: "ns-resize",
    move(pointer) {
      if (ends.length === 0)
        gesture.perform("setTrackParameter", { track: track.id, parameter, value: shifted(before, pointer) });
      else
        gesture.performAll(
          ends.map(({ time, value }) => [
            "setTrackKeyframe",
            { track: track.id, parameter, time, from: time, value: shifted(value, pointer) },
          ]),
        );
      const text = `${NAMES[parameter]} ${automationWords(parameter, shifted(before, pointer))}`;
      gesture.show({ text, at: pointer });
    },
    end(pointer, moved) {
      gesture.end(moved, `${NAMES[parameter]} ${automationWords(parameter, shifted(before, pointer))}.`);
    },
    cancel: () => gesture.end(false),
  };
}
