import { ALL_FORMATS, Input, type InputAudioTrack, type InputVideoTrack, UrlSource } from "mediabunny";
import { FLICKS_PER_SECOND, type FrameGrid, type Rate, secondsToFlicks } from "../../../core/time/index.ts";

/** Why a media cannot be shown or heard: one sentence. */
export class MediaProblem extends Error {}

/** Bytes of a file that are kept for reading again. */
const CACHE_BYTES = 16 * 2 ** 20;

/** What of a video file is decoded. */
export interface VideoFacts {
  readonly track: InputVideoTrack;
  readonly grid: FrameGrid;
  /** Pixels as coded. */
  readonly width: number;
  readonly height: number;
}

/** An open video or audio file. Pictures and sound of it are read through one connection with one cache. */
export class MediaFile {
  private readonly input: Input;
  private readonly rate: Rate | null;
  private video: Promise<VideoFacts> | null = null;
  private audio: Promise<InputAudioTrack | null> | null = null;

  /** @param rate frames per second as the project's document has them */
  constructor(url: string, rate: Rate | null) {
    this.rate = rate;
    const source = new UrlSource(new URL(url, location.href), {
      maxCacheSize: CACHE_BYTES,
      // Answers come from this machine: what fails twice is gone.
      getRetryDelay: (attempts) => (attempts < 2 ? 0.3 : null),
      // Whoever reads next is told.
      handleUnhandledError: () => undefined,
    });
    this.input = new Input({ source, formats: ALL_FORMATS });
  }

  /** Rejects with MediaProblem where there is no picture that this window can decode. */
  videoTrack(): Promise<VideoFacts> {
    this.video ??= this.readVideo().catch(asProblem);
    return this.video;
  }

  private async readVideo(): Promise<VideoFacts> {
    const track = await this.input.getPrimaryVideoTrack();
    if (track === null) throw new MediaProblem("There is no picture in this file.");
    if (!(await track.canDecode()))
      throw new MediaProblem(
        "This kind of video cannot be played in the window; it is shown as soon as its proxy is ready.",
      );
    const [first, resolution, width, height] = await Promise.all([
      track.getFirstTimestamp(),
      track.getTimeResolution(),
      track.getCodedWidth(),
      track.getCodedHeight(),
    ]);
    const grid = { tick: FLICKS_PER_SECOND / resolution, rate: this.rate, first: secondsToFlicks(first) };
    return { track, grid, width, height };
  }

  /** Null where the file has no sound. Rejects with MediaProblem where this window cannot decode it. */
  audioTrack(): Promise<InputAudioTrack | null> {
    this.audio ??= this.readAudio().catch(asProblem);
    return this.audio;
  }

  private async readAudio(): Promise<InputAudioTrack | null> {
    const track = await this.input.getPrimaryAudioTrack();
    if (track !== null && !(await track.canDecode()))
      throw new MediaProblem(
        "This kind of sound cannot be played in the window; it is heard as soon as its proxy is ready.",
      );
    return track;
  }

  dispose(): void {
    this.input.dispose();
  }
}

function asProblem(cause: unknown): never {
  if (cause instanceof MediaProblem) throw cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  throw new MediaProblem("This file cannot be read any more.", { cause: detail });
}
