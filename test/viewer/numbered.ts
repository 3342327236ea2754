/** Videos whose frames say their number, for tests of what is shown when. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export const WIDTH = 320;
export const HEIGHT = 180;
const BITS = 12;
const BLOCK = 24;

/** A frame with its number as white and black squares, 24 pixels wide, along the top; below, a gradient that moves. RGB8. */
export function numberedFrame(number: number, tint = 0): Uint8Array {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const at = 3 * (y * WIDTH + x);
      const bit = Math.floor(x / BLOCK);
      const lit = y < 48 ? (bit < BITS && (number >> bit) & 1 ? 235 : 20) : 0;
      rgb[at] = y < 48 ? lit : (x + 3 * number) & 255;
      rgb[at + 1] = y < 48 ? lit : (y + number) & 255;
      rgb[at + 2] = y < 48 ? lit : (tint + 40) & 255;
    }
  }
  return rgb;
}

/** The number of a frame that was decoded and scaled to any size; RGBA8. */
export function numberOf(rgba: ArrayLike<number>, width: number, height: number): number {
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = Math.floor(((bit + 0.5) * BLOCK * width) / WIDTH);
    const y = Math.floor((24 * height) / HEIGHT);
    if (rgba[4 * (y * width + x)]! > 128) number |= 1 << bit;
  }
  return number;
}

/** Encodes `frames` numbered frames. @param args ffmpeg's for the output, the file's name last; `%RATE%` is not interpreted */
export async function encodeNumbered(rate: string, frames: number, args: readonly string[]): Promise<void> {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${WIDTH}x${HEIGHT}`, "-r", rate, "-i", "pipe:0"];
  const tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-pix_fmt", "yuv420p"];
  const scale = ["-vf", "scale=out_color_matrix=bt709:out_range=tv"];
  const given = args.includes("-vf") ? [] : scale;
  const child = spawn("ffmpeg", ["-nostdin", "-v", "error", "-y", ...input, ...given, ...tags, ...args], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(child, "close");
  for (let number = 0; number < frames; number++)
    if (!child.stdin.write(numberedFrame(number))) await once(child.stdin, "drain");
  child.stdin.end();
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}.`);
}
