/** A mask file's picture at a moment: the same arithmetic for the viewer and for an export. */
import { signedDistance } from "./distance.ts";
import { MASK_CELLS, type MaskGrid, smoothMasks } from "./mask.ts";
import type { SubjectMasks } from "./mask-file.ts";
import type { Box, Track } from "./track.ts";

/** Longest side of a mask's picture, pixels: finer than the cells that it is made of. */
const SIDE = 512;

/** Coverage, 0 to 255 a pixel. */
export interface MaskPicture {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
}

export interface MaskWish {
  /** Seconds of the media's time. */
  readonly time: number;
  /** Kinds of things that count; null: all. */
  readonly kinds: readonly string[] | null;
}

/** How a mask is changed, in parts of the picture's height. */
export interface MaskShape {
  /** Width of the soft edge. */
  readonly feather: number;
  /** Outwards; negative inwards. */
  readonly grow: number;
}

/** Everything of these kinds that is seen at a moment, together. */
export function maskAt(masks: SubjectMasks, { time, kinds }: MaskWish): MaskPicture {
  const scale = SIDE / Math.max(masks.width, masks.height);
  const width = Math.max(1, Math.round(masks.width * scale));
  const height = Math.max(1, Math.round(masks.height * scale));
  const alpha = new Uint8Array(width * height);
  for (const track of masks.tracks)
    if (kinds === null || kinds.includes(track.label)) lay(track, time, masks, { width, height, alpha });
  return { width, height, alpha };
}

/** The mask grown and softened. */
export function shaped({ width, height, alpha }: MaskPicture, { feather, grow }: MaskShape): MaskPicture {
  // An edge is never sharper than a pixel: it would show steps.
  const soft = Math.max(1, feather * height);
  const distance = signedDistance(alpha, width, height);
  const out = new Uint8Array(alpha.length);
  for (let i = 0; i < out.length; i++) {
    const t = Math.min(1, Math.max(0, (distance[i]! + grow * height) / soft + 0.5));
    out[i] = 255 * t * t * (3 - 2 * t) + 0.5;
  }
  return { width, height, alpha: out };
}

/** Part of the interval for which a thing is there before its first moment and after its last. */
const EDGE = 0.75;

/** Draws one thing where it is at that time: between two moments in between. */
function lay(track: Track, time: number, { start, end, interval }: SubjectMasks, onto: MaskPicture): void {
  const { points } = track;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return;
  // What is there at the stretch's edge was there before and will be after: nobody looked there.
  const from = first.time <= start + 1.5 * interval ? Number.NEGATIVE_INFINITY : first.time - EDGE * interval;
  const to = last.time >= end - 1.5 * interval ? Number.POSITIVE_INFINITY : last.time + EDGE * interval;
  if (time < from || time > to) return;
  const next = points.findIndex((point) => point.time >= time);
  const after = next < 0 ? points.length - 1 : next;
  const before = Math.max(0, next < 0 ? after : points[after]!.time === time ? after : after - 1);
  const [a, b] = [smoothed(track, before), smoothed(track, after)];
  const [ta, tb] = [points[before]!.time, points[after]!.time];
  const share = tb > ta ? (time - ta) / (tb - ta) : 0;
  const box = a.box.map((edge, k) => edge + (b.box[k]! - edge) * share) as unknown as Box;
  if (a.mask === undefined || b.mask === undefined) return;
  const { mask: other } = b;
  const grid = share === 0 ? a.mask : a.mask.map((value, i) => value + (other[i]! - value) * share);
  paste(grid, box, onto);
}

/** Weights of a moment and its neighbours, as masks are smoothed. */
const WEIGHTS = [6, 4, 1] as const;
const REACH = WEIGHTS.length - 1;

/** A moment's box and mask without what trembles. Near the ends fewer neighbours count, as many on both sides. */
function smoothed({ points }: Track, at: number): { readonly box: Box; readonly mask: MaskGrid | undefined } {
  const reach = Math.min(REACH, at, points.length - 1 - at);
  let total = 0;
  const sum = [0, 0, 0, 0];
  for (let away = -reach; away <= reach; away++) {
    const weight = WEIGHTS[Math.abs(away)]!;
    total += weight;
    for (const [k, edge] of points[at + away]!.box.entries()) sum[k]! += weight * edge;
  }
  const around = points.slice(Math.max(0, at - REACH), at + REACH + 1).map(({ mask }) => mask);
  const mask = smoothMasks(around)[Math.min(at, REACH)];
  return { box: sum.map((edge) => edge / total) as unknown as Box, mask };
}

/** Lays a grid over its box with an edge about a pixel wide, over what is there. */
function paste(grid: MaskGrid, box: Box, { width, height, alpha }: MaskPicture): void {
  const [left, top] = [box[0] * width, box[1] * height];
  const [cellWidth, cellHeight] = [(box[2] * width - left) / MASK_CELLS, (box[3] * height - top) / MASK_CELLS];
  if (!(cellWidth > 0 && cellHeight > 0)) return;
  // Between two cells the coverage goes from one to the other over a cell's width: the middle of the way is the edge.
  const gain = Math.max(1, (cellWidth + cellHeight) / 2);
  const cell = (u: number, v: number): number =>
    u < 0 || v < 0 || u >= MASK_CELLS || v >= MASK_CELLS ? 0 : grid[v * MASK_CELLS + u]!;
  // Half a cell more on each side: a thing that fills its box ends there.
  const rows = [Math.floor(top - cellHeight), Math.ceil(top + (MASK_CELLS + 1) * cellHeight)] as const;
  const columns = [Math.floor(left - cellWidth), Math.ceil(left + (MASK_CELLS + 1) * cellWidth)] as const;
  for (let y = Math.max(0, rows[0]); y < Math.min(height, rows[1]); y++) {
    const v = (y + 0.5 - top) / cellHeight - 0.5;
    const v0 = Math.floor(v);
    for (let x = Math.max(0, columns[0]); x < Math.min(width, columns[1]); x++) {
      const u = (x + 0.5 - left) / cellWidth - 0.5;
      const u0 = Math.floor(u);
      const upper = cell(u0, v0) * (1 - (u - u0)) + cell(u0 + 1, v0) * (u - u0);
      const lower = cell(u0, v0 + 1) * (1 - (u - u0)) + cell(u0 + 1, v0 + 1) * (u - u0);
      const value = (upper * (1 - (v - v0)) + lower * (v - v0) - 127.5) * gain + 127.5;
      const at = y * width + x;
      if (value > alpha[at]!) alpha[at] = Math.min(255, value);
    }
  }
}

/** Kinds of things in a mask file, those that cover most first, each once. */
export const kindsOf = ({ tracks }: Pick<SubjectMasks, "tracks">): string[] => [
  ...new Set(tracks.map(({ label }) => label)),
];

/** How far beyond a stretch its edge is taken to go on, seconds: containers and rates round. */
const BEYOND = 1;

/** The stretch in which a time lies, or that it is nearest to; null where none is near. */
export function stretchAt<T extends { readonly start: number; readonly end: number }>(
  stretches: readonly T[],
  time: number,
): T | null {
  let best: { readonly stretch: T; readonly away: number } | null = null;
  for (const stretch of stretches) {
    const away = Math.max(0, stretch.start - time, time - stretch.end);
    if (away > BEYOND) continue;
    if (best === null || away < best.away) best = { stretch, away };
  }
  return best?.stretch ?? null;
}
