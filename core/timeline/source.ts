import { endOf, type Flicks, MAX_FLICKS, rangeBetween, type TimeRange } from "../time/index.ts";
import { integralTo, shiftKeyframes, valueAt } from "./animation.ts";
import { mixColours } from "./colour.ts";
import { movedStyle, stillValue } from "./homes.ts";
import { type Parameter, type ParameterName, parameterInfo } from "./parameters.ts";
import type { Clip, MediaReference, TextStyle, Timeline } from "./schema.ts";

/**
 * Which media a clip plays. With t the time after the clip's start on the track and S(t) = ∫₀ᵗ speed, a clip played forward shows
 * media time start + S(t); played backward it begins at the top, start + S(duration) - S(t). So `start` is the lowest media time of
 * both, and reversing a clip keeps the stretch of media that it plays.
 *
 * Whole flicks are kept by rounding starts down; a clip so never reaches past the end that it had (the difference is below one flick).
 */

export const parameterOf = (clip: Clip, name: ParameterName): Parameter =>
  clip.parameters[name] ?? stillValue(clip, name);

/** The value at a time after the clip's start, within the parameter's limits. */
export const parameterAt = (clip: Clip, name: ParameterName, time: Flicks): number =>
  valueIn(name, parameterOf(clip, name), time);

/** What a parameter of this name has as value at a time, within its limits. */
export function valueIn(name: ParameterName, parameter: Parameter, time: Flicks): number {
  const { min, max, isColour } = parameterInfo[name];
  return Math.min(max, Math.max(min, valueAt(parameter, time, isColour === true ? mixColours : undefined)));
}

/** A text's style at a time after the clip's start: what of it moves has the values of that moment. */
export const styleAt = (clip: Clip, style: TextStyle, time: Flicks): TextStyle =>
  movedStyle(clip, style, (name) => parameterAt(clip, name, time));

/** Media flicks that were played between the clip's start and `time`; a real number. */
export const playedUntil = (clip: Clip, time: Flicks): number => integralTo(parameterOf(clip, "speed"), time);

/** The media time shown at a time after the clip's start (which may lie outside the clip, in its handles); a real number. */
export const sourceTimeAt = (clip: Clip, time: Flicks): number =>
  clip.reversed
    ? clip.sourceRange.start + playedUntil(clip, clip.sourceRange.duration) - playedUntil(clip, time)
    : clip.sourceRange.start + playedUntil(clip, time);

/** The stretch of media that a clip plays, to the nearest flick. */
export const mediaRange = (clip: Clip): TimeRange => ({
  start: clip.sourceRange.start,
  duration: Math.round(playedUntil(clip, clip.sourceRange.duration)),
});

/** The media of this id; ids are words that a page sends, so `constructor` must find nothing. */
export const findMedia = ({ media }: Pick<Timeline, "media">, id: string): MediaReference | undefined =>
  Object.hasOwn(media, id) ? media[id] : undefined;

/** The reference that a clip's active take plays; null for text and for promises. */
export function mediaOf(document: Pick<Timeline, "media">, clip: Clip): MediaReference | null {
  const { content } = clip;
  if (content.type !== "media") return null;
  const take = content.takes.find(({ id }) => id === content.activeTake);
  return take?.media == null ? null : (findMedia(document, take.media) ?? null);
}

/** What there is to play; null where there is no end to it (text, stills, promises). */
export const availableRange = (document: Pick<Timeline, "media">, clip: Clip): TimeRange | null =>
  mediaOf(document, clip)?.availableRange ?? null;

/** How much earlier the clip could begin with the media that it has. */
export function headHandle(clip: Clip, available: TimeRange | null): Flicks {
  if (available === null) return MAX_FLICKS;
  const { start, duration } = clip.sourceRange;
  const room = clip.reversed ? endOf(available) - start - playedUntil(clip, duration) : start - available.start;
  return reach(parameterOf(clip, "speed"), 0, -1, room);
}

/** How much later it could end. */
export function tailHandle(clip: Clip, available: TimeRange | null): Flicks {
  if (available === null) return MAX_FLICKS;
  const { start, duration } = clip.sourceRange;
  const room = clip.reversed ? start - available.start : endOf(available) - start - playedUntil(clip, duration);
  return reach(parameterOf(clip, "speed"), duration, 1, room);
}

/** The longest way from `from` in this direction that plays no more than `room` of media. */
function reach(speed: Parameter, from: Flicks, direction: 1 | -1, room: number): Flicks {
  if (room <= 0) return 0;
  if (typeof speed === "number") return speed === 0 ? MAX_FLICKS : Math.min(MAX_FLICKS, Math.floor(room / speed));
  const origin = integralTo(speed, from);
  const plays = (way: Flicks): number => direction * (integralTo(speed, from + direction * way) - origin);
  let [low, high] = [0, MAX_FLICKS];
  if (plays(high) <= room) return high;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (plays(middle) <= room) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The clip from `from` to `to` (times after its start; outside 0…duration it grows into its handles), with the same picture and sound at
 * every time: keyframes and markers stay where they were on the timeline.
 */
export function subclip(clip: Clip, from: Flicks, to: Flicks): Clip {
  const { start, duration } = clip.sourceRange;
  if (from === 0 && to === duration) return clip;
  const lowest = clip.reversed ? playedUntil(clip, duration) - playedUntil(clip, to) : playedUntil(clip, from);
  const range = rangeBetween(from, to);
  return {
    ...clip,
    sourceRange: { start: start + Math.floor(lowest), duration: range.duration },
    parameters: mapParameters(clip, (parameter) => shiftKeyframes(parameter, -from)),
    markers:
      from === 0 || clip.markers.length === 0
        ? clip.markers
        : clip.markers.map((marker) => ({
            ...marker,
            markedRange: { ...marker.markedRange, start: marker.markedRange.start - from },
          })),
  };
}

/** The clip's parameters with each changed; the same object where none did. */
export function mapParameters(clip: Clip, change: (parameter: Parameter) => Parameter): Clip["parameters"] {
  let changed: Partial<Record<ParameterName, Parameter>> | null = null;
  for (const name of Object.keys(clip.parameters) as ParameterName[]) {
    const parameter = clip.parameters[name]!;
    const next = change(parameter);
    if (next !== parameter) (changed ??= { ...clip.parameters })[name] = next;
  }
  return changed ?? clip.parameters;
}
