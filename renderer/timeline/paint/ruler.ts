import {
  beatsToFlicks,
  endOf,
  FLICKS_PER_SECOND,
  flicksToBeats,
  type Flicks,
  formatTimecode,
  frameDuration,
} from "../../../core/time/index.ts";
import type { Settings, Timeline } from "../../../core/timeline/index.ts";
import { INSET, MARKERS_HEIGHT, RULER_HEIGHT, timeToX, type View, xToTime } from "../geometry.ts";
import { MARKER_COLOURS, type Palette } from "./palette.ts";
import { setFont } from "./text.ts";

/** Distances of the ruler's numbers in seconds; below one second it goes by frames. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
const FRAME_STEPS = [1, 2, 5, 10];
const LABEL_WIDTH = 96;
/** Right of its tick: a playhead that stands there does not cover it. */
const LABEL_AT = 9;

interface Ticks {
  /** Flicks between two numbers. */
  readonly step: Flicks;
  /** Small ticks within a step. */
  readonly parts: number;
}

/** How the ruler is divided at a zoom: numbers at least as far apart as they are wide. */
export function ticksAt(zoom: number, { rate }: Pick<Settings, "rate">): Ticks {
  const frame = frameDuration(rate);
  const enough = (step: Flicks) => (step / FLICKS_PER_SECOND) * zoom >= LABEL_WIDTH;
  const frames = FRAME_STEPS.find((count) => enough(count * frame) && count * frame < FLICKS_PER_SECOND);
  if (frames !== undefined) return { step: frames * frame, parts: frames };
  const seconds = STEPS.find((count) => enough(count * FLICKS_PER_SECOND)) ?? 86_400;
  // Whole frames nearest to so many seconds: at NTSC rates a timecode second is a little longer than one of the clock.
  const step = Math.round((seconds * FLICKS_PER_SECOND) / frame) * frame;
  return { step, parts: seconds % 3 === 0 ? 6 : seconds === 2 ? 4 : 5 };
}

/** The same in beats of the tempo: bars, or powers of two of them. */
export function beatTicksAt(
  zoom: number,
  { tempo }: Pick<Settings, "tempo">,
): { readonly beats: number; readonly parts: number } {
  const beat = (60 / tempo.beatsPerMinute) * zoom;
  const wide = 64;
  if (beat >= wide) return { beats: 1, parts: 4 };
  let bars = 1;
  while (bars * tempo.beatsPerBar * beat < wide) bars *= 2;
  return { beats: bars * tempo.beatsPerBar, parts: bars === 1 ? tempo.beatsPerBar : 4 };
}

export interface RulerScene {
  readonly document: Timeline;
  readonly view: View;
  readonly bars: boolean;
  readonly inPoint: Flicks | null;
  readonly outPoint: Flicks | null;
  /** Id of the selected marker. */
  readonly marker: string | null;
}

export function paintRuler(canvas: CanvasRenderingContext2D, scene: RulerScene, palette: Palette): void {
  const { view, bars } = scene;
  canvas.fillStyle = palette.bg;
  canvas.fillRect(0, 0, view.width, RULER_HEIGHT);
  paintRange(canvas, scene, palette);
  setFont(canvas, `11px ${palette.mono}`);
  canvas.textBaseline = "middle";
  canvas.textAlign = "left";
  if (bars) paintBars(canvas, scene, palette);
  else paintTimecode(canvas, scene, palette);
  canvas.fillStyle = palette.line;
  canvas.fillRect(0, RULER_HEIGHT - 1, view.width, 1);
  for (const marker of scene.document.markers) paintMarker(canvas, scene, palette, marker);
}

const TICK_BOTTOM = RULER_HEIGHT - MARKERS_HEIGHT;

function tick(canvas: CanvasRenderingContext2D, x: number, height: number): void {
  canvas.fillRect(Math.round(x), TICK_BOTTOM - height, 1, height);
}

