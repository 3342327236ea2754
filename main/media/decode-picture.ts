import { StudioError } from "../../core/contract/index.ts";
import { orientationOf } from "./exif.ts";
import type { MediaTools } from "./locate.ts";
import { checkPictureSize } from "./picture-size.ts";
import { asInput, fileInput, unreadable } from "./head.ts";
import { BASE_ARGS, PROTOCOLS, runMedia, startMedia } from "./run.ts";

/** Work pictures are at most this many pixels on a side, which is more than any model sees. */
const WORK_SIDE = 2048;

/** RGB8, upright, alpha flattened. */
export interface DecodedPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface StoredPicture {
  readonly width: number;
  readonly height: number;
  /** True for a film's: the size is that of the picture as it is shown, and ffmpeg turns it itself. */
  readonly isUpright?: boolean;
}

/** Filters for EXIF's eight orientations. */
const TURN: Readonly<Record<number, string>> = {
  2: "hflip",
  3: "hflip,vflip",
  4: "vflip",
  5: "transpose=0",
  6: "transpose=1",
  7: "transpose=3",
  8: "transpose=2",
};

/**
 * Decodes the first frame of a picture whose stored size is width × height: any colour model that ffmpeg reads (CMYK, grey, palette,
 * 16 bit), turned upright, at most 2048 pixels on a side. Transparent parts get a ground that what is left stands out from: white
 * under dark pictures, black under light ones. Errors: MEDIA_UNREADABLE, CANCELLED.
 */
export async function decodePicture(
  tools: MediaTools,
  file: string,
  stored: StoredPicture,
  signal?: AbortSignal,
): Promise<DecodedPicture> {
  checkPictureSize(stored.width, stored.height);
  const isUpright = stored.isUpright === true;
  const orientation = isUpright ? 1 : await orientationOf(file);
  const upright =
    orientation >= 5 ? { width: stored.height, height: stored.width } : { width: stored.width, height: stored.height };
  const shrink = Math.min(1, WORK_SIDE / Math.max(upright.width, upright.height));
  const width = Math.max(1, Math.round(upright.width * shrink));
  const height = Math.max(1, Math.round(upright.height * shrink));
  const turn = TURN[orientation];
  const filters = [
    ...(turn === undefined ? [] : [turn]),
    ...(shrink < 1 || isUpright ? [`scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_int`] : []),
    "format=rgba",
  ];
  const args = [
    ...(isUpright ? [] : ["-noautorotate"]),
    ...asInput(fileInput(file)),
    "-map",
    "0:v:0",
    "-frames:v",
    "1",
    "-vf",
    filters.join(","),
  ];
  const chunks: Buffer[] = [];
  await runMedia(tools.ffmpeg, [...BASE_ARGS, ...PROTOCOLS, ...args, "-f", "rawvideo", "pipe:1"], {
    onStdout: (chunk) => chunks.push(chunk),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    const known = StudioError.from(error);
    throw known.code === "FFMPEG_FAILED" ? unreadable(known.detail ?? known.message) : known;
  });
  const rgba = Buffer.concat(chunks);
  if (rgba.length !== width * height * 4) throw unreadable(`${rgba.length} bytes decoded, ${width}×${height} expected`);
  return { width, height, rgb: flatten(rgba) };
}

/** RGBA8 to RGB8 over black or white, whichever the visible part stands out from. Pure. */
export function flatten(rgba: Uint8Array): Uint8Array {
  let [light, weight] = [0, 0];
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha === 255) continue;
    weight += 255 - alpha;
  }
  const isOpaque = weight === 0;
  weight = 0;
  if (!isOpaque)
    for (let i = 0; i < rgba.length; i += 4) {
      const alpha = rgba[i + 3]!;
      // BT.709 luma.
      light += alpha * (0.2126 * rgba[i]! + 0.7152 * rgba[i + 1]! + 0.0722 * rgba[i + 2]!);
      weight += alpha;
    }
  const ground = weight > 0 && light / weight < 110 ? 255 : 0;
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, o = 0; i < rgba.length; i += 4, o += 3) {
    const alpha = rgba[i + 3]!;
    for (let c = 0; c < 3; c += 1) rgb[o + c] = Math.round((rgba[i + c]! * alpha + ground * (255 - alpha)) / 255);
  }
  return rgb;
}

/** Writes RGB8 as a PNG file. */
export async function writePng(tools: MediaTools, picture: DecodedPicture, file: string): Promise<void> {
  const { width, height, rgb } = picture;
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", `${width}x${height}`, "-i", "pipe:0"];
  const args = [...BASE_ARGS, ...PROTOCOLS, ...input, "-frames:v", "1", "-c:v", "png", "-f", "image2", `file:${file}`];
  const encoder = startMedia(tools.ffmpeg, args);
  await encoder.write(rgb);
  await encoder.finish();
}
