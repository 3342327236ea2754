/** Where in a film is looked, so that work and memory stay bounded however long it is. */

export interface Grid {
  /** Moments a second; null for a picture. */
  readonly rate: number | null;
  /** Seconds between two; 0 for a picture. */
  readonly interval: number;
  readonly keyFramesOnly: boolean;
}

/** How thoroughly: `glance` in the background, `watch` when somebody asks, `follow` to keep up with what moves, `mask` to cut it out. */
export type Care = "glance" | "watch" | "follow" | "mask";

/** Frames a second at most, and moments in all. */
const FRAMES: Readonly<Record<Care, { readonly rate: number; readonly most: number }>> = {
  glance: { rate: 30, most: 1800 },
  watch: { rate: 30, most: 7200 },
  follow: { rate: 30, most: 7200 },
  mask: { rate: 30, most: 7200 },
};
const SIGHTS: typeof FRAMES = {
  glance: { rate: 2, most: 60 },
  watch: { rate: 4, most: 240 },
  follow: { rate: 10, most: 1200 },
  mask: { rate: 15, most: 1800 },
};
/** Below this rate a film is read by its key frames: decoding all that lies between would take most of the time. */
const KEY_FRAMES_BELOW = 1;

interface Length {
  readonly seconds: number;
  readonly framesPerSecond: number;
}

function grid({ seconds, framesPerSecond }: Length, { rate, most }: (typeof FRAMES)[Care]): Grid {
  if (seconds === 0) return { rate: null, interval: 0, keyFramesOnly: false };
  const chosen = Math.min(framesPerSecond, rate, most / seconds);
  return { rate: chosen, interval: 1 / chosen, keyFramesOnly: chosen < KEY_FRAMES_BELOW };
}

/** For colours, shots and sharpness. Pure. */
export const frameGrid = (length: Length, care: Care): Grid => grid(length, FRAMES[care]);
/** For the model. Pure. */
export function sightGrid(length: Length, care: Care): Grid {
  const even = grid(length, SIGHTS[care]);
  if (care !== "mask" || even.rate === null) return even;
  // Every n-th frame, so that a mask is of a moment at which a frame begins.
  const rate = length.framesPerSecond / Math.ceil(length.framesPerSecond / even.rate - 1e-6);
  return { rate, interval: 1 / rate, keyFramesOnly: false };
}
