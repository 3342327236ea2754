import { extentOf, planSound, type Voice, voicesIn } from "../render-plan/index.ts";
import { endOf, type Flicks, FLICKS_PER_SECOND } from "../time/index.ts";
import {
  type Clip,
  type MediaReference,
  mediaOf,
  type Placed,
  sourceTimeAt,
  type Timeline,
} from "../timeline/index.ts";
import { reachOf, sampleAt } from "./interpolate.ts";
import { type PanMatrix, panMatrix, silence, type Stereo } from "./stereo.ts";

/** Where decoded sound comes from. */
export interface MixSource {
  /**
   * A stretch of a media's sound at the media's own sampling rate (`media.audio.sampleRate`), sample 0 at media time 0; `from` may be
   * negative. Silence where the media has none; null where it cannot be heard at all (offline, unreadable).
   * @param clip who asks: one clip asks for stretches in order, so that a reader can go on where it was
   */
  read(media: MediaReference, clip: string, from: number, frames: number): Promise<Stereo | null>;
}

/** Samples between two looks at the plan; what lies between is interpolated (2.7 ms at 48 kHz). */
const CONTROL = 128;

/** Keeps a place that lies in the middle between two samples on one of them, whatever is lost in rounding. */
const NUDGE = 1e-4;
/** Slower than this a sound stands still, and a standing sound is none. */
const STILL = 1e-3;

/** One voice over a few samples: from sample `a` of the block to before `b`, with its values at both. */
interface Segment {
  readonly a: number;
  readonly b: number;
  readonly gain: readonly [number, number];
  readonly pan: readonly [PanMatrix, PanMatrix];
}

/**
 * Mixes a timeline to stereo, exactly as the render plan says: the window plays these blocks and an export writes them. Has no memory:
 * a block is the same whatever was mixed before. The sum may exceed ±1; who writes it down limits it.
 */
export class Mixer {
  private readonly document: Timeline;
  private readonly sampleRate: number;
  private readonly source: MixSource;

  /** @param sampleRate Hz of what is mixed */
  constructor(document: Timeline, sampleRate: number, source: MixSource) {
    this.document = document;
    this.sampleRate = sampleRate;
    this.source = source;
  }

  /** `frames` samples from a time of the timeline on. Rejects with what the source rejects with. */
  async mix(start: Flicks, frames: number): Promise<Stereo> {
    const mixed = silence(frames);
    const timeOf = (sample: number): Flicks => start + Math.round((sample * FLICKS_PER_SECOND) / this.sampleRate);
    const heard = voicesIn(this.document, start, timeOf(frames));
    if (heard.length === 0) return mixed;
    const cuts = new Set<number>([0, frames]);
    // Counted from the timeline's begin, so that it does not matter where blocks begin.
    const phase = Math.round((start * this.sampleRate) / FLICKS_PER_SECOND) % CONTROL;
    for (let at = CONTROL - phase; at < frames; at += CONTROL) cuts.add(at);
    for (const { track, item } of heard) {
      const extent = extentOf(track, item);
      for (const edge of [extent.start, endOf(extent)]) {
        const sample = Math.ceil(((edge - start) * this.sampleRate) / FLICKS_PER_SECOND);
        if (sample > 0 && sample < frames) cuts.add(sample);
      }
    }
    const segments = this.segments(
      [...cuts].sort((a, b) => a - b),
      timeOf,
    );
    await Promise.all(
      heard.map(async ({ item }) => {
        const own = segments.get(item.clip.id);
        if (own !== undefined) await this.add(mixed, item, own, timeOf);
      }),
    );
    return mixed;
  }

