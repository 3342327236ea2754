let context: OffscreenCanvasRenderingContext2D | null = null;

/** A canvas that only measures text. */
export function measurer(): OffscreenCanvasRenderingContext2D {
  context ??= new OffscreenCanvas(1, 1).getContext("2d");
  if (context === null) throw new Error("This browser has no 2D canvas.");
  return context;
}
