/**
 * Time as whole flicks, 1/705 600 000 s: the smallest unit in which one frame of every rate in use (24, 25, 30, 48, 50, 60, 90, 100,
 * 120 and their NTSC relatives ×1000/1001) and one sample of 8 to 192 kHz sound last a whole number of units
 * (https://github.com/facebookarchive/Flicks). So sums never drift and two times are equal or they are not.
 *
 * A plain number is enough: integers up to 2⁵³ are exact, which is 2⁵³ / 705 600 000 s ≈ 147 days of film. Sums and differences of
 * times stay exact; products with a rate do not, and go through `rate.ts`, which is exact in them too.
 */
export type Flicks = number;

export const FLICKS_PER_SECOND = 705_600_000;

/** The longest time that a document may name: 100 days, so that sums of two times are still exact. */
export const MAX_FLICKS: Flicks = 100 * 86_400 * FLICKS_PER_SECOND;

/** The nearest flick. For numbers that come from outside (a probed duration, a typed value); a document never holds seconds. */
export const secondsToFlicks = (seconds: number): Flicks => Math.round(seconds * FLICKS_PER_SECOND);

export const flicksToSeconds = (time: Flicks): number => time / FLICKS_PER_SECOND;
