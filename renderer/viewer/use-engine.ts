import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { useStudio } from "../state/context.ts";
import type { Transport } from "../state/transport.ts";
import type { Locate } from "./decode/address.ts";
import { ViewerEngine, type ViewerStatus } from "./engine.ts";
import type { ShownDocument } from "./shown-document.ts";

/** The engine of a mounted canvas; null until there is one. `locate` must be another function when a media is somewhere else. */
export function useEngine(transport: Transport, shown: ShownDocument, locate: Locate) {
  const { subjectMasks } = useStudio();
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const [engine, setEngine] = useState<ViewerEngine | null>(null);
  const latest = useRef({ shown, locate });
  latest.current = { shown, locate };

  useEffect(() => {
    if (canvas === null) return undefined;
    const made = new ViewerEngine(canvas, transport, latest.current.shown.get(), {
      locate: (media) => latest.current.locate(media),
      masks: (media, time) => subjectMasks.find(media, time),
    });
    // Masks that came are seen at once.
    const unsubscribe = subjectMasks.store.subscribe((view, before) => {
      if (view.masks !== before.masks) made.refresh();
    });
    setEngine(made);
    return () => {
      unsubscribe();
      setEngine(null);
      transport.pause();
      made.dispose();
    };
  }, [canvas, transport, subjectMasks]);
  useEffect(() => {
    const follow = () => engine?.setDocument(shown.get());
    follow();
    return shown.subscribe(follow);
  }, [engine, shown]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- another `locate` is a reason to look again, not something to pass on
  useEffect(() => engine?.refresh(), [engine, locate]);
  return { engine, canvas: setCanvas };
}

const resting: ViewerStatus = { plan: null, problems: [], waiting: false, stats: null };
const noStore = { getState: () => resting, getInitialState: () => resting, subscribe: () => () => undefined };

export function useViewerStatus<T>(engine: ViewerEngine | null, select: (status: ViewerStatus) => T): T {
  return useStore(engine === null ? (noStore as unknown as ViewerEngine["status"]) : engine.status, select);
}
