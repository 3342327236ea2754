/** HTML drag data: ids of media as a JSON array of strings. */
export const MEDIA_DRAG = "application/x-plume-media";

/** Pages may read what is dragged only once it is let go; a timeline shows what would become of it before that. */
let dragged: readonly string[] = [];

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
