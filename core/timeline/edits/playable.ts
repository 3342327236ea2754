import { endOf, type Flicks } from "../../time/index.ts";
import { Refusal } from "../result.ts";
import type { Clip, Settings, Timeline } from "../schema.ts";
import { availableRange, mediaRange, playedUntil, tailHandle } from "../source.ts";

/**
 * The clip, made to play within the media that its active take has: the stretch slides to where there is media, and only when the media
 * is too short does the clip become shorter.
 */
export function playable(
  document: Timeline,
  clip: Clip,
  whole: (duration: Flicks, settings: Settings) => Flicks,
): Clip {
  const available = availableRange(document, clip);
  if (available === null) return clip;
  const range = mediaRange(clip);
  if (range.duration > available.duration) {
    // How far a clip of no length could be extended over the whole media.
    const seed = { ...clip, reversed: false, sourceRange: { start: available.start, duration: 0 } };
    const longest = tailHandle(seed, available);
    const duration = whole(longest, document.settings);
    if (duration < 1) throw new Refusal("OUT_OF_MEDIA", "This media is too short to show.");
    return { ...clip, sourceRange: { start: available.start, duration } };
  }
  const latest = Math.floor(endOf(available) - playedUntil(clip, clip.sourceRange.duration) + 1e-3);
  const start = Math.max(available.start, Math.min(range.start, latest));
  return start === range.start ? clip : { ...clip, sourceRange: { ...clip.sourceRange, start } };
}
