/**
 * A waveform as a file: lowest and highest samples of equal stretches at several scales, so that an hour is drawn as fast as a second.
 * Little-endian:
 *
 *   0  "PPK1"
 *   4  uint32   samples per second
 *   8  uint32   channels C
 *  12  uint32   samples (of a channel) in a peak of the finest level
 *  16  uint32   levels L
 *  20  float64  samples of a channel in all
 *  28  L × { uint32 samples per peak, uint32 peaks N, uint32 byte offset }, the coarsest first
 *      then the levels in the same order: N × C × { int8 lowest, int8 highest } in 1/127 of full scale, rounded outwards
 *
 * The coarsest comes first, so that the beginning of the file is enough to draw all of it from afar. About a hundred peaks a second:
 * 2 MB for an hour of stereo.
 */

/** Each level joins this many peaks of the next finer one. */
const JOIN = 4;
const PEAKS_PER_SECOND = 100;
const HEADER = 28;
const LEVEL = 12;
/** The coarsest level has no more peaks than this. */
const FEW = 256;

export interface PeakFile {
  readonly sampleRate: number;
  readonly channels: number;
  /** Of one channel. */
  readonly samples: number;
  /** The coarsest first. `data` holds lowest and highest values, channel by channel, peak by peak. */
  readonly levels: readonly { readonly samplesPerPeak: number; readonly peaks: number; readonly data: Int8Array }[];
}

/** Takes samples as they are decoded, however long the sound is; memory grows by 400 bytes a second of stereo. */
export class PeakFileBuilder {
  private readonly sampleRate: number;
  private readonly channels: number;
  private readonly block: number;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  private inBlock = 0;
  private samples = 0;
  private finest: Int8Array;
  private length = 0;

  constructor(sampleRate: number, channels: number) {
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.block = Math.max(1, Math.round(sampleRate / PEAKS_PER_SECOND));
    this.low = new Float32Array(channels).fill(Infinity);
    this.high = new Float32Array(channels).fill(-Infinity);
    this.finest = new Int8Array(2 * channels * 4096);
  }

  /** @param interleaved whole frames of samples, -1 to 1 */
  push(interleaved: Float32Array): void {
    const { channels, low, high } = this;
    for (let i = 0; i + channels <= interleaved.length; i += channels) {
      for (let c = 0; c < channels; c++) {
        const value = interleaved[i + c]!;
        if (value < low[c]!) low[c] = value;
        if (value > high[c]!) high[c] = value;
      }
      this.samples++;
      if (++this.inBlock === this.block) this.endBlock();
    }
  }

  /** The whole file. */
  finish(): Uint8Array {
    if (this.inBlock > 0) this.endBlock();
    const levels = [{ samplesPerPeak: this.block, data: this.finest.slice(0, this.length) }];
    const width = 2 * this.channels;
    for (let last = levels[0]!; last.data.length / width > FEW; last = levels[0]!)
      levels.unshift({ samplesPerPeak: last.samplesPerPeak * JOIN, data: joined(last.data, width) });
    const start = HEADER + LEVEL * levels.length;
    const bytes = new Uint8Array(start + levels.reduce((sum, { data }) => sum + data.length, 0));
    const view = new DataView(bytes.buffer);
    bytes.set([0x50, 0x50, 0x4b, 0x31]);
    view.setUint32(4, this.sampleRate, true);
    view.setUint32(8, this.channels, true);
    view.setUint32(12, this.block, true);
    view.setUint32(16, levels.length, true);
    view.setFloat64(20, this.samples, true);
    let at = start;
    for (const [n, { samplesPerPeak, data }] of levels.entries()) {
      view.setUint32(HEADER + LEVEL * n, samplesPerPeak, true);
      view.setUint32(HEADER + LEVEL * n + 4, data.length / width, true);
      view.setUint32(HEADER + LEVEL * n + 8, at, true);
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.length), at);
      at += data.length;
    }
    return bytes;
  }

  private endBlock(): void {
    const { channels, low, high } = this;
    if (this.length + 2 * channels > this.finest.length) {
      const larger = new Int8Array(this.finest.length * 2);
      larger.set(this.finest);
      this.finest = larger;
    }
    for (let c = 0; c < channels; c++) {
      this.finest[this.length++] = clamp(Math.floor(low[c]! * 127));
      this.finest[this.length++] = clamp(Math.ceil(high[c]! * 127));
    }
    low.fill(Infinity);
    high.fill(-Infinity);
    this.inBlock = 0;
  }
}

