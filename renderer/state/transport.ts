import { useCallback, useSyncExternalStore } from "react";
import {
  type Flicks,
  FLICKS_PER_SECOND,
  frameToFlicks,
  flicksToFrame,
  MAX_FLICKS,
  type Rate,
  snapToFrame,
} from "../../core/time/index.ts";
import { useLate } from "../ui/use-late.ts";
import { useStudio } from "./context.ts";

/** Where playing stands. A new object after each change, so that parts of it can be compared. */
export interface TransportState {
  /** Of the playhead; while paused the begin of a frame. */
  readonly time: Flicks;
  readonly playing: boolean;
  /** Timeline seconds a second; negative backwards. Kept while paused. */
  readonly speed: number;
  /** The marked stretch: from the begin of the frame `inPoint` up to, without it, `outPoint`. */
  readonly inPoint: Flicks | null;
  readonly outPoint: Flicks | null;
  /** Plays the marked stretch (all of it where nothing is marked) again and again. */
  readonly loop: boolean;
  /** End of what there is to play. The playhead may stand behind it. */
  readonly duration: Flicks;
  readonly rate: Rate;
  /** Grows by one with each jump: whoever plays must look up `time` anew. `advance` is no jump. */
  readonly jumps: number;
}

/** What J and L do, again and again: twice as fast each time. */
const FASTEST = 8;
/** With K held they go frame by frame, as a hand on a reel would. */
const SLOW = 0.25;

/**
 * The playhead, and how it moves. Knows nothing of pictures, sound and clocks: who plays calls `advance`, everybody else seeks.
 * Listeners are called after each change.
 */
export class Transport {
  private current: TransportState;
  private readonly listeners = new Set<() => void>();

  constructor(rate: Rate) {
    this.current = {
      time: 0,
      playing: false,
      speed: 1,
      inPoint: null,
      outPoint: null,
      loop: false,
      duration: 0,
      rate,
      jumps: 0,
    };
  }

  get state(): TransportState {
    return this.current;
  }

  get time(): Flicks {
    return this.current.time;
  }

  get playing(): boolean {
    return this.current.playing;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): TransportState => this.current;

  /** What is played has become another: its frame rate and its length. */
  setTimeline({ rate, duration }: Pick<TransportState, "rate" | "duration">): void {
    if (rate === this.current.rate && duration === this.current.duration) return;
    const time = this.current.playing ? this.current.time : snapToFrame(this.current.time, rate);
    this.change({ rate, duration, time });
  }

  /** Puts the playhead at a time; on the nearest frame, unless it is playing on. */
  seek(time: Flicks): void {
    const inside = Math.min(MAX_FLICKS, Math.max(0, time));
    this.change({ time: Math.max(0, snapToFrame(inside, this.current.rate)), jumps: this.current.jumps + 1 });
  }

  /** Stops, and goes this many frames on or back. */
  step(frames: number): void {
    const { time, rate } = this.current;
    this.pause();
    this.seek(frameToFlicks(flicksToFrame(time, rate) + frames, rate));
  }

  /** Plays from the playhead; from the begin (or the end, backwards) when there is nothing left that way. */
  play(speed = 1): void {
    const { time, playing, jumps } = this.current;
    const { start, end } = this.stretch();
    if (speed === 0 || end <= start) return this.pause();
    const atEnd = speed > 0 ? time >= end : time <= start;
    const outside = this.current.loop && (time < start || time >= end);
    const from = (speed > 0 && atEnd) || (outside && speed > 0) ? start : atEnd || outside ? this.last(end) : time;
    if (playing && from === time && speed === this.current.speed) return;
    this.change({ playing: true, speed, time: from, jumps: jumps + 1 });
  }

  /** Stands still on the frame that is shown. */
  pause(): void {
    const { playing, time, rate } = this.current;
    if (!playing) return;
    this.change({ playing: false, speed: 1, time: Math.max(0, frameToFlicks(flicksToFrame(time, rate), rate)) });
  }

  toggle(): void {
    if (this.current.playing) this.pause();
    else this.play();
  }

  /** J (-1) and L (1): plays that way, each time twice as fast; against the way it plays, at speed 1. `slow`: while K is held. */
  shuttle(direction: 1 | -1, slow = false): void {
    const { playing, speed } = this.current;
    if (slow) return this.play(direction * SLOW);
    const same = playing && Math.sign(speed) === direction && Math.abs(speed) >= 1;
    this.play(direction * (same ? Math.min(FASTEST, Math.abs(speed) * 2) : 1));
  }

