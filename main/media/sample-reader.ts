import { FLICKS_PER_SECOND, type Flicks } from "../../core/time/index.ts";
import type { MediaTools } from "./locate.ts";
import { RawStream } from "./raw-stream.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";
import { asInput } from "./head.ts";

export interface SampleSource {
  /** ffmpeg's arguments for it, the address last. */
  readonly input: readonly string[];
  /** The container's own time at which the media begins. */
  readonly start: Flicks;
  readonly channels: number;
  /** Samples per second that come out: the media's own. */
  readonly sampleRate: number;
}

/** Codecs need some sound before the wanted one to get into their stride: AAC a packet, MP3 its bit reservoir, Opus 80 ms. */
const PREROLL_SECONDS = 0.5;
/** Reading on is cheaper than seeking up to this many seconds. */
const SKIP_SECONDS = 10;
/** Who goes backwards is given stretches of this many seconds, each decoded once. */
const BACKWARD_SECONDS = 10;

/** Samples of all channels from a number on. */
interface Stretch {
  readonly from: number;
  readonly channels: readonly Float32Array[];
}

const lengthOf = ({ channels }: Stretch): number => channels[0]?.length ?? 0;

/** A media's sound by the number of its sample, in stretches that mostly go forward. What is held in memory is seconds. */
export class SampleReader {
  private readonly tools: MediaTools;
  private readonly source: SampleSource;
  private stream: RawStream | null = null;
  /** Number of the sample that the stream gives next. */
  private next = 0;
  /** What was read last: the next stretch overlaps it, because interpolation looks around. */
  private kept: Stretch = { from: 0, channels: [] };
  private buffer = new Uint8Array(0);

  constructor(tools: MediaTools, source: SampleSource) {
    this.tools = tools;
    this.source = source;
  }

  /** Where the reader stands, a sample number. */
  get position(): number {
    return this.next;
  }

  /** `count` samples of each channel from number `from` on (which may be negative); silence where the media has none. */
  async read(from: number, count: number): Promise<Float32Array[]> {
    const { kept } = this;
    const end = kept.from + lengthOf(kept);
    if (from < kept.from || from > end) {
      const goesBack = from < kept.from && from + count <= end && lengthOf(kept) > 0;
      const stretch = goesBack ? Math.max(count, BACKWARD_SECONDS * this.source.sampleRate) : count;
      const begin = from + count - stretch;
      this.kept = { from: begin, channels: await this.fill(begin, stretch) };
    } else if (from + count > end) {
      const more = await this.fill(end, from + count - end);
      this.kept = {
        from,
        channels: more.map((plane, c) => joined(kept.channels[c]!.subarray(from - kept.from), plane)),
      };
    }
    const at = from - this.kept.from;
    return this.kept.channels.map((plane) => plane.subarray(at, at + count));
  }

  async close(): Promise<void> {
    const { stream } = this;
    this.stream = null;
    await stream?.close();
  }

  private async fill(from: number, count: number): Promise<Float32Array[]> {
    const { channels, sampleRate } = this.source;
    const planes = Array.from({ length: channels }, () => new Float32Array(count));
    const before = Math.min(count, Math.max(0, -from));
    const [start, wanted] = [from + before, count - before];
    if (wanted === 0) return planes;
    if (this.stream === null || start < this.next || start > this.next + SKIP_SECONDS * sampleRate)
      await this.seek(start);
    const size = 4 * channels;
    while (this.next < start) {
      const part = Math.min(start - this.next, sampleRate);
      await this.stream!.read(this.bytes(part * size));
      this.next += part;
    }
    const bytes = this.bytes(wanted * size);
    const read = await this.stream!.read(bytes);
    const samples = new Float32Array(bytes.buffer, 0, Math.floor(read / size) * channels);
    for (const [c, plane] of planes.entries())
      for (let i = c, o = before; i < samples.length; i += channels, o += 1) {
        const value = samples[i]!;
        // Float files may hold anything; one NaN would silence all that follows.
        plane[o] = Number.isFinite(value) ? value : 0;
      }
    this.next = start + wanted;
    return planes;
  }

  private bytes(count: number): Uint8Array {
    if (this.buffer.length < count) this.buffer = new Uint8Array(count);
    return this.buffer.subarray(0, count);
  }

  private async seek(from: number): Promise<void> {
    await this.close();
    const { input: source, start, sampleRate } = this.source;
    const seconds = from / sampleRate - PREROLL_SECONDS;
    const seek = seconds > 0 ? ["-ss", seconds.toFixed(6)] : [];
    const first = from + Math.round((start / FLICKS_PER_SECOND) * sampleRate);
    // The resampler cuts, or fills with silence, so that its first sample is exactly this one, and bridges holes in the recording.
    const filter = `aresample=${sampleRate}:async=1:first_pts=${first},aformat=sample_fmts=flt`;
    const input = [...seek, "-copyts", ...asInput(source), "-map", "0:a:0", "-vn", "-sn", "-dn", "-af", filter];
    const output = ["-ac", String(this.source.channels), "-f", "f32le", "pipe:1"];
    this.stream = new RawStream(this.tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...input, ...output]);
    this.next = from;
  }
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
