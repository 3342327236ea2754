import type { Flicks } from "./flicks.ts";
import { flicksToFrame, frameToFlicks, type Rate } from "./rate.ts";

/**
 * SMPTE ST 12-1 timecode, HH:MM:SS:FF. Frames are counted with the rate's nearest whole number a second (30 for 29.97), so the hands
 * run slow against the clock at NTSC rates; drop-frame timecode (written with `;`) leaves out the first 2 numbers (4 at 59.94, 8 at
 * 119.88) of each minute but every tenth, and so agrees with the clock to a frame or two over ten minutes. No frame is ever dropped.
 */
export interface TimecodeFormat {
  readonly rate: Rate;
  readonly dropFrame: boolean;
}

/** Frame numbers a second. */
const nominalRate = ({ numerator, denominator }: Rate): number => Math.round(numerator / denominator);

/** Drop-frame exists where a rate is a multiple of 29.97. */
export const canDropFrames = (rate: Rate): boolean => rate.denominator === 1001 && nominalRate(rate) % 30 === 0;

const droppedEachMinute = ({ rate, dropFrame }: TimecodeFormat): number =>
  dropFrame && canDropFrames(rate) ? nominalRate(rate) / 15 : 0;

/** `01:02:03:04`, `01:02:03;04` for drop-frame, with a minus before times below zero. Hours go on past 23. */
export function formatTimecode(time: Flicks, format: TimecodeFormat): string {
  const frame = flicksToFrame(time, format.rate);
  const rate = nominalRate(format.rate);
  const dropped = droppedEachMinute(format);
  const number = frameNumber(Math.abs(frame), rate, dropped);
  const seconds = Math.floor(number / rate);
  const fields = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits);
  return `${frame < 0 ? "-" : ""}${fields.join(":")}${dropped > 0 ? ";" : ":"}${twoDigits(number % rate)}`;
}

/**
 * Reads a timecode as people type it: the fields from the right are frames, seconds, minutes, hours, with `:`, `;`, `.` or `,` between
 * them, or digits alone (`1203` is 12 seconds and 3 frames). Null when it is none, or names a number that drop-frame leaves out.
 */
export function parseTimecode(text: string, format: TimecodeFormat): Flicks | null {
  const match = /^([+-]?)\s*(\d+(?:[:;.,]\d+){0,3})$/.exec(text.trim());
  if (match === null) return null;
  const fields = splitFields(match[2]!);
  if (fields === null) return null;
  const [frames, seconds = 0, minutes = 0, hours = 0] = fields.reverse() as [number, number?, number?, number?];
  const rate = nominalRate(format.rate);
  if (
    fields.length > 1 &&
    (frames >= rate || (fields.length > 2 && seconds > 59) || (fields.length > 3 && minutes > 59))
  )
    return null;
  const totalMinutes = hours * 60 + minutes + Math.floor(seconds / 60);
  const dropped = droppedEachMinute(format);
  if (dropped > 0 && totalMinutes % 10 !== 0 && seconds % 60 === 0 && fields.length > 1 && frames < dropped)
    return null;
  const number = ((hours * 60 + minutes) * 60 + seconds) * rate + frames;
  const frame = number - dropped * (totalMinutes - Math.floor(totalMinutes / 10));
  return frameToFlicks(match[1] === "-" ? -frame : frame, format.rate);
}

function splitFields(text: string): number[] | null {
  if (!/^\d+$/.test(text)) return text.split(/[:;.,]/).map(Number);
  if (text.length > 8) return null;
  const fields: number[] = [];
  for (let end = text.length; end > 0; end -= 2) fields.unshift(Number(text.slice(Math.max(0, end - 2), end)));
  return fields;
}

/** The number that a frame carries, with the left-out numbers counted in. */
function frameNumber(frame: number, rate: number, dropped: number): number {
  if (dropped === 0) return frame;
  const perTenMinutes = rate * 600 - dropped * 9;
  const perMinute = rate * 60 - dropped;
  const tens = Math.floor(frame / perTenMinutes);
  const rest = frame % perTenMinutes;
  // The first minute of ten is whole; each other begins with `dropped` numbers left out.
  const minutes = rest < rate * 60 ? 0 : 1 + Math.floor((rest - rate * 60) / perMinute);
  return frame + dropped * (tens * 9 + minutes);
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");
