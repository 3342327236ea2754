import { FLICKS_PER_SECOND, type Flicks } from "./flicks.ts";

/** A steady tempo. Musical time is a way to read and to snap; the document's own times stay flicks. */
export interface Tempo {
  /** Beats a minute; a beat is the note that `beatUnit` names. */
  readonly beatsPerMinute: number;
  readonly beatsPerBar: number;
  /** 4: a beat is a quarter note, 8: an eighth. */
  readonly beatUnit: number;
  /** When bar 1, beat 1 begins. */
  readonly origin: Flicks;
}

/** Ticks of a beat, as sequencers count them. */
export const TICKS_PER_BEAT = 960;

/** The nearest flick of a beat, counted from the origin in fractions of a beat. Each is rounded from the origin: no error adds up. */
export const beatsToFlicks = (beats: number, { beatsPerMinute, origin }: Tempo): Flicks =>
  origin + Math.round((beats * 60 * FLICKS_PER_SECOND) / beatsPerMinute);

export const flicksToBeats = (time: Flicks, { beatsPerMinute, origin }: Tempo): number =>
  ((time - origin) * beatsPerMinute) / (60 * FLICKS_PER_SECOND);

/** `bar.beat.tick` with bars and beats from 1, as `12.3.480`; before the origin bars count 0, -1, … */
export function formatBars(time: Flicks, tempo: Tempo): string {
  const ticks = Math.round(flicksToBeats(time, tempo) * TICKS_PER_BEAT);
  const perBar = tempo.beatsPerBar * TICKS_PER_BEAT;
  const bar = Math.floor(ticks / perBar);
  const inBar = ticks - bar * perBar;
  return `${bar + 1}.${Math.floor(inBar / TICKS_PER_BEAT) + 1}.${String(inBar % TICKS_PER_BEAT).padStart(3, "0")}`;
}

/** Reads `bar`, `bar.beat` or `bar.beat.tick` (`:` works too). Null when it is none, or names a beat that the bar has not. */
export function parseBars(text: string, tempo: Tempo): Flicks | null {
  const match = /^(-?\d+)(?:[.:](\d+))?(?:[.:](\d+))?$/.exec(text.trim());
  if (match === null) return null;
  const [bar, beat, tick] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 0)];
  if (beat < 1 || beat > tempo.beatsPerBar || tick >= TICKS_PER_BEAT) return null;
  return beatsToFlicks((bar - 1) * tempo.beatsPerBar + beat - 1 + tick / TICKS_PER_BEAT, tempo);
}
