import type { Flicks } from "./flicks.ts";
import { flicksToFrame, frameToFlicks, type Rate } from "./rate.ts";

/** How a file tells the times of its frames. */
export interface FrameGrid {
  /** The container's unit of time; a real number. */
  readonly tick: number;
  /** Frames per second; null where no rate is known. */
  readonly rate: Rate | null;
  /** Time of the first frame. */
  readonly first: Flicks;
}

/**
 * When a frame begins, from the time that its container gives. Containers round (Matroska to a millisecond), so that a frame of 23.976
 * begins up to half a tick before or after its true time and "the frame that has begun by then" would be one too early or too late, now
 * and then. So a time that lies within a tick of the rate's grid is that of the grid (half a tick for it, half for the first frame); any
 * other, as variable frame rates have, stays as it is.
 */
export function frameBegin(time: Flicks, { tick, rate, first }: FrameGrid): Flicks {
  if (rate === null) return time;
  const frame = flicksToFrame(time - first + frameToFlicks(1, rate) / 2, rate);
  const nominal = first + frameToFlicks(frame, rate);
  return Math.abs(nominal - time) <= tick + 1 ? nominal : time;
}
