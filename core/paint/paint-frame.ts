import type { FramePlan, Visual } from "../render-plan/index.ts";
import type { Canvas2D, PaintHost } from "./canvas.ts";
import { paintPicture } from "./paint-picture.ts";
import { reset, type Stage, stamp, withSurface } from "./stage.ts";
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
  if (visual.kind === "picture" && filter === "none" && visual.subject === null) {
    target.save();
    target.globalAlpha = visual.opacity;
    target.globalCompositeOperation = operation;
    paintPicture(stage, target, visual);
    target.restore();
    return;
  }
  // Text is several strokes that must fade as one, as are a subject and its background; filters are defined without a transform.
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
