import type { Flicks } from "../../core/time/index.ts";
import type { Timeline } from "../../core/timeline/index.ts";
import { selectedClips } from "../state/edit-ui.ts";
import type { Studio } from "../state/context.ts";
import { staleClips } from "../state/stale.ts";
import { type Layout, layoutOf, revealed, RULER_HEIGHT, timeToX, type View } from "./geometry.ts";
import type { HitScene } from "./hit.ts";
import { type Hint, paintOverlay } from "./paint/overlay.ts";
import { type Palette, readPalette } from "./paint/palette.ts";
import { paintRuler } from "./paint/ruler.ts";
import { forgetFont, forgetWidths } from "./paint/text.ts";
import { paintChanged, paintTracks, type TracksScene } from "./paint/tracks.ts";
import { lanePlace } from "./motion.ts";
import type { MediaPictures } from "./pictures.ts";

type Parts = Pick<Studio, "store" | "project" | "editUi" | "transport">;

/**
 * The drawn timeline: what part of it is seen, and when it is drawn anew. Two canvases lie over each other, the clips and over them what
 * drags show; the playhead is an element over both, so that nothing is drawn while it moves.
 */
export class TimelineView {
  readonly studio: Parts;
  readonly pictures: MediaPictures;
  private size = { width: 0, height: 0 };
  private scrolledY = 0;
  private shownHint: Hint | null = null;
  private shownBlade: Flicks | null = null;
  private base: CanvasRenderingContext2D | null = null;
  private overlay: CanvasRenderingContext2D | null = null;
  private playhead: HTMLElement | null = null;
  private palette: Palette | null = null;
  private hatch: CanvasPattern | null = null;
  private frame = 0;
  private dirty = { base: false, tracks: false, ruler: false, overlay: false, playhead: false };
  /** The tracks as they are on the canvas. */
  private painted: Layout | null = null;
  private known: {
    readonly tracks: unknown;
    readonly heights: unknown;
    readonly lane: string | null;
    readonly layout: Layout;
  } | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(studio: Parts, pictures: MediaPictures) {
    this.studio = studio;
    this.pictures = pictures;
  }

  get view(): View {
    const { zoom, scroll } = this.studio.editUi.getState();
    return { zoom, scroll, width: this.size.width };
  }

  get height(): number {
    return this.size.height;
  }

  /** How far the tracks are scrolled up, in pixels. */
  get scrollY(): number {
    return this.scrolledY;
  }

  get layout(): Layout {
    const { tracks } = this.studio.project.store.getState().document;
    const { trackHeights: heights, motionLane } = this.studio.editUi.getState();
    if (this.known?.tracks !== tracks || this.known.heights !== heights || this.known.lane !== motionLane) {
      const place = lanePlace(this.studio.project.store.getState().document, motionLane);
      this.known = { tracks, heights, lane: motionLane, layout: layoutOf(tracks, heights, place) };
    }
    return this.known.layout;
  }

  get scene(): HitScene {
    const { inPoint, outPoint } = this.studio.transport.state;
    const ui = this.studio.editUi.getState();
    return {
      document: this.studio.project.store.getState().document,
      layout: this.layout,
      view: this.view,
      scrollY: this.scrolledY,
      inPoint,
      outPoint,
      selected: new Set(selectedClips(ui)),
      track: ui.selection.type === "track" && ui.tool === "select" ? ui.selection.id : null,
    };
  }

  get hint(): Hint | null {
    return this.shownHint;
  }

  /** What a drag shows; null when it is over. */
  set hint(hint: Hint | null) {
    this.shownHint = hint;
    this.invalidate("overlay");
  }

  set blade(time: Flicks | null) {
    if (this.shownBlade === time) return;
    this.shownBlade = time;
    this.invalidate("overlay");
  }

  setView({ zoom, scroll }: Pick<View, "zoom" | "scroll">): void {
    this.studio.editUi.setState({ zoom, scroll: Math.max(0, scroll) });
  }

  scrollTo(y: number): void {
    const most = Math.max(0, this.layout.height + BELOW - (this.size.height - RULER_HEIGHT));
    const next = Math.min(most, Math.max(0, y));
    if (next === this.scrolledY) return;
    this.scrolledY = next;
    this.invalidate("base");
    for (const listener of this.listeners) listener();
  }

  /** Scrolls so that a time is in sight. */
  reveal(time: Flicks): void {
    this.setView(revealed(this.view, time));
  }

  /** Told when the tracks were scrolled up or down, or the drawing has another size. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Draws on these canvases and moves this playhead from now on. Returns a function that stops it. */
  attach(base: HTMLCanvasElement, overlay: HTMLCanvasElement, playhead: HTMLElement): () => void {
    const { store, project, editUi, transport } = this.studio;
    this.base = base.getContext("2d", { alpha: false });
    this.overlay = overlay.getContext("2d");
    this.playhead = playhead;
    const readColours = () => {
      this.palette = readPalette(base);
      this.hatch = this.base && makeHatch(this.base, this.palette.hatch);
      this.invalidate("base");
    };
    readColours();
    const wishes = ["(forced-colors: active)", "(prefers-contrast: more)"].map((query) => window.matchMedia(query));
    for (const wish of wishes) wish.addEventListener("change", readColours);
    // Text on a canvas is drawn in the font that is there at that moment.
    void document.fonts?.ready.then(() => {
      forgetWidths();
      if (this.base !== null) forgetFont(this.base);
      this.invalidate("base");
    });
    const observer = new ResizeObserver(([entry]) => {
      if (entry) this.resize(base, overlay, entry.contentRect.width, entry.contentRect.height);
    });
    observer.observe(base);
    const stops = [
      project.store.subscribe((view, before) => {
        if (view.document !== before.document)
          for (const part of changedParts(view.document, before.document)) this.invalidate(part);
      }),
      editUi.subscribe(() => this.invalidate("base")),
      store.subscribe((state, before) => {
        if (state.jobs !== before.jobs || state.clips !== before.clips || state.media !== before.media)
          this.invalidate("base");
      }),
      this.pictures.subscribe(() => this.invalidate("base")),
      transport.subscribe(() => this.follow()),
    ];
    return () => {
      for (const stop of stops) stop();
      observer.disconnect();
      wishes.forEach((wish) => wish.removeEventListener("change", readColours));
      cancelAnimationFrame(this.frame);
      this.frame = 0;
      this.base = null;
      this.overlay = null;
      this.playhead = null;
    };
  }

