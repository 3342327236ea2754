import { createStore, type StoreApi } from "zustand/vanilla";

/** How the viewer is looked at. */
export interface ViewerUi {
  /** What it shows; the source only while there is one. */
  readonly tab: "timeline" | "source";
  /** The whole frame, or so many pixels of the screen for one of the frame. */
  readonly zoom: "fit" | number;
  readonly safeAreas: boolean;
  /** The overlay with numbers. */
  readonly stats: boolean;
}

export type ViewerUiStore = StoreApi<ViewerUi>;

const KEY = "plume.viewer";
export const zooms = [0.25, 0.5, 1, 2, 4] as const;

/** Zoom and safe areas are kept from one start to the next. */
export function createViewerUi(storage: Pick<Storage, "getItem" | "setItem">): ViewerUiStore {
  const store = createStore<ViewerUi>(() => ({
    tab: "timeline",
    zoom: "fit",
    safeAreas: false,
    stats: false,
    ...load(storage),
  }));
  store.subscribe(({ zoom, safeAreas }, before) => {
    if (zoom !== before.zoom || safeAreas !== before.safeAreas)
      storage.setItem(KEY, JSON.stringify({ zoom, safeAreas }));
  });
  return store;
}

/** What an older or damaged note says wrongly is left out. */
function load(storage: Pick<Storage, "getItem">): Partial<ViewerUi> {
  try {
    const { zoom, safeAreas } = JSON.parse(storage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    return { zoom: zooms.find((known) => known === zoom) ?? "fit", safeAreas: safeAreas === true };
  } catch {
    return {};
  }
}
