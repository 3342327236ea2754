import { type Mixer, type Stereo, silence } from "../../../core/mix/index.ts";
import { type Flicks, FLICKS_PER_SECOND } from "../../../core/time/index.ts";

/** A stretch that is played again and again: from `start` up to, without it, `end`. */
export interface Loop {
  readonly start: Flicks;
  readonly end: Flicks;
}

/** From sample `sample` of a run on it is played from `time`. */
interface Turn {
  readonly sample: number;
  readonly time: Flicks;
  readonly loop: Loop | null;
}

/**
 * Which times of a timeline the samples of one run of playing belong to: on and on at its speed, and where a stretch is looped from its
 * end to its start without a sample between. What is looped may change while it plays.
 */
export class Course {
  readonly speed: number;
  /** Flicks of the timeline for one sample. */
  private readonly step: number;
  private turns: readonly Turn[];

  /** @param speed timeline seconds a second, negative backwards @param sampleRate of the run */
  constructor(from: Flicks, speed: number, sampleRate: number, loop: Loop | null = null) {
    this.speed = speed;
    this.step = (FLICKS_PER_SECOND / sampleRate) * speed;
    this.turns = [{ sample: 0, time: from, loop: this.reaches(from, loop) }];
  }

  /** Where a sample lies, its part before the seam before it: no whole number. Playing backwards it is the end of what it stands for. */
  at(sample: number): Flicks {
    const turn = this.turns.findLast((each) => each.sample <= sample) ?? this.turns[0]!;
    return this.inLoop(turn.time + (sample - turn.sample) * this.step, turn.loop);
  }

  /** From a sample on this is looped. */
  setLoop(sample: number, loop: Loop | null): void {
    const time = this.at(sample);
    const kept = this.turns.filter((turn) => turn.sample < sample).slice(-4);
    this.turns = [...kept, { sample, time, loop: this.reaches(time, loop) }];
  }

  /** The sound of `count` samples of the run from sample `sample` on; as many of the mix as the speed makes of them. */
  async mix(mixer: Pick<Mixer, "mix">, sample: number, count: number): Promise<Stereo> {
    const { loop } = this.turns.findLast((each) => each.sample <= sample) ?? this.turns[0]!;
    const perSample = Math.abs(this.step / this.speed);
    const frames = Math.max(1, Math.round(count * Math.abs(this.speed)));
    const mixed = silence(frames);
    let time = this.at(sample);
    for (let done = 0; done < frames; ) {
      const room = loop === null ? Number.POSITIVE_INFINITY : this.speed > 0 ? loop.end - time : time - loop.start;
      const piece = Math.min(frames - done, Math.max(1, Math.round(room / perSample)));
      const length = Math.round(piece * perSample);
      const [left, right] = await mixer.mix(Math.round(this.speed > 0 ? time : time - length), piece);
      mixed[0].set(this.speed > 0 ? left : left.reverse(), done);
      mixed[1].set(this.speed > 0 ? right : right.reverse(), done);
      done += piece;
      time = this.inLoop(time + Math.sign(this.speed) * length, loop);
    }
    return mixed;
  }

  /** A stretch that is behind, or empty, is never come to. */
  private reaches(time: Flicks, loop: Loop | null): Loop | null {
    if (loop === null || loop.end <= loop.start) return null;
    return (this.speed > 0 ? time < loop.end : time > loop.start) ? loop : null;
  }

  private inLoop(time: Flicks, loop: Loop | null): Flicks {
    if (loop === null) return time;
    const length = loop.end - loop.start;
    // Half a sample before the seam is the seam.
    const near = Math.abs(this.step) / 2;
    if (this.speed > 0) return time < loop.end - near ? time : loop.start + (Math.max(0, time - loop.end) % length);
    return time > loop.start + near ? time : loop.end - (Math.max(0, loop.start - time) % length);
  }
}
