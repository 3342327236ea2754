/**
 * Masks through time as a file: what was followed through a stretch of a film, each thing with its box and its mask at each moment.
 * Little endian: "PLUMASK1", the header's length (u32), the header as JSON, then for each point of each track, in the header's order:
 * time (f64, seconds), score (f32), box (4 × f32, parts of the picture), length of the mask (u16), the mask as PackBits.
 */
import { MASK_CELLS, type MaskGrid } from "./mask.ts";
import type { Box, Track, TrackPoint } from "./track.ts";

/** What was found in a stretch of a film, or in a picture (start and end 0). */
export interface SubjectMasks {
  /** Model that looked. */
  readonly model: string;
  /** Upright pixels of the media: the shape of its masks. */
  readonly width: number;
  readonly height: number;
  /** The stretch, seconds of the media's time. */
  readonly start: number;
  readonly end: number;
  /** Seconds between two moments; 0 for a picture. */
  readonly interval: number;
  readonly tracks: readonly Track[];
}

const MAGIC = "PLUMASK1";
const POINT_BYTES = 8 + 4 + 16 + 2;
/** More than this is no mask file of ours. */
const MAX_HEADER = 1_000_000;

export function encodeMasks({ tracks, ...facts }: SubjectMasks): Uint8Array<ArrayBuffer> {
  const points = tracks.flatMap((track) =>
    track.points.map((point) => ({ ...point, packed: packBits(point.mask ?? new Uint8Array()) })),
  );
  const header = new TextEncoder().encode(
    JSON.stringify({
      ...facts,
      tracks: tracks.map(({ id, label, points: all }) => ({ id, label, points: all.length })),
    }),
  );
  const size = points.reduce((sum, { packed }) => sum + POINT_BYTES + packed.length, MAGIC.length + 4 + header.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(MAGIC.length, header.length, true);
  let at = MAGIC.length + 4;
  bytes.set(header, at);
  at += header.length;
  for (const { time, score, box, packed } of points) {
    view.setFloat64(at, time, true);
    view.setFloat32(at + 8, score, true);
    for (const [k, edge] of box.entries()) view.setFloat32(at + 12 + 4 * k, edge, true);
    view.setUint16(at + 28, packed.length, true);
    bytes.set(packed, at + POINT_BYTES);
    at += POINT_BYTES + packed.length;
  }
  return bytes;
}

/** Null where these bytes are no whole mask file. */
export function decodeMasks(bytes: Uint8Array): SubjectMasks | null {
  try {
    return decode(bytes);
  } catch {
    return null; // cut short, or something else: a RangeError, a SyntaxError
  }
}

interface Header extends Omit<SubjectMasks, "tracks"> {
  readonly tracks: readonly { readonly id: number; readonly label: string; readonly points: number }[];
}

function decode(bytes: Uint8Array): SubjectMasks | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  if (text(0, MAGIC.length) !== MAGIC) return null;
  const length = view.getUint32(MAGIC.length, true);
  let at = MAGIC.length + 4 + length;
  if (length > MAX_HEADER || at > bytes.length) return null;
  const { tracks, ...facts } = JSON.parse(text(MAGIC.length + 4, at)) as Header;
  const point = (): TrackPoint => {
    const edge = (k: number): number => view.getFloat32(at + 12 + 4 * k, true);
    const packed = view.getUint16(at + 28, true);
    const [time, score] = [view.getFloat64(at, true), view.getFloat32(at + 8, true)];
    const box: Box = [edge(0), edge(1), edge(2), edge(3)];
    const from = at + POINT_BYTES;
    at = from + packed;
    if (at > bytes.length) throw new RangeError("cut short");
    const mask = packed === 0 ? null : unpackBits(bytes.subarray(from, at), MASK_CELLS * MASK_CELLS);
    return { time, score, box, ...(mask === null ? {} : { mask }) };
  };
  return {
    ...facts,
    tracks: tracks.map(({ id, label, points }) => ({ id, label, points: Array.from({ length: points }, point) })),
  };
}

/** Longest run or stretch of PackBits (Apple, 1990; TIFF 6.0, section 9). */
const LONGEST = 128;

function packBits(data: MaskGrid): Uint8Array {
  const out: number[] = [];
  const runAt = (from: number): number => {
    let end = from + 1;
    while (end < data.length && end - from < LONGEST && data[end] === data[from]) end++;
    return end - from;
  };
  for (let at = 0; at < data.length; ) {
    const run = runAt(at);
    if (run > 1) {
      out.push(257 - run, data[at]!);
      at += run;
      continue;
    }
    let end = at + 1;
    while (end < data.length && end - at < LONGEST && runAt(end) < 3) end++;
    out.push(end - at - 1, ...data.subarray(at, end));
    at = end;
  }
  return Uint8Array.from(out);
}

function unpackBits(packed: Uint8Array, length: number): MaskGrid {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < packed.length; ) {
    const control = packed[at]!;
    if (control < LONGEST) {
      out.set(packed.subarray(at + 1, at + 2 + control), to);
      to += control + 1;
      at += control + 2;
    } else {
      out.fill(packed[at + 1]!, to, to + 257 - control);
      to += 257 - control;
      at += 2;
    }
  }
  return out;
}
