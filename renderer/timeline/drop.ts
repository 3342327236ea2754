import { FLICKS_PER_SECOND, frameDuration, secondsToFlicks } from "../../core/time/index.ts";
import { endOfPlaced, laneOf, type MediaReference, NEW_TRACK, type Timeline } from "../../core/timeline/index.ts";
import { attempt } from "../state/attempt.ts";
import type { Studio } from "../state/context.ts";
import { filesOf } from "../state/pick-files.ts";
import { carriesFiles, draggedMedia, droppedMedia } from "../state/drag.ts";
import { type Layout, type Row, rowAt, RULER_HEIGHT, timeToX, xToTime } from "./geometry.ts";
import { EditGesture, type Pointer } from "./gestures/gesture.ts";
import type { Ghost } from "./paint/overlay.ts";
import { BEYOND, lengthOfMedia, type Onto, placementsOf } from "./placement.ts";
import { selectionOf } from "./selection.ts";
import { snapBy } from "./snap.ts";
import type { TimelineView } from "./timeline-view.ts";

/** A length for media that the project does not know yet: what is shown while they are dragged. */
const UNKNOWN_SECONDS = 5;

const range = (seconds: number) => ({ start: 0, duration: Math.max(1, secondsToFlicks(seconds)) });

/** Media of the catalogue or of the library as the project would know them, as far as a ghost needs it. */
function previewOf({ store, project }: Studio, id: string): MediaReference | null {
  const { document } = project.store.getState();
  const known = document.media[id];
  if (known !== undefined) return known;
  const { catalogue, clips } = store.getState();
  const item = catalogue.find((each) => each.id === id);
  const clip = clips.find((each) => each.id === id);
  const blank = { id, path: "-", fingerprint: { bytes: 0, sha256: "0".repeat(64) }, record: null };
  const sound = { channels: 2, sampleRate: document.settings.sampleRate };
  const size = { width: document.settings.width, height: document.settings.height };
  if (clip !== undefined) {
    const seconds = clip.frames / clip.fps;
    const audio = clip.record.schema === "plume.animation/1" ? sound : null;
    return { ...blank, kind: "video", name: clip.fileName, availableRange: range(seconds), rate: null, size, audio };
  }
  if (item === undefined) return null;
  if (item.kind === "picture")
    return { ...blank, kind: "image", name: item.name, availableRange: null, rate: null, size, audio: null };
  if (item.kind === "sound")
    return {
      ...blank,
      kind: "audio",
      name: item.name,
      availableRange: range(item.seconds),
      rate: null,
      size: null,
      audio: sound,
    };
  return {
    ...blank,
    kind: "video",
    name: item.name,
    availableRange: range(item.seconds || UNKNOWN_SECONDS),
    rate: item.rate,
    size,
    audio: item.audio === null ? null : sound,
  };
}

interface Target {
  readonly at: number;
  readonly onto: Onto;
  readonly insert: boolean;
}

