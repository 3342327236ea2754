import type { FramePlan, Layer, PictureVisual } from "./plan.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The plan without the layers that lie wholly under another: painted it is the same picture, and nothing need be decoded that is not seen.
 * @param solid pixels of a picture that nothing is seen through; null where one may see through it, or it may not be there
 */
export function withoutHidden(plan: FramePlan, solid: (picture: PictureVisual) => Size | null): FramePlan {
  const covers = (layer: Layer): boolean => {
    if (layer.kind !== "picture" || !isWhole(layer)) return false;
    const size = solid(layer);
    return size !== null && fillsFrame(plan, layer, size);
  };
  const at = plan.layers.findLastIndex(covers);
  return at <= 0 ? plan : { ...plan, layers: plan.layers.slice(at) };
}

/** Nothing of it is cut off, softened or mixed with what lies under it. */
const isWhole = ({ opacity, blend, blur, rotation, subject, crop }: PictureVisual): boolean =>
  opacity >= 1 &&
  blend === "normal" &&
  blur === 0 &&
  rotation === 0 &&
  subject === null &&
  crop.left + crop.right + crop.top + crop.bottom === 0;

/** As the painter places it, in parts of the frame; what is lost in rounding is no gap. */
function fillsFrame(frame: Size, { fit, x, y, scaleX, scaleY }: PictureVisual, size: Size): boolean {
  const [across, down] = [frame.width / size.width, frame.height / size.height];
  const scale = fit === "none" ? 1 : fit === "contain" ? Math.min(across, down) : Math.max(across, down);
  const [w, h] = fit === "fill" ? [1, 1] : [scale / across, scale / down];
  return Math.abs(x) <= beyond(w, scaleX) && Math.abs(y) <= beyond(h, scaleY);
}

/** How far from the middle a picture may lie that still reaches both edges. @param length in parts of the frame, before scaling */
const beyond = (length: number, scale: number): number => (length * Math.abs(scale) - 1) / 2 + ROUNDING;
const ROUNDING = 1e-6;
