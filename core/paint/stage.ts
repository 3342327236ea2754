import type { Visual } from "../render-plan/index.ts";
import type { Canvas2D, PaintHost, Surface } from "./canvas.ts";

/** One frame in the making: where it goes, how large it is, and where pictures and layers come from. */
export interface Stage<Image> {
  readonly host: PaintHost<Image>;
  /** Pixels of the picture that is painted, whatever the timeline's own size. */
  readonly width: number;
  readonly height: number;
  /** Pixels painted for one pixel of the timeline's frame. */
  readonly pixelScale: number;
}

/** Back to how a fresh canvas draws. */
export function reset<Image>(context: Canvas2D<Image>): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
  context.filter = "none";
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "medium";
}

/** Lends a transparent surface of the frame's size. */
export function withSurface<Image>(
  { host, width, height }: Stage<Image>,
  use: (surface: Surface<Image>) => void,
): void {
  const surface = host.surface(width, height);
  reset(surface.context);
  use(surface);
  host.release(surface);
}

/** Draws a surface of the frame's size onto another, without a transform. */
export function stamp<Image>(
  { width, height }: Stage<Image>,
  target: Canvas2D<Image>,
  { image }: Surface<Image>,
  how: { readonly operation?: string; readonly alpha?: number; readonly filter?: string } = {},
): void {
  target.save();
  target.globalAlpha = how.alpha ?? 1;
  target.globalCompositeOperation = how.operation ?? "source-over";
  target.filter = how.filter ?? "none";
  target.drawImage(image, 0, 0, width, height);
  target.restore();
}

/** Moves, turns and scales what is drawn around the origin to where the clip wants it. */
export function place<Image>(
  { width, height }: Stage<Image>,
  target: Canvas2D<Image>,
  { x, y, rotation, scaleX, scaleY }: Visual,
): void {
  target.translate(width * (0.5 + x), height * (0.5 + y));
  target.rotate((rotation * Math.PI) / 180);
  target.scale(scaleX, scaleY);
}
