import { paintFrame } from "../../../core/paint/index.ts";
import type { FramePlan } from "../../../core/render-plan/index.ts";
import type { Rectangle } from "../../media/index.ts";
import { nodeHost, nodeSurface } from "../../paint/node-host.ts";
import type { FilmFormat } from "./film-painter.ts";
import type { FramePool } from "./frame-pool.ts";

/** A painted picture: RGBA8, not premultiplied, and where it belongs. */
export interface Still {
  readonly rgba: Uint8Array;
  readonly place: Rectangle;
}

/**
 * Paints what stands still, once. @param isOver over films: transparent where nothing is painted, and no larger than needed
 * Errors: MEDIA_MISSING, MEDIA_UNREADABLE.
 */
export async function paintStill(
  plan: FramePlan,
  { width, height }: FilmFormat,
  pool: FramePool,
  isOver: boolean,
): Promise<Still | null> {
  const pictures = await pool.pictures(plan);
  const surface = nodeSurface(width, height);
  const host = nodeHost((media, time) => pictures.find(media, time));
  const background = isOver ? "#00000000" : plan.background;
  paintFrame({ ...plan, background }, surface.context, host, width, height);
  const rgba = new Uint8Array(surface.pixels().buffer);
  if (!isOver) return { rgba, place: { x: 0, y: 0, width, height } };
  const place = painted(rgba, width, height);
  if (place === null) return null;
  const cut = cutOut(rgba, width, place);
  spread(cut, place);
  return { rgba: cut, place };
}

/** The smallest even rectangle with everything that is not transparent; null where all is. */
function painted(rgba: Uint8Array, width: number, height: number): Rectangle | null {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    const [start, end] = [4 * y * width + 3, 4 * (y + 1) * width];
    let x = start;
    while (x < end && rgba[x] === 0) x += 4;
    if (x >= end) continue;
    let last = end - 1;
    while (rgba[last] === 0) last -= 4;
    left = Math.min(left, (x - start) / 4);
    right = Math.max(right, (last - start) / 4);
    top = Math.min(top, y);
    bottom = y;
  }
  if (right < 0) return null;
  const [x, y] = [2 * Math.floor(left / 2), 2 * Math.floor(top / 2)];
  return { x, y, width: 2 * Math.ceil((right + 1 - x) / 2), height: 2 * Math.ceil((bottom + 1 - y) / 2) };
}

function cutOut(rgba: Uint8Array, stride: number, { x, y, width, height }: Rectangle): Uint8Array {
  const out = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    const at = 4 * ((y + row) * stride + x);
    out.set(rgba.subarray(at, at + 4 * width), 4 * row * width);
  }
  return out;
}

/** Pixels around a painted one whose colour is averaged with its own: 4:2:0 halves, by a bicubic filter. */
const REACH = 3;

/** Gives transparent pixels beside painted ones their colour: chroma is averaged without looking at what is transparent. */
function spread(rgba: Uint8Array, { width, height }: Rectangle): void {
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const isPainted = Uint8Array.from({ length: pixels.length }, (_, i) => (rgba[4 * i + 3]! > 0 ? 1 : 0));
  for (let turn = 0; turn < REACH; turn++) {
    const found: number[] = [];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        if (isPainted[at] === 1) continue;
        const from =
          x > 0 && isPainted[at - 1] === 1
            ? at - 1
            : x + 1 < width && isPainted[at + 1] === 1
              ? at + 1
              : y > 0 && isPainted[at - width] === 1
                ? at - width
                : y + 1 < height && isPainted[at + width] === 1
                  ? at + width
                  : -1;
        if (from < 0) continue;
        pixels[at] = pixels[from]!;
        rgba[4 * at + 3] = 0;
        found.push(at);
      }
    for (const at of found) isPainted[at] = 1;
  }
}
