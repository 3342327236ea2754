import { StudioError } from "../../core/contract/index.ts";

/** Larger pictures are refused: decoding them would take more memory than a laptop can spare. */
export const MAX_MEGAPIXELS = 120;
/** Smaller ones hold nothing to animate. */
export const MIN_SIDE = 16;

/** Refuses sizes that make no sense, before anything is decoded. Errors: MEDIA_UNREADABLE. */
export function checkPictureSize(width: number, height: number): void {
  const megapixels = (width * height) / 1e6;
  if (megapixels > MAX_MEGAPIXELS)
    throw new StudioError(
      "MEDIA_UNREADABLE",
      `This picture has ${Math.round(megapixels)} megapixels (${width}×${height}): make it smaller than ${MAX_MEGAPIXELS} and try again.`,
    );
  if (Math.min(width, height) < MIN_SIDE)
    throw new StudioError(
      "MEDIA_UNREADABLE",
      `This picture is only ${width}×${height} pixels: choose one of at least ${MIN_SIDE}×${MIN_SIDE}.`,
    );
}
