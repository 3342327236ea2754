import { open, rename, stat, unlink } from "node:fs/promises";
import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { probeVideo, type SoundProbe } from "./probe.ts";
import { partPath, publish, syncFile } from "./publish.ts";
import { BASE_ARGS, type MediaProcess, PROTOCOLS, startMedia } from "./run.ts";

export interface VideoWriterOptions {
  readonly tools: MediaTools;
  /** Folder of the finished file; the temporary file is made there. */
  readonly folder: string;
  /** Pixels; both even, since 4:2:0 halves the colour planes. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** WAV file that becomes the sound track; it must be exactly as long as the frames. Absent: a silent video. */
  readonly sound?: string;
  /**
   * x264's constant rate factor, lower is better; 15 is visually lossless for small generated clips and costs little disk.
   */
  readonly crf?: number;
  readonly signal?: AbortSignal;
}

/** A verified video under a temporary name, waiting to be named or thrown away. */
export interface FinishedVideo {
  readonly bytes: number;
  readonly frames: number;
  /** Names the file. Errors: FileExistsError when the name is taken and `overwrite` is false. */
  publish(path: string, overwrite: boolean): Promise<void>;
  /** Takes the name back: the file is temporary again. */
  unpublish(path: string): Promise<void>;
  /** Removes the temporary file; harmless after `publish`. */
  discard(): Promise<void>;
}

export interface VideoWriter {
  /** One frame, RGB8, height × width × 3 bytes; resolves when there is room for the next. */
  write(rgb: Uint8Array): Promise<void>;
  /**
   * Ends the video, forces it to disk and reads it back: every frame must decode, and their number and size must be those
   * written. On any error no file is left behind.
   */
  finish(): Promise<FinishedVideo>;
  /** Stops and leaves nothing behind. Never rejects. */
  abort(): Promise<void>;
}

/** Arguments of one encode; pure, so that tests can look at them. */
export function encodeArgs(options: Omit<VideoWriterOptions, "tools" | "folder" | "signal">, target: string): string[] {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", `${options.width}x${options.height}`];
  const rate = ["-framerate", String(options.fps), "-i", "pipe:0"];
  const sound = options.sound === undefined ? [] : ["-i", `file:${options.sound}`, "-map", "0:v:0", "-map", "1:a:0"];
  const soundCodec = options.sound === undefined ? [] : ["-c:a", "aac", "-b:a", "192k"];
  // RGB is full range; without these words swscale would convert with BT.601's matrix and players would show other colours.
  // setparams tags the frames too: newer ffmpeg takes the stream's tags from there.
  const colour =
    "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=lanczos+accurate_rnd+full_chroma_int," +
    "format=yuv420p,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709";
  const codec = ["-c:v", "libx264", "-preset", "medium", "-crf", String(options.crf ?? 15), "-pix_fmt", "yuv420p"];
  const tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];
  // Nothing of the machine or the moment goes into the file: no muxer version, no creation time (x264 signs its settings inside the stream).
  const plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"];
  const output = ["-movflags", "+faststart", "-f", "mp4", `file:${target}`];
  const picture = ["-vf", colour, ...codec, ...tags];
  return [...BASE_ARGS, ...PROTOCOLS, ...input, ...rate, ...sound, ...picture, ...soundCodec, ...plain, ...output];
}

/**
 * Prepares an H.264 encode (yuv420p, BT.709, faststart) that is fed frame by frame. ffmpeg starts with the first frame: a model may
 * compute for minutes before it has one.
 * Errors: OUTPUT_UNWRITABLE when the folder is missing or cannot be written; later DISK_FULL, FFMPEG_FAILED, CANCELLED.
 */
export async function openVideoWriter(options: VideoWriterOptions): Promise<VideoWriter> {
  if (options.width % 2 !== 0 || options.height % 2 !== 0)
    throw new StudioError("BAD_REQUEST", "The width and the height of a video must be even numbers of pixels.");
  await assertWritable(options.folder);
  return new Mp4Writer(options);
}

