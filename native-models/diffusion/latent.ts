/** The latent that a U-Net denoises and the VAE decodes: Stable Diffusion's, 4 channels at an eighth of the picture's size. */

/** Channels of the latent, fixed by the architecture. */
export const LATENT_CHANNELS = 4;
/** Pixels per latent cell, each way. */
export const LATENT_SCALE = 8;

/** Size of one graph: batch, frames, and the latent's height and width (pixels / 8). */
export interface LatentSize {
  readonly batch: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

/** Latent cells of a picture size. */
export function latentSize(request: { width: number; height: number; frames: number }): LatentSize {
  return {
    batch: 1,
    frames: request.frames,
    height: request.height / LATENT_SCALE,
    width: request.width / LATENT_SCALE,
  };
}

/** Elements of one clip's latent. */
export const latentElements = ({ frames, height, width }: LatentSize): number =>
  LATENT_CHANNELS * frames * height * width;

/** One frame [4, h, w] of a clip's latent [4, T, h, w]. */
export function frameOf(latent: Float32Array, size: LatentSize, frame: number): Float32Array {
  const plane = size.height * size.width;
  const cells = new Float32Array(LATENT_CHANNELS * plane);
  for (let c = 0; c < LATENT_CHANNELS; c++) {
    const start = (c * size.frames + frame) * plane;
    cells.set(latent.subarray(start, start + plane), c * plane);
  }
  return cells;
}
