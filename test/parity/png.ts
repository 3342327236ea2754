/** Decodes the goldens' PNG files as Pillow's `convert("RGB")` does: palettes and grey expanded, alpha dropped. */
import { readFile } from "node:fs/promises";
import { inflateSync } from "node:zlib";
import type { Picture } from "../../native-models/types.ts";

/** Samples a pixel by PNG's colour type. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 6: 4 };

/** PNG's predictor of a sample from those to its left, above, and above left. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Undoes the rows' filters (PNG specification, section 9). */
function unfilter(data: Uint8Array, line: number, height: number, step: number): Uint8Array {
  const result = new Uint8Array(line * height);
  for (let row = 0; row < height; row++) {
    const filter = data[row * (line + 1)]!;
    for (let i = 0; i < line; i++) {
      const at = row * line + i;
      const left = i >= step ? result[at - step]! : 0;
      const up = row > 0 ? result[at - line]! : 0;
      const corner = i >= step && row > 0 ? result[at - line - step]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      result[at] = data[row * (line + 1) + 1 + i]! + guess;
    }
  }
  return result;
}

/** @throws Error for what the goldens do not use: interlacing, depths other than 8 bits */
export async function readPng(path: string): Promise<Picture> {
  const file = await readFile(path);
  const data: Buffer[] = [];
  let [width, height, colour, palette] = [0, 0, 0, Buffer.alloc(0)];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const kind = file.toString("latin1", at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      [width, height, colour] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9]!];
      if (body[8] !== 8 || body[12] !== 0 || samples[colour] === undefined)
        throw new Error(`${path} is a kind of PNG that is not read here`);
    } else if (kind === "PLTE") palette = Buffer.from(body);
    else if (kind === "IDAT") data.push(body);
    at += length + 12;
  }
  const count = samples[colour]!;
  const raw = unfilter(inflateSync(Buffer.concat(data)), width * count, height, count);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++)
    for (let channel = 0; channel < 3; channel++) {
      const value = raw[i * count + (count >= 3 ? channel : 0)]!;
      rgb[i * 3 + channel] = colour === 3 ? palette[value * 3 + channel]! : value;
    }
  return { width, height, rgb };
}
