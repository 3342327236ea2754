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
    const image = await createImageBitmap(frame);
    const { width, height } = image;
    return { picture: { image, width, height }, bytes: 4 * width * height, lent: false, close: () => image.close() };
  } finally {
    frame.close();
  }
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
