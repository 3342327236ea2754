import { StudioError } from "../../core/contract/index.ts";
import type { MediaTools } from "./locate.ts";
import { type PictureSource, readFrom } from "./make-poster.ts";
import { BASE_ARGS, PROTOCOLS, type RunOptions, startMedia } from "./run.ts";
import { canToneMap, fitWithin, showFilters } from "./show-filters.ts";

export interface Sampling {
  /** Longest side of the frames, pixels; smaller pictures are not enlarged. */
  readonly side: number;
  /** Frames a second; null: the first one only. */
  readonly rate: number | null;
  /** Where to begin, seconds of the media's time. Default 0. */
  readonly from?: number;
  /** How much of it, seconds. Default: to the end. */
  readonly length?: number;
  /** Decode key frames only, and show each until the next: quick, for rates below theirs. */
  readonly keyFramesOnly?: boolean;
}

/** A frame as it is shown: upright, square pixels, standard range. RGB8, good until the listener's promise resolves. */
export interface SampledFrame {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Seconds of the media's time at which this is seen. */
  readonly time: number;
}

/** Nearer than this to its own rate, a film's frames are taken as they are. */
const SAME_RATE = 1.01;

/**
 * Frames of a film at even times, one after another; ffmpeg waits while the listener works, so that memory holds one frame and a pipe's
 * worth. A stretch that cannot be decoded ends the film. Returns how many came.
 * Errors: MEDIA_UNREADABLE (none came), CANCELLED, and whatever the listener throws.
 */
export async function sampleFrames(
  tools: MediaTools,
  source: PictureSource,
  sampling: Sampling,
  onFrame: (frame: SampledFrame) => Promise<void>,
  options: Pick<RunOptions, "signal" | "inBackground"> = {},
): Promise<number> {
  const { rate, from = 0, length } = sampling;
  const size = fitWithin(source, sampling.side);
  const isAll = rate !== null && rate * SAME_RATE >= source.framesPerSecond;
  // A frame is seen from its time on, so the one that has begun is wanted; containers round the times of a film's own grid.
  const even = rate === null ? [] : [`fps=${rate}:start_time=0:round=${isAll ? "near" : "up"}`];
  const chain = [...even, ...showFilters(source, size, await canToneMap(tools)), "format=rgb24"];
  const skip = sampling.keyFramesOnly === true ? ["-skip_frame", "nokey"] : [];
  const args = [...BASE_ARGS, ...PROTOCOLS, ...skip, ...readFrom(source, from), "-map", "0:v:0", "-an", "-sn", "-dn"];
  const until = rate === null ? ["-frames:v", "1"] : length === undefined ? [] : ["-t", length.toFixed(6)];
  const output = [...until, "-vf", chain.join(","), "-f", "rawvideo", "pipe:1"];
  const frame = new Uint8Array(size.width * size.height * 3);
  let [at, count] = [0, 0];
  let thrown: { readonly error: unknown } | null = null;
  const take = async (chunk: Uint8Array): Promise<void> => {
    for (let start = 0; start < chunk.length; ) {
      const part = chunk.subarray(start, start + frame.length - at);
      frame.set(part, at);
      at += part.length;
      start += part.length;
      if (at < frame.length) continue;
      at = 0;
      await onFrame({ ...size, rgb: frame, time: from + (rate === null ? 0 : count / rate) });
      count += 1;
    }
  };
  let taking: Promise<void> = Promise.resolve();
  const decoder = startMedia(tools.ffmpeg, [...args, ...output], {
    ...options,
    onStdout: (chunk) => {
      // One after another: a pipe may hand over its last words while the listener still works on those before.
      taking = taking
        .then(() => (thrown === null ? take(chunk) : undefined))
        .catch((error: unknown) => {
          thrown = { error };
          void decoder.kill();
        });
      return taking;
    },
  });
  const failure = await decoder.finish().then(
    () => null,
    (error: unknown) => StudioError.from(error),
  );
  // The process may be gone while the listener still works on its last words.
  await taking;
  // A union type's narrowing does not see what the listener assigned.
  const told = thrown as { readonly error: unknown } | null;
  if (told !== null) throw told.error;
  if (failure !== null && failure.code !== "FFMPEG_FAILED") throw failure;
  if (count === 0)
    throw new StudioError(
      "MEDIA_UNREADABLE",
      "None of its pictures can be decoded: the file is damaged, so convert it first or choose another.",
      failure?.detail,
    );
  return count;
}
