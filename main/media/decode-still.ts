import { StudioError } from "../../core/contract/index.ts";
import { orientationOf } from "./exif.ts";
import { asInput, fileInput } from "./head.ts";
import type { MediaTools } from "./locate.ts";
import { checkPictureSize } from "./picture-size.ts";
import { RawStream } from "./raw-stream.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";

/** Filters for EXIF's eight orientations; versions of ffmpeg differ in whether they turn pictures by themselves. */
const TURN: Readonly<Record<number, string>> = {
  2: "hflip,",
  3: "hflip,vflip,",
  4: "vflip,",
  5: "transpose=0,",
  6: "transpose=1,",
  7: "transpose=3,",
  8: "transpose=2,",
};

/** A still as RGBA8, upright, with its transparency, of this size. Errors: MEDIA_UNREADABLE. */
export async function decodeStill(
  tools: MediaTools,
  {
    name,
    file,
    width,
    height,
  }: { readonly name: string; readonly file: string; readonly width: number; readonly height: number },
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  checkPictureSize(width, height);
  const filters = `${TURN[await orientationOf(file)] ?? ""}scale=${width}:${height}:flags=bicubic,format=rgba`;
  const input = ["-noautorotate", ...asInput(fileInput(file)), "-map", "0:v:0", "-frames:v", "1", "-vf", filters];
  const stream = new RawStream(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...input, "-f", "rawvideo", "pipe:1"]);
  try {
    const rgba = new Uint8ClampedArray(width * height * 4);
    if ((await stream.read(new Uint8Array(rgba.buffer))) === rgba.length) return rgba;
    throw new StudioError(
      "MEDIA_UNREADABLE",
      `“${name}” cannot be decoded: it is damaged, or was changed meanwhile; replace it or take it out.`,
      stream.complaints,
    );
  } finally {
    await stream.close();
  }
}
