import { FRAME_RATES, isExactRate } from "../../core/time/index.ts";
import {
  applyEdit,
  defaultSettings,
  type MediaReference,
  newTimeline,
  type Settings,
  type Timeline,
} from "../../core/timeline/index.ts";

/** A timeline that shows one media from its begin to its end, as it is: what the source viewer plays. */
export function sourceDocument(media: MediaReference, settings: Settings): Timeline {
  const rate = media.rate !== null && isExactRate(media.rate) ? media.rate : settings.rate;
  const size = media.size ?? { width: settings.width, height: settings.height };
  const empty = newTimeline(media.name, {
    rate: media.rate === null ? settings.rate : (rate ?? FRAME_RATES["24"]),
    width: Math.max(16, Math.min(16_384, size.width)),
    height: Math.max(16, Math.min(16_384, size.height)),
    sampleRate: media.audio === null ? defaultSettings.sampleRate : clampRate(media.audio.sampleRate),
  });
  const clip = { media: media.id, ...(media.availableRange === null ? {} : { sourceRange: media.availableRange }) };
  const track = (kind: "video" | "audio") => empty.tracks.find((each) => each.kind === kind)!.id;
  const clips = [
    ...(media.size === null ? [] : [{ track: track("video"), clip }]),
    ...(media.audio === null ? [] : [{ track: track("audio"), clip }]),
  ];
  return [
    { name: "addMedia", arguments: { media: [media] } },
    { name: "overwrite", arguments: { at: 0, clips } },
  ].reduce((document, call) => {
    const result = applyEdit(document, call);
    return result.ok ? result.value : document;
  }, empty);
}

const clampRate = (rate: number): number => Math.min(192_000, Math.max(8000, rate));
