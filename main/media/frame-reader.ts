import { StudioError } from "../../core/contract/index.ts";
import { FLICKS_PER_SECOND, type Flicks, frameBegin, frameDuration, type Rate } from "../../core/time/index.ts";
import type { MediaTools } from "./locate.ts";
import { RawStream, TELL_TIMES } from "./raw-stream.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";
import { asInput } from "./head.ts";
import { showFilters } from "./show-filters.ts";
import type { VideoFacts } from "./video-facts.ts";

/** One media whose pictures are wanted. */
export interface FrameSource {
  /** For sentences. */
  readonly name: string;
  /** ffmpeg's arguments for it, the address last. */
  readonly input: readonly string[];
  readonly facts: VideoFacts;
  /** The media's own rate, where it is constant. */
  readonly rate: Rate | null;
  /** Pixels of the frames that come out, upright. */
  readonly width: number;
  readonly height: number;
}

/** A decoded picture: RGBA8, not premultiplied, of the source's size. The pixels are good until the next picture is asked for. */
export interface Frame {
  /** When it begins in the media's time. */
  readonly begin: Flicks;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export interface FrameReader {
  /** The frame that has begun by then; times go in the reader's direction. Errors: MEDIA_UNREADABLE. */
  frameAt(time: Flicks): Promise<Frame>;
  /** Where the reader stands: asking for a time near it costs no seek. */
  readonly position: Flicks;
  close(): Promise<void>;
}

/** Without a rate, frames are taken to be this long when a start is looked for. */
const UNKNOWN_FRAME = FLICKS_PER_SECOND / 10;
/** Frames of one stretch that is played backwards are held in memory, and are no more than this. */
const BACKWARD_BYTES = 192 * 2 ** 20;
/** Skipping further than this is cheaper by seeking anew than by decoding what lies between. */
const SKIP = 4 * FLICKS_PER_SECOND;

/** Reads a media's frames in the order of their times, or against it. Nothing is started before the first frame is asked for. */
export function openFrameReader(tools: MediaTools, source: FrameSource, direction: 1 | -1): FrameReader {
  return direction === 1 ? new ForwardReader(tools, source) : new BackwardReader(tools, source);
}

function decodeArgs(
  { input: source, facts, width, height }: FrameSource,
  from: Flicks | null,
  exact: boolean,
  version: string,
): string[] {
  // WebM keeps alpha beside the picture, where only libvpx looks.
  const decoder =
    facts.hasAlpha && /^vp[89]$/.test(facts.codec ?? "")
      ? ["-c:v", facts.codec === "vp9" ? "libvpx-vp9" : "libvpx"]
      : [];
  const seek =
    from === null ? [] : [...(exact ? [] : ["-noaccurate_seek"]), "-ss", (from / FLICKS_PER_SECOND).toFixed(6)];
  const input = [...decoder, ...seek, "-copyts", ...asInput(source), "-map", "0:v:0", "-an", "-sn", "-dn"];
  const size = { width, height };
  const colours =
    facts.hdr === null
      ? [`scale=${width}:${height}:in_color_matrix=${facts.matrix}:flags=bicubic`]
      : [
          ...showFilters({ ...facts, isInterlaced: false, matrix: "" }, size),
          "scale=in_color_matrix=bt709:flags=bicubic",
        ];
  const filters = [TELL_TIMES, ...(facts.isInterlaced ? ["yadif"] : []), ...colours, "format=rgba"];
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...input,
    "-vf",
    filters.join(","),
    ...passthrough(version),
    "-f",
    "rawvideo",
    "pipe:1",
  ];
}

/** Every frame once, whatever its time. The option's name changed with ffmpeg 5.1. */
export function passthrough(version: string): string[] {
  const [major, minor] = (/^n?(\d+)(?:\.(\d+))?/.exec(version) ?? []).slice(1).map(Number);
  const old = major !== undefined && (major < 5 || (major === 5 && (minor ?? 0) < 1));
  return old ? ["-vsync", "passthrough"] : ["-fps_mode", "passthrough"];
}

class ForwardReader implements FrameReader {
  private readonly tools: MediaTools;
  private readonly source: FrameSource;
  private stream: RawStream | null = null;
  private isAtStart = false;
  private current: Frame | null = null;
  private spare: Uint8ClampedArray<ArrayBuffer> | null = null;

  constructor(tools: MediaTools, source: FrameSource) {
    this.tools = tools;
    this.source = source;
  }

