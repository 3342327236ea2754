import type { VideoSample } from "mediabunny";
import { browserSurface } from "../../paint/browser-host.ts";
import type { DecodedFrame } from "./frame-cache.ts";

type HeldPicture = Pick<DecodedFrame, "picture" | "bytes" | "lent" | "close">;

/** The decoder's own frame as a picture, upright; the sample is taken over. */
export function livePicture(sample: VideoSample): HeldPicture {
  if (sample.rotation !== 0 || sample.flip) return turnedPicture(sample);
  const image = sample.toVideoFrame();
  sample.close();
  const { displayWidth: width, displayHeight: height } = image;
  return {
    picture: { image, width, height },
    bytes: Math.ceil(1.5 * width * height),
    lent: true,
    close: () => image.close(),
  };
}

/** A copy of the frame that does not keep the decoder waiting; the sample is taken over. */
export async function keptPicture(sample: VideoSample): Promise<HeldPicture> {
  if (sample.rotation !== 0 || sample.flip) return turnedPicture(sample);
  const frame = sample.toVideoFrame();
  sample.close();
  try {
    return (await planarCopy(frame)) ?? (await bitmapOf(frame));
  } finally {
    frame.close();
  }
}

/** In the decoder's own format, which takes less than half of the room and time that RGB takes; null where that cannot be read. */
async function planarCopy(frame: VideoFrame): Promise<HeldPicture | null> {
  const { format, visibleRect, timestamp, colorSpace, displayWidth: width, displayHeight: height } = frame;
  if (format === null || visibleRect === null) return null;
  const bytes = frame.allocationSize();
  const data = new ArrayBuffer(bytes);
  const layout = await frame.copyTo(data).catch(() => null);
  if (layout === null) return null;
  // `transfer` is not among TypeScript's types yet: the bytes are taken over, not copied once more.
  const init: VideoFrameBufferInit & { readonly transfer: ArrayBuffer[] } = {
    format,
    codedWidth: visibleRect.width,
    codedHeight: visibleRect.height,
    displayWidth: width,
    displayHeight: height,
    timestamp,
    colorSpace,
    layout,
    transfer: [data],
  };
  const image = new VideoFrame(data, init);
  return { picture: { image, width, height }, bytes, lent: false, close: () => image.close() };
}

async function bitmapOf(frame: VideoFrame): Promise<HeldPicture> {
  const image = await createImageBitmap(frame);
  const { width, height } = image;
  return { picture: { image, width, height }, bytes: 4 * width * height, lent: false, close: () => image.close() };
}

function turnedPicture(sample: VideoSample): HeldPicture {
  const [width, height] = [sample.displayWidth, sample.displayHeight];
  const { context, image } = browserSurface(width, height);
  sample.draw(context as OffscreenCanvasRenderingContext2D, 0, 0, width, height);
  sample.close();
  return {
    picture: { image, width, height },
    bytes: 4 * width * height,
    lent: false,
    close: () => {
      // Gives the pixels back at once; the object itself may live a little longer.
      image.width = 0;
      image.height = 0;
    },
  };
}
