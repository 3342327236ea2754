import { type AudioSample, AudioSampleSink, type InputAudioTrack } from "mediabunny";
import { type Stereo, silence, toStereo } from "../../../core/mix/index.ts";
import { resample } from "../../../core/sound/index.ts";

/** Decoding begins this much earlier than needed: the first packet of most codecs depends on the one before. Seconds. */
const PREROLL = 0.12;
/** Kept behind what was read last; and decoded before it when one reads backwards. Seconds. */
const BEHIND = 1;
/** A packet that begins this near to the end of the one before follows on it: containers round. Seconds. */
const ROUNDING = 0.003;

interface Chunk {
  /** Of its first sample, in samples of the media. */
  readonly from: number;
  readonly sound: Stereo;
}

/** The sound of one file for one clip: any stretch, in order or not; a few seconds of it are in memory. */
export class SoundReader {
  private readonly sink: AudioSampleSink;
  private readonly rate: number;
  private readonly origin: number;
  private chunks: Chunk[] = [];
  private samples: AsyncGenerator<AudioSample, void, unknown> | null = null;
  /** Where the next packet is expected. */
  private next = 0;
  private work: Promise<unknown> = Promise.resolve();

  /** @param rate samples a second of what is read @param origin seconds that the file itself gives the media's time 0 */
  constructor(track: InputAudioTrack, rate: number, origin: number) {
    this.sink = new AudioSampleSink(track);
    this.rate = rate;
    this.origin = origin;
  }

  /** `frames` samples from sample `from` on; silence where the media has none. Reads wait for each other. */
  read(from: number, frames: number): Promise<Stereo> {
    const result = this.work.then(() => this.fetch(from, frames));
    this.work = result.catch(() => undefined);
    return result;
  }

  dispose(): void {
    this.stop();
    this.chunks = [];
  }

  private async fetch(from: number, frames: number): Promise<Stereo> {
    const end = from + frames;
    const first = this.chunks[0]?.from ?? Number.POSITIVE_INFINITY;
    if (from < first || from > this.next + this.rate || (this.samples === null && end > this.next))
      this.start(from, first);
    while (this.samples !== null && this.next < end) await this.pull();
    const keepFrom = from - BEHIND * this.rate;
    this.chunks = this.chunks.filter((chunk) => chunk.from + chunk.sound[0].length > keepFrom);
    return this.cut(from, end);
  }

  private start(from: number, before: number): void {
    // The end of the file was reached and nothing of it is asked again.
    if (this.samples === null && this.chunks.length > 0 && from >= before && from <= this.next) return;
    this.stop();
    this.chunks = [];
    const back = from < before && Number.isFinite(before) ? BEHIND : PREROLL;
    const seconds = from / this.rate - back + this.origin;
    this.next = Math.round((seconds - this.origin) * this.rate);
    this.samples = this.sink.samples(seconds);
  }

  private async pull(): Promise<void> {
    const { value, done } = await this.samples!.next();
    if (done === true || value === undefined) {
      this.samples = null;
      return;
    }
    const at = Math.round((value.timestamp - this.origin) * this.rate);
    const from = this.chunks.length > 0 && Math.abs(at - this.next) < ROUNDING * this.rate ? this.next : at;
    const sound = stereoOf(value, this.rate);
    value.close();
    this.chunks.push({ from, sound });
    this.next = from + sound[0].length;
  }

  private stop(): void {
    this.samples?.return(undefined).catch(() => undefined);
    this.samples = null;
  }

  private cut(from: number, end: number): Stereo {
    const cut = silence(end - from);
    for (const { from: at, sound } of this.chunks) {
      const [a, b] = [Math.max(from, at), Math.min(end, at + sound[0].length)];
      if (a >= b) continue;
      cut[0].set(sound[0].subarray(a - at, b - at), a - from);
      cut[1].set(sound[1].subarray(a - at, b - at), a - from);
    }
    return cut;
  }
}

function stereoOf(sample: AudioSample, rate: number): Stereo {
  const channels = Array.from({ length: sample.numberOfChannels }, (_, planeIndex) => {
    const channel = new Float32Array(sample.numberOfFrames);
    sample.copyTo(channel, { planeIndex, format: "f32-planar" });
    return channel;
  });
  const [left, right] = toStereo(channels);
  if (sample.sampleRate === rate) return [left, right];
  // Some AAC says half of its rate in the container.
  const resampled = resample(left, sample.sampleRate, rate);
  return [resampled, left === right ? resampled : resample(right, sample.sampleRate, rate)];
}
