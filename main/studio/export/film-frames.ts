import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import type { FramePlan } from "../../../core/render-plan/index.ts";
import type { Timeline } from "../../../core/timeline/index.ts";
import { composeArgs, type Composition, convertArgs, type MediaTools, RawStream } from "../../media/index.ts";
import { FilmPainter, type FilmFormat } from "./film-painter.ts";
import { FramePool } from "./frame-pool.ts";
import type { MaskFiles } from "./mask-files.ts";
import type { MediaFiles } from "./media-files.ts";
import { type Composed, type Stretch, stretchesOf } from "./stretches.ts";
import { paintStill } from "./painted-still.ts";

/** A process that hands out a stretch's frames one after the other. */
interface Source {
  /** False where no more come. Errors: those of painting. */
  read(into: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

export interface FilmFramesParts {
  readonly tools: MediaTools;
  readonly document: Timeline;
  readonly files: MediaFiles;
  readonly masks: MaskFiles;
  /** Folder for what lies in between. */
  readonly work: string;
  readonly format: FilmFormat;
}

/**
 * A film's frames as codecs take them, yuv420p of BT.709 in limited range: composed by ffmpeg where that gives what the painter would
 * paint (`stretchesOf`), else painted.
 */
export class FilmFrames {
  private readonly parts: FilmFramesParts;
  private readonly pool: FramePool;
  private painterMade: FilmPainter | null = null;
  private readonly buffers: readonly [Uint8Array, Uint8Array];
  private turn = 0;
  private readonly stills: string[] = [];
  private lastStill: { readonly key: string; readonly picture: Composition["picture"] } | null = null;
  private shown: Uint8Array | null = null;
  /** Frames that were not painted, so far. */
  composed = 0;

  constructor(parts: FilmFramesParts) {
    const { tools, document, files, format } = parts;
    this.parts = parts;
    this.pool = new FramePool(tools, document, files);
    const bytes = (format.width * format.height * 3) / 2;
    this.buffers = [new Uint8Array(bytes), new Uint8Array(bytes)];
  }

  /** Made when something is painted: its canvases are large. */
  private get painter(): FilmPainter {
    const { document, format, masks } = this.parts;
    this.painterMade ??= new FilmPainter(document, format, this.pool, masks);
    return this.painterMade;
  }

  /** Frames from one on. The bytes of one are good until the next but one is asked for. Errors: MEDIA_MISSING, MEDIA_UNREADABLE. */
  async *read(from: number, count: number): AsyncGenerator<Uint8Array> {
    const { document, format, files } = this.parts;
    const stretches = stretchesOf(document, format, files, { from, count });
    // The next stretch's process starts while this one's frames are still being encoded.
    const open = async (): Promise<{ stretch: Stretch; source: Source | null } | null> => {
      const { value: stretch, done } = await stretches.next();
      if (done === true) return null;
      return { stretch, source: stretch.composed === null ? null : await this.compose(stretch, stretch.composed) };
    };
    let next = open();
    try {
      for (let now = await next; now !== null; now = await next) {
        next = open();
        next.catch(() => {}); // told when its turn comes
        yield* this.framesOf(now.stretch, now.source);
      }
    } finally {
      const begun = await next.catch(() => null);
      await begun?.source?.close();
    }
  }

  /** RGBA8 of a frame as it is painted: good until the next but one. */
  painted(n: number): Promise<Uint8Array> {
    return this.painter.frame(n);
  }

  /** The frame that was read last, or else painted, small, RGBA8. */
  preview(width: number, height: number): Uint8ClampedArray | null {
    if (this.shown === null) return this.painterMade?.preview(width, height) ?? null;
    return shrunk(this.shown, this.parts.format, width, height);
  }

  async close(): Promise<void> {
    await this.pool.close();
    for (const file of this.stills.slice(-2)) await rm(file, { force: true });
  }

  private async *framesOf({ from, count }: Stretch, composing: Source | null): AsyncGenerator<Uint8Array> {
    let source = composing ?? this.paint(from, count);
    let isComposed = composing !== null;
    try {
      for (let n = 0; n < count; n++) {
        const buffer = this.buffers[this.turn++ % 2]!;
        if (!(await source.read(buffer)) && isComposed) {
          // Whatever this ffmpeg stumbled over: painting shows the same, or says what is wrong.
          isComposed = false;
          await source.close();
          source = this.paint(from + n, count - n);
          await source.read(buffer);
        }
        if (isComposed) this.composed += 1;
        this.shown = buffer;
        yield buffer;
      }
    } finally {
      await source.close();
    }
  }

  private async compose({ count }: Stretch, { layers, still }: Composed): Promise<Source> {
    const { tools, document, format } = this.parts;
    const picture = still === null ? null : await this.still(still, layers.length > 0);
    const { background } = document.settings;
    const stream = new RawStream(
      tools.ffmpeg,
      composeArgs(
        {
          ...format,
          frames: count,
          layers,
          background,
          picture,
        },
        tools.version,
      ),
    );
    return {
      read: async (into) => (await stream.read(into)) === into.length,
      close: () => stream.close(),
    };
  }

  /** Paints what stands still into a file, once for all stretches that show it one after the other. */
  private async still(plan: FramePlan, isOver: boolean): Promise<Composition["picture"]> {
    const { format, work } = this.parts;
    const key = JSON.stringify([plan.layers, isOver]);
    if (this.lastStill?.key === key) return this.lastStill.picture;
    const still = await paintStill(plan, format, this.pool, isOver);
    const file = join(work, `still-${randomUUID()}.rgba`);
    const picture = still === null ? null : { file, place: still.place };
    if (still !== null) {
      await writeFile(file, still.rgba);
      this.stills.push(file);
    }
    // The one before may still be read, none before that.
    if (this.stills.length > 2) await rm(this.stills.at(-3)!, { force: true });
    this.lastStill = { key, picture };
    return picture;
  }

  private paint(from: number, count: number): Source {
    const { tools, format } = this.parts;
    const stream = new RawStream(tools.ffmpeg, convertArgs(format, tools.version), true);
    const closing = new AbortController();
    let failure: unknown = null;
    const feed = async (): Promise<void> => {
      let writing: Promise<void> = Promise.resolve();
      for (let n = from; n < from + count && !closing.signal.aborted; n++) {
        const pixels = await this.painter.frame(n);
        // The frame before is taken while this one is painted.
        await writing;
        writing = stream.write(pixels);
      }
      await writing;
      stream.end();
    };
    const fed = feed().catch((error: unknown) => {
      failure = error;
      stream.end();
    });
    return {
      async read(into) {
        if ((await stream.read(into)) === into.length) return true;
        await stream.over();
        throw (
          failure ??
          stream.error ??
          new StudioError("FFMPEG_FAILED", "ffmpeg could not convert the painted pictures: try again.")
        );
      },
      async close() {
        closing.abort();
        await stream.close();
        await fed;
      },
    };
  }
}

/** By picking pixels: good enough to look at in passing. */
function shrunk(yuv: Uint8Array, from: FilmFormat, width: number, height: number): Uint8ClampedArray {
  const out = new Uint8ClampedArray(width * height * 4);
  const half = from.width / 2;
  const [blue, red] = [from.width * from.height, from.width * from.height + half * (from.height / 2)];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const x = Math.floor(((column + 0.5) * from.width) / width);
      const y = Math.floor(((row + 0.5) * from.height) / height);
      const chroma = (y >> 1) * half + (x >> 1);
      // ITU-R BT.709, 8 bits.
      const light = (yuv[y * from.width + x]! - 16) * (255 / 219);
      const cb = (yuv[blue + chroma]! - 128) * (255 / 224);
      const cr = (yuv[red + chroma]! - 128) * (255 / 224);
      out.set(
        [light + 1.5748 * cr, light - 0.18733 * cb - 0.46813 * cr, light + 1.8556 * cb, 255],
        4 * (row * width + column),
      );
    }
  return out;
}
