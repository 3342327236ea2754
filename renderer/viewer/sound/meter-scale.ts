import type { Level } from "./stereo-tap.ts";

/** Below this a meter shows nothing, decibels of full scale. */
const FLOOR = -60;
const TOP = 3;
/** How fast what was loud falls, decibels a second, and how long a peak is held, seconds. IEC 60268-10 type I falls 20 dB in 1.7 s. */
const FALL = 20 / 1.7;
const HOLD = 1.5;
const CLIP_SHOWN = 2;

/** Linear to decibels; at least a little below the floor. */
export const decibels = (value: number): number => (value <= 1e-4 ? -80 : 20 * Math.log10(value));

/** Where a level lies on the meter, 0 to 1: the louder half of the scale gets more room, as on sound desks. */
export const placeOf = (level: number): number => {
  const share = (Math.min(TOP, Math.max(FLOOR, level)) - FLOOR) / (TOP - FLOOR);
  return share ** 1.6;
};

/** What one channel of a meter shows, decibels. */
export interface Reading {
  readonly power: number;
  readonly peak: number;
  readonly held: number;
  /** Seconds for which the held peak stays, and the sign of distortion. */
  readonly hold: number;
  readonly clipped: number;
}

export const silentReading: Reading = { power: -80, peak: -80, held: -80, hold: 0, clipped: 0 };

/** The next reading: rises at once, falls slowly. @param since seconds since the last one; below 0 where a frame began before it was asked for */
export function fall(before: Reading, level: Level, since: number): Reading {
  const seconds = Math.max(0, since);
  const [peak, power] = [decibels(level.peak), decibels(level.rms)];
  const rises = peak >= before.held;
  const hold = rises ? HOLD : Math.max(0, before.hold - seconds);
  const sink = (value: number): number => Math.max(-80, value - FALL * seconds);
  return {
    power: Math.max(power, sink(before.power)),
    peak: Math.max(peak, sink(before.peak)),
    held: rises ? peak : hold > 0 ? before.held : Math.max(peak, sink(before.held)),
    hold,
    clipped: level.peak > 1 ? CLIP_SHOWN : Math.max(0, before.clipped - seconds),
  };
}
