import { createStore, type StoreApi } from "zustand/vanilla";
import type { GenerationRequest } from "../../core/contract/index.ts";
import type { Flicks } from "../../core/time/index.ts";
import type { Clip, TrackKind } from "../../core/timeline/index.ts";

export const workspaces = ["create", "edit", "export", "models"] as const;
export type Workspace = (typeof workspaces)[number];

export const tools = ["select", "trim", "blade", "ripple", "roll", "slip", "slide", "track-select"] as const;
export type Tool = (typeof tools)[number];

/** What is selected on the timeline: clips, or one thing of another kind. */
export type Selection =
  | { readonly type: "none" }
  | { readonly type: "clips"; readonly ids: readonly string[] }
  | { readonly type: "transition"; readonly id: string }
  /** Where two clips meet: ids of the clips on either side. */
  | { readonly type: "cut"; readonly left: string; readonly right: string }
  | { readonly type: "gap"; readonly track: string; readonly start: Flicks; readonly duration: Flicks }
  | { readonly type: "marker"; readonly id: string }
  | { readonly type: "track"; readonly id: string };

/** A copied clip, where it was on its track, and after the first of those copied with it. */
export interface Copied {
  readonly track: string;
  readonly kind: TrackKind;
  readonly offset: Flicks;
  readonly clip: Clip;
}

/** A place on the timeline where a clip is to be made, or a take that is to be made anew. `room` null: as much as one likes. */
export type Generating =
  | { readonly type: "gap"; readonly track: string; readonly at: Flicks; readonly room: Flicks | null }
  | { readonly type: "take"; readonly clip: string; readonly request: GenerationRequest };

/** How the editor is looked at: lives in this window alone, and never in the history. */
export interface EditUi {
  readonly workspace: Workspace;
  readonly selection: Selection;
  readonly tool: Tool;
  readonly snapping: boolean;
  /** Selecting a clip selects those linked with it. */
  readonly linkedSelection: boolean;
  /** Pixels a second. */
  readonly zoom: number;
  /** The time at the left edge of the view. */
  readonly scroll: Flicks;
  /** Heights of tracks in pixels by their id; the others have the usual height. */
  readonly trackHeights: Readonly<Record<string, number>>;
  readonly ruler: "timecode" | "bars";
  /** The media or clip in the source viewer, for three-point editing; null: the viewer shows the timeline. */
  readonly source: string | null;
  /** In and out points of the source, in its own time. */
  readonly sourceIn: Flicks | null;
  readonly sourceOut: Flicks | null;
  /** Clips that were copied. */
  readonly clipboard: readonly Copied[];
  /** They are what was copied last, as far as the window knows: it was not left since. */
  readonly copiedLast: boolean;
  /** What lies over the editor. */
  readonly sheet: "palette" | "marker" | null;
  /** What the sheet for generating is open for. */
  readonly generating: Generating | null;
  readonly showsHistory: boolean;
  /** The animated clip whose motion lane lies open under its track. */
  readonly motionLane: string | null;
  /** Of the drawn timeline, in pixels. */
  readonly timelineWidth: number;
  readonly panels: { readonly left: number; readonly right: number; readonly timeline: number };
}

export type EditUiStore = StoreApi<EditUi>;

const KEY = "plume.edit-ui";
/** What is kept from one start to the next. */
const kept = ["workspace", "snapping", "linkedSelection", "ruler", "showsHistory", "panels"] as const;

export const nothingSelected: Selection = { type: "none" };

const initial: EditUi = {
  workspace: "create",
  selection: nothingSelected,
  tool: "select",
  snapping: true,
  linkedSelection: true,
  zoom: 40,
  scroll: 0,
  trackHeights: {},
  ruler: "timecode",
  source: null,
  sourceIn: null,
  sourceOut: null,
  clipboard: [],
  copiedLast: false,
  sheet: null,
  generating: null,
  showsHistory: false,
  motionLane: null,
  timelineWidth: 1000,
  panels: { left: 280, right: 300, timeline: 372 },
};

export function createEditUi(storage: Pick<Storage, "getItem" | "setItem">): EditUiStore {
  const store = createStore<EditUi>(() => ({ ...initial, ...load(storage) }));
  store.subscribe((state, before) => {
    if (kept.every((key) => state[key] === before[key])) return;
    storage.setItem(KEY, JSON.stringify(Object.fromEntries(kept.map((key) => [key, state[key]]))));
  });
  return store;
}

/** What an older or damaged note says wrongly is left out. */
function load(storage: Pick<Storage, "getItem">): Partial<EditUi> {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    const { workspace, snapping, linkedSelection, ruler, showsHistory, panels } = value as Partial<
      Record<keyof EditUi, unknown>
    >;
    const sizes = panels as Partial<Record<keyof EditUi["panels"], unknown>> | undefined;
    const size = (name: keyof EditUi["panels"]) => {
      const pixels = sizes?.[name];
      return typeof pixels === "number" && pixels >= 100 && pixels < 4000 ? pixels : initial.panels[name];
    };
    return {
      workspace: workspaces.find((name) => name === workspace) ?? "create",
      snapping: typeof snapping === "boolean" ? snapping : true,
      linkedSelection: typeof linkedSelection === "boolean" ? linkedSelection : true,
      showsHistory: showsHistory === true,
      ruler: ruler === "bars" ? "bars" : "timecode",
      panels: { left: size("left"), right: size("right"), timeline: size("timeline") },
    };
  } catch {
    return {};
  }
}

/** Ids of the selected clips. */
export const selectedClips = ({ selection }: Pick<EditUi, "selection">): readonly string[] =>
  selection.type === "clips" ? selection.ids : noIds;
const noIds: readonly string[] = [];