function paintTimecode(canvas: CanvasRenderingContext2D, { document, view }: RulerScene, palette: Palette): void {
  const { settings } = document;
  const { step, parts } = ticksAt(view.zoom, settings);
  const first = Math.max(0, Math.floor(xToTime(view, -LABEL_WIDTH) / step));
  for (let i = first; ; i++) {
    const time = i * step;
    const x = timeToX(view, time);
    if (x > view.width) break;
    canvas.fillStyle = palette.tick;
    tick(canvas, x, 10);
    for (let part = 1; part < parts; part++) tick(canvas, timeToX(view, time + (step * part) / parts), 4);
    canvas.fillStyle = palette["text-dim"];
    canvas.fillText(formatTimecode(time, settings), x + LABEL_AT, 11);
  }
}

function paintBars(canvas: CanvasRenderingContext2D, { document, view }: RulerScene, palette: Palette): void {
  const { settings } = document;
  const { tempo } = settings;
  const { beats, parts } = beatTicksAt(view.zoom, settings);
  const first = Math.floor(flicksToBeats(xToTime(view, -64), tempo) / beats);
  for (let i = first; ; i++) {
    const beat = i * beats;
    const x = timeToX(view, beatsToFlicks(beat, tempo));
    if (x > view.width) break;
    canvas.fillStyle = palette.tick;
    tick(canvas, x, 10);
    for (let part = 1; part < parts; part++)
      tick(canvas, timeToX(view, beatsToFlicks(beat + (beats * part) / parts, tempo)), 4);
    canvas.fillStyle = palette["text-dim"];
    const bar = Math.floor(beat / tempo.beatsPerBar);
    const inBar = beat - bar * tempo.beatsPerBar;
    canvas.fillText(beats < tempo.beatsPerBar ? `${bar + 1}.${inBar + 1}` : String(bar + 1), x + LABEL_AT, 11);
  }
}

/** The stretch between in and out point. */
function paintRange(canvas: CanvasRenderingContext2D, { view, inPoint, outPoint }: RulerScene, palette: Palette): void {
  if (inPoint === null && outPoint === null) return;
  const from = inPoint === null ? INSET : timeToX(view, inPoint);
  const to = outPoint === null ? view.width : timeToX(view, outPoint);
  canvas.fillStyle = palette.range;
  canvas.fillRect(from, TICK_BOTTOM, Math.max(1, to - from), MARKERS_HEIGHT - 1);
  canvas.fillStyle = palette["text-dim"];
  if (inPoint !== null) bracket(canvas, from, 1);
  if (outPoint !== null) bracket(canvas, to, -1);
}

function bracket(canvas: CanvasRenderingContext2D, x: number, direction: 1 | -1): void {
  const left = direction === 1 ? x : x - 2;
  canvas.fillRect(left, TICK_BOTTOM, 2, MARKERS_HEIGHT - 1);
  for (const y of [TICK_BOTTOM, RULER_HEIGHT - 3]) canvas.fillRect(direction === 1 ? x : x - 5, y, 5, 2);
}

function paintMarker(
  canvas: CanvasRenderingContext2D,
  { view, marker: selected }: RulerScene,
  palette: Palette,
  { id, name, markedRange, colour }: Timeline["markers"][number],
): void {
  const x = timeToX(view, markedRange.start);
  const to = timeToX(view, endOf(markedRange));
  if (to < -200 || x > view.width + 8) return;
  const y = TICK_BOTTOM + 2;
  canvas.fillStyle = palette.isForced ? palette.text : MARKER_COLOURS[colour];
  if (to > x) {
    canvas.globalAlpha = 0.35;
    canvas.fillRect(x, y, to - x, 11);
    canvas.globalAlpha = 1;
  }
  canvas.beginPath();
  canvas.moveTo(x - 4, y);
  canvas.lineTo(x + 4, y);
  canvas.lineTo(x + 4, y + 7);
  canvas.lineTo(x, y + 12);
  canvas.lineTo(x - 4, y + 7);
  canvas.closePath();
  canvas.fill();
  if (id === selected) {
    canvas.strokeStyle = palette.selection;
    canvas.lineWidth = 1.5;
    canvas.stroke();
  }
  if (name !== "") {
    setFont(canvas, `10.5px ${palette.sans}`);
    canvas.fillStyle = palette["text-dim"];
    canvas.fillText(name.slice(0, 40), x + 8, y + 5.5);
  }
}
