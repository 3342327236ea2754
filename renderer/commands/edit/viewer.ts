import { type Flicks, FLICKS_PER_SECOND, snapToFrame } from "../../../core/time/index.ts";
import { clipsOf, endOfPlaced, laneOf, type Timeline } from "../../../core/timeline/index.ts";
import type { CommandContext } from "../command.ts";
import { documentOf, editGroup, say } from "./helpers.ts";

/** True while the viewer shows a source: what plays and marks then means the source. */
export const showsSource = ({ editUi, viewerUi }: CommandContext): boolean =>
  editUi.getState().source !== null && viewerUi.getState().tab === "source";

export const viewerCommands = editGroup("Viewer", [
  {
    id: "viewer.fit",
    title: "Show the whole frame",
    keys: ["Shift+Digit1"],
    run: ({ viewerUi }) => viewerUi.setState({ zoom: "fit" }),
  },
  {
    id: "viewer.actual-size",
    title: "Show the frame pixel for pixel",
    keys: ["Shift+Digit2"],
    run: ({ viewerUi }) => viewerUi.setState({ zoom: 1 }),
  },
  {
    id: "viewer.safe-areas",
    title: "Safe areas",
    keys: ["Shift+Digit3"],
    run: (context) => {
      const safeAreas = !context.viewerUi.getState().safeAreas;
      context.viewerUi.setState({ safeAreas });
      say(context, safeAreas ? "Safe areas are shown." : "Safe areas are hidden.");
    },
  },
  {
    id: "viewer.full-screen",
    title: "Full screen",
    keys: ["Backquote"],
    run: () => {
      if (document.fullscreenElement !== null) void document.exitFullscreen();
      else void document.querySelector(".viewer")?.requestFullscreen();
    },
  },
  {
    id: "viewer.stats",
    title: "Playback numbers",
    keys: ["Mod+Alt+KeyD"],
    run: ({ viewerUi }) => viewerUi.setState({ stats: !viewerUi.getState().stats }),
  },
  {
    id: "viewer.tab",
    title: "Switch between timeline and source",
    keys: ["Shift+Digit4"],
    when: ({ editUi }) => editUi.getState().source !== null,
    run: ({ viewerUi }) => viewerUi.setState({ tab: viewerUi.getState().tab === "timeline" ? "source" : "timeline" }),
  },
]);

/** How long a new title is shown, and the least that is worth a place between two others. */
const [TITLE, SHORTEST] = [4 * FLICKS_PER_SECOND, FLICKS_PER_SECOND];

/** Puts a text at the playhead, over everything that is there; on a new track where no text track is free. */
function addTitle(context: CommandContext): void {
  const { project, transport, editUi, viewerUi } = context;
  const gesture = crypto.randomUUID();
  const at = transport.time;
  let place = freePlace(documentOf(context), at);
  if (place === null) {
    const before = new Set(documentOf(context).tracks.map(({ id }) => id));
    const result = project.perform("addTrack", { kind: "text" }, { gesture });
    const added = result.ok ? result.value.tracks.find(({ id }) => !before.has(id)) : undefined;
    if (added !== undefined) place = { track: added.id, duration: titleLength(documentOf(context)) };
  }
  if (place === null) return;
  const { track, duration } = place;
  const known = new Set([...clipsOf(documentOf(context))].map(({ id }) => id));
  const clips = [{ track, clip: { text: { text: "Title" }, duration } }];
  const result = project.perform("overwrite", { at, clips }, { gesture });
  project.endGesture(gesture, "keep");
  if (!result.ok) return;
  const title = [...clipsOf(result.value)].find(({ id }) => !known.has(id));
  if (title === undefined) return;
  viewerUi.setState({ tab: "timeline" });
  editUi.setState({ selection: { type: "clips", ids: [title.id] } });
  say(context, "Added a title. Write its text.");
  selectText(title.id);
}

/** The inspector shows a title a moment after it was selected; what is written replaces the word. @param left frames to wait at most */
function selectText(title: string, left = 60): void {
  const field = document.querySelector<HTMLTextAreaElement>(`[data-title-text="${CSS.escape(title)}"]`);
  if (field !== null) field.select();
  else if (left > 0) requestAnimationFrame(() => selectText(title, left - 1));
}

const titleLength = ({ settings }: Timeline): Flicks => snapToFrame(TITLE, settings.rate);

/** The topmost text track with room at a time, and how much. */
function freePlace(document: Timeline, at: Flicks): { readonly track: string; readonly duration: Flicks } | null {
  for (const track of document.tracks.toReversed()) {
    if (track.kind !== "text" || track.locked || track.muted) continue;
    const { placed } = laneOf(track);
    if (placed.some((item) => item.start <= at && endOfPlaced(item) > at)) continue;
    const next = placed.find(({ start }) => start > at)?.start ?? Number.POSITIVE_INFINITY;
    if (next - at >= SHORTEST) return { track: track.id, duration: Math.min(titleLength(document), next - at) };
  }
  return null;
}

export const titleCommands = editGroup("Titles", [
  { id: "title.add", title: "Add a title", keys: ["Alt+KeyT"], run: addTitle },
]);
