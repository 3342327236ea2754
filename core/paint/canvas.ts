import type { SubjectLook } from "../render-plan/index.ts";

/**
 * The drawing interface: the part of the HTML canvas (https://html.spec.whatwg.org/multipage/canvas.html) that painting needs. Both
 * `OffscreenCanvasRenderingContext2D` in the window and a Skia canvas in Node satisfy it, so that the same code draws in both.
 *
 * Left out on purpose, because implementations differ: shadows and filters under a transform. The painter draws transformed things on a
 * layer of their own and filters that layer without a transform.
 */
export interface Canvas2D<Image> {
  globalAlpha: number;
  globalCompositeOperation: string;
  filter: string;
  imageSmoothingEnabled: boolean;
  imageSmoothingQuality: "low" | "medium" | "high";
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  lineJoin: string;
  font: string;
  letterSpacing: string;
  textAlign: string;
  textBaseline: string;
  save(): void;
  restore(): void;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  translate(x: number, y: number): void;
  rotate(radians: number): void;
  scale(x: number, y: number): void;
  beginPath(): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  fill(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  drawImage(image: Image, x: number, y: number, width: number, height: number): void;
  drawImage(
    image: Image,
    sx: number,
    sy: number,
    sWidth: number,
    sHeight: number,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void;
  fillText(text: string, x: number, y: number): void;
  strokeText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
  createLinearGradient(x0: number, y0: number, x1: number, y1: number): Gradient;
  createRadialGradient(x0: number, y0: number, r0: number, x1: number, y1: number, r1: number): Gradient;
  createConicGradient(startAngle: number, x: number, y: number): Gradient;
}

export interface Gradient {
  addColorStop(offset: number, colour: string): void;
}

/** A decoded picture: what `drawImage` takes, with its size in pixels, upright. */
export interface Picture<Image> {
  readonly image: Image;
  readonly width: number;
  readonly height: number;
}

/** A transparent drawing surface that can be drawn itself. */
export interface Surface<Image> {
  readonly context: Canvas2D<Image>;
  readonly image: Image;
}

/** What the painter needs of the place where it paints. */
export interface PaintHost<Image> {
  /** A cleared surface; it may be one that `release` gave back. */
  surface(width: number, height: number): Surface<Image>;
  release(surface: Surface<Image>): void;
  /** The picture of a media at a moment, decoded beforehand; null when it is not there (offline, not decoded yet): it is left out. */
  picture(media: string, sourceTime: number): Picture<Image> | null;
  /** Where the subject is, as the opacity of a picture of the media's shape; null when that is not known (yet): all of it is shown. */
  mask(subject: SubjectLook): Picture<Image> | null;
}