  /** By clip. */
  private segments(cuts: readonly number[], timeOf: (sample: number) => Flicks): Map<string, Segment[]> {
    const segments = new Map<string, Segment[]>();
    const plan = (time: Flicks) => new Map(planSound(this.document, time).map((voice) => [voice.clip, voice]));
    let before = plan(timeOf(cuts[0]!));
    for (const [i, b] of cuts.slice(1).entries()) {
      const [a, time] = [cuts[i]!, timeOf(b)];
      const after = plan(time);
      for (const voice of before.values()) {
        const end = after.get(voice.clip) ?? this.last(voice, time);
        const own = segments.get(voice.clip) ?? [];
        own.push({ a, b, gain: [voice.gain, end.gain], pan: [panMatrix(voice.pan), panMatrix(end.pan)] });
        segments.set(voice.clip, own);
      }
      before = after;
    }
    return segments;
  }

  /** A voice that is over by `time`, as it was in its last moment. */
  private last(voice: Voice, time: Flicks): Voice {
    const moment = Math.min(time, endOf(voice.range)) - 1;
    return planSound(this.document, moment).find(({ clip }) => clip === voice.clip) ?? voice;
  }

  private async add(
    mixed: Stereo,
    item: Placed,
    segments: readonly Segment[],
    timeOf: (sample: number) => Flicks,
  ): Promise<void> {
    const media = mediaOf(this.document, item.clip);
    if (media?.audio == null || segments.every(({ gain: [a, b] }) => a === 0 && b === 0)) return;
    const rate = media.audio.sampleRate;
    const places = segments.map(({ a, b }) => this.places(item, rate, a, b, timeOf));
    const ends = places.flatMap(({ from, step }, i) => [from, from + step * (segments[i]!.b - segments[i]!.a)]);
    const reach = Math.max(...places.map(({ step }) => reachOf(step)));
    const first = Math.floor(Math.min(...ends)) - reach;
    const sound = await this.source.read(media, item.clip.id, first, Math.ceil(Math.max(...ends)) + reach + 1 - first);
    if (sound === null) return;
    for (const [i, segment] of segments.entries()) {
      const { from, step } = places[i]!;
      if (Math.abs(step) < STILL) continue;
      render(mixed, sound, segment, from - first, step);
    }
  }

  /** Where in the media (samples) a segment begins, and how far it goes with each sample. */
  private places(
    { clip, start }: Placed,
    rate: number,
    a: number,
    b: number,
    timeOf: (sample: number) => Flicks,
  ): { readonly from: number; readonly step: number } {
    const exact = (sample: number) =>
      (sourceTimeAt(clip, timeOf(sample) - start) * rate) / FLICKS_PER_SECOND - (clip.reversed ? 1 : 0);
    const whole = isPlain(clip) && rate === this.sampleRate;
    // At the media's own speed samples are taken as they are: a part of a sample earlier or later is not heard, interpolating is.
    if (whole) return { from: Math.round(exact(a) + (clip.reversed ? -NUDGE : NUDGE)), step: clip.reversed ? -1 : 1 };
    const from = exact(a);
    return { from, step: (exact(b) - from) / (b - a) };
  }
}

const isPlain = ({ parameters }: Clip): boolean => parameters.speed === undefined || parameters.speed === 1;

function render(mixed: Stereo, sound: Stereo, { a, b, gain, pan }: Segment, from: number, step: number): void {
  const [left, right] = sound;
  const plain = Number.isInteger(from) && Math.abs(step) === 1;
  for (let i = a; i < b; i++) {
    const way = (i - a) / (b - a);
    const place = from + step * (i - a);
    const l = plain ? left[place]! : sampleAt(left, place, step);
    const r = plain ? right[place]! : left === right ? l : sampleAt(right, place, step);
    const loud = gain[0] + (gain[1] - gain[0]) * way;
    const [p, q] = pan;
    mixed[0][i]! += loud * ((p.ll + (q.ll - p.ll) * way) * l + (p.lr + (q.lr - p.lr) * way) * r);
    mixed[1][i]! += loud * ((p.rl + (q.rl - p.rl) * way) * l + (p.rr + (q.rr - p.rr) * way) * r);
  }
}
