import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { type PictureSource, readFrom } from "./make-poster.ts";
import { BASE_ARGS, PROTOCOLS, runMedia, startMedia } from "./run.ts";
import { canToneMap, fitWithin, showFilters, type Size } from "./show-filters.ts";

/** A timeline's clip is at most this high at two device pixels to one; the longest side follows. */
const THUMB_HEIGHT = 90;
const THUMB_SIDE = 240;
const MAX_THUMBS = 240;
/** Longer films are not decoded from end to end for thumbnails: each is looked up by itself. */
const SEEK_SECONDS = 90;
const COLUMNS = 16;

/** Row by row, picture n shows the time n × interval (seconds of the media). */
export interface StripLayout {
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly interval: number;
}

/** How many thumbnails a film gets: two a second, down to one every few minutes. Pure. */
export function stripLayout(
  source: Pick<PictureSource, "width" | "height" | "seconds" | "framesPerSecond">,
): StripLayout {
  const { seconds, framesPerSecond } = source;
  const frames = Math.max(1, Math.round(seconds * framesPerSecond));
  const count = Math.max(1, Math.min(MAX_THUMBS, frames, Math.ceil(seconds * 2)));
  const { width, height } = fitWithin(
    source,
    Math.min(THUMB_SIDE, (THUMB_HEIGHT * Math.max(source.width, source.height)) / source.height),
  );
  const columns = Math.min(COLUMNS, count);
  return { columns, rows: Math.ceil(count / columns), count, width, height, interval: seconds / count };
}

/**
 * Writes the thumbnails of a film as one JPEG. What is transparent stands on middle grey. A picture that cannot be decoded repeats the
 * one before it. Errors: FFMPEG_FAILED (none can), DISK_FULL, CANCELLED.
 */
export async function makeStrip(
  tools: MediaTools,
  source: PictureSource,
  file: string,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<StripLayout> {
  const layout = stripLayout(source);
  const sprite = new Sprite(layout);
  const chain = [...showFilters(source, layout, await canToneMap(tools)), "format=rgba"];
  const whole = source.seconds <= SEEK_SECONDS;
  const places = whole ? [0] : Array.from({ length: layout.count }, (_, n) => n * layout.interval);
  for (const [n, at] of places.entries()) {
    signal?.throwIfAborted();
    const frames = whole ? layout.count : 1;
    const even = whole ? [`fps=${layout.count / source.seconds}:start_time=0:round=up`] : [];
    const output = ["-map", "0:v:0", "-an", "-vf", [...even, ...chain].join(","), "-frames:v", String(frames)];
    const args = [...BASE_ARGS, ...PROTOCOLS, ...readFrom(source, at), ...output, "-f", "rawvideo", "pipe:1"];
    await runMedia(tools.ffmpeg, args, {
      inBackground: true,
      onStdout: (chunk) => {
        sprite.push(chunk);
        onProgress(Math.min(1, sprite.filled / layout.count));
      },
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      // A damaged stretch: what came before it stays.
      if (StudioError.from(error).code !== "FFMPEG_FAILED") throw error;
    });
    if (!whole) sprite.padTo(n + 1);
  }
  if (sprite.received === 0)
    throw new StudioError("FFMPEG_FAILED", "None of its pictures can be decoded: the file is damaged.");
  sprite.padTo(layout.count);
  await writeJpeg(tools, sprite, file, signal);
  return layout;
}

/** Thumbnails as they come from ffmpeg, laid side by side. */
class Sprite implements Size {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Places taken so far, and those of them that a picture came for. */
  filled = 0;
  received = 0;
  private readonly layout: StripLayout;
  private readonly thumb: Uint8Array;
  private at = 0;

  constructor(layout: StripLayout) {
    this.layout = layout;
    this.width = layout.columns * layout.width;
    this.height = layout.rows * layout.height;
    this.rgb = new Uint8Array(this.width * this.height * 3);
    this.thumb = new Uint8Array(layout.width * layout.height * 4);
  }

  push(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length && this.filled < this.layout.count; ) {
      const part = chunk.subarray(from, from + this.thumb.length - this.at);
      this.thumb.set(part, this.at);
      this.at += part.length;
      from += part.length;
      if (this.at < this.thumb.length) continue;
      this.received += 1;
      this.place();
    }
  }

  /** Repeats the picture before until there are `count`: one did not come, or the film was shorter than it said. */
  padTo(count: number): void {
    this.at = 0;
    while (this.filled < count) this.place();
  }

  private place(): void {
    const { columns, width, height } = this.layout;
    const left = (this.filled % columns) * width;
    const top = Math.floor(this.filled / columns) * height;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [i, o] = [(y * width + x) * 4, ((top + y) * this.width + left + x) * 3];
        const alpha = this.thumb[i + 3]!;
        for (let c = 0; c < 3; c++) this.rgb[o + c] = (this.thumb[i + c]! * alpha + 110 * (255 - alpha)) / 255;
      }
    this.filled += 1;
    this.at = 0;
  }
}

async function writeJpeg(
  tools: MediaTools,
  { width, height, rgb }: Sprite,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", `${width}x${height}`, "-i", "pipe:0"];
  const output = [
    "-frames:v",
    "1",
    "-c:v",
    "mjpeg",
    "-q:v",
    "4",
    "-pix_fmt",
    "yuvj420p",
    "-f",
    "image2",
    "-update",
    "1",
  ];
  const encoder = startMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...input, ...output, `file:${file}`], {
    inBackground: true,
    ...(signal === undefined ? {} : { signal }),
  });
  await encoder.write(rgb);
  await encoder.finish();
}
