import { FLICKS_PER_SECOND, type Flicks } from "./flicks.ts";

/** Frames (or samples) per second as a fraction of whole numbers: 30000/1001 is NTSC's 29.97. */
export interface Rate {
  readonly numerator: number;
  readonly denominator: number;
}

const rate = (numerator: number, denominator = 1): Rate => ({ numerator, denominator });

/** The frame rates that a timeline may have, by the names that people use. One frame of each is a whole number of flicks. */
export const FRAME_RATES = {
  "8": rate(8),
  "12": rate(12),
  "15": rate(15),
  "16": rate(16),
  "23.976": rate(24_000, 1001),
  "24": rate(24),
  "25": rate(25),
  "29.97": rate(30_000, 1001),
  "30": rate(30),
  "48": rate(48),
  "50": rate(50),
  "59.94": rate(60_000, 1001),
  "60": rate(60),
  "100": rate(100),
  "119.88": rate(120_000, 1001),
  "120": rate(120),
} as const satisfies Record<string, Rate>;

export const sameRate = (a: Rate, b: Rate): boolean => a.numerator * b.denominator === b.numerator * a.denominator;

/** True where one frame lasts a whole number of flicks. */
export const isExactRate = ({ numerator, denominator }: Rate): boolean =>
  (FLICKS_PER_SECOND * denominator) % numerator === 0;

/** Flicks that one frame lasts; a fraction for the rare rates that are not exact (a camera's 17.3). */
export const frameDuration = ({ numerator, denominator }: Rate): Flicks =>
  (FLICKS_PER_SECOND * denominator) / numerator;

/** When a frame begins: the nearest flick, without an error that grows. `frame` may be negative. */
export function frameToFlicks(frame: number, rate: Rate): Flicks {
  if (isExactRate(rate)) return frame * frameDuration(rate);
  // The product exceeds 2⁵³ within minutes; 2·a·b + c over 2c, floored, rounds to the nearest.
  const over = BigInt(rate.numerator);
  const product = BigInt(frame) * BigInt(FLICKS_PER_SECOND) * BigInt(rate.denominator);
  return Number(floorDivide(2n * product + over, 2n * over));
}

/** The frame that is shown at a time: the last one that has begun. Exact for every rate, so frame ↔ time is a round trip. */
export function flicksToFrame(time: Flicks, rate: Rate): number {
  if (isExactRate(rate)) return Math.floor(time / frameDuration(rate));
  const estimate = Math.floor((time * rate.numerator) / (FLICKS_PER_SECOND * rate.denominator));
  // The estimate is off by one at most: it is rounded, as is the begin of a frame.
  for (let frame = estimate + 1; ; frame--) if (frameToFlicks(frame, rate) <= time) return frame;
}

/** The begin of the frame nearest to a time. */
export function snapToFrame(time: Flicks, rate: Rate): Flicks {
  const before = flicksToFrame(time, rate);
  const [a, b] = [frameToFlicks(before, rate), frameToFlicks(before + 1, rate)];
  return time - a < b - time ? a : b;
}

/** The named rate nearest to a number such as ffprobe's 29.97 or 23.98; the number itself, to a thousandth, where none is near. */
export function rateFrom(framesPerSecond: number): Rate {
  const near = Object.values(FRAME_RATES).find(
    ({ numerator, denominator }) => Math.abs(numerator / denominator / framesPerSecond - 1) < 4e-4,
  );
  return near ?? rate(Math.max(1, Math.round(framesPerSecond * 1000)), 1000);
}

/** "29.97", "24", "17.3" */
export function formatRate(rate: Rate): string {
  const named = Object.entries(FRAME_RATES).find(([, known]) => sameRate(known, rate));
  return named ? named[0] : String(Number((rate.numerator / rate.denominator).toFixed(3)));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient;
}