  get position(): Flicks {
    return this.current?.begin ?? 0;
  }

  async frameAt(time: Flicks): Promise<Frame> {
    if (this.stream === null || time < this.position || time > this.position + SKIP) await this.seek(time);
    return this.advance(time);
  }

  async close(): Promise<void> {
    const { stream } = this;
    this.stream = null;
    await stream?.close();
  }

  /** The frames of a stretch in order, each with pixels of its own: what going backwards needs. */
  async *stretch(from: Flicks, to: Flicks): AsyncGenerator<Frame> {
    await this.close();
    this.current = null;
    await this.seek(from);
    let frame = await this.advance(from);
    for (;;) {
      yield { begin: frame.begin, pixels: frame.pixels.slice() };
      const next = await this.nextBegin();
      if (next === null || next >= to) return;
      frame = await this.advance(next);
    }
  }

  /** Starts decoding so that the first frame that comes has begun by `time`. */
  private async seek(time: Flicks): Promise<void> {
    const { rate } = this.source;
    const margin = 2 * (rate === null ? UNKNOWN_FRAME : Math.ceil(frameDuration(rate)));
    // Exact to a frame or two where the frames are dense; else from the key frame before, and at last from the beginning.
    for (const [from, exact] of [
      [time - margin, true],
      [time - margin, false],
      [time - 20 * FLICKS_PER_SECOND, false],
      [0, false],
    ] as const) {
      await this.close();
      this.current = null;
      this.isAtStart = from <= 0;
      this.stream = new RawStream(
        this.tools.ffmpeg,
        decodeArgs(this.source, this.isAtStart ? null : from, exact, this.tools.version),
      );
      const first = await this.nextBegin();
      if (this.isAtStart || (first !== null && first <= time)) return;
    }
  }

  private async advance(time: Flicks): Promise<Frame> {
    for (;;) {
      const next = await this.nextBegin();
      if (this.current !== null && (next === null || next > time)) return this.current;
      // Before the first frame the first is shown.
      if (next === null || !(await this.take(next))) {
        if (this.current !== null) return this.current;
        throw this.unreadable();
      }
    }
  }

  private async nextBegin(): Promise<Flicks | null> {
    const stated = await this.stream!.nextTime();
    const { facts, rate } = this.source;
    return stated === null ? null : frameBegin(stated - facts.start, { tick: facts.tick, rate, first: 0 });
  }

  private async take(begin: Flicks): Promise<boolean> {
    const { width, height } = this.source;
    const pixels = this.spare ?? new Uint8ClampedArray(width * height * 4);
    this.spare = this.current?.pixels ?? null;
    this.stream!.dropTime();
    if ((await this.stream!.read(pixels as unknown as Uint8Array)) < pixels.length) {
      this.spare = pixels;
      return false;
    }
    this.current = { begin, pixels };
    return true;
  }

  private unreadable(): StudioError {
    return new StudioError(
      "MEDIA_UNREADABLE",
      `“${this.source.name}” cannot be decoded: it is damaged, or was changed meanwhile; replace it or take it out.`,
      this.stream?.error?.detail ?? this.stream?.complaints,
    );
  }
}

/** Decodes a stretch forwards and hands it out from its end, then the stretch before it. */
class BackwardReader implements FrameReader {
  private readonly forward: ForwardReader;
  private readonly length: Flicks;
  /** Ascending. */
  private held: Frame[] = [];
  position: Flicks = Number.POSITIVE_INFINITY;

  constructor(tools: MediaTools, source: FrameSource) {
    this.forward = new ForwardReader(tools, source);
    const frame = source.rate === null ? UNKNOWN_FRAME / 3 : frameDuration(source.rate);
    const count = Math.max(2, Math.floor(BACKWARD_BYTES / (source.width * source.height * 4)));
    this.length = Math.round(frame * count);
  }

  async frameAt(time: Flicks): Promise<Frame> {
    if (this.held.length === 0 || this.held[0]!.begin > time) {
      this.held = [];
      // The frame that has begun by the stretch's start comes first: there is always one that fits.
      for await (const frame of this.forward.stretch(Math.max(0, time - this.length), time + 1)) this.held.push(frame);
      await this.forward.close();
    }
    const found = this.held.findLast(({ begin }) => begin <= time) ?? this.held[0]!;
    this.held = this.held.filter(({ begin }) => begin <= found.begin);
    this.position = found.begin;
    return found;
  }

  async close(): Promise<void> {
    this.held = [];
    await this.forward.close();
  }
}
