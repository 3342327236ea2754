import { layoutText, type Canvas2D } from "../../core/paint/index.ts";
import type { FramePlan, Visual } from "../../core/render-plan/index.ts";
import { findMedia, type Timeline } from "../../core/timeline/index.ts";

export type Point = readonly [x: number, y: number];

/** Where a visual lies on the frame. Lengths in pixels of the timeline's frame, from its top left corner. */
export interface Box {
  readonly clip: string;
  readonly centre: Point;
  /** The rectangle around the centre that is seen, before scaling and turning. */
  readonly local: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
  readonly scale: Point;
  /** Radians, clockwise. */
  readonly angle: number;
}

/** All visuals of a plan, from the bottom up, those of a transition included. */
export const visualsOf = ({ layers }: FramePlan): Visual[] =>
  layers
    .flatMap((layer) => (layer.kind === "transition" ? [layer.from, layer.to] : [layer]))
    .filter((visual): visual is Visual => visual !== null);

/** Null where the visual's size is not known. @param measure measures text, as the painter does */
export function boxOf(
  visual: Visual,
  document: Pick<Timeline, "settings" | "media">,
  measure: Pick<Canvas2D<never>, "font" | "letterSpacing" | "textAlign" | "textBaseline" | "measureText">,
): Box | null {
  const { width, height } = document.settings;
  const local = visual.kind === "text" ? textBox(visual, width, height, measure) : pictureBox(visual, document);
  if (local === null) return null;
  return {
    clip: visual.clip,
    centre: [width * (0.5 + visual.x), height * (0.5 + visual.y)],
    local,
    scale: [visual.scaleX, visual.scaleY],
    angle: (visual.rotation * Math.PI) / 180,
  };
}

function textBox(
  { style }: Extract<Visual, { kind: "text" }>,
  width: number,
  height: number,
  measure: Parameters<typeof boxOf>[2],
): Box["local"] {
  const layout = layoutText(measure as Canvas2D<never>, style, width, height);
  const padding = (style.box?.padding ?? 0.15) * layout.em;
  const [x, y] = [Math.max(layout.em, layout.width) / 2 + padding, layout.height / 2 + padding];
  return { left: -x, top: -y, right: x, bottom: y };
}

function pictureBox(
  visual: Extract<Visual, { kind: "picture" }>,
  document: Pick<Timeline, "settings" | "media">,
): Box["local"] | null {
  const size = findMedia(document, visual.media)?.size;
  if (size == null) return null;
  const { width, height } = document.settings;
  const [x, y] = [width / size.width, height / size.height];
  const scale = visual.fit === "none" ? 1 : visual.fit === "contain" ? Math.min(x, y) : Math.max(x, y);
  const [w, h] = visual.fit === "fill" ? [width, height] : [size.width * scale, size.height * scale];
  const { left, right, top, bottom } = visual.crop;
  return { left: w * (left - 0.5), top: h * (top - 0.5), right: w * (0.5 - right), bottom: h * (0.5 - bottom) };
}

/** A place of the box, given before scaling and turning, on the frame. */
export function toFrame({ centre: [cx, cy], scale: [sx, sy], angle }: Box, [x, y]: Point): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cx + cos * x * sx - sin * y * sy, cy + sin * x * sx + cos * y * sy];
}

/** The way back, without the scale: a place on the frame in the box's own directions, from its centre. */
export function toBox({ centre: [cx, cy], angle }: Pick<Box, "centre" | "angle">, [x, y]: Point): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [dx, dy] = [x - cx, y - cy];
  return [cos * dx + sin * dy, cos * dy - sin * dx];
}

/** Clockwise from the top left. */
export function cornersOf(box: Box): readonly Point[] {
  const { left, top, right, bottom } = box.local;
  const corners: readonly Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  return corners.map((corner) => toFrame(box, corner));
}

export function contains(box: Box, point: Point): boolean {
  const [x, y] = toBox(box, point);
  const [sx, sy] = box.scale;
  if (sx === 0 || sy === 0) return false;
  const { left, top, right, bottom } = box.local;
  const [u, v] = [x / sx, y / sy];
  return u >= left && u <= right && v >= top && v <= bottom;
}

/** The smallest upright rectangle around it. */
export function boundsOf(box: Box): {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
} {
  const corners = cornersOf(box);
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}
