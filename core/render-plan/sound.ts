import { type Flicks, FLICKS_PER_SECOND, overlaps } from "../time/index.ts";
import {
  type Clip,
  endOfPlaced,
  laneOf,
  mediaOf,
  parameterAt,
  type Placed,
  SILENCE_DB,
  type Timeline,
  type Track,
  valueIn,
} from "../timeline/index.ts";
import { activeAt, extentOf, fadeAt, sourceMoment, switchedOn } from "./active.ts";
import type { Voice } from "./plan.ts";

/** Ducking never moves faster than this: a step in loudness clicks. */
const SHORTEST_RAMP = FLICKS_PER_SECOND / 200;

/** What is heard at a time. Gains are continuous over time but where a clip begins or ends without a fade, or a keyframe holds. */
export function planSound(document: Timeline, time: Flicks): Voice[] {
  const tracks = switchedOn(document, ["audio"]);
  return tracks.flatMap((track) => {
    const active = activeAt(track, time);
    if (active === null) return [];
    const trackGain = gainOf(valueIn("volume", track.volume, time)) * duckingAt(track, tracks, time);
    if (active.kind === "clip") return voice(document, track, active.item, time, trackGain);
    // Equal power: two different sounds add up to the loudness of one (cos² + sin² = 1).
    const angle = (active.progress * Math.PI) / 2;
    return [
      ...(active.from === null ? [] : voice(document, track, active.from, time, trackGain * Math.cos(angle))),
      ...(active.to === null ? [] : voice(document, track, active.to, time, trackGain * Math.sin(angle))),
    ];
  });
}

function voice(document: Timeline, track: Track, item: Placed, time: Flicks, gain: number): Voice[] {
  const { clip, start } = item;
  const media = mediaOf(document, clip);
  if (media === null || media.audio === null || !clip.enabled) return [];
  const at = time - start;
  return [
    {
      clip: clip.id,
      track: track.id,
      media: media.id,
      sourceTime: sourceMoment(document, clip, at),
      speed: parameterAt(clip, "speed", at) * (clip.reversed ? -1 : 1),
      gain: gain * gainOf(parameterAt(clip, "volume", at)) * fadeAt(clip, at),
      pan: Math.min(1, Math.max(-1, parameterAt(clip, "pan", at) + valueIn("pan", track.pan, time))),
      range: extentOf(track, item),
    },
  ];
}

/** From decibels to a factor: 10^(dB/20), drawn down to nothing over the last 6 dB before silence so that it does not jump there. */
export function gainOf(decibels: number): number {
  if (decibels <= SILENCE_DB) return 0;
  const factor = 10 ** (decibels / 20);
  return decibels >= SILENCE_DB + 6 ? factor : (factor * (decibels - SILENCE_DB)) / 6;
}

/** How much quieter a track is because of those that it makes way for; a factor. */
function duckingAt({ ducking }: Track, tracks: readonly Track[], time: Flicks): number {
  if (ducking === null) return 1;
  const down = Math.max(SHORTEST_RAMP, ducking.attack);
  const up = Math.max(SHORTEST_RAMP, ducking.release);
  let depth = 0;
  for (const track of tracks) {
    if (!ducking.under.includes(track.id)) continue;
    for (const item of laneOf(track).placed) {
      if (item.start - down >= time) break;
      if (!sounds(item.clip)) continue;
      const end = endOfPlaced(item);
      if (time >= end + up) continue;
      // It is down when the voice begins and comes up when it has ended.
      const ramp = time < item.start ? 1 - (item.start - time) / down : time < end ? 1 : 1 - (time - end) / up;
      depth = Math.max(depth, ramp);
    }
  }
  return gainOf(-ducking.amount * depth);
}

const sounds = ({ enabled, content }: Clip): boolean => enabled && content.type === "media";

/** Which clips sound somewhere in a stretch, once each: what an exporter has to decode. */
export function voicesIn(document: Timeline, start: Flicks, end: Flicks): { track: Track; item: Placed }[] {
  return switchedOn(document, ["audio"]).flatMap((track) =>
    laneOf(track).placed.flatMap((item) => {
      const extent = extentOf(track, item);
      const heard = overlaps(extent, { start, duration: end - start });
      return heard && mediaOf(document, item.clip)?.audio != null && item.clip.enabled ? [{ track, item }] : [];
    }),
  );
}
