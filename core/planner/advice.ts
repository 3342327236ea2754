/** Sizes that a clip could have instead. */
export interface Measure {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** What clips are made of: their sides are multiples of this. */
const STEP = 64;

/**
 * Clips that are smaller than this one, those first that give up least: fewer frames at the same size, then smaller pictures of about
 * the same shape. Whoever asks tries them in this order. Pure.
 * @param frames lengths that may be offered, or none where the length is not to be changed
 */
export function smaller(
  clip: Measure,
  frames: readonly number[],
): { readonly shorter: Measure[]; readonly narrower: Measure[] } {
  const shorter = frames
    .filter((count) => count < clip.frames)
    .toSorted((a, b) => b - a)
    .map((count) => ({ ...clip, frames: count }));
  const narrower: Measure[] = [];
  for (let width = clip.width - STEP; width >= STEP; width -= STEP) {
    const height = Math.max(STEP, Math.round((clip.height * width) / clip.width / STEP) * STEP);
    const last = narrower.at(-1);
    if (last?.height === height && last.width - width < STEP) continue;
    narrower.push({ ...clip, width, height });
  }
  return { shorter, narrower };
}
