import { type Flicks, FLICKS_PER_SECOND, type TimeRange } from "../../core/time/index.ts";
import {
  type ClipDraft,
  type MediaReference,
  NEW_TRACK,
  type Timeline,
  type Track,
} from "../../core/timeline/index.ts";
import { layoutOf } from "./geometry.ts";

/** How media come onto tracks: a film's picture on a picture track and its sound on the sound track of the same number. */

export interface Placement {
  readonly track: string;
  readonly clip: ClipDraft;
  readonly offset: Flicks;
}

const STILL: Flicks = 5 * FLICKS_PER_SECOND;

/** How long media last on the timeline. */
export const lengthOfMedia = ({ availableRange }: MediaReference): Flicks => availableRange?.duration ?? STILL;

/** Unlocked tracks of a kind in the order in which people count them: V1, V2 upwards; A1, A2 downwards. */
export function countedTracks({ tracks }: Timeline, kind: Track["kind"]): readonly Track[] {
  const rows = layoutOf(tracks, {}).rows.map(({ track }) => track);
  const ofKind = rows.filter((track) => track.kind === kind);
  return kind === "audio" ? ofKind : ofKind.toReversed();
}

export interface Targets {
  readonly picture: string | null;
  readonly sound: string | null;
}

/** Let go beyond all tracks, media go to tracks that are made for them. */
export const BEYOND = Symbol("beyond all tracks");
/** The track that media are dropped on; null: none in particular. */
export type Onto = string | typeof BEYOND | null;

/**
 * Which tracks a piece of media goes to when it is dropped on one (or on none: the first ones that are not locked).
 * Null tracks: there is none for it.
 */
export function targetsFor(document: Timeline, media: MediaReference, onto: Onto): Targets {
  if (onto === BEYOND)
    return {
      picture: media.size === null ? null : NEW_TRACK.video,
      sound: media.audio === null ? null : NEW_TRACK.audio,
    };
  const pictures = countedTracks(document, "video");
  const sounds = countedTracks(document, "audio");
  const under = document.tracks.find(({ id }) => id === onto);
  const number = under === undefined ? -1 : (under.kind === "video" ? pictures : sounds).indexOf(under);
  const choose = (tracks: readonly Track[], kind: Track["kind"]): string | null => {
    if (under?.kind === kind) return under.locked ? null : under.id;
    const same = number >= 0 ? tracks[number] : undefined;
    return (same?.locked === false ? same : tracks.find(({ locked }) => !locked))?.id ?? null;
  };
  const isSound = media.size === null;
  return {
    picture: isSound ? null : choose(pictures, "video"),
    sound: media.audio === null ? null : choose(sounds, "audio"),
  };
}

/** The clips that these media become, one after the other. `range`: a stretch of the one media, from the source viewer. */
export function placementsOf(
  document: Timeline,
  media: readonly MediaReference[],
  onto: Onto,
  range?: TimeRange,
): Placement[] {
  let offset: Flicks = 0;
  return media.flatMap((each) => {
    const { picture, sound } = targetsFor(document, each, onto);
    const clip: ClipDraft = range === undefined ? { media: each.id } : { media: each.id, sourceRange: range };
    const at = offset;
    offset += range?.duration ?? lengthOfMedia(each);
    return [picture, sound].filter((track) => track !== null).map((track) => ({ track, clip, offset: at }));
  });
}