/** Errors: OUTPUT_UNWRITABLE. Asked before any long work starts, so that nobody waits minutes for this answer. */
export async function assertWritable(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null);
  if (info === null || !info.isDirectory())
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      "The folder for the video does not exist: create it or choose another one.",
      folder,
    );
  // Tried, not asked: permissions do not know of read-only disks and of folders that only look like some.
  await tryToWrite(folder).catch((cause: unknown) => {
    if (StudioError.from(cause).code === "DISK_FULL") throw StudioError.from(cause);
    throw new StudioError(
      "OUTPUT_UNWRITABLE",
      "The folder for the video cannot be written to: choose another one or change its permissions.",
      folder,
      { cause },
    );
  });
}

async function tryToWrite(folder: string): Promise<void> {
  const part = partPath(folder);
  await (await open(part, "wx")).close();
  await unlink(part);
}

class Mp4Writer implements VideoWriter {
  private readonly options: VideoWriterOptions;
  private readonly part: string;
  private encoder: MediaProcess | null = null;
  private frames = 0;

  constructor(options: VideoWriterOptions) {
    this.options = options;
    this.part = partPath(options.folder);
  }

  async write(rgb: Uint8Array): Promise<void> {
    const expected = this.options.width * this.options.height * 3;
    if (rgb.length !== expected)
      throw new StudioError("INTERNAL", "A frame has the wrong size.", `${rgb.length} bytes instead of ${expected}`);
    this.encoder ??= this.start();
    try {
      await this.encoder.write(rgb);
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.frames += 1;
  }

  async finish(): Promise<FinishedVideo> {
    if (this.encoder === null) throw new StudioError("INTERNAL", "A video without frames cannot be written.");
    try {
      await this.encoder.finish();
      await syncFile(this.part);
      const bytes = await this.verify();
      const part = this.part;
      return {
        bytes,
        frames: this.frames,
        publish: (path, overwrite) => publish(part, path, overwrite),
        unpublish: (path) => rename(path, part),
        discard: () => remove(part),
      };
    } catch (error) {
      await this.abort();
      throw StudioError.from(error);
    }
  }

  async abort(): Promise<void> {
    await this.encoder?.kill();
    await remove(this.part);
  }

  private start(): MediaProcess {
    const { tools, signal } = this.options;
    return startMedia(tools.ffmpeg, encodeArgs(this.options, this.part), signal === undefined ? {} : { signal });
  }

  private async verify(): Promise<number> {
    const { width, height, fps, sound, tools } = this.options;
    const probe = await probeVideo(tools, this.part);
    const found = `${probe.codec} ${probe.width}x${probe.height}, ${probe.frames} frames, ${probe.streams} streams, sound ${JSON.stringify(probe.sound)}`;
    const streams = sound === undefined ? 1 : 2;
    if (
      probe.codec !== "h264" ||
      probe.width !== width ||
      probe.height !== height ||
      probe.frames !== this.frames ||
      probe.streams !== streams ||
      (sound !== undefined && !isInStep(probe.sound, this.frames, fps))
    )
      throw new StudioError(
        "FFMPEG_FAILED",
        "The finished video did not read back as it was written, so it was thrown away: try again.",
        `${found}; expected h264 ${width}x${height}, ${this.frames} frames, ${streams} streams`,
      );
    return (await stat(this.part)).size;
  }
}

/** Whether sound and picture begin and end together, to within one frame. Unknown times (no ffprobe) are let pass. */
function isInStep(sound: SoundProbe | null, frames: number, fps: number): boolean {
  if (sound === null) return false;
  const { start, seconds, videoStart, videoSeconds } = sound;
  if (start === null || seconds === null || videoStart === null || videoSeconds === null) return true;
  const frame = 1 / fps;
  return (
    Math.abs(start - videoStart) < frame &&
    Math.abs(videoSeconds - frames * frame) < frame / 2 &&
    Math.abs(seconds - frames * frame) < frame
  );
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => {}); // Gone already, or never made: both are what we want.
}
