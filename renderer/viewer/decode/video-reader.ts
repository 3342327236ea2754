import { EncodedPacketSink, type VideoSample, VideoSampleSink } from "mediabunny";
import {
  type Flicks,
  flicksToSeconds,
  FLICKS_PER_SECOND,
  frameBegin,
  frameDuration,
  secondsToFlicks,
} from "../../../core/time/index.ts";
import { type DecodedFrame, FrameCache } from "./frame-cache.ts";
import type { VideoFacts } from "./media-file.ts";
import { keptPicture, livePicture } from "./pictures.ts";

/** Frames that are decoded before they are needed. Few: a decoder's own frames are lent, and it stops when too many are out. */
const AHEAD = 4;
/** When decoding is this far behind, it goes on from a key frame nearer to where it should be. */
const LATE: Flicks = FLICKS_PER_SECOND * 0.4;
/** A step back that is no longer than this is one of several: the frames before it are kept as well. */
const STEP_BACK: Flicks = FLICKS_PER_SECOND;
/** On a long way to where one looks a frame is kept this often, so that the way is seen; milliseconds. */
const SEEN = 60;
/** At most so many frames are decoded for playing backwards at once. */
const MAX_BACK = 30;

interface Goal {
  readonly time: Flicks;
  /** 1 and -1: playing; 0: standing. */
  readonly direction: -1 | 0 | 1;
  /** Frames before it are wanted too. */
  readonly back: boolean;
}

/** A run of decoded frames in order. */
interface Run {
  readonly samples: AsyncGenerator<VideoSample, void, unknown>;
  /** The frame before the next one, when it is in the cache: its end is not known yet. */
  last: DecodedFrame | null;
  /** The frame before the next one, when it seemed to be over before it was needed. */
  held: VideoSample | null;
  /** Begin of the last frame that came. */
  begin: Flicks;
  /** When a frame was kept last, milliseconds of `performance.now`. */
  keptAt: number;
}

/**
 * The frames of one video, for one clip. Whoever shows them says where it looks (`aim`), and takes what is decoded (`at`); decoding
 * goes on by itself: from a key frame to where one looks, a little ahead while playing, in bundles while playing backwards.
 */
export class VideoReader {
  private readonly facts: VideoFacts;
  private readonly sink: VideoSampleSink;
  private readonly packets: EncodedPacketSink;
  private readonly cache: FrameCache;
  private readonly frameLength: Flicks;
  private readonly budget: number;
  private goal: Goal = { time: -1, direction: 0, back: false };
  private run: Run | null = null;
  private pumping: Promise<void> | null = null;
  /** Where the last bundle was to end: one that brought less than hoped for is not decoded again. */
  private bundled: Flicks = Number.NaN;
  /** Somebody looked somewhere else since the last piece of work was chosen. */
  private isAsked = false;
  private failure: unknown = null;
  private disposed = false;
  private waiting: (() => void)[] = [];

  /** @param budget bytes of decoded frames to keep */
  constructor(facts: VideoFacts, budget: number) {
    this.facts = facts;
    this.sink = new VideoSampleSink(facts.track);
    this.packets = new EncodedPacketSink(facts.track);
    this.cache = new FrameCache(budget);
    this.budget = budget;
    this.frameLength = Math.round(facts.grid.rate === null ? FLICKS_PER_SECOND / 25 : frameDuration(facts.grid.rate));
  }

  /** The frame that has begun by a time of the media; null where it is not decoded. It is valid until the next `await`. */
  at(time: Flicks): DecodedFrame | null {
    return this.cache.at(this.inside(time));
  }

  /** What is decoded nearest to a time. */
  nearest(time: Flicks): DecodedFrame | null {
    return this.cache.nearest(this.inside(time));
  }

