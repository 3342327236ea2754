/**
 * Colours by name, counted pixel by pixel: what a network says of colours is held against them. It learns pairs of thing and colour
 * (the starter's first eyes named every second colour wrongly in pairs that they had never seen); pixels do not.
 */
import { colourName, colourNames, toOklab } from "./oklab.ts";
import type { Pixels } from "./pixels.ts";

/** Which pixels of a picture belong to a thing: 1, in a box of the picture. */
export interface PixelMask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Bits of each component that a name is looked up by. */
const BITS = 5;
const SHIFT = 8 - BITS;
const place = new Map(colourNames.map((name, index) => [name, index]));
/** Index of the name of each cell's middle; made when it is first needed, in some ten milliseconds. */
let names: Uint8Array | null = null;

function nameTable(): Uint8Array {
  names ??= Uint8Array.from({ length: 1 << (3 * BITS) }, (_, cell) => {
    const part = (shift: number) => (((cell >> shift) & ((1 << BITS) - 1)) << SHIFT) + (1 << (SHIFT - 1));
    return place.get(colourName(toOklab(part(2 * BITS), part(BITS), part(0))))!;
  });
  return names;
}

/** Of larger pictures every n-th row and column is counted: about so many pixels. */
const MOST_PIXELS = 65_536;

/** Part of the pixels that has each name, 0 to 1: of all, or of those in a mask. Names that no pixel has are left out. */
export function colourShares({ width, height, rgb }: Pixels, mask?: PixelMask): ReadonlyMap<string, number> {
  const table = nameTable();
  const counts = new Float64Array(colourNames.length);
  let all = 0;
  const { left, top, ...part } = mask ?? { left: 0, top: 0, width, height, data: null };
  const step = Math.max(1, Math.floor(Math.sqrt((part.width * part.height) / MOST_PIXELS)));
  for (let y = Math.max(0, -top); y < Math.min(part.height, height - top); y += step)
    for (let x = Math.max(0, -left); x < Math.min(part.width, width - left); x += step) {
      if (part.data !== null && part.data[y * part.width + x] !== 1) continue;
      const i = 3 * ((y + top) * width + x + left);
      const cell = ((rgb[i]! >> SHIFT) << (2 * BITS)) | ((rgb[i + 1]! >> SHIFT) << BITS) | (rgb[i + 2]! >> SHIFT);
      counts[table[cell]!]! += 1;
      all += 1;
    }
  return new Map(colourNames.flatMap((name, k) => (counts[k]! > 0 ? [[name, counts[k]! / all] as const] : [])));
}

/** From this part of a thing on, a colour with a hue is the thing's: outlines, shadows and lights have none. */
const LEAST_HUE = 0.15;
const HUELESS = new Set(["black", "white", "grey"]);

/** The colour that a thing is called by, or null of no pixels. */
export function mainColour(shares: ReadonlyMap<string, number>): string | null {
  const sorted = [...shares].sort(([, a], [, b]) => b - a);
  const hues = sorted.filter(([name]) => !HUELESS.has(name));
  const hued = hues.reduce((sum, [, share]) => sum + share, 0);
  return (hued >= LEAST_HUE ? hues : sorted)[0]?.[0] ?? null;
}

/** A picture with less of a colour does not show it. */
const LEAST_SHARE = 0.005;
/** In the shade, or under a warm light, what one calls this looks like that. */
const LOOKS_LIKE: Readonly<Record<string, readonly string[]>> = {
  orange: ["brown"],
  yellow: ["brown"],
  brown: ["orange", "yellow", "red"],
  white: ["grey"],
  grey: ["white", "black"],
  black: ["grey"],
};

/** Whether pixels bear out that a picture shows a colour. What is no colour's name is not for pixels to tell. */
export function bearsOut(shares: ReadonlyMap<string, number>, label: string): boolean {
  const name = label === "gray" ? "grey" : label;
  if (!place.has(name)) return true;
  return [name, ...(LOOKS_LIKE[name] ?? [])].some((each) => (shares.get(each) ?? 0) >= LEAST_SHARE);
}