/** Lets media be dropped on the timeline: over what is there, or with Ctrl or ⌘ held between it. Files from the desktop are taken in first. */
export function attachDrop(view: TimelineView, studio: Studio, element: HTMLElement): () => void {
  let gesture: EditGesture | null = null;

  function targetOf(
    event: DragEvent,
    length: number,
  ): Target & { readonly hintAt: Pointer; readonly snap: ReturnType<typeof snapBy>["point"] } {
    const { left, top } = element.getBoundingClientRect();
    const pointer: Pointer = {
      x: event.clientX - left,
      y: event.clientY - top,
      shift: event.shiftKey,
      alt: event.altKey,
      mod: false,
    };
    gesture ??= new EditGesture(view);
    const { rate } = gesture.base.settings;
    const from = Math.max(0, xToTime(view.view, pointer.x));
    const snapped = snapBy(gesture.snapTo(pointer), [0, length], from, gesture.within, rate);
    const y = pointer.y - RULER_HEIGHT + view.scrollY;
    // On an empty timeline the tracks that are there are meant, wherever one lets go.
    const isUsed = gesture.base.tracks.some((track) => laneOf(track).placed.length > 0);
    const isBeyond = isUsed && (y < 0 || y >= view.layout.height);
    const onto = isBeyond ? BEYOND : (rowAt(view.layout, y)?.track.id ?? null);
    return {
      at: Math.max(0, snapped.by),
      onto,
      insert: event.ctrlKey || event.metaKey,
      hintAt: pointer,
      snap: snapped.point,
    };
  }

  function leave(): void {
    gesture = null;
    view.hint = null;
  }

  function onOver(event: DragEvent): void {
    const ids = draggedMedia(event.dataTransfer);
    const files = carriesFiles(event.dataTransfer);
    if (ids.length === 0 && !files) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    const media = ids.map((id) => previewOf(studio, id)).filter((each) => each !== null);
    const { document } = studio.project.store.getState();
    const length = media.reduce((sum, each) => sum + lengthOfMedia(each), 0);
    const target = targetOf(event, length);
    view.hint = {
      text: `${target.insert ? "insert" : "overwrite"}${target.onto === BEYOND ? " · on a new track" : ""}`,
      at: target.hintAt,
      snap: target.snap,
      ghosts: ghostsOf(view, document, media, target),
      ...(target.insert ? { ripple: target.at } : {}),
    };
  }

  function onDrop(event: DragEvent): void {
    const ids = droppedMedia(event.dataTransfer);
    const { dataTransfer } = event;
    const carries = carriesFiles(dataTransfer);
    if (ids.length === 0 && !carries) return;
    event.preventDefault();
    event.stopPropagation();
    const known = ids.map((id) => previewOf(studio, id)).filter((each) => each !== null);
    const target = targetOf(
      event,
      known.reduce((sum, each) => sum + lengthOfMedia(each), 0),
    );
    leave();
    // What is dropped can be read in this very moment only.
    const picked = carries && dataTransfer !== null ? filesOf(dataTransfer) : null;
    void attempt(studio.store, async () => {
      const media = picked === null ? ids : await studio.media.importFiles(await studio.exchange.take(await picked));
      await putMedia(studio, media, target);
    });
  }

  element.addEventListener("dragover", onOver);
  element.addEventListener("dragleave", leave);
  element.addEventListener("drop", onDrop);
  return () => {
    element.removeEventListener("dragover", onOver);
    element.removeEventListener("dragleave", leave);
    element.removeEventListener("drop", onDrop);
  };
}

function ghostsOf(
  view: TimelineView,
  document: Timeline,
  media: readonly MediaReference[],
  { at, onto }: Target,
): Ghost[] {
  const layout: Layout = view.layout;
  const frame = Math.ceil(frameDuration(document.settings.rate));
  return media.length === 0
    ? []
    : placementsOf(document, media, onto).flatMap(({ track, clip, offset }) => {
        const row = layout.rows.find((each) => each.track.id === track) ?? newRow(layout, track);
        const of = "media" in clip ? media.find(({ id }) => id === clip.media) : undefined;
        if (row === null || of === undefined) return [];
        const x = timeToX(view.view, at + offset);
        const width = timeToX(view.view, at + offset + Math.max(frame, lengthOfMedia(of))) - x;
        return [{ x, y: RULER_HEIGHT + row.y - view.scrollY, width, height: row.height, text: of.name }];
      });
}

/** Where a new track would come in, as a flat row: over the pictures or under the sounds. */
function newRow({ rows, height }: Layout, track: string): Pick<Row, "y" | "height"> | null {
  if (track === NEW_TRACK.audio) return { y: height, height: NEW_HEIGHT };
  const top = rows.find((row) => row.track.kind === "video")?.y ?? 0;
  return track === NEW_TRACK.video ? { y: Math.max(0, top - NEW_HEIGHT / 2), height: NEW_HEIGHT } : null;
}
const NEW_HEIGHT = 24;

/** Puts media on the timeline; the project notes those that it does not know. Rejects with StudioError. */
export async function putMedia(studio: Studio, ids: readonly string[], { at, onto, insert }: Target): Promise<void> {
  const { project, editUi, store } = studio;
  if (ids.length === 0) return;
  await project.useMedia(ids);
  const { document } = project.store.getState();
  const media = ids.map((each) => document.media[each]).filter((each) => each !== undefined);
  const clips = placementsOf(document, media, onto);
  if (clips.length === 0) {
    const text = "There is no unlocked track for this: add one, or unlock one.";
    store.setState({ notice: { text, kind: "problem", undo: null }, announcement: text });
    return;
  }
  const link = media.length === 1 ? {} : { link: false };
  const before = new Set(document.tracks.flatMap((track) => [...laneOf(track).index.keys()]));
  const result = project.perform(insert ? "insert" : "overwrite", { at, clips, ...link });
  if (!result.ok) return;
  const made = result.value.tracks.flatMap((track) => laneOf(track).placed.filter(({ clip }) => !before.has(clip.id)));
  editUi.setState({ selection: selectionOf(made.map(({ clip }) => clip.id)) });
  const end = Math.max(...made.map(endOfPlaced));
  store.setState({
    announcement: `Put ${media.length === 1 ? media[0]!.name : `${media.length} media`} on the timeline, until ${Math.round(end / FLICKS_PER_SECOND)} seconds.`,
  });
}