  /** Called by who plays, with the time that its clock shows. Turns back at the end of a loop, stops at the end of everything. */
  advance(time: Flicks): void {
    if (!this.current.playing) return;
    const { start, end } = this.stretch();
    const forward = this.current.speed > 0;
    if (forward ? time < end : time >= start) return this.change({ time });
    if (this.current.loop && end > start)
      return this.change({ time: forward ? start : this.last(end), jumps: this.current.jumps + 1 });
    this.change({ time: forward ? end : start });
    this.pause();
  }

  setIn(time: Flicks = this.current.time): void {
    const inPoint = this.onFrame(time);
    const { outPoint } = this.current;
    this.change({ inPoint, outPoint: outPoint !== null && outPoint <= inPoint ? null : outPoint });
  }

  /** The frame at `time` is the last one that is marked. */
  setOut(time: Flicks = this.current.time): void {
    const { rate, inPoint } = this.current;
    const outPoint = frameToFlicks(flicksToFrame(this.onFrame(time), rate) + 1, rate);
    this.change({ outPoint, inPoint: inPoint !== null && inPoint >= outPoint ? null : inPoint });
  }

  clearMarks(): void {
    this.change({ inPoint: null, outPoint: null });
  }

  goToIn(): void {
    this.seek(this.current.inPoint ?? 0);
  }

  /** The last marked frame. */
  goToOut(): void {
    const { outPoint, duration } = this.current;
    this.seek(this.last(outPoint ?? duration));
  }

  setLoop(loop: boolean): void {
    this.change({ loop });
  }

  /** What is played again and again; null where nothing is. */
  get looped(): { readonly start: Flicks; readonly end: Flicks } | null {
    const { start, end } = this.stretch();
    return this.current.loop && end > start ? { start, end } : null;
  }

  /** What is played: the marked stretch when it loops, else everything. */
  private stretch(): { readonly start: Flicks; readonly end: Flicks } {
    const { loop, inPoint, outPoint, duration } = this.current;
    if (!loop) return { start: 0, end: duration };
    const start = inPoint ?? 0;
    return { start, end: Math.max(start, outPoint ?? duration) };
  }

  /** The frame before an end. */
  private last(end: Flicks): Flicks {
    const { rate } = this.current;
    return Math.max(0, frameToFlicks(flicksToFrame(end - 1, rate), rate));
  }

  private onFrame(time: Flicks): Flicks {
    const { rate } = this.current;
    return Math.max(0, frameToFlicks(flicksToFrame(time, rate), rate));
  }

  private change(part: Partial<TransportState>): void {
    const next = { ...this.current, ...part };
    if (Object.entries(part).every(([name, value]) => this.current[name as keyof TransportState] === value)) return;
    this.current = next;
    for (const listener of this.listeners) listener();
  }
}

/** The playhead as a number or a picture of it shows it: while playing the begin of the frame, which stays for as long as the frame. */
export const shownTime = ({ time, playing, rate }: TransportState): Flicks =>
  playing ? frameToFlicks(flicksToFrame(time, rate), rate) : time;

/** While it plays values beside the picture are shown now and then: drawing them with each frame would cost frames. */
const GLANCE: Flicks = FLICKS_PER_SECOND / 4;

/** The playhead as values that move with it show it; 0 where nothing moves, so that nothing is drawn again. */
export const useGlancedTime = (moves = true): Flicks =>
  useTransport(({ time, playing }) => (!moves ? 0 : playing ? time - (time % GLANCE) : time));

/** The length, one frame after the edit that changed it is painted: for those that only tell it. */
export function useLateDuration(of?: Transport): Flicks {
  const { transport } = useStudio();
  const from = of ?? transport;
  return useLate(
    from.subscribe,
    useCallback(() => from.state.duration, [from]),
  );
}

/** A part of where playing stands; the component draws again when that part changes. `select` must give a value that stays the same. */
export function useTransport<T>(select: (state: TransportState) => T, of?: Transport): T {
  const { transport } = useStudio();
  const from = of ?? transport;
  return useSyncExternalStore(from.subscribe, () => select(from.state));
}
