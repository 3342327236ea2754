/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a table cannot be laid over a drawing: its cells lie where clips are */
import { type FocusEvent, memo, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { FLICKS_PER_SECOND, flicksToFrame, formatTimecode } from "../../core/time/index.ts";
import { findClip, laneOf, mediaOf, type Timeline, type Track } from "../../core/timeline/index.ts";
import { useEditUi, useProject, useSelect, useStudio, useTold } from "../state/context.ts";
import { type EditUi, type Selection } from "../state/edit-ui.ts";
import { staleClips } from "../state/stale.ts";
import { useLateDuration, useTransport } from "../state/transport.ts";
import { INSET, layoutOf, RULER_HEIGHT, timeToX } from "./geometry.ts";
import { indexAt } from "./hit.ts";
import { clickedClip } from "./selection.ts";
import { clipWords, trackWords } from "./spoken.ts";
import { lanePlace } from "./motion.ts";
import type { TimelineView } from "./timeline-view.ts";

/** Cells on either side of the one that would take focus: enough to go on, however many clips there are. */
const AROUND = 4;

interface Place {
  readonly track: string;
  /** Null on a track without clips. */
  readonly clip: string | null;
}

/**
 * The timeline for keyboard and screen reader, mirrored in DOM over the drawing: tracks are rows, clips are cells with spoken names, one
 * of them can take focus. Arrows go between clips and tracks and select; Shift+arrow selects on; Enter opens the clip's menu.
 */
export function Grid({ view }: { readonly view: TimelineView }) {
  const [isUsed, setUsed] = useState(false);
  const told = useTold((each) => each, isUsed);
  return (
    <div className="grid-layer">
      <PlayheadSlider view={view} />
      <Cells view={view} document={told.document} selection={told.selection} onUse={setUsed} />
    </div>
  );
}

interface CellsProps {
  readonly view: TimelineView;
  readonly document: Timeline;
  readonly selection: Selection;
  /** Told whether focus is in it: then nothing may lag behind the keys. */
  readonly onUse: (isUsed: boolean) => void;
}

/** Nobody sees the cells: they follow on the frame that shows an edit, unless focus is among them. */
const Cells = memo(function Cells({ view, document, selection, onUse }: CellsProps) {
  const { editUi, project } = useStudio();
  const heights = useEditUi((ui) => ui.trackHeights);
  const stale = useSelect(({ clips, media }) => staleClips(clips, media));
  const [focused, setFocused] = useState<Place | null>(null);
  const layer = useRef<HTMLDivElement>(null);
  const lane = useEditUi((ui) => ui.motionLane);
  const layout = layoutOf(document.tracks, heights, lanePlace(document, lane));
  const active = activePlace(
    document,
    layout.rows.map(({ track }) => track),
    selection,
    focused,
  );

  const activeTime = active === null ? 0 : timeOf(document, active);

  useEffect(() => {
    // Scrolling and zooming move the cells without drawing them anew.
    const place = () => {
      const style = layer.current?.style;
      if (style === undefined) return;
      const { zoom, scroll } = view.view;
      style.setProperty("--zoom", `${zoom}px`);
      style.transform = `translate(${INSET - (scroll / FLICKS_PER_SECOND) * zoom}px, ${-view.scrollY}px)`;
    };
    place();
    const stops = [editUi.subscribe(place), view.subscribe(place)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [view, editUi]);

  function go(place: Place, extend: boolean): void {
    const current = project.store.getState().document;
    setFocused(place);
    if (place.clip !== null) {
      const track = current.tracks.find(({ id }) => id === place.track)!;
      const item = laneOf(track).placed[laneOf(track).index.get(place.clip)!]!;
      const ui: EditUi = editUi.getState();
      editUi.setState({ selection: clickedClip(current, ui, place.clip, extend ? "extend" : "replace") });
      view.reveal(item.start);
    }
    const row = view.layout.rows.find(({ track }) => track.id === place.track);
    if (row && row.y < view.scrollY) view.scrollTo(row.y);
    else if (row && row.y + row.height > view.scrollY + view.height - RULER_HEIGHT)
      view.scrollTo(row.y + row.height - view.height + RULER_HEIGHT);
    requestAnimationFrame(() => layer.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus());
  }

  /** A clip that is reached with the keyboard is the one that commands mean. */
  function onFocus(event: FocusEvent): void {
    onUse(true);
    const clip = event.target instanceof HTMLElement ? event.target.dataset["clip"] : undefined;
    const ui = editUi.getState();
    if (clip === undefined || (ui.selection.type === "clips" && ui.selection.ids.includes(clip))) return;
    const current = project.store.getState().document;
    if (findClip(current, clip) === null) return;
    editUi.setState({ selection: clickedClip(current, ui, clip, "replace") });
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || active === null) return;
    if (event.key === "Enter" || event.key === "ContextMenu") {
      event.preventDefault();
      openMenu(event.target as HTMLElement, view, document, active);
      return;
    }
    const next = neighbour(
      document,
      layout.rows.map(({ track }) => track),
      active,
      event.key,
    );
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    go(next, event.shiftKey);
  }

  return (
    <div
      className="grid-layer__scroll"
      ref={layer}
      role="grid"
      tabIndex={-1}
      aria-label="Clips"
      aria-multiselectable
      aria-rowcount={layout.rows.length}
      aria-colcount={Math.max(1, ...document.tracks.map((track) => laneOf(track).placed.length))}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      onBlur={(event) => onUse(event.currentTarget.contains(event.relatedTarget))}
    >
      {layout.rows.map(({ track, y, height }) => (
        <TrackRow
          key={track.id}
          settings={document.settings}
          media={document.media}
          stale={stale}
          track={track}
          y={y}
          height={height}
          selection={selection}
          active={active?.track === track.id ? active.clip : undefined}
          middle={middleOf(track, active, activeTime)}
        />
      ))}
    </div>
  );
});

/** What one row shows. An edit of another track draws it not again: what did not change is the same object. */
interface RowProps {
  readonly settings: Timeline["settings"];
  readonly media: Timeline["media"];
  /** Media that no longer belong to the picture or sound that they were made from. */
  readonly stale: ReadonlySet<string>;
  readonly track: Track;
  readonly y: number;
  readonly height: number;
  readonly selection: Selection;
  /** Of the clip that would take focus, where it is on this row. */
  readonly active: string | null | undefined;
  /** Index of the clip around which cells are made. */
  readonly middle: number;
}

const TrackRow = memo(function TrackRow(props: RowProps) {
  const { settings, media, stale, track, y, height, selection, active, middle } = props;
  const { placed } = laneOf(track);
  const first = Math.max(0, middle - AROUND);
  const shown = placed.slice(first, middle + AROUND + 1);
  const selected = new Set(selection.type === "clips" ? selection.ids : []);
  return (
    <div className="grid-layer__row" role="row" aria-label={trackWords(track)} style={{ top: y, height: height - 1 }}>
      {placed.length === 0 ? (
        <div
          className="grid-layer__cell"
          role="gridcell"
          tabIndex={active === undefined ? -1 : 0}
          style={{ left: 0, width: 60 }}
          aria-label={`${trackWords(track)}, empty`}
        />
      ) : null}
      {shown.map((item, i) => (
        <div
          key={item.clip.id}
          className="grid-layer__cell"
          role="gridcell"
          data-clip={item.clip.id}
          tabIndex={active === item.clip.id ? 0 : -1}
          aria-colindex={first + i + 1}
          aria-selected={selected.has(item.clip.id)}
          aria-label={clipWords(
            { settings, media },
            track,
            item,
            false,
            stale.has(mediaOf({ media }, item.clip)?.id ?? ""),
          )}
          style={{
            left: `calc(var(--zoom) * ${item.start / FLICKS_PER_SECOND})`,
            width: `calc(var(--zoom) * ${item.clip.sourceRange.duration / FLICKS_PER_SECOND})`,
          }}
        />
      ))}
    </div>
  );
});

/** The clip that has focus, or what lies over or under it. */
function middleOf(track: Track, active: Place | null, time: number): number {
  const { placed, index } = laneOf(track);
  const own = active?.track === track.id && active.clip !== null ? index.get(active.clip) : undefined;
  return own ?? Math.max(0, indexAt(placed, time));
}

/** Where focus would go: to what had it, to the selected clip, or to the first clip there is. */
function activePlace(
  document: Timeline,
  rows: readonly Track[],
  selection: Selection,
  focused: Place | null,
): Place | null {
  const isThere = ({ track, clip }: Place) =>
    document.tracks.some((each) => each.id === track && (clip === null || laneOf(each).index.has(clip)));
  const selected = selection.type === "clips" ? selection.ids : [];
  if (
    focused !== null &&
    isThere(focused) &&
    (focused.clip === null || selected.length === 0 || selected.includes(focused.clip))
  )
    return focused;
  for (const track of rows) {
    const clip = selected.find((id) => laneOf(track).index.has(id));
    if (clip !== undefined) return { track: track.id, clip };
  }
  const first = rows.find((track) => laneOf(track).placed.length > 0) ?? rows[0];
  return first === undefined ? null : { track: first.id, clip: laneOf(first).placed[0]?.clip.id ?? null };
}

function timeOf(document: Timeline, { track, clip }: Place): number {
  const lane = document.tracks.find(({ id }) => id === track);
  const at = lane === undefined || clip === null ? undefined : laneOf(lane).index.get(clip);
  return at === undefined ? 0 : laneOf(lane!).placed[at]!.start;
}

function neighbour(document: Timeline, rows: readonly Track[], { track, clip }: Place, key: string): Place | null {
  const row = rows.findIndex(({ id }) => id === track);
  const { placed, index } = laneOf(rows[row]!);
  const at = clip === null ? -1 : (index.get(clip) ?? -1);
  const inRow = (to: number): Place | null => (placed[to] === undefined ? null : { track, clip: placed[to].clip.id });
  if (key === "ArrowLeft") return inRow(at - 1);
  if (key === "ArrowRight") return inRow(at + 1);
  if (key === "Home") return inRow(0);
  if (key === "End") return inRow(placed.length - 1);
  const other = key === "ArrowUp" ? rows[row - 1] : key === "ArrowDown" ? rows[row + 1] : undefined;
  if (other === undefined) return null;
  // The clip that lies over or under this one.
  const there = laneOf(other).placed;
  return {
    track: other.id,
    clip: there[Math.max(0, indexAt(there, timeOf(document, { track, clip })))]?.clip.id ?? null,
  };
}

/** The same menu as a right click, at the clip. */
function openMenu(target: HTMLElement, view: TimelineView, document: Timeline, place: Place): void {
  const box = target.getBoundingClientRect();
  const stage = target.closest(".timeline__stage")?.getBoundingClientRect();
  const x = Math.max((stage?.left ?? 0) + timeToX(view.view, timeOf(document, place)) + 12, (stage?.left ?? 0) + 12);
  target.dispatchEvent(
    new MouseEvent("contextmenu", { bubbles: true, cancelable: true, clientX: x, clientY: box.top + box.height / 2 }),
  );
}

function PlayheadSlider({ view }: { readonly view: TimelineView }) {
  const { transport } = useStudio();
  const settings = useProject((state) => state.document.settings);
  // While it plays, once a second is enough for those who listen.
  const time = useTransport((state) =>
    state.playing ? Math.floor(state.time / FLICKS_PER_SECOND) * FLICKS_PER_SECOND : state.time,
  );
  const duration = useLateDuration();
  const scroll = useEditUi((ui) => ui.scroll);
  const zoom = useEditUi((ui) => ui.zoom);
  const steps: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => transport.step(-1),
    ArrowRight: () => transport.step(1),
    ArrowDown: () => transport.step(-1),
    ArrowUp: () => transport.step(1),
    PageDown: () => transport.step(-10),
    PageUp: () => transport.step(10),
    Home: () => transport.seek(0),
    End: () => transport.seek(transport.state.duration),
  };
  return (
    <div
      className="grid-layer__playhead"
      role="slider"
      tabIndex={0}
      aria-label="Playhead"
      aria-valuemin={0}
      aria-valuemax={Math.max(flicksToFrame(duration, settings.rate), flicksToFrame(time, settings.rate))}
      aria-valuenow={flicksToFrame(time, settings.rate)}
      aria-valuetext={formatTimecode(time, settings)}
      style={{ transform: `translateX(${timeToX({ scroll, zoom, width: view.view.width }, time) - 7}px)` }}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        step();
        view.reveal(transport.time);
      }}
    />
  );
}
