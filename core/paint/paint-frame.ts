import type { FramePlan, PictureVisual, Visual } from "../render-plan/index.ts";
import type { Canvas2D, PaintHost, Picture } from "./canvas.ts";
import { place, reset, type Stage, stamp, withSurface } from "./stage.ts";
import { paintText } from "./text.ts";
import { paintTransition } from "./transition.ts";

/** Blend modes by the canvas' names (W3C Compositing and Blending Level 1). */
const OPERATIONS: Readonly<Record<Visual["blend"], string>> = {
  normal: "source-over",
  multiply: "multiply",
  screen: "screen",
  overlay: "overlay",
  darken: "darken",
  lighten: "lighten",
  add: "lighter",
  difference: "difference",
  "soft-light": "soft-light",
};

/**
 * Paints a frame over all of the target, `width` × `height` pixels. The same calls in the same order in the window and in an export.
 */
export function paintFrame<Image>(
  plan: FramePlan,
  target: Canvas2D<Image>,
  host: PaintHost<Image>,
  width: number,
  height: number,
): void {
  const stage: Stage<Image> = { host, width, height, pixelScale: width / plan.width };
  reset(target);
  target.clearRect(0, 0, width, height);
  target.fillStyle = plan.background;
  target.fillRect(0, 0, width, height);
  for (const layer of plan.layers) {
    if (layer.kind !== "transition") paintVisual(stage, target, layer);
    else {
      const blend = OPERATIONS[(layer.to ?? layer.from)?.blend ?? "normal"];
      const paint = (on: Canvas2D<Image>, side: Visual): void => paintVisual(stage, on, { ...side, blend: "normal" });
      withSurface(stage, (surface) => {
        paintTransition(stage, surface.context, layer, paint);
        stamp(stage, target, surface, { operation: blend });
      });
    }
  }
  reset(target);
}

function paintVisual<Image>(stage: Stage<Image>, target: Canvas2D<Image>, visual: Visual): void {
  if (visual.opacity <= 0) return;
  const filter = filterOf(visual, stage.height);
  const operation = OPERATIONS[visual.blend];
  if (visual.kind === "picture" && filter === "none") {
    target.save();
    target.globalAlpha = visual.opacity;
    target.globalCompositeOperation = operation;
    paintPicture(stage, target, visual);
    target.restore();
    return;
  }
  // Text is several strokes that must fade as one; filters are defined without a transform.
  withSurface(stage, (surface) => {
    if (visual.kind === "picture") paintPicture(stage, surface.context, visual);
    else paintText(stage, surface.context, visual);
    stamp(stage, target, surface, { operation, alpha: visual.opacity, filter });
  });
}

/** As CSS writes it, in the order in which editors apply it: colour first, then blur. */
function filterOf({ colour, blur }: Visual, height: number): string {
  const { brightness, contrast, saturation, hue } = colour;
  const parts = [
    brightness === 1 ? "" : `brightness(${brightness})`,
    contrast === 1 ? "" : `contrast(${contrast})`,
    saturation === 1 ? "" : `saturate(${saturation})`,
    hue === 0 ? "" : `hue-rotate(${hue}deg)`,
    blur === 0 ? "" : `blur(${blur * height}px)`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "none" : parts.join(" ");
}

function paintPicture<Image>(stage: Stage<Image>, target: Canvas2D<Image>, visual: PictureVisual): void {
  const picture = stage.host.picture(visual.media, visual.sourceTime);
  if (picture === null) return;
  const [width, height] = fitted(stage, picture, visual.fit);
  const { left, right, top, bottom } = visual.crop;
  target.save();
  place(stage, target, visual);
  target.drawImage(
    picture.image,
    picture.width * left,
    picture.height * top,
    picture.width * (1 - left - right),
    picture.height * (1 - top - bottom),
    width * (left - 0.5),
    height * (top - 0.5),
    width * (1 - left - right),
    height * (1 - top - bottom),
  );
  target.restore();
}

/** Width and height at scale 1, pixels. */
function fitted<Image>(
  { width, height, pixelScale }: Stage<Image>,
  picture: Picture<Image>,
  fit: PictureVisual["fit"],
): [number, number] {
  if (fit === "fill") return [width, height];
  const [x, y] = [width / picture.width, height / picture.height];
  const scale = fit === "none" ? pixelScale : fit === "contain" ? Math.min(x, y) : Math.max(x, y);
  return [picture.width * scale, picture.height * scale];
}
