import { useSyncExternalStore } from "react";
import type { Timeline } from "../../core/timeline/index.ts";

/** What a viewer shows, followed without React: edits reach the picture at once, and panels draw anew only what they tell of it. */
export interface ShownDocument {
  readonly get: () => Timeline;
  readonly subscribe: (listener: () => void) => () => void;
}

/** One that stays as it is. */
export const fixedDocument = (document: Timeline): ShownDocument => ({
  get: () => document,
  subscribe: () => () => undefined,
});

/** A part of it; the component draws again when that part changes. `select` must give a value that stays the same. */
export function useShown<T>({ get, subscribe }: ShownDocument, select: (document: Timeline) => T): T {
  return useSyncExternalStore(subscribe, () => select(get()));
}