const clamp = (value: number): number => Math.max(-127, Math.min(127, value));

function joined(data: Int8Array, width: number): Int8Array<ArrayBuffer> {
  const peaks = Math.ceil(data.length / width / JOIN);
  const next = new Int8Array(peaks * width);
  for (let peak = 0; peak < peaks; peak++)
    for (let c = 0; c < width; c += 2) {
      let [low, high] = [127, -127];
      const end = Math.min(data.length, (peak + 1) * JOIN * width);
      for (let i = peak * JOIN * width + c; i < end; i += width) {
        low = Math.min(low, data[i]!);
        high = Math.max(high, data[i + 1]!);
      }
      next[peak * width + c] = low;
      next[peak * width + c + 1] = high;
    }
  return next;
}

/** Reads a whole file. Null: it is none, or it is not all there. */
export function readPeakFile(bytes: Uint8Array): PeakFile | null {
  if (bytes.length < HEADER || String.fromCharCode(...bytes.subarray(0, 4)) !== "PPK1") return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [channels, count] = [view.getUint32(8, true), view.getUint32(16, true)];
  if (channels < 1 || channels > 64 || count < 1 || count > 32 || bytes.length < HEADER + LEVEL * count) return null;
  const levels = Array.from({ length: count }, (_, n) => {
    const [samplesPerPeak, peaks, at] = [0, 4, 8].map((part) => view.getUint32(HEADER + LEVEL * n + part, true));
    const size = peaks! * channels * 2;
    if (at! + size > bytes.length) return null;
    return {
      samplesPerPeak: samplesPerPeak!,
      peaks: peaks!,
      data: new Int8Array(bytes.buffer, bytes.byteOffset + at!, size),
    };
  });
  if (levels.some((level) => level === null)) return null;
  const whole = levels.filter((level) => level !== null);
  return { sampleRate: view.getUint32(4, true), channels, samples: view.getFloat64(20, true), levels: whole };
}

/**
 * Extremes for drawing: for each of `columns` equal parts of the time from `from` to `to` (seconds) the lowest and highest value, -1 to 1,
 * as [low, high, low, high …]; zeros outside the sound.
 * @param channel one channel; absent: all of them together
 */
export function peakColumns(file: PeakFile, from: number, to: number, columns: number, channel?: number): Float32Array {
  const out = new Float32Array(columns * 2);
  const perColumn = ((to - from) * file.sampleRate) / columns;
  const fitting = file.levels.find(({ samplesPerPeak }) => samplesPerPeak <= perColumn);
  const { samplesPerPeak, peaks, data } = fitting ?? file.levels.at(-1)!;
  const width = 2 * file.channels;
  const [firstChannel, lastChannel] = channel === undefined ? [0, file.channels - 1] : [channel, channel];
  for (let column = 0; column < columns; column++) {
    const start = (from * file.sampleRate + column * perColumn) / samplesPerPeak;
    const first = Math.max(0, Math.floor(start));
    const last = Math.min(peaks - 1, Math.max(first, Math.ceil(start + perColumn / samplesPerPeak) - 1));
    let [low, high] = [127, -127];
    for (let peak = first; peak <= last; peak++)
      for (let c = firstChannel; c <= lastChannel; c++) {
        low = Math.min(low, data[peak * width + 2 * c]!);
        high = Math.max(high, data[peak * width + 2 * c + 1]!);
      }
    if (low > high || start + perColumn / samplesPerPeak <= 0) continue;
    out[2 * column] = low / 127;
    out[2 * column + 1] = high / 127;
  }
  return out;
}
