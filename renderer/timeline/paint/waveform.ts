import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { parameterAt, type Placed, sourceTimeAt } from "../../../core/timeline/index.ts";
import { timeToX } from "../geometry.ts";
import { TITLE_HEIGHT } from "../hit.ts";
import type { PeakColumns } from "../pictures.ts";
import type { Box, ClipScene } from "./clip.ts";

/** Columns of one piece of a waveform. Pieces begin at fixed places of the clip, so that scrolling makes none anew. */
const PIECE = 512;

interface Drawn {
  readonly half: number;
  readonly gain: number;
  readonly reversed: boolean;
  readonly path: Path2D;
}

/** Pieces as they were drawn last, by their peaks. */
const drawn = new WeakMap<PeakColumns, Drawn>();

/** The sound of a clip: lowest to highest sample of each pixel, as loud as the clip plays it. */
export function paintWaveform(scene: ClipScene, item: Placed, media: string, { x, y, width, height }: Box): void {
  const { canvas, view, pictures, palette } = scene;
  const { clip } = item;
  const top = height >= 30 ? y + TITLE_HEIGHT : y;
  const half = (y + height - top) / 2 - 2;
  const end = Math.min(view.width, x + width);
  if (end <= Math.max(0, x) || half < 3) return;
  const left = timeToX(view, item.start);
  const { duration } = clip.sourceRange;
  const timeAt = (pixel: number): number => Math.min(duration, Math.round((pixel / view.zoom) * FLICKS_PER_SECOND));
  const secondsAt = (pixel: number): number => sourceTimeAt(clip, timeAt(pixel)) / FLICKS_PER_SECOND;
  const { volume } = clip.parameters;
  const steady = typeof volume === "number" || volume === undefined ? 10 ** ((volume ?? 0) / 20) : null;
  const middle = (top + y + height) / 2;
  canvas.fillStyle = palette.wave;
  for (let n = Math.floor(Math.max(0, -left) / PIECE); left + n * PIECE < end; n++) {
    const ends = [secondsAt(n * PIECE), secondsAt((n + 1) * PIECE)] as const;
    // The last piece of a clip is as wide as what is left of it.
    const count = Math.min(PIECE, Math.max(1, Math.ceil((duration / FLICKS_PER_SECOND) * view.zoom - n * PIECE)));
    const peaks = pictures.peaks(media, Math.min(...ends), Math.max(...ends), count);
    if (peaks === null) return;
    const gain =
      steady === null
        ? (column: number): number => 10 ** (parameterAt(clip, "volume", timeAt(n * PIECE + column)) / 20)
        : steady;
    const path = pieceOf(peaks, half, gain, clip.reversed);
    canvas.translate(left + n * PIECE, middle);
    canvas.fill(path);
    canvas.translate(-left - n * PIECE, -middle);
  }
}

/** One piece around the height 0, from the place 0 on. @param gain one for all, or one for each column */
function pieceOf(
  peaks: PeakColumns,
  half: number,
  gain: number | ((column: number) => number),
  reversed: boolean,
): Path2D {
  const known = drawn.get(peaks);
  if (typeof gain === "number" && known?.half === half && known.gain === gain && known.reversed === reversed)
    return known.path;
  const path = new Path2D();
  const count = peaks.low.length;
  const toY = (value: number): number => -Math.max(-1, Math.min(1, value)) * half;
  for (let i = 0; i < count; i++) {
    const at = reversed ? count - 1 - i : i;
    const louder = typeof gain === "number" ? gain : gain(i);
    const high = toY(peaks.high[at]! * louder);
    path.rect(i, high, 1, Math.max(1, toY(peaks.low[at]! * louder) - high));
  }
  if (typeof gain === "number") drawn.set(peaks, { half, gain, reversed, path });
  return path;
}
