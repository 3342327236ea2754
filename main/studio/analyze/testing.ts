import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Test help: films with known contents, made by ffmpeg. */
export const ffmpeg = (...args: string[]) => promisify(execFile)("ffmpeg", ["-v", "error", "-y", ...args]);

/** How the films' red square moves: its left edge in pixels at a time in seconds. */
export const squareAt = (time: number): number => 20 + 55 * time;
export const SQUARE = 40;
export const FILM = { width: 320, height: 180, seconds: 4, rate: 12 } as const;

/** A grey film, later a white one, that a red square crosses for its whole length; the cut is at `cut` seconds. */
export async function makeFilm(file: string, { cut = 2 }: { readonly cut?: number } = {}): Promise<void> {
  const { width, height, seconds, rate } = FILM;
  const ground = (colour: string, length: number): string[] => [
    "-f",
    "lavfi",
    "-i",
    `color=c=${colour}:s=${width}x${height}:r=${rate}:d=${length}`,
  ];
  const graph =
    `[0:v][1:v]concat=n=2:v=1[ground];[2:v]format=rgb24[square];` +
    `[ground][square]overlay=x='20+55*t':y=70:shortest=1,format=yuv444p[out]`;
  const square = ["-f", "lavfi", "-i", `color=c=0xe01818:s=${SQUARE}x${SQUARE}:r=${rate}:d=${seconds}`];
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12"];
  const inputs = [...ground("0x5a5a5a", cut), ...ground("0xf0f0f0", seconds - cut), ...square];
  await ffmpeg(...inputs, "-filter_complex", graph, "-map", "[out]", ...codec, file);
}

const UNPLAYABLE = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"];
/** A film that no browser plays (4:4:4), of a source that ffmpeg's lavfi knows: it needs a proxy. */
export const makeUnplayable = (source: string, file: string) =>
  ffmpeg("-f", "lavfi", "-i", source, ...UNPLAYABLE, file);
