import type { ExportPlan } from "../../core/export/index.ts";
import { ANONYMOUS, formatArgs } from "./export-args.ts";
import { BASE_ARGS, PROTOCOLS } from "./run.ts";

/** A film's pictures, encoded already, in files one after the other. */
export interface JoinedPictures {
  /** Names the files for ffmpeg's concat demuxer. */
  readonly list: string;
  /** Frames that at most are decoded before one that is shown before them. */
  readonly reordering: number;
}

/** Puts pictures and sound, encoded already, into the export's own container. */
export function joinArgs(
  plan: ExportPlan,
  { list, reordering }: JoinedPictures,
  sound: string | null,
  target: string,
): string[] {
  const { video, settings } = plan;
  return [
    ...BASE_ARGS,
    ...PROTOCOLS,
    "-f",
    "concat",
    // Packets stay as they are.
    "-auto_convert",
    "0",
    "-i",
    `file:${list}`,
    ...(sound === null ? [] : ["-i", `file:${sound}`]),
    "-map",
    "0:v:0",
    ...(sound === null ? [] : ["-map", "1:a:0"]),
    "-c",
    "copy",
    // From file to file times are rounded to microseconds, and frames may be reordered more or less: one grid for all of them, in a
    // packet's own duration, as what ffmpeg 5.1 says of its time base here is not what its packets have.
    "-bsf:v",
    `setts=pts=round(PTS/DURATION)*DURATION:dts=(N-${reordering})*DURATION`,
    ...ANONYMOUS,
    ...formatArgs(settings.container, video),
    `file:${target}`,
  ];
}
