import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { endOfPlaced, laneOf, type Placed } from "../../core/timeline/index.ts";
import { RULER_HEIGHT, zoomedAt } from "./geometry.ts";
import { type Drag, type Pointer } from "./gestures/gesture.ts";
import { dragAutomation } from "./gestures/automation.ts";
import { moveClips } from "./gestures/move.ts";
import { blade, bladeTime, clickEmpty, marquee, selectForward } from "./gestures/select.ts";
import { dragFade, dragKeyframe, dragMarker, dragPlayhead, dragRange, dragTransition } from "./gestures/small.ts";
import { rollCut, slideClip, slipClip, trimEdge } from "./gestures/trim.ts";
import { cursorAt, type Hit, hitAt, operationAt } from "./hit.ts";
import { clickedClip } from "./selection.ts";
import type { TimelineView } from "./timeline-view.ts";

/** Pixels that a press may waver and still be a click. */
const CLICK = 3;
/** Near the left and right edge a drag scrolls on. */
const SCROLL_EDGE = 28;

/** Selects what was pressed, as a click or a right click does. */
export function selectHit(view: TimelineView, hit: Hit, pointer: Pointer, keepsSelected: boolean): void {
  const { editUi, project } = view.studio;
  const ui = editUi.getState();
  const { document } = project.store.getState();
  if (hit.zone === "marker") editUi.setState({ selection: { type: "marker", id: hit.marker.id } });
  else if (hit.zone === "transition") editUi.setState({ selection: { type: "transition", id: hit.transition.id } });
  else if (hit.zone === "cut" && !pointer.mod && !pointer.shift)
    editUi.setState({ selection: { type: "cut", left: hit.left.clip.id, right: hit.right.clip.id } });
  else if (hit.zone === "clip" || hit.zone === "keyframe" || hit.zone === "cut") {
    const { clip } = hit.zone === "cut" ? hit.right : hit.item;
    const isSelected = ui.selection.type === "clips" && ui.selection.ids.includes(clip.id);
    if (isSelected && keepsSelected) return;
    const mode = pointer.mod ? "toggle" : pointer.shift ? "extend" : "replace";
    editUi.setState({ selection: clickedClip(document, ui, clip.id, mode) });
  } else if (hit.zone === "automation") {
    // The menu means the keyframe at the playhead.
    if (keepsSelected && hit.time !== null) view.studio.transport.seek(hit.time);
  } else if (hit.zone === "gap" || hit.zone === "none") clickEmpty(view, hit);
}

/** The drag that begins here, or null where pressing is all there is. */
export function dragFrom(view: TimelineView, hit: Hit, pointer: Pointer): Drag | null {
  const { tool } = view.studio.editUi.getState();
  const operation = operationAt(hit, tool);
  if (operation === "seek") return dragPlayhead(view, pointer);
  if (hit.zone === "in" || hit.zone === "out") return dragRange(view, hit.zone);
  if (hit.zone === "marker") {
    selectHit(view, hit, pointer, false);
    return dragMarker(view, pointer, hit.marker);
  }
  if (operation === "select-forward") return selectForward(view, pointer, hit);
  if (operation === "marquee") return marquee(view, pointer, () => clickEmpty(view, hit));
  if (hit.zone === "automation") return hit.row.track.locked ? null : dragAutomation(view, pointer, hit);
  if (!("row" in hit) || hit.zone === "gap") return null;
  if (operation === "blade") {
    blade(view, pointer, hit);
    return null;
  }
  const isPlain = !pointer.mod && !pointer.shift;
  selectHit(view, hit, pointer, isPlain);
  if (hit.row.track.locked) return null;
  const drag = dragOn(view, hit, pointer);
  if (drag === null || hit.zone !== "clip" || !isPlain) return drag;
  // A click, without a drag, on one of several selected clips selects that one.
  return {
    ...drag,
    end(last, moved) {
      drag.end(last, moved);
      if (!moved) selectHit(view, hit, pointer, false);
    },
  };
}

