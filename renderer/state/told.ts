import { createStore, type StoreApi } from "zustand/vanilla";
import type { Timeline } from "../../core/timeline/index.ts";
import { afterPaint } from "../ui/after-paint.ts";
import type { EditUiStore, Selection } from "./edit-ui.ts";
import type { ProjectView } from "./project.ts";

/** What panels tell of: both of the same moment, so that nothing is selected that is not there. */
export interface TellView {
  readonly document: Timeline;
  readonly selection: Selection;
}

/**
 * The document and what is selected in it, as panels tell of them. `now` is always what is so. `late` follows when the frame that shows an
 * edit is painted: nothing of a panel that only tells of edits (inspector, the bin's counts, the cells for screen readers) stands between
 * the hand and the picture, and what changes several times for one frame is told once.
 */
export interface Told {
  readonly now: StoreApi<TellView>;
  readonly late: StoreApi<TellView>;
}

export function createTold(project: StoreApi<ProjectView>, editUi: EditUiStore): Told & { readonly stop: () => void } {
  const read = (): TellView => ({ document: project.getState().document, selection: editUi.getState().selection });
  const now = createStore(read);
  const late = createStore(read);
  let stopWaiting: (() => void) | null = null;
  const follow = (): void => {
    const { document, selection } = now.getState();
    const view = read();
    if (view.document === document && view.selection === selection) return;
    now.setState(view, true);
    stopWaiting ??= afterPaint(() => {
      stopWaiting = null;
      late.setState(now.getState(), true);
    });
    // Where nothing is painted it has followed already.
    if (late.getState() === now.getState()) stopWaiting = null;
  };
  const stops = [project.subscribe(follow), editUi.subscribe(follow)];
  const stop = (): void => {
    for (const each of stops) each();
    stopWaiting?.();
  };
  return { now, late, stop };
}
