/** One frame of an animated WebP: where it is drawn, for how long, how, and its picture as a WebP file of its own. */
export interface WebpFrame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Milliseconds. */
  readonly delay: number;
  /** True: it is laid over what is there; false: it replaces it. */
  readonly isBlended: boolean;
  /** True: its place is cleared before the next frame. */
  readonly isCleared: boolean;
  readonly still: Uint8Array<ArrayBuffer>;
}

export interface AnimatedWebp {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly WebpFrame[];
}

const ANIMATION = 2;
const ALPHA = 0x10;

const fourcc = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
const u24 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
const u32 = (bytes: Uint8Array, at: number): number => (u24(bytes, at) | (bytes[at + 3]! << 24)) >>> 0;

/** Chunks of a RIFF body, as far as they are whole; odd ones are padded by a byte. */
function* chunks(bytes: Uint8Array, from: number): Generator<{ name: string; data: Uint8Array; whole: Uint8Array }> {
  for (let at = from; at + 8 <= bytes.length; ) {
    const size = u32(bytes, at + 4);
    const end = at + 8 + size + (size % 2);
    if (at + 8 + size > bytes.length) return;
    yield { name: fourcc(bytes, at), data: bytes.subarray(at + 8, at + 8 + size), whole: bytes.subarray(at, end) };
    at = end;
  }
}

/** True when the beginning of a file (21 bytes) says that it is a WebP with several frames. */
export const isAnimatedHead = (head: Uint8Array): boolean =>
  head.length >= 21 &&
  fourcc(head, 0) === "RIFF" &&
  fourcc(head, 8) === "WEBP" &&
  fourcc(head, 12) === "VP8X" &&
  (head[20]! & ANIMATION) !== 0;

/**
 * Takes an animated WebP apart (https://developers.google.com/speed/webp/docs/riff_container). Frames beyond the canvas and what follows
 * a torn chunk are left out. Null: it is none, or has no frame. Pure.
 */
export function parseAnimatedWebp(bytes: Uint8Array): AnimatedWebp | null {
  if (!isAnimatedHead(bytes)) return null;
  let canvas: { width: number; height: number } | null = null;
  const frames: WebpFrame[] = [];
  for (const { name, data } of chunks(bytes, 12)) {
    if (name === "VP8X" && data.length >= 10) canvas = { width: u24(data, 4) + 1, height: u24(data, 7) + 1 };
    if (name !== "ANMF" || data.length < 16 || canvas === null) continue;
    const place = { x: 2 * u24(data, 0), y: 2 * u24(data, 3), width: u24(data, 6) + 1, height: u24(data, 9) + 1 };
    if (place.x + place.width > canvas.width || place.y + place.height > canvas.height) continue;
    const still = stillOf(data.subarray(16), place);
    if (still === null) continue;
    const flags = data[15]!;
    frames.push({ ...place, delay: u24(data, 12), isBlended: (flags & 2) === 0, isCleared: (flags & 1) !== 0, still });
  }
  return canvas === null || frames.length === 0 ? null : { ...canvas, frames };
}

/** A frame's chunks as a file; null where there is no picture among them. */
function stillOf(
  data: Uint8Array,
  { width, height }: { width: number; height: number },
): Uint8Array<ArrayBuffer> | null {
  const parts = [...chunks(data, 0)].filter(({ name }) => name === "ALPH" || name === "VP8 " || name === "VP8L");
  if (!parts.some(({ name }) => name !== "ALPH")) return null;
  const isExtended = parts.some(({ name }) => name === "ALPH");
  const body = parts.reduce((sum, { whole }) => sum + whole.length, isExtended ? 18 : 0);
  const file = new Uint8Array(12 + body);
  const view = new DataView(file.buffer);
  const write = (text: string, at: number): void => file.set(new TextEncoder().encode(text), at);
  write("RIFF", 0);
  view.setUint32(4, 4 + body, true);
  write("WEBP", 8);
  let at = 12;
  if (isExtended) {
    write("VP8X", at);
    view.setUint32(at + 4, 10, true);
    file[at + 8] = ALPHA;
    for (const [n, side] of [width - 1, height - 1].entries())
      for (let byte = 0; byte < 3; byte++) file[at + 12 + 3 * n + byte] = (side >> (8 * byte)) & 255;
    at += 18;
  }
  for (const { whole } of parts) {
    file.set(whole, at);
    at += whole.length;
  }
  return file;
}

/** Draws a frame (straight RGBA, its own size) on the canvas, as its flags say. */
export function drawFrame(canvas: Uint8Array, canvasWidth: number, frame: WebpFrame, rgba: Uint8Array): void {
  for (let y = 0; y < frame.height; y++)
    for (let x = 0; x < frame.width; x++) {
      const from = (y * frame.width + x) * 4;
      const to = ((frame.y + y) * canvasWidth + frame.x + x) * 4;
      const over = rgba[from + 3]!;
      if (!frame.isBlended || over === 255) canvas.set(rgba.subarray(from, from + 4), to);
      else if (over > 0) {
        const under = (canvas[to + 3]! * (255 - over)) / 255;
        const alpha = over + under;
        for (let c = 0; c < 3; c++)
          canvas[to + c] = Math.round((rgba[from + c]! * over + canvas[to + c]! * under) / alpha);
        canvas[to + 3] = Math.round(alpha);
      }
    }
}

/** Makes a frame's place transparent again. */
export function clearFrame(canvas: Uint8Array, canvasWidth: number, { x, y, width, height }: WebpFrame): void {
  for (let row = y; row < y + height; row++)
    canvas.fill(0, (row * canvasWidth + x) * 4, (row * canvasWidth + x + width) * 4);
}
