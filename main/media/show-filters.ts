import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MediaTools } from "./locate.ts";

/** What decides how stored pictures become upright, progressive, square-pixelled ones of standard dynamic range. */
export interface ShowFacts {
  /** Upright, square pixels. */
  readonly width: number;
  readonly height: number;
  readonly hdr: "pq" | "hlg" | null;
  readonly isInterlaced: boolean;
  /** ffmpeg's name of the YCbCr matrix; empty where the file does not say. */
  readonly matrix: string;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The largest size of this shape within a square of `side`, never enlarged. @param even for codecs that halve colour planes */
export function fitWithin({ width, height }: Size, side: number, even = false): Size {
  const scale = Math.min(1, side / Math.max(width, height));
  const round = (value: number): number =>
    even ? Math.max(2, Math.floor((value * scale + 0.01) / 2) * 2) : Math.max(1, Math.round(value * scale));
  return { width: round(width), height: round(height) };
}

/** White of a standard display, and the brightest light that HDR pictures are usually graded for, nits. */
const WHITE = 100;
const BRIGHTEST = 1000;
const TRANSFER = { pq: "smpte2084", hlg: "arib-std-b67" } as const;

/**
 * ffmpeg's filters that make pictures of `size` for standard displays: deinterlaced, scaled, HDR tone-mapped by Hable's curve to BT.709,
 * and everything else in BT.709's matrix. ffmpeg has turned them upright by itself. Pure.
 * @param canMap whether this ffmpeg has zscale; without it HDR pictures stay pale
 */
export function showFilters(facts: ShowFacts, size: Size, canMap = true): string[] {
  const { hdr, isInterlaced, matrix } = facts;
  // Where a file does not say, BT.709 is meant, as the viewer and the export take it.
  const from = matrix === "" ? "bt709" : "auto";
  const scale = `scale=${size.width}:${size.height}:flags=bicubic+accurate_rnd`;
  const map =
    hdr === null || !canMap
      ? [`${scale}:in_color_matrix=${from}:out_color_matrix=bt709:out_range=tv`]
      : [
          scale,
          `zscale=tin=${TRANSFER[hdr]}:min=bt2020nc:pin=bt2020:rin=tv:t=linear:npl=${WHITE}`,
          "format=gbrpf32le",
          "zscale=p=bt709",
          `tonemap=hable:desat=0:peak=${BRIGHTEST / WHITE}`,
          "zscale=t=bt709:m=bt709:p=bt709:r=tv",
        ];
  return [...(isInterlaced ? ["yadif"] : []), ...map, "setsar=1"];
}

const mappers = new Map<string, Promise<boolean>>();

/** Whether this ffmpeg can tone-map; some builds lack zimg. */
export function canToneMap({ ffmpeg }: MediaTools): Promise<boolean> {
  const known = mappers.get(ffmpeg);
  if (known !== undefined) return known;
  const asked = promisify(execFile)(ffmpeg, ["-hide_banner", "-h", "filter=zscale"], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.startsWith("Filter zscale"),
    () => false,
  );
  mappers.set(ffmpeg, asked);
  return asked;
}
