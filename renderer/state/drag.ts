import { type Transition, transitionTypes } from "../../core/timeline/index.ts";

/** HTML drag data: ids of media as a JSON array of strings. */
export const MEDIA_DRAG = "application/x-plume-media";
/** HTML drag data: the type of a transition. */
export const TRANSITION_DRAG = "application/x-plume-transition";

/** Pages may read what is dragged only once it is let go; a timeline shows what would become of it before that. */
let dragged: readonly string[] = [];
let transition: Transition["type"] | null = null;

/** Begins to drag media. */
export function startMediaDrag(transfer: DataTransfer, ids: readonly string[]): void {
  dragged = ids;
  transfer.setData(MEDIA_DRAG, JSON.stringify(ids));
  transfer.effectAllowed = "copy";
}

export function endMediaDrag(): void {
  dragged = [];
}

/** Ids of the media that are dragged over something of this window; none where something else is. */
export const draggedMedia = (transfer: DataTransfer | null): readonly string[] =>
  transfer?.types.includes(MEDIA_DRAG) === true ? dragged : [];

/** Ids of media that were let go here. */
export function droppedMedia(transfer: DataTransfer | null): readonly string[] {
  try {
    const ids: unknown = JSON.parse(transfer?.getData(MEDIA_DRAG) ?? "");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
  } catch {
    return []; // something else was let go
  }
}

export const carriesFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") === true;

/** Begins to drag a transition out of the palette. */
export function startTransitionDrag(transfer: DataTransfer, type: Transition["type"]): void {
  transition = type;
  transfer.setData(TRANSITION_DRAG, type);
  transfer.effectAllowed = "copy";
}

export function endTransitionDrag(): void {
  transition = null;
}

/** The transition that is dragged over something of this window; null where something else is. */
export const draggedTransition = (transfer: DataTransfer | null): Transition["type"] | null =>
  transfer?.types.includes(TRANSITION_DRAG) === true ? transition : null;

/** The transition that was let go here; null for anything else. */
export const droppedTransition = (transfer: DataTransfer | null): Transition["type"] | null =>
  transitionTypes.find((type) => type === transfer?.getData(TRANSITION_DRAG)) ?? null;
