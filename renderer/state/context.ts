import { createContext, useContext, useMemo } from "react";
import { useStore } from "zustand";
import type { WindowClient } from "../client/client.ts";
import type { Actions } from "./actions.ts";
import { modelOf } from "./draft.ts";
import { type Item, itemsOf } from "./items.ts";
import type { State, Store } from "./store.ts";

export interface Studio {
  readonly store: Store;
  readonly actions: Actions;
  readonly client: WindowClient;
}

export const StudioContext = createContext<Studio | null>(null);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (!studio) throw new Error("useStudio needs a StudioContext around it.");
  return studio;
}

/** A part of the state; the component draws again when that part changes. */
export function useSelect<T>(select: (state: State) => T): T {
  return useStore(useStudio().store, select);
}

export function useItems(): readonly Item[] {
  const jobs = useSelect((state) => state.jobs);
  const clips = useSelect((state) => state.clips);
  return useMemo(() => itemsOf(jobs, clips), [jobs, clips]);
}

export function useModel() {
  const draft = useSelect((state) => state.draft);
  const models = useSelect((state) => state.models);
  return modelOf(draft, models);
}