  distance(asked: Flicks): Flicks {
    const time = this.inside(asked);
    if (this.cache.at(time) !== null) return 0;
    const nearest = this.cache.nearest(time);
    return nearest === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.abs(time - nearest.begin));
  }

  /** Says where one looks, and which way it goes on. */
  aim(asked: Flicks, direction: -1 | 0 | 1): void {
    const time = this.inside(asked);
    const { goal } = this;
    const back = direction === 0 && (time === goal.time ? goal.back : time < goal.time && goal.time - time < STEP_BACK);
    if (time === goal.time && direction === goal.direction) return;
    this.bundled = Number.NaN;
    this.goal = { time, direction, back: direction < 0 || back };
    this.wake();
  }

  /** Resolves when the frame at this time is decoded, or when one looks somewhere else by now. Rejects when decoding fails. */
  async ready(asked: Flicks, direction: -1 | 0 | 1 = 0): Promise<void> {
    const time = this.inside(asked);
    this.aim(asked, direction);
    while (!this.disposed && this.goal.time === time && this.cache.at(time) === null) {
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  dispose(): void {
    this.disposed = true;
    this.endRun();
    this.cache.clear();
    this.tell();
  }

  private inside(time: Flicks): Flicks {
    return Math.max(time, this.facts.grid.first);
  }

  private tell(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  private wake(): void {
    this.tell();
    this.isAsked = true;
    if (this.pumping !== null || this.disposed || this.failure !== null) return;
    this.pumping = this.pump()
      .catch((cause: unknown) => {
        if (this.disposed) return;
        this.failure = cause;
      })
      .finally(() => {
        this.pumping = null;
        // One may have looked elsewhere while it was coming to its end.
        if (this.isAsked) this.wake();
        else this.tell();
      });
  }

  private async pump(): Promise<void> {
    for (;;) {
      this.isAsked = false;
      if (this.disposed || !(await this.step())) return;
      const { time } = this.goal;
      // Lent frames go back to the decoder as soon as they are not needed.
      const far = (AHEAD + 2) * this.frameLength;
      this.cache.trim(time, ({ lent, begin, end }) => lent && (end <= time - this.frameLength || begin > time + far));
      this.tell();
    }
  }

  /** One piece of work; false when nothing is left to do. */
  private async step(): Promise<boolean> {
    const { time, direction, back } = this.goal;
    if (back) {
      const covered = this.cache.coveredFrom(time);
      const wanted = Math.max(this.facts.grid.first, time - (this.backFrames * this.frameLength) / 2);
      if (this.cache.at(time) !== null && covered <= wanted) return false;
      const end = this.cache.at(time) === null ? time + 1 : covered;
      if (end === this.bundled) return false;
      this.bundled = end;
      await this.bundle(end);
      return true;
    }
    let next = time;
    for (let i = 0; i <= (direction > 0 ? AHEAD : 1); i++) {
      const frame = this.cache.at(next);
      if (frame === null) return this.pull(next);
      if (frame.end === Number.POSITIVE_INFINITY) return false;
      next = frame.end;
    }
    return false;
  }

  /** Decodes one frame on the way to the one at `time`. */
  private async pull(time: Flicks): Promise<boolean> {
    if (this.run === null || isPast(this.run, time) || (await this.hasNearerKey(time, this.run.begin)))
      await this.startRun(time);
    const run = this.run!;
    const { value, done } = await run.samples.next();
    if (this.run !== run) {
      value?.close();
      return true;
    }
    if (done === true || value === undefined) {
      if (run.held !== null) this.keep(run, run.held);
      run.held = null;
      // The last frame stays for as long as one likes.
      if (run.last !== null) run.last.end = Number.POSITIVE_INFINITY;
      this.endRun();
      if (this.cache.at(time) === null) throw new Error("The video ends before it begins.");
      return true;
    }
    const begin = this.beginOf(value);
    run.begin = begin;
    if (run.last !== null) run.last.end = begin;
    if (run.held !== null && begin > this.goal.time) {
      const held = run.held;
      run.held = null;
      this.keep(run, held);
      if (run.last !== null) run.last.end = begin;
    }
    run.held?.close();
    run.held = null;
    run.last = null;
    const isOnTheWay = this.goal.direction === 0 && performance.now() - run.keptAt > SEEN;
    if (isOnTheWay || this.endOf(value) > this.goal.time) this.keep(run, value);
    else run.held = value;
    return true;
  }

  private keep(run: Run, sample: VideoSample): void {
    const begin = this.beginOf(sample);
    run.last = { begin, end: this.endOf(sample), ...livePicture(sample) };
    this.cache.add(run.last);
    run.keptAt = performance.now();
  }

  /** Decodes the frames before `end` to pictures that may be kept for long, as many as fit. */
  private async bundle(end: Flicks): Promise<void> {
    this.endRun();
    const { first } = this.facts.grid;
    const start = Math.max(first, end - this.backFrames * this.frameLength);
    const { goal } = this;
    let last: DecodedFrame | null = null;
    let isWhole = true;
    const samples = this.sink.samples(this.startFor(start));
    for await (const sample of samples) {
      const begin = this.beginOf(sample);
      if (last !== null) last.end = begin;
      const isLeft = this.goal !== goal && (!this.goal.back || Math.abs(this.goal.time - goal.time) > STEP_BACK);
      if (begin >= end || this.disposed || isLeft) {
        sample.close();
        isWhole = false;
        break;
      }
      const made: DecodedFrame = {
        begin,
        end: this.endOf(sample),
        ...(await keptPicture(sample)),
      };
      if (this.disposed) made.close();
      else this.cache.add(made);
      last = made;
      this.tell();
    }
    // Nothing follows: it was the last frame of all.
    if (last !== null && isWhole) last.end = Number.POSITIVE_INFINITY;
  }

  private get backFrames(): number {
    const bytes = 4 * this.facts.width * this.facts.height;
    return Math.max(3, Math.min(MAX_BACK, Math.floor(this.budget / bytes / 2)));
  }

  private async startRun(time: Flicks): Promise<void> {
    this.endRun();
    // Where one stands and waits the way from the key frame is seen, beginning with it.
    const from = this.goal.direction === 0 ? await this.keyBefore(time) : null;
    this.run = {
      samples: this.sink.samples(from ?? this.startFor(time)),
      last: null,
      held: null,
      begin: Number.NEGATIVE_INFINITY,
      keptAt: Number.NEGATIVE_INFINITY,
    };
  }

  /** The container's time of the key frame that a time is decoded from; null where it is not surely before it. */
  private async keyBefore(time: Flicks): Promise<number | null> {
    const key = await this.packets.getKeyPacket(flicksToSeconds(time), { metadataOnly: true });
    return key !== null && frameBegin(secondsToFlicks(key.timestamp), this.facts.grid) <= time ? key.timestamp : null;
  }

  private endRun(): void {
    const { run } = this;
    this.run = null;
    run?.held?.close();
    // It waits for the decoder; nobody waits for it.
    run?.samples.return(undefined).catch(() => undefined);
  }

  /** The container's time from which decoding gives the frame at `time`, whatever the container rounded. */
  private startFor(time: Flicks): number {
    return flicksToSeconds(time - 1.5 * this.facts.grid.tick);
  }

  private beginOf(sample: VideoSample): Flicks {
    return frameBegin(secondsToFlicks(sample.timestamp), this.facts.grid);
  }

  /** By the frame's own length; the next one may begin later. */
  private endOf(sample: VideoSample): Flicks {
    if (!(sample.duration > 0)) return this.beginOf(sample) + this.frameLength;
    return frameBegin(secondsToFlicks(sample.timestamp + sample.duration), this.facts.grid);
  }

  private async hasNearerKey(time: Flicks, from: Flicks): Promise<boolean> {
    if (time - from < LATE) return false;
    const key = await this.packets.getKeyPacket(flicksToSeconds(time), { metadataOnly: true });
    return key !== null && secondsToFlicks(key.timestamp) > from + this.frameLength;
  }
}

/** True where a run has gone by the frame at `time`. */
const isPast = ({ begin, last }: Run, time: Flicks): boolean => begin > time || (last !== null && time < last.end);
