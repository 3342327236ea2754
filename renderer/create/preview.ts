import type { JobSnapshot } from "../../core/contract/index.ts";

export type PreviewFacts = NonNullable<JobSnapshot["preview"]>;

/** Latent previews are an eighth of the clip's size: enlarged this much they keep soft edges instead of blocks. */
const ENLARGE = 4;

/** Cuts the bytes of a preview (RGBA8, pictures one after another) into its frames. Errors: RangeError when bytes are missing. */
export function splitFrames(
  bytes: ArrayBuffer,
  { width, height, frames }: PreviewFacts,
): Uint8ClampedArray<ArrayBuffer>[] {
  const size = width * height * 4;
  if (bytes.byteLength !== size * frames) {
    throw new RangeError(
      `A preview of ${frames} × ${width}×${height} has ${size * frames} bytes, not ${bytes.byteLength}.`,
    );
  }
  return Array.from({ length: frames }, (_, index) => new Uint8ClampedArray(bytes, index * size, size));
}

/** Fetches a preview and makes it ready to draw, enlarged with a good filter off the main thread. */
export async function loadPreview(url: string, facts: PreviewFacts, signal: AbortSignal): Promise<ImageBitmap[]> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`The preview could not be read (HTTP ${response.status}).`);
  const frames = splitFrames(await response.arrayBuffer(), facts);
  return Promise.all(
    frames.map((frame) =>
      createImageBitmap(new ImageData(frame, facts.width, facts.height), {
        resizeWidth: facts.width * ENLARGE,
        resizeHeight: facts.height * ENLARGE,
        resizeQuality: "high",
      }),
    ),
  );
}
