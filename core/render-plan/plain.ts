import type { PictureAt, PictureVisual } from "./plan.ts";

/** The look that leaves a picture as it is. What a plan learns to do to pictures does not compile before it has its place here. */
export const PLAIN_LOOK: Omit<PictureVisual, "kind" | "fit" | keyof PictureAt> = {
  x: 0,
  y: 0,
  scaleX: 1,
  scaleY: 1,
  rotation: 0,
  opacity: 1,
  blend: "normal",
  blur: 0,
  colour: { brightness: 1, contrast: 1, saturation: 1, hue: 0 },
  crop: { left: 0, right: 0, top: 0, bottom: 0 },
  subject: null,
};
