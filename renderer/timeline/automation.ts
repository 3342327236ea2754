import type { Flicks } from "../../core/time/index.ts";
import { type Keyframe, parameterInfo, SILENCE_DB, type Track, valueIn } from "../../core/timeline/index.ts";
import { type Row, timeToX, type View, xToTime } from "./geometry.ts";

/** A sound track's volume and pan as lines over its clips: the higher the louder, and the further left. */
export const automated = ["volume", "pan"] as const;
export type Automated = (typeof automated)[number];

/** The loudest that the line shows, as faders of mixers do. Decibels. */
const TOP_DB = 12;
/** Half of the decibels' slope: near 0 dB, where one works, a pixel is a small step, and silence is still in sight. */
const loudness = (decibels: number): number => 10 ** (decibels / 40);
/** Room above and under the line, pixels. */
const MARGIN = 4;
/** Pixels within which a keyframe and the line are meant. */
const REACH = { keyframe: 7, line: 4 } as const;

/** How high a value lies, 0 to 1. */
export function heightOf(parameter: Automated, value: number): number {
  if (parameter === "pan") return (1 - value) / 2;
  return value <= SILENCE_DB ? 0 : Math.min(1, loudness(value) / loudness(TOP_DB));
}

/** The value at a height; volumes in tenths of a decibel, pans in hundredths. */
export function valueAtHeight(parameter: Automated, height: number): number {
  const inside = Math.min(1, Math.max(0, height));
  if (parameter === "pan") return Math.round((1 - 2 * inside) * 100) / 100;
  const decibels = 40 * Math.log10(Math.max(1e-9, inside * loudness(TOP_DB)));
  const { min, max } = parameterInfo.volume;
  return Math.round(Math.min(max, Math.max(min, decibels)) * 10) / 10;
}

/** "−6.0 dB", "left 30 %" */
export function automationWords(parameter: Automated, value: number): string {
  if (parameter === "volume")
    return value <= SILENCE_DB ? "−∞ dB" : `${value.toFixed(1).replace("-", "−")} dB`.replace("−0.0", "0.0");
  const share = Math.round(Math.abs(value) * 100);
  return share === 0 ? "middle" : `${value < 0 ? "left" : "right"} ${share} %`;
}

export const keyframesOfTrack = (track: Track, parameter: Automated): readonly Keyframe[] => {
  const value = track[parameter];
  return typeof value === "number" ? [] : value.keyframes;
};

/** Pixels of the row that the lines have. */
export const lineRoom = ({ height }: Pick<Row, "height">): number => Math.max(1, height - 1 - 2 * MARGIN);

/** From the row's top to the line. */
export const lineY = (row: Pick<Row, "track" | "height">, parameter: Automated, time: Flicks): number =>
  MARGIN + lineRoom(row) * (1 - heightOf(parameter, valueIn(parameter, row.track[parameter], time)));

/** The lines that a track shows: what moves, and of a selected one the volume in any case. */
export const linesOf = (track: Track, isSelected: boolean): readonly Automated[] =>
  track.kind !== "audio"
    ? []
    : automated.filter((each) => typeof track[each] !== "number" || (isSelected && each === "volume"));

export interface AutomationHit {
  readonly zone: "automation";
  readonly row: Row;
  readonly parameter: Automated;
  /** Of the keyframe that is meant; null: the line itself. */
  readonly time: Flicks | null;
}

/** What of a selected track's lines is under the pointer. @param y from the row's top */
export function hitAutomation(view: View, row: Row, x: number, y: number): AutomationHit | null {
  const lines = linesOf(row.track, true);
  for (const parameter of lines) {
    const found = keyframesOfTrack(row.track, parameter).findLast(
      ({ time }) =>
        Math.abs(timeToX(view, time) - x) <= REACH.keyframe &&
        Math.abs(lineY(row, parameter, time) - y) <= REACH.keyframe,
    );
    if (found !== undefined) return { zone: "automation", row, parameter, time: found.time };
  }
  const time = xToTime(view, x);
  if (time < 0) return null;
  const on = lines.find((parameter) => Math.abs(lineY(row, parameter, time) - y) <= REACH.line);
  return on === undefined ? null : { zone: "automation", row, parameter: on, time: null };
}
