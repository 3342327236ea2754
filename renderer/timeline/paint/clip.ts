import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import {
  type Clip,
  endOfPlaced,
  mediaOf,
  type Placed,
  sourceTimeAt,
  type Take,
  type Timeline,
  type TrackKind,
} from "../../../core/timeline/index.ts";
import { timeToX, type View, xToTime } from "../geometry.ts";
import { KEYFRAMES_HEIGHT, keyframesOf, TITLE_HEIGHT } from "../hit.ts";
import type { MediaPictures } from "../pictures.ts";
import { paintWaveform } from "./waveform.ts";
import { MARKER_COLOURS, type Palette } from "./palette.ts";
import { shortened } from "./text.ts";

export interface ClipScene {
  readonly canvas: CanvasRenderingContext2D;
  readonly document: Timeline;
  readonly view: View;
  readonly palette: Palette;
  readonly pictures: MediaPictures;
  readonly selected: ReadonlySet<string>;
  /** How far the job of a promised clip is, 0 to 1; null where it has not begun. */
  readonly progress: (job: string) => number | null;
  /** Media whose picture or sound is another since they were animated. */
  readonly stale: ReadonlySet<string>;
  readonly hatch: CanvasPattern | null;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Narrower clips have neither name nor picture: there is no room to read them. */
const READABLE = 26;
const RADIUS = 4;

export const activeTake = ({ content }: Clip): Take | null =>
  content.type === "media" ? (content.takes.find(({ id }) => id === content.activeTake) ?? null) : null;

export function paintClip(scene: ClipScene, item: Placed, kind: TrackKind, y: number, height: number): void {
  const { canvas, view, palette, document } = scene;
  const { clip } = item;
  const x = timeToX(view, item.start);
  const right = timeToX(view, endOfPlaced(item));
  // One pixel of the background between neighbours keeps cuts visible, down to clips that are no wider.
  const box: Box = { x: x + 0.5, y: y + 1, width: Math.max(1, right - x - 1), height: height - 2 };
  const take = activeTake(clip);
  const media = mediaOf(document, clip);
  const made = media?.record != null;
  const isPromise = take !== null && take.media === null;
  const tint = isPromise || made ? "made" : kind === "text" ? "text-clip" : kind;
  canvas.globalAlpha = clip.enabled ? 1 : 0.45;
  canvas.fillStyle = palette[tint];
  if (box.width < READABLE) {
    canvas.fillRect(box.x, box.y, box.width, box.height);
    if (scene.selected.has(clip.id)) outline(scene, box);
    canvas.globalAlpha = 1;
    return;
  }
  canvas.save();
  canvas.beginPath();
  canvas.roundRect(box.x, box.y, box.width, box.height, RADIUS);
  canvas.fill();
  canvas.clip();
  const offline = media !== null && scene.pictures.isOffline(media.id);
  if (isPromise || offline) paintHatch(scene, box, take, offline);
  else if (kind === "video" && media !== null) paintThumbnails(scene, item, media.id, box);
  else if (kind === "audio" && media !== null) paintWaveform(scene, item, media.id, box);
  else if (clip.content.type === "text") paintText(scene, clip, box);
  paintFades(scene, clip, box);
  if (height >= 30) {
    canvas.fillStyle = palette[`${tint}-title`];
    canvas.fillRect(box.x, box.y, box.width, TITLE_HEIGHT);
    canvas.fillStyle = palette.text;
    canvas.textBaseline = "middle";
    canvas.textAlign = "left";
    // The name stays in sight while the clip's begin is scrolled out.
    const at = Math.max(box.x, 0) + 6;
    const title = titleOf(clip, made || isPromise, media !== null && scene.stale.has(media.id));
    canvas.fillText(shortened(canvas, title, right - at - 6), at, box.y + TITLE_HEIGHT / 2 + 0.5);
  }
  paintKeyframes(scene, item, box);
  paintClipMarkers(scene, item, box);
  canvas.restore();
  if (scene.selected.has(clip.id)) {
    outline(scene, box);
    if (clip.enabled && box.width >= 40 && height >= 32) paintHandles(scene, clip, box);
  } else if (palette.isForced) {
    canvas.strokeStyle = palette.line;
    canvas.lineWidth = 1;
    canvas.strokeRect(box.x, box.y, box.width, box.height);
  }
  canvas.globalAlpha = 1;
}

/** Name and signs: ✦ generated, ↻ stale, speed, backwards, which take of how many. */
export function titleOf(clip: Clip, made: boolean, stale = false): string {
  const parts = [made ? `✦ ${clip.name}` : clip.name];
  if (stale) parts.unshift("↻");
  const { speed } = clip.parameters;
  if (typeof speed === "number") parts.push(`${Math.round(speed * 100)} %`);
  else if (speed !== undefined) parts.push("speed ◆");
  if (clip.reversed) parts.push("◀");
  if (clip.content.type === "media" && clip.content.takes.length > 1) {
    const { takes, activeTake: active } = clip.content;
    parts.push(`take ${takes.findIndex(({ id }) => id === active) + 1}/${takes.length}`);
  }
  return parts.join("  ·  ");
}

function outline({ canvas, palette }: ClipScene, { x, y, width, height }: Box): void {
  canvas.strokeStyle = palette.selection;
  canvas.lineWidth = 2;
  canvas.beginPath();
  canvas.roundRect(x + 1, y + 1, Math.max(1, width - 2), height - 2, RADIUS - 1);
  canvas.stroke();
}

/** A clip that is being made, could not be made, or whose file is missing. */
function paintHatch(scene: ClipScene, { x, y, width, height }: Box, take: Take | null, offline: boolean): void {
  const { canvas, palette, hatch } = scene;
  const failed = offline || (take !== null && take.problem !== null);
  if (hatch !== null) {
    canvas.fillStyle = hatch;
    canvas.globalAlpha *= failed ? 0.5 : 1;
    canvas.fillRect(x, y, width, height);
    canvas.globalAlpha = 1;
  }
  const middle = y + (height + TITLE_HEIGHT) / 2;
  const at = Math.max(x, 0) + 8;
  canvas.textBaseline = "middle";
  canvas.textAlign = "left";
  if (failed) {
    canvas.fillStyle = palette.problem;
    canvas.fillRect(x, y + height - 3, width, 3);
    const words = offline ? "⚠ Missing file" : `⚠ ${take?.problem ?? ""}`;
    canvas.fillText(shortened(canvas, words, x + width - at - 6), at, middle);
    return;
  }
  const share = take?.job == null ? null : scene.progress(take.job);
  canvas.fillStyle = palette.generated;
  if (share !== null) canvas.fillRect(x, y + height - 3, width * share, 3);
  canvas.fillText(share === null ? "waiting" : `${Math.round(share * 100)} %`, at, middle);
}

function paintThumbnails(scene: ClipScene, item: Placed, media: string, { x, y, width, height }: Box): void {
  const { canvas, view, pictures } = scene;
  const strip = pictures.strip(media);
  if (strip === null) return;
  const top = height >= 30 ? y + TITLE_HEIGHT : y;
  const tall = y + height - top;
  if (tall < 12) return;
  const wide = (tall * strip.width) / strip.height;
  // Pictures stand at fixed places of the clip, so that they do not swim while it is scrolled or trimmed at its end.
  const first = Math.max(0, Math.floor(-x / wide));
  for (let i = first; x + i * wide < Math.min(x + width, view.width); i++) {
    const time = xToTime(view, x + (i + 0.5) * wide) - item.start;
    const inside = Math.min(item.clip.sourceRange.duration, Math.max(0, time));
    const seconds = sourceTimeAt(item.clip, inside) / FLICKS_PER_SECOND;
    const n = Math.min(strip.count - 1, Math.max(0, Math.floor(seconds / strip.interval)));
    const [column, line] = [n % strip.columns, Math.floor(n / strip.columns)];
    canvas.drawImage(
      strip.picture,
      column * strip.width,
      line * strip.height,
      strip.width,
      strip.height,
      x + i * wide,
      top,
      wide,
      tall,
    );
  }
}

function paintText({ canvas, palette }: ClipScene, clip: Clip, { x, y, height }: Box): void {
  if (clip.content.type !== "text" || height < 44) return;
  canvas.save();
  canvas.fillStyle = palette["text-dim"];
  canvas.font = `12px ${palette.sans}`;
  canvas.textBaseline = "middle";
  canvas.textAlign = "left";
  const line = clip.content.style.text.split("\n")[0] ?? "";
  canvas.fillText(line, Math.max(x, 0) + 6, y + (height + TITLE_HEIGHT) / 2);
  canvas.restore();
}

function paintFades({ canvas, view, palette }: ClipScene, clip: Clip, { x, y, width, height }: Box): void {
  const pixels = (time: number) => (time / FLICKS_PER_SECOND) * view.zoom;
  for (const [length, edge, direction] of [
    [pixels(clip.fadeIn), x, 1],
    [pixels(clip.fadeOut), x + width, -1],
  ] as const) {
    if (length < 1) continue;
    const to = edge + direction * Math.min(length, width);
    canvas.fillStyle = palette.fade;
    canvas.beginPath();
    canvas.moveTo(edge, y);
    canvas.lineTo(to, y);
    canvas.lineTo(edge, y + height);
    canvas.closePath();
    canvas.fill();
    canvas.strokeStyle = palette["text-dim"];
    canvas.lineWidth = 1;
    canvas.beginPath();
    canvas.moveTo(to, y);
    canvas.lineTo(edge, y + height);
    canvas.stroke();
  }
}

/** Where the fades of a selected clip are taken hold of. */
function paintHandles({ canvas, view, palette }: ClipScene, clip: Clip, { x, y, width }: Box): void {
  const pixels = (time: number) => (time / FLICKS_PER_SECOND) * view.zoom;
  for (const at of [x + Math.max(7, pixels(clip.fadeIn)), x + width - Math.max(7, pixels(clip.fadeOut))]) {
    canvas.beginPath();
    canvas.arc(at, y + TITLE_HEIGHT + 5, 3.5, 0, Math.PI * 2);
    canvas.fillStyle = palette.selection;
    // A dark rim: they may stand on a white picture.
    canvas.strokeStyle = palette.bg;
    canvas.lineWidth = 2;
    canvas.stroke();
    canvas.fill();
  }
}

function paintKeyframes({ canvas, view, palette }: ClipScene, item: Placed, { y, height }: Box): void {
  if (height < 28) return;
  const keyframes = keyframesOf(item.clip);
  if (keyframes.length === 0) return;
  canvas.fillStyle = palette.text;
  canvas.strokeStyle = palette.bg;
  canvas.lineWidth = 2;
  const middle = y + height - KEYFRAMES_HEIGHT / 2 - 1;
  let last = -10;
  for (const { time } of keyframes) {
    const x = timeToX(view, item.start + time);
    if (Math.abs(x - last) < 2 || x < -8 || x > view.width + 8) continue;
    last = x;
    canvas.beginPath();
    canvas.moveTo(x, middle - 4);
    canvas.lineTo(x + 4, middle);
    canvas.lineTo(x, middle + 4);
    canvas.lineTo(x - 4, middle);
    canvas.closePath();
    canvas.stroke();
    canvas.fill();
  }
}

/** Beats and other marks of a clip: lines over its picture, with a head each where there is room. */
function paintClipMarkers({ canvas, view, palette }: ClipScene, { clip, start }: Placed, { y, height }: Box): void {
  if (clip.markers.length === 0) return;
  const top = height >= 30 ? y + TITLE_HEIGHT : y;
  let last = -10;
  for (const { markedRange, colour } of clip.markers) {
    const x = Math.round(timeToX(view, start + markedRange.start));
    if (x < 0 || x > view.width || markedRange.start < 0 || markedRange.start > clip.sourceRange.duration) continue;
    // Nearer than this they would be one grey area.
    if (x - last < 3) continue;
    canvas.fillStyle = palette.isForced ? palette.text : MARKER_COLOURS[colour];
    canvas.globalAlpha = 0.55;
    canvas.fillRect(x, top, 1, y + height - top);
    canvas.globalAlpha = 1;
    if (x - last >= 10) {
      canvas.beginPath();
      canvas.moveTo(x - 3, top);
      canvas.lineTo(x + 4, top);
      canvas.lineTo(x + 0.5, top + 5);
      canvas.closePath();
      canvas.fill();
    }
    last = x;
  }
}
