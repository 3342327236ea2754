/** Test help: drawn pictures with known contents. */
import { MASK_CELLS, type MaskGrid, type Pixels, type Rgb } from "./index.ts";

/** A repeatable stream of numbers, 0 to 1. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function draw(width: number, height: number, colour: (x: number, y: number) => Rgb): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(colour(x, y), (y * width + x) * 3);
  return { width, height, rgb };
}

/** A place: two colours in soft blobs that belong to its seed, with film grain. @param pan pixels by which the camera has moved */
export function place(seed: number, moment = 0, pan = 0): Pixels {
  const random = numbers(seed * 7919 + 13);
  const hue = (): Rgb => [random() * 255, random() * 255, random() * 255];
  const [ground, figure] = [hue(), hue()];
  const blobs = Array.from({ length: 6 }, () => ({ x: random() * 48, y: random() * 27, r: 3 + random() * 7 }));
  const grain = numbers(seed * 31 + moment * 977 + 5);
  return draw(48, 27, (x, y) => {
    const near = Math.max(
      ...blobs.map((blob) => Math.exp(-(((x + pan - blob.x) ** 2 + (y - blob.y) ** 2) / blob.r ** 2))),
    );
    const noise = (grain() - 0.5) * 10;
    return [0, 1, 2].map((k) =>
      Math.max(0, Math.min(255, ground[k]! + (figure[k]! - ground[k]!) * near + noise)),
    ) as unknown as Rgb;
  });
}

/** `share` of the second picture over the first. */
export function mix(a: Pixels, b: Pixels, share: number): Pixels {
  return { ...a, rgb: a.rgb.map((value, i) => value + (b.rgb[i]! - value) * share) };
}

const middleOf = (cell: number): number => (cell + 0.5) / MASK_CELLS;

/** A mask's grid. @param isIn from the box's left and top edge, 0, to its right and bottom one, 1 */
export const drawGrid = (isIn: (u: number, v: number) => boolean): MaskGrid =>
  Uint8Array.from({ length: MASK_CELLS ** 2 }, (_, i) =>
    isIn(middleOf(i % MASK_CELLS), middleOf(Math.floor(i / MASK_CELLS))) ? 255 : 0,
  );
