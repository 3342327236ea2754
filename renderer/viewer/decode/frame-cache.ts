import type { Picture } from "../../../core/paint/index.ts";
import type { Flicks } from "../../../core/time/index.ts";
import type { BrowserImage } from "../../paint/browser-host.ts";

/** A decoded frame that is kept until it is closed. */
export interface DecodedFrame {
  readonly begin: Flicks;
  /** When the next frame begins; from the frame's own length until the next one is known. */
  end: Flicks;
  readonly picture: Picture<BrowserImage>;
  readonly bytes: number;
  /** True for a decoder's own frame: it stops when too many of them are out. */
  readonly lent: boolean;
  close(): void;
}

/** Decoded frames of one media, by their times; as many as fit. */
export class FrameCache {
  /** In order. */
  private frames: DecodedFrame[] = [];
  private bytes = 0;
  private readonly budget: number;

  constructor(budget: number) {
    this.budget = budget;
  }

  /** The frame that is shown at a time; null where it is not decoded. */
  at(time: Flicks): DecodedFrame | null {
    const frame = this.frames[this.before(time)];
    return frame !== undefined && time < frame.end ? frame : null;
  }

  /** The decoded frame that is nearest to a time; rather an earlier one. */
  nearest(time: Flicks): DecodedFrame | null {
    return this.frames[this.before(time)] ?? this.frames[0] ?? null;
  }

  /** How far back from a time every frame is there; the time itself where the one at it is not. */
  coveredFrom(time: Flicks): Flicks {
    let i = this.before(time);
    const shown = this.at(time);
    if (shown === null) return time;
    let from = shown.begin;
    while (i > 0 && this.frames[i - 1]!.end === from) from = this.frames[--i]!.begin;
    return from;
  }

  /** Takes a frame over. One at the same time is closed. */
  add(frame: DecodedFrame): void {
    const at = this.before(frame.begin);
    const old = this.frames[at];
    if (old?.begin === frame.begin) {
      this.bytes -= old.bytes;
      old.close();
      this.frames[at] = frame;
    } else this.frames.splice(at + 1, 0, frame);
    this.bytes += frame.bytes;
  }

  /** Closes what is farthest from where one looks until the rest fits; and what `isOver` names. The frame that is looked at stays. */
  trim(time: Flicks, isOver: (frame: DecodedFrame) => boolean): void {
    const shown = this.frames[this.before(time)];
    this.frames = this.frames.filter((frame) => frame === shown || !isOver(frame) || this.drop(frame));
    while (this.bytes > this.budget && this.frames.length > 2) {
      const [first, last] = [this.frames[0]!, this.frames.at(-1)!];
      const isFirst = first !== shown && (last === shown || time - first.begin > last.begin - time);
      this.drop(isFirst ? first : last);
      this.frames = isFirst ? this.frames.slice(1) : this.frames.slice(0, -1);
    }
  }

  clear(): void {
    for (const frame of this.frames) this.drop(frame);
    this.frames = [];
  }

  /** How many frames are held. */
  get size(): number {
    return this.frames.length;
  }

  private drop(frame: DecodedFrame): false {
    this.bytes -= frame.bytes;
    frame.close();
    return false;
  }

  /** Index of the last frame that has begun, -1 when none has. */
  private before(time: Flicks): number {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle]!.begin <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