type OnTrack = Extract<Hit, { zone: "clip" | "cut" | "transition" | "keyframe" }>;

function dragOn(view: TimelineView, hit: OnTrack, pointer: Pointer): Drag | null {
  const { tool } = view.studio.editUi.getState();
  const operation = operationAt(hit, tool);
  if (hit.zone === "transition") return dragTransition(view, pointer, hit.transition, hit.part);
  if (hit.zone === "keyframe") return dragKeyframe(view, pointer, hit.item, hit.parameter, hit.time);
  if (hit.zone === "cut") {
    if (operation === "ripple") return trimEdge(view, pointer, hit.left, "end", true);
    if (operation === "slip") return slipClip(view, pointer, hit.right);
    if (operation === "slide") return slideClip(view, pointer, hit.right);
    return rollCut(view, pointer, hit.left, hit.right);
  }
  const { item, part, row } = hit;
  if (operation === "fade") return dragFade(view, pointer, item, part === "fade-in" ? "fadeIn" : "fadeOut");
  if (operation === "slip") return slipClip(view, pointer, item);
  if (operation === "slide") return slideClip(view, pointer, item);
  if (part === "start" || part === "end") {
    const cut = operation === "roll" ? cutAt(laneOf(row.track).placed, item, part) : null;
    if (cut !== null) return rollCut(view, pointer, cut.left, cut.right);
    if (operation !== "move") return trimEdge(view, pointer, item, part, operation === "ripple");
  }
  return moveClips(view, pointer, item.clip.id);
}

/** The cut at an edge of a clip; null where nothing meets it. */
export function cutAt(
  placed: readonly Placed[],
  item: Placed,
  edge: "start" | "end",
): { readonly left: Placed; readonly right: Placed } | null {
  const at = placed.findIndex(({ clip }) => clip.id === item.clip.id);
  const [left, right] = edge === "start" ? [placed[at - 1], placed[at]] : [placed[at], placed[at + 1]];
  if (left === undefined || right === undefined || endOfPlaced(left) !== right.start) return null;
  return { left, right };
}

/** How far a place lies in the strip at the lower (negative) or upper end of a stretch; 0 between them. */
const beyond = (at: number, from: number, to: number): number =>
  at < from + SCROLL_EDGE ? at - from - SCROLL_EDGE : at > to - SCROLL_EDGE ? at - to + SCROLL_EDGE : 0;

/** Panels that lie over the drawing have hands of their own. */
const isOver = ({ target }: Event): boolean => target instanceof Element && target.closest(".motion-row") !== null;

