import type { PaintHost, Picture, Surface } from "../../core/paint/index.ts";

/** What a canvas of the window draws: decoded frames and other canvases. */
export type BrowserImage = ImageBitmap | OffscreenCanvas | VideoFrame;

export function browserSurface(
  width: number,
  height: number,
): Surface<BrowserImage> & { readonly image: OffscreenCanvas } {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser has no 2D canvas.");
  return { context, image: canvas };
}

/** Paints in the window, on surfaces that are used again. @param picture gives decoded pictures @param mask gives where subjects are */
export function browserHost(
  picture: (media: string, sourceTime: number) => Picture<BrowserImage> | null,
  mask: PaintHost<BrowserImage>["mask"] = () => null,
): PaintHost<BrowserImage> {
  const free: (Surface<BrowserImage> & { readonly image: OffscreenCanvas })[] = [];
  return {
    picture,
    mask,
    surface(width, height) {
      const at = free.findIndex(({ image }) => image.width === width && image.height === height);
      const surface = at < 0 ? browserSurface(width, height) : free.splice(at, 1)[0]!;
      surface.context.setTransform(1, 0, 0, 1, 0, 0);
      surface.context.clearRect(0, 0, width, height);
      return surface;
    },
    release(surface) {
      free.push(surface as Surface<BrowserImage> & { readonly image: OffscreenCanvas });
    },
  };
}

/** Pixels as a picture. @param rgba width × height × 4 bytes, not premultiplied */
export function browserPicture(
  rgba: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  height: number,
): Picture<BrowserImage> {
  const image = new OffscreenCanvas(width, height);
  image.getContext("2d")!.putImageData(new ImageData(rgba, width, height), 0, 0);
  return { image, width, height };
}
