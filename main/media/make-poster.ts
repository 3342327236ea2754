import { asInput } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { BASE_ARGS, PROTOCOLS, runMedia } from "./run.ts";
import { canToneMap, fitWithin, type ShowFacts, showFilters, type Size } from "./show-filters.ts";

/** Longest side of a poster, pixels. */
const POSTER_SIDE = 640;
/** Film openings are often black: the poster is from a tenth of the way in, but not later than this. */
const POSTER_SECONDS = 5;

/** What pictures are made of. */
export interface PictureSource extends ShowFacts {
  /** ffmpeg's arguments, the address last. */
  readonly input: readonly string[];
  /** 0 for a still. */
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly alpha: boolean;
  /** VP8 or VP9 whose alpha ffmpeg's own decoder passes over. */
  readonly decoder: string | null;
}

/** Arguments that read the source from a time on. */
export function readFrom(source: PictureSource, seconds: number): string[] {
  const decoder = source.decoder === null ? [] : ["-c:v", source.decoder];
  return [...decoder, ...(seconds > 0 ? ["-ss", seconds.toFixed(6)] : []), ...asInput(source.input)];
}

/**
 * Writes one telling picture: JPEG, or PNG where it is transparent. Returns its size.
 * Errors: FFMPEG_FAILED, DISK_FULL, CANCELLED.
 */
export async function makePoster(
  tools: MediaTools,
  source: PictureSource,
  file: string,
  signal?: AbortSignal,
): Promise<Size> {
  const at = source.seconds === 0 ? 0 : Math.min(source.seconds / 10, POSTER_SECONDS);
  return makeStill(tools, source, { at, side: POSTER_SIDE, quality: 3 }, file, signal);
}

/** A picture of the source at a time, at most `side` pixels wide and high; `quality` is MJPEG's, 2 the best. */
export async function makeStill(
  tools: MediaTools,
  source: PictureSource,
  { at, side, quality }: { readonly at: number; readonly side: number; readonly quality: number },
  file: string,
  signal?: AbortSignal,
): Promise<Size> {
  const size = fitWithin(source, side);
  const filters = showFilters(source, size, await canToneMap(tools));
  const codec = source.alpha
    ? ["-c:v", "png", "-pix_fmt", "rgba"]
    : ["-c:v", "mjpeg", "-q:v", String(quality), "-pix_fmt", "yuvj420p"];
  // MJPEG is full range; JPEG files mean BT.601 whatever else is said.
  const last = source.alpha
    ? ["format=rgba"]
    : ["scale=in_color_matrix=bt709:in_range=tv:out_color_matrix=bt601:out_range=pc"];
  const output = ["-map", "0:v:0", "-frames:v", "1", "-vf", [...filters, ...last].join(","), ...codec];
  const args = [
    ...BASE_ARGS,
    ...PROTOCOLS,
    ...readFrom(source, at),
    ...output,
    "-f",
    "image2",
    "-update",
    "1",
    `file:${file}`,
  ];
  await runMedia(tools.ffmpeg, args, { inBackground: true, ...(signal === undefined ? {} : { signal }) });
  return size;
}
