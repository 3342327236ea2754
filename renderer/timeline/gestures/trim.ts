import type { Flicks } from "../../../core/time/index.ts";
import {
  endOfPlaced,
  type LimitReason,
  type Limits,
  mediaOf,
  NO_LIMITS,
  type Placed,
  type Result,
  rollLimits,
  slideLimits,
  slipLimits,
  type Timeline,
  trimLimits,
} from "../../../core/timeline/index.ts";
import { xToTime } from "../geometry.ts";
import { snapBy, type SnapPoint } from "../snap.ts";
import type { TimelineView } from "../timeline-view.ts";
import { clamp, type Drag, EditGesture, type Pointer, signed, spoken } from "./gesture.ts";

const REASONS: Readonly<Record<LimitReason, string>> = {
  media: "no more media",
  neighbour: "the next clip is in the way",
  length: "one frame is left",
};

interface Way {
  /** Times that snap, before the drag. */
  readonly edges: readonly Flicks[];
  readonly limits: Limits;
  /** Ids that nothing snaps to. */
  readonly without: readonly string[];
  readonly perform: (gesture: EditGesture, by: Flicks) => Result<Timeline>;
  readonly said: (by: Flicks) => string;
  readonly cursor: string;
  /** Where what moves along begins, after the drag went so far. */
  readonly ripple?: (by: Flicks) => Flicks;
  /** The pointer goes one way, the material the other. */
  readonly against?: boolean;
}

/** A drag along the time that one edit makes, held within what is possible. */
function along(view: TimelineView, start: Pointer, way: Way): Drag {
  const gesture = new EditGesture(view, way.without);
  const { settings } = gesture.base;
  const from = xToTime(view.view, start.x);
  let said = "";
  return {
    cursor: way.cursor,
    move(pointer) {
      const direction = way.against ? -1 : 1;
      const wanted = (xToTime(view.view, pointer.x) - from) * direction;
      const points: readonly SnapPoint[] = way.edges.length === 0 ? [] : gesture.snapTo(pointer);
      const snapped = snapBy(points, way.edges, wanted, gesture.within, settings.rate);
      const by = clamp(snapped.by, way.limits.min, way.limits.max);
      const result = way.perform(gesture, by);
      const stopped =
        by > snapped.by ? REASONS[way.limits.minReason] : by < snapped.by ? REASONS[way.limits.maxReason] : null;
      said = way.said(by);
      gesture.show({
        text: result.ok ? `${signed(by, settings)}${stopped === null ? "" : ` · ${stopped}`}` : result.error.message,
        at: pointer,
        snap: stopped === null ? snapped.point : null,
        ...(way.ripple ? { ripple: way.ripple(by) } : {}),
      });
    },
    end: (_, moved) => gesture.end(moved, said),
    cancel: () => gesture.end(false),
  };
}

const limitsOf = (result: Result<Limits>): Limits => (result.ok ? result.value : { ...NO_LIMITS, min: 0, max: 0 });

export function trimEdge(
  view: TimelineView,
  start: Pointer,
  item: Placed,
  edge: "start" | "end",
  ripple: boolean,
): Drag {
  const { document, linked } = context(view);
  const clip = item.clip.id;
  const at = edge === "start" ? item.start : endOfPlaced(item);
  const { settings } = document;
  return along(view, start, {
    edges: [at],
    limits: limitsOf(trimLimits(document, { clip, edge, linked }, ripple)),
    without: [clip],
    perform: (gesture, by) => gesture.perform(ripple ? "rippleTrim" : "trim", { clip, edge, by, linked }),
    said: (by) => `Trimmed ${edge} ${spoken(by, settings)}.`,
    cursor: "ew-resize",
    // With its start trimmed the clip stays in place; what moves is what comes after it.
    ...(ripple ? { ripple: (by: Flicks) => (edge === "end" ? at + by : endOfPlaced(item) - by) } : {}),
  });
}

export function rollCut(view: TimelineView, start: Pointer, left: Placed, right: Placed): Drag {
  const { document, linked } = context(view);
  const args = { left: left.clip.id, right: right.clip.id, linked };
  return along(view, start, {
    edges: [right.start],
    limits: limitsOf(rollLimits(document, args)),
    without: [left.clip.id, right.clip.id],
    perform: (gesture, by) => gesture.perform("roll", { ...args, by }),
    said: (by) => `Rolled the cut ${spoken(by, document.settings)}.`,
    cursor: "col-resize",
  });
}

export function slipClip(view: TimelineView, start: Pointer, item: Placed): Drag {
  const { document, linked } = context(view);
  const args = { clip: item.clip.id, linked };
  const media = mediaOf(document, item.clip);
  return along(view, start, {
    edges: [],
    limits: media?.availableRange
      ? limitsOf(slipLimits(document, args))
      : { ...NO_LIMITS, min: 0, max: 0, minReason: "media", maxReason: "media" },
    without: [],
    perform: (gesture, by) => gesture.perform("slip", { ...args, by }),
    said: (by) => `Slipped ${spoken(by, document.settings)}.`,
    cursor: "ew-resize",
    // The material is pulled under the clip: to the right shows what comes earlier.
    against: true,
  });
}

export function slideClip(view: TimelineView, start: Pointer, item: Placed): Drag {
  const { document, linked } = context(view);
  const args = { clip: item.clip.id, linked };
  return along(view, start, {
    edges: [item.start, endOfPlaced(item)],
    limits: limitsOf(slideLimits(document, args)),
    without: [item.clip.id],
    perform: (gesture, by) => gesture.perform("slide", { ...args, by }),
    said: (by) => `Slid ${spoken(by, document.settings)}.`,
    cursor: "grabbing",
  });
}

function context(view: TimelineView) {
  const { project, editUi } = view.studio;
  return { document: project.store.getState().document, linked: editUi.getState().linkedSelection };
}
