import { unlink } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { StudioError } from "../../../core/contract/index.ts";
import { boxAt } from "../../../core/reframe/index.ts";
import { pasteGrid, type Rgb, smoothMasks, type Track } from "../../../core/vision/index.ts";
import {
  assertWritable,
  FileExistsError,
  type MediaTools,
  partPath,
  type PictureSource,
  publish,
  sampleFrames,
  writePng,
} from "../../media/index.ts";
import { access } from "node:fs/promises";
import type { Destination } from "../studio.ts";

/** `overlay`: the picture with boxes and tinted objects; `mask`: white objects on black. */
export type DrawnKind = "overlay" | "mask";

/** Longest side of what is drawn, pixels. */
const SIDE = 2048;
/** Colours that stay apart for most eyes (after P. Tol), by the order of the tracks. */
const COLOURS: readonly Rgb[] = [
  [238, 102, 119],
  [68, 170, 153],
  [204, 187, 68],
  [102, 204, 238],
  [170, 119, 221],
  [238, 136, 68],
];
/** How much of a tinted pixel is tint. */
const TINT = 0.45;

/** Refuses a destination before any work is done for it. Errors: BAD_REQUEST, OUTPUT_UNWRITABLE. */
export async function checkDrawing({ file, overwrite }: Destination, extension: string): Promise<void> {
  if (extname(file).toLowerCase() !== extension)
    throw new StudioError("BAD_REQUEST", `The output file's name must end in ${extension}.`, file);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere && !overwrite) throw new FileExistsError(file);
  await assertWritable(dirname(file));
}

export interface Drawing {
  readonly kind: DrawnKind;
  readonly tracks: readonly Track[];
  /** Seconds. */
  readonly time: number;
  /** Seconds between two moments at which was looked. */
  readonly interval: number;
}

/** Writes the frame at a time with what was found on it, as PNG. Errors: MEDIA_UNREADABLE, DISK_FULL, OUTPUT_UNWRITABLE, CANCELLED. */
export async function drawFindings(
  tools: MediaTools,
  source: PictureSource,
  drawing: Drawing,
  { file, overwrite }: Destination,
  signal: AbortSignal,
): Promise<void> {
  let picture = { width: 1, height: 1, rgb: new Uint8Array(3) };
  await sampleFrames(
    tools,
    source,
    { side: SIDE, rate: null, from: drawing.time },
    async ({ width, height, rgb }) => {
      picture = { width, height, rgb: rgb.slice() };
    },
    { signal },
  );
  if (drawing.kind === "mask") picture.rgb.fill(0);
  for (const [n, track] of drawing.tracks.entries()) {
    const colour: Rgb = drawing.kind === "mask" ? [255, 255, 255] : COLOURS[n % COLOURS.length]!;
    drawTrack(picture, track, colour, drawing);
  }
  const part = partPath(dirname(file));
  try {
    await writePng(tools, picture, part);
    await publish(part, file, overwrite);
  } finally {
    await unlink(part).catch(() => {}); // published
  }
}

function drawTrack(
  picture: { readonly width: number; readonly height: number; readonly rgb: Uint8Array },
  track: Track,
  colour: Rgb,
  { time, interval, kind }: Drawing,
): void {
  const { points } = track;
  const at = points.reduce(
    (best, point, i) => (Math.abs(point.time - time) < Math.abs(points[best]!.time - time) ? i : best),
    0,
  );
  // Not to be seen at this moment.
  if (Math.abs(points[at]!.time - time) > Math.max(interval, 1e-6)) return;
  const box = boxAt(track, time);
  const mask = smoothMasks(points.map((point) => point.mask))[at];
  if (mask !== undefined) {
    const cover = new Uint8Array(picture.width * picture.height);
    pasteGrid(mask, box, picture, cover);
    const strength = kind === "mask" ? 1 : TINT;
    for (const [i, share] of cover.entries()) if (share > 0) blend(picture.rgb, i, colour, (share / 255) * strength);
  }
  if (kind === "overlay")
    drawBox(
      picture,
      box.map((edge, k) => edge * (k % 2 ? picture.height : picture.width)),
      colour,
    );
}

function blend(rgb: Uint8Array, pixel: number, colour: Rgb, share: number): void {
  for (let c = 0; c < 3; c += 1) {
    const old = rgb[3 * pixel + c]!;
    rgb[3 * pixel + c] = Math.round(old + (colour[c]! - old) * share);
  }
}

/** A frame that is visible at any size, and lies inside the picture. */
function drawBox(
  { width, height, rgb }: { readonly width: number; readonly height: number; readonly rgb: Uint8Array },
  edges: readonly number[],
  colour: Rgb,
): void {
  const thick = Math.max(1, Math.round(Math.min(width, height) / 200));
  const [left, right] = [clamp(edges[0]!, width), clamp(edges[2]!, width)];
  const [top, bottom] = [clamp(edges[1]!, height), clamp(edges[3]!, height)];
  for (let y = top; y < bottom; y += 1)
    for (let x = left; x < right; x += 1)
      if (x < left + thick || x >= right - thick || y < top + thick || y >= bottom - thick)
        blend(rgb, y * width + x, colour, 1);
}

const clamp = (edge: number, size: number): number => Math.min(size, Math.max(0, Math.round(edge)));
