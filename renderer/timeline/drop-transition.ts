import type { Flicks } from "../../core/time/index.ts";
import { formatTimecode } from "../../core/time/index.ts";
import type { Transition } from "../../core/timeline/index.ts";
import type { Studio } from "../state/context.ts";
import { draggedTransition, droppedTransition } from "../state/drag.ts";
import { pixelsToFlicks, rowAt, RULER_HEIGHT, timeToX, xToTime } from "./geometry.ts";
import { transitionRange } from "./hit.ts";
import type { Hint } from "./paint/overlay.ts";
import type { TimelineView } from "./timeline-view.ts";
import {
  type Edge,
  findTransitionAt,
  nearestEdge,
  transitionAt,
  transitionNames,
  tryTransition,
} from "./transitions.ts";

/** Pixels from an edge within which a transition that is let go is meant for it. */
const REACH = 90;

type Aim = { readonly edge: Edge; readonly hint: Hint } | { readonly edge: null; readonly hint: Hint };

/** Where a transition would come to lie that is held over the drawing. */
function aimAt(view: TimelineView, type: Transition["type"], x: number, y: number): Aim {
  const { document } = view.studio.project.store.getState();
  const name = transitionNames[type];
  const at = { x, y };
  const row = y < RULER_HEIGHT ? null : rowAt(view.layout, y - RULER_HEIGHT + view.scrollY);
  const within: Flicks = pixelsToFlicks(view.view, REACH);
  const edge = row === null ? null : nearestEdge(row.track, xToTime(view.view, x), within);
  if (row === null || edge === null) return { edge: null, hint: { text: `${name}: let it go on a cut`, at } };
  const tried = tryTransition(document, edge, type);
  if ("refusal" in tried) return { edge: null, hint: { text: tried.refusal, at } };
  const { start, end } = transitionRange(tried.transition, tried.cut);
  const [from, to] = [timeToX(view.view, start), timeToX(view.view, end)];
  const ghost = {
    x: from,
    y: RULER_HEIGHT + row.y - view.scrollY,
    width: Math.max(4, to - from),
    height: row.height,
    text: "",
  };
  return {
    edge,
    hint: { text: `${name} ${formatTimecode(end - start, document.settings)}`, at, ghosts: [ghost] },
  };
}

/** Lets transitions of the palette be dropped on cuts. Returns a function that stops it. */
export function attachTransitionDrop(
  view: TimelineView,
  { project, editUi, store }: Studio,
  element: HTMLElement,
): () => void {
  const aim = (event: DragEvent, type: Transition["type"]): Aim => {
    const { left, top } = element.getBoundingClientRect();
    return aimAt(view, type, event.clientX - left, event.clientY - top);
  };

  function onOver(event: DragEvent): void {
    const type = draggedTransition(event.dataTransfer);
    if (type === null) return;
    event.preventDefault();
    event.stopPropagation();
    const { edge, hint } = aim(event, type);
    if (event.dataTransfer) event.dataTransfer.dropEffect = edge === null ? "none" : "copy";
    view.hint = hint;
  }

  function onDrop(event: DragEvent): void {
    const type = droppedTransition(event.dataTransfer);
    if (type === null) return;
    event.preventDefault();
    event.stopPropagation();
    view.hint = null;
    const { edge } = aim(event, type);
    view.hint = null;
    if (edge === null) return;
    const { document } = project.store.getState();
    const result = project.perform("addTransition", transitionAt(document, edge, type));
    if (!result.ok) return;
    const made = findTransitionAt(result.value, edge);
    if (made !== null) editUi.setState({ selection: { type: "transition", id: made.transition.id } });
    store.setState({ announcement: `${transitionNames[type]} added.` });
  }

  element.addEventListener("dragover", onOver);
  element.addEventListener("drop", onDrop);
  return () => {
    element.removeEventListener("dragover", onOver);
    element.removeEventListener("drop", onDrop);
  };
}