  /** `tracks`: those that are others than those that were painted. */
  invalidate(what: "base" | "tracks" | "ruler" | "overlay" | "playhead"): void {
    this.dirty[what] = true;
    if (what === "base") this.dirty.overlay = true;
    if (this.frame === 0 && this.base !== null)
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.paint();
      });
  }

  private resize(base: HTMLCanvasElement, overlay: HTMLCanvasElement, width: number, height: number): void {
    const ratio = window.devicePixelRatio || 1;
    this.size = { width, height };
    this.studio.editUi.setState({ timelineWidth: width });
    for (const canvas of [base, overlay]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    if (this.base !== null) forgetFont(this.base);
    this.base?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.overlay?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.scrollTo(this.scrolledY);
    // At once: a canvas of a new size is empty, and would be seen so for a frame.
    this.dirty = { base: true, tracks: false, ruler: false, overlay: true, playhead: true };
    this.paint();
    for (const listener of this.listeners) listener();
  }

  private marks: unknown = null;

  /** After each move of the playhead: turns the page when it plays out of sight. */
  private follow(): void {
    const { state } = this.studio.transport;
    if (state.playing) {
      const { view } = this;
      const next = revealed(view, state.time, 0.04);
      if (next !== view) this.setView(next);
    }
    const marks = `${state.inPoint} ${state.outPoint}`;
    this.invalidate(marks === this.marks ? "playhead" : "base");
    this.marks = marks;
  }

  private placePlayhead(x: number): void {
    if (this.playhead === null) return;
    const isSeen = x >= -HEAD && x <= this.size.width + HEAD;
    this.playhead.style.transform = `translateX(${isSeen ? x : -2 * HEAD}px)`;
  }

  private paint(): void {
    const { base, overlay, palette, view, height } = this;
    if (base === null || overlay === null || palette === null || view.width === 0) return;
    const { scene } = this;
    const { document } = scene;
    const ui = this.studio.editUi.getState();
    const tracks = (): TracksScene => {
      const { jobs, clips, media } = this.studio.store.getState();
      return {
        canvas: base,
        document,
        view,
        palette,
        pictures: this.pictures,
        selected: scene.selected,
        progress: (id) => {
          const job = jobs.find((each) => each.id === id);
          return job === undefined || job.state === "queued" ? null : job.progress.fraction;
        },
        stale: staleClips(clips, media),
        hatch: this.hatch,
        layout: scene.layout,
        scrollY: this.scrolledY,
        height,
        selection: ui.selection,
      };
    };
    const isChange = this.dirty.tracks && !this.dirty.base && this.painted !== null;
    const isWhole = this.dirty.base || (this.dirty.tracks && !(isChange && paintChanged(tracks(), this.painted!)));
    if (isWhole) paintTracks(tracks());
    if (isWhole || this.dirty.ruler) {
      const marker = ui.selection.type === "marker" ? ui.selection.id : null;
      const { inPoint, outPoint } = scene;
      paintRuler(base, { document, view, bars: ui.ruler === "bars", inPoint, outPoint, marker }, palette);
    }
    if (this.dirty.base || this.dirty.tracks) this.painted = scene.layout;
    if (this.dirty.overlay) {
      paintOverlay(overlay, { view, height, hint: this.shownHint, blade: this.shownBlade }, palette);
    }
    this.placePlayhead(Math.round(timeToX(view, this.studio.transport.time)));
    this.dirty = { base: false, tracks: false, ruler: false, overlay: false, playhead: false };
  }
}

/** What the playhead's head reaches to either side. */
const HEAD = 8;

/** What an edit may have changed of all that the drawing shows. */
function changedParts(now: Timeline, before: Timeline): readonly ("base" | "tracks" | "ruler")[] {
  if (now.settings !== before.settings || now.media !== before.media) return ["base"];
  return now.markers === before.markers ? ["tracks"] : ["tracks", "ruler"];
}

/** Room under the last track, where a clip can be dropped to make one more. */
const BELOW = 24;

/** Diagonal stripes. */
function makeHatch(canvas: CanvasRenderingContext2D, colour: string): CanvasPattern | null {
  const tile = new OffscreenCanvas(12, 12);
  const context = tile.getContext("2d");
  if (context === null) return null;
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  for (const x of [-12, 0, 12]) {
    context.moveTo(x - 2, 14);
    context.lineTo(x + 14, -2);
  }
  context.stroke();
  return canvas.createPattern(tile, "repeat");
}
