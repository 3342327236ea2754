import { createContext, useContext, useEffect, useMemo } from "react";
import { useStore } from "zustand";
import type { Clip } from "../../core/contract/index.ts";
import type { WindowClient } from "../client/client.ts";
import type { Actions } from "./actions.ts";
import type { QueueActions } from "./queue-actions.ts";
import { modelOf } from "./draft.ts";
import { type Item, itemsOf, titleOf } from "./items.ts";
import { checksOf, type PromptChecks } from "./prompt-checks.ts";
import { staleness } from "./stale.ts";
import type { KeymapStore } from "../commands/keymap.ts";
import type { EditUi, EditUiStore } from "./edit-ui.ts";
import type { ExchangeActions } from "./exchange-actions.ts";
import type { MediaActions } from "./media-actions.ts";
import type { MediaFactsSource } from "./media-facts.ts";
import type { MediaStatuses, MediaStatusSource } from "./media-status.ts";
import type { WorkNotices } from "./notify.ts";
import type { ProjectSession, ProjectView } from "./project.ts";
import type { RestoreActions } from "./restore.ts";
import type { State, Store } from "./store.ts";
import type { TellView, Told } from "./told.ts";
import type { SubjectMaskSource } from "./subject-masks.ts";
import type { Transport } from "./transport.ts";
import type { ViewerUi, ViewerUiStore } from "./viewer-ui.ts";

export interface Studio {
  readonly store: Store;
  readonly actions: Actions;
  readonly queueActions: QueueActions;
  readonly client: WindowClient;
  /** The playhead of the project's timeline. */
  readonly transport: Transport;
  /** The open project: what it holds, and the way to change it. */
  readonly project: ProjectSession;
  /** Document and selection for panels that tell of them. */
  readonly told: Told;
  /** Selection, tool, zoom: how the editor is looked at. */
  readonly editUi: EditUiStore;
  /** How the viewer is looked at. */
  readonly viewerUi: ViewerUiStore;
  /** The playhead of the source viewer; its time 0 is the begin of the media. */
  readonly sourceTransport: Transport;
  /** Which keys do what. */
  readonly keymap: KeymapStore;
  /** What the editor does with media: import, locate, prepare. */
  readonly media: MediaActions;
  /** Where media stand. */
  readonly mediaStatus: MediaStatusSource;
  /** What is to be seen in media. */
  readonly mediaFacts: MediaFactsSource;
  /** What files say of how they were made, taken over into Create. */
  readonly restore: RestoreActions;
  /** Where subjects are in media. */
  readonly subjectMasks: SubjectMaskSource;
  readonly notices: WorkNotices;
  /** Timelines and subtitles of other programs. */
  readonly exchange: ExchangeActions;
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

/** A part of the open project. */
export function useProject<T>(select: (view: ProjectView) => T): T {
  return useStore(useStudio().project.store, select);
}

/**
 * A part of the document or of what is selected, for panels that tell of it: one frame late, when the frame that shows an edit is painted.
 * `atOnce`: the panel is being worked in, and must not lag behind the hand.
 */
export function useTold<T>(select: (view: TellView) => T, atOnce = false): T {
  const { told } = useStudio();
  return useStore(atOnce ? told.now : told.late, select);
}

/** A part of how the editor is looked at. */
export function useEditUi<T>(select: (ui: EditUi) => T): T {
  return useStore(useStudio().editUi, select);
}

/** Where one media stands; undefined until the studio has said. */
export function useMediaStatus(id: string): MediaStatuses[string] {
  const { mediaStatus } = useStudio();
  useEffect(() => mediaStatus.want([id]), [mediaStatus, id]);
  return useStore(mediaStatus.store, (all) => all[id]);
}

/** A part of how the viewer is looked at. */
export function useViewerUi<T>(select: (ui: ViewerUi) => T): T {
  return useStore(useStudio().viewerUi, select);
}

export function useItems(): readonly Item[] {
  const jobs = useSelect((state) => state.jobs);
  const clips = useSelect((state) => state.clips);
  return useMemo(() => itemsOf(jobs, clips), [jobs, clips]);
}

/** What of their prompts clips show; asks for what was seen in them. */
export function usePromptChecks(items: readonly Item[]): PromptChecks {
  const { mediaFacts } = useStudio();
  const facts = useStore(mediaFacts.store);
  const models = useSelect((state) => state.models);
  useEffect(() => mediaFacts.want(items.flatMap(({ clip }) => (clip === null ? [] : [clip.id]))), [mediaFacts, items]);
  return useMemo(() => checksOf(items, facts, models), [items, facts, models]);
}

export function useModel() {
  const draft = useSelect((state) => state.draft);
  const models = useSelect((state) => state.models);
  return modelOf(draft, models);
}

/** What an item is called. */
export function useTitle(item: Pick<Item, "request" | "clip">): string {
  return titleOf(
    item,
    useSelect((state) => state.media),
  );
}

/** Why an animation no longer belongs to what it was made from; null when it does. */
export function useStaleness(clip: Clip | null): string | null {
  const media = useSelect((state) => state.media);
  return clip ? staleness(clip, media) : null;
}