/** Lets the pointer work on the drawing. Returns a function that stops it. */
export function attachPointer(view: TimelineView, element: HTMLElement): () => void {
  let drag: { readonly drag: Drag; readonly start: Pointer; last: Pointer; moved: boolean } | null = null;
  let scrolling = 0;

  const pointerOf = (event: MouseEvent): Pointer => {
    const { left, top } = element.getBoundingClientRect();
    return {
      x: event.clientX - left,
      y: event.clientY - top,
      shift: event.shiftKey,
      alt: event.altKey,
      mod: event.ctrlKey || event.metaKey,
    };
  };

  function hover(pointer: Pointer): void {
    const { tool } = view.studio.editUi.getState();
    const hit = hitAt(view.scene, pointer.x, pointer.y);
    element.style.cursor = cursorAt(hit, tool);
    view.blade = tool === "blade" && hit.zone === "clip" ? bladeTime(view, pointer) : null;
  }

  function onDown(event: PointerEvent): void {
    if (isOver(event)) return;
    const pointer = pointerOf(event);
    const hit = hitAt(view.scene, pointer.x, pointer.y);
    if (event.button === 2) return selectHit(view, hit, pointer, true);
    if (event.button !== 0 || drag !== null) return;
    const begun = dragFrom(view, hit, pointer);
    if (begun === null) return;
    // A field that was typed into lets go; the keys are the timeline's now.
    if (document.activeElement instanceof HTMLElement && document.activeElement.matches("input, textarea"))
      document.activeElement.blur();
    window.getSelection()?.removeAllRanges();
    element.setPointerCapture(event.pointerId);
    element.style.cursor = begun.cursor;
    drag = { drag: begun, start: pointer, last: pointer, moved: false };
  }

  function onMove(event: PointerEvent): void {
    const pointer = pointerOf(event);
    if (drag === null) return isOver(event) ? undefined : hover(pointer);
    drag.last = pointer;
    if (!drag.moved && Math.hypot(pointer.x - drag.start.x, pointer.y - drag.start.y) < CLICK) return;
    drag.moved = true;
    drag.drag.move(pointer);
    if (scrolling === 0) scrolling = requestAnimationFrame(scrollOn);
  }

  /** While a drag is held at an edge, time and tracks scroll by under it. */
  function scrollOn(): void {
    scrolling = 0;
    if (drag === null || !drag.moved) return;
    const { x, y } = drag.last;
    const across = beyond(x, 0, view.view.width);
    // A drag along a track at the edge, or up to the ruler for a new track, scrolls no tracks.
    const isAway = y > RULER_HEIGHT && Math.abs(y - drag.start.y) > SCROLL_EDGE;
    const down = isAway ? beyond(y, RULER_HEIGHT, view.height) : 0;
    if (across === 0 && down === 0) return;
    const { scroll, zoom } = view.view;
    const [before, next] = [view.scrollY, Math.max(0, scroll + Math.round((across * 0.4 * FLICKS_PER_SECOND) / zoom))];
    if (down !== 0) view.scrollTo(before + down * 0.4);
    if (next !== scroll) view.setView({ scroll: next, zoom });
    if (next !== scroll || view.scrollY !== before) drag.drag.move(drag.last);
    scrolling = requestAnimationFrame(scrollOn);
  }

  function finish(event: PointerEvent): void {
    if (drag === null) return;
    const { drag: ended, moved } = drag;
    drag = null;
    if (event.type === "pointercancel") ended.cancel();
    else ended.end(pointerOf(event), moved);
    hover(pointerOf(event));
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || drag === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    drag.drag.cancel();
    drag = null;
    view.studio.store.setState({ announcement: "Cancelled." });
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    const pointer = pointerOf(event);
    const { view: seen } = view;
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      const { rate } = view.studio.project.store.getState().document.settings;
      view.setView(zoomedAt(seen, 2 ** (-(event.deltaY * unit) / 240), pointer.x, rate));
      return;
    }
    const canScroll = view.layout.height > view.height - 60;
    const sideways = event.shiftKey || !canScroll;
    const dx = (sideways ? event.deltaY + event.deltaX : event.deltaX) * unit;
    if (!sideways) view.scrollTo(view.scrollY + event.deltaY * unit);
    if (dx !== 0) view.setView({ ...seen, scroll: seen.scroll + Math.round((dx * FLICKS_PER_SECOND) / seen.zoom) });
  }

  const onLeave = () => {
    view.blade = null;
  };
  element.addEventListener("pointerdown", onDown);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", finish);
  element.addEventListener("pointercancel", finish);
  element.addEventListener("pointerleave", onLeave);
  element.addEventListener("wheel", onWheel, { passive: false });
  window.addEventListener("keydown", onKey, { capture: true });
  return () => {
    drag?.drag.cancel();
    element.removeEventListener("pointerdown", onDown);
    element.removeEventListener("pointermove", onMove);
    element.removeEventListener("pointerup", finish);
    element.removeEventListener("pointercancel", finish);
    element.removeEventListener("pointerleave", onLeave);
    element.removeEventListener("wheel", onWheel);
    window.removeEventListener("keydown", onKey, { capture: true });
  };
}
