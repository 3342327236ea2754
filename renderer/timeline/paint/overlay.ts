import type { Flicks } from "../../../core/time/index.ts";
import { RULER_HEIGHT, timeToX, type View } from "../geometry.ts";
import type { SnapPoint } from "../snap.ts";
import type { Palette } from "./palette.ts";

/** What a drag shows besides what it changes. Pixels from the drawing's corner. */
export interface Hint {
  /** "+00:00:01:12" beside the pointer. */
  readonly text?: string;
  readonly at?: { readonly x: number; readonly y: number };
  readonly snap?: SnapPoint | null;
  /** A frame around what is being selected. */
  readonly marquee?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Clips that would come here, with their names. */
  readonly ghosts?: readonly Ghost[];
  /** Everything after this time would move along: the coloured edge of a ripple. */
  readonly ripple?: Flicks;
}

export interface Ghost {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

export interface OverlayScene {
  readonly view: View;
  readonly height: number;
  readonly hint: Hint | null;
  /** Where the pointer is with a blade in hand: a line where it would cut. */
  readonly blade: Flicks | null;
}

export function paintOverlay(canvas: CanvasRenderingContext2D, scene: OverlayScene, palette: Palette): void {
  const { view, height, hint } = scene;
  canvas.clearRect(0, 0, view.width, height);
  if (scene.blade !== null) {
    canvas.fillStyle = palette.selection;
    canvas.globalAlpha = 0.7;
    canvas.fillRect(Math.round(timeToX(view, scene.blade)), RULER_HEIGHT, 1, height - RULER_HEIGHT);
    canvas.globalAlpha = 1;
  }
  if (hint !== null) paintHint(canvas, scene, hint, palette);
}

function paintHint(canvas: CanvasRenderingContext2D, scene: OverlayScene, hint: Hint, palette: Palette): void {
  const { view, height } = scene;
  if (hint.ripple !== undefined) {
    const x = timeToX(view, hint.ripple);
    canvas.fillStyle = palette.snap;
    canvas.globalAlpha = 0.12;
    canvas.fillRect(x, RULER_HEIGHT, view.width - x, height - RULER_HEIGHT);
    canvas.globalAlpha = 1;
    canvas.fillRect(x - 1, RULER_HEIGHT, 2, height - RULER_HEIGHT);
  }
  for (const ghost of hint.ghosts ?? []) paintGhost(canvas, ghost, palette);
  if (hint.marquee) {
    const { x, y, width, height: tall } = hint.marquee;
    canvas.fillStyle = palette.range;
    canvas.fillRect(x, y, width, tall);
    canvas.strokeStyle = palette["text-dim"];
    canvas.lineWidth = 1;
    canvas.strokeRect(x + 0.5, y + 0.5, width, tall);
  }
  if (hint.snap) {
    const x = Math.round(timeToX(view, hint.snap.time));
    canvas.fillStyle = palette.snap;
    canvas.fillRect(x, 0, 1, height);
    label(canvas, palette, hint.snap.label, x + 6, RULER_HEIGHT + 12, view.width, palette.snap);
  }
  if (hint.text !== undefined && hint.at)
    label(canvas, palette, hint.text, hint.at.x + 14, hint.at.y - 18, view.width, palette.text);
}

function paintGhost(canvas: CanvasRenderingContext2D, { x, y, width, height, text }: Ghost, palette: Palette): void {
  canvas.fillStyle = palette.ghost;
  canvas.strokeStyle = palette.selection;
  canvas.lineWidth = 1.5;
  canvas.setLineDash([4, 3]);
  canvas.beginPath();
  canvas.roundRect(x + 1, y + 1, Math.max(2, width - 2), height - 3, 4);
  canvas.fill();
  canvas.stroke();
  canvas.setLineDash([]);
  canvas.font = `500 11px ${palette.sans}`;
  canvas.textBaseline = "middle";
  canvas.fillStyle = palette.text;
  if (width > 30) canvas.fillText(text, Math.max(x, 0) + 8, y + height / 2, width - 12);
}

/** A small plate with text, kept inside the window. */
function label(
  canvas: CanvasRenderingContext2D,
  palette: Palette,
  text: string,
  x: number,
  y: number,
  within: number,
  colour: string,
): void {
  canvas.font = `500 11px ${palette.mono}`;
  canvas.textBaseline = "middle";
  canvas.textAlign = "left";
  const width = canvas.measureText(text).width + 12;
  const left = Math.max(4, Math.min(x, within - width - 4));
  const top = Math.max(2, y - 10);
  canvas.fillStyle = palette.bg;
  canvas.globalAlpha = 0.92;
  canvas.beginPath();
  canvas.roundRect(left, top, width, 20, 4);
  canvas.fill();
  canvas.globalAlpha = 1;
  canvas.fillStyle = colour;
  canvas.fillText(text, left + 6, top + 10.5);
}
