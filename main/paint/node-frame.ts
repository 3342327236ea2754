import { createCanvas, ImageData } from "@napi-rs/canvas";
import type { Picture } from "../../core/paint/index.ts";
import type { NodeImage } from "./node-host.ts";

/** A picture whose pixels are put anew again and again: decoded frames of one source. */
export interface NodeFrame {
  readonly picture: Picture<NodeImage>;
  /** @param rgba width × height × 4 bytes, not premultiplied; may be used again afterwards */
  put(rgba: Uint8ClampedArray<ArrayBuffer>): void;
}

export function nodeFrame(width: number, height: number): NodeFrame {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  return {
    picture: { image: canvas, width, height },
    put: (rgba) => context.putImageData(new ImageData(rgba, width, height), 0, 0),
  };
}

/** A picture as the bytes of a PNG file. */
export function pngOf({ image, width, height }: Picture<NodeImage>): Buffer {
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas.toBuffer("image/png");
}

/** A small copy of a painted picture, RGBA8, for people to look at. */
export function thumbnail(picture: Picture<NodeImage>, width: number, height: number): Uint8ClampedArray {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "medium";
  context.drawImage(picture.image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}
