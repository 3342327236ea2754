import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readdirSync } from "node:fs";
import { type Canvas, createCanvas, GlobalFonts, type Image, type SKRSContext2D } from "@napi-rs/canvas";
import type { PaintHost, Picture, Surface } from "../../core/paint/index.ts";

/** What the Skia canvas draws. */
export type NodeImage = Canvas | Image;

/** A surface whose pixels can be read: RGBA8, not premultiplied. */
export interface NodeSurface extends Surface<NodeImage> {
  readonly image: Canvas;
  pixels(): Uint8ClampedArray;
  /** The same premultiplied, which is quicker and makes no difference where nothing is transparent. */
  raw(): Uint8Array;
}

let fontsReady = false;

/** The fonts that the window shows, for this process: the same files, so that letters stand in the same places. */
function registerFonts(): void {
  if (fontsReady) return;
  const require = createRequire(import.meta.url);
  for (const [pack, family] of [
    ["inter", "Inter"],
    ["jetbrains-mono", "JetBrains Mono"],
  ] as const) {
    const folder = join(dirname(require.resolve(`@fontsource-variable/${pack}/package.json`)), "files");
    for (const name of readdirSync(folder))
      if (/-wght-(normal|italic)\.woff2$/.test(name)) GlobalFonts.registerFromPath(join(folder, name), family);
  }
  fontsReady = true;
}

export function nodeSurface(width: number, height: number): NodeSurface {
  registerFonts();
  const canvas = createCanvas(width, height);
  const context: SKRSContext2D = canvas.getContext("2d");
  return {
    context,
    image: canvas,
    pixels: () => context.getImageData(0, 0, width, height).data,
    raw: () => canvas.data(),
  };
}

/** Paints in Node with Skia, on surfaces that are used again. @param picture gives decoded pictures @param mask gives where subjects are */
export function nodeHost(
  picture: (media: string, sourceTime: number) => Picture<NodeImage> | null,
  mask: PaintHost<NodeImage>["mask"] = () => null,
): PaintHost<NodeImage> {
  const free: NodeSurface[] = [];
  return {
    picture,
    mask,
    surface(width, height) {
      const at = free.findIndex(({ image }) => image.width === width && image.height === height);
      const surface = at < 0 ? nodeSurface(width, height) : free.splice(at, 1)[0]!;
      surface.context.setTransform(1, 0, 0, 1, 0, 0);
      surface.context.clearRect(0, 0, width, height);
      return surface;
    },
    release(surface) {
      free.push(surface as NodeSurface);
    },
  };
}

/** A decoded frame as a picture. @param rgba width × height × 4 bytes, not premultiplied */
export function nodePicture(rgba: Uint8ClampedArray, width: number, height: number): Picture<NodeImage> {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  data.data.set(rgba);
  context.putImageData(data, 0, 0);
  return { image: canvas, width, height };
}
