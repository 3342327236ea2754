import { endOf, formatTimecode } from "../../core/time/index.ts";
import {
  type Clip,
  endOfPlaced,
  laneOf,
  mediaOf,
  type Placed,
  type Timeline,
  type Track,
  type Transition,
} from "../../core/timeline/index.ts";
import { activeTake } from "./paint/clip.ts";

/** What a screen reader says of things on the timeline. */

const KINDS = { video: "video", audio: "sound", text: "text" } as const;

type Facts = Pick<Timeline, "settings" | "media">;

/** "rain street, video, 00:00:04:12 to 00:00:07:00, generated, 2 takes" */
export function clipWords(document: Facts, track: Track, item: Placed, selected: boolean, stale = false): string {
  const { clip } = item;
  const time = (flicks: number) => formatTimecode(flicks, document.settings);
  return [
    clip.name || "unnamed",
    KINDS[track.kind],
    `${time(item.start)} to ${time(endOfPlaced(item))}`,
    ...stateWords(document, clip),
    ...(stale ? ["stale: its picture or sound was changed, animate it again with Shift+G"] : []),
    ...(item.tail === null ? [] : [transitionWords(item.tail, "at its end")]),
    ...(item.head === null ? [] : [transitionWords(item.head, "at its start")]),
    ...(selected ? ["selected"] : []),
  ].join(", ");
}

function stateWords(document: Facts, clip: Clip): string[] {
  const take = activeTake(clip);
  const words: string[] = [];
  if (take?.media === null) words.push(take.problem === null ? "being generated" : `failed: ${take.problem}`);
  else if (mediaOf(document, clip)?.record != null) words.push("generated");
  if (clip.content.type === "media" && clip.content.takes.length > 1) words.push(`${clip.content.takes.length} takes`);
  if (clip.link !== null) words.push("linked");
  if (clip.reversed) words.push("reversed");
  if (typeof clip.parameters.speed === "number") words.push(`${Math.round(clip.parameters.speed * 100)} percent speed`);
  if (!clip.enabled) words.push("disabled");
  if (clip.fadeIn > 0) words.push("fades in");
  if (clip.fadeOut > 0) words.push("fades out");
  return words;
}

const transitionWords = ({ type }: Transition, where: string): string => `${type} ${where}`;

/** "V1, video track, 3 clips, locked" */
export function trackWords(track: Track): string {
  const count = laneOf(track).placed.length;
  return [
    track.name,
    `${KINDS[track.kind]} track`,
    count === 1 ? "1 clip" : `${count} clips`,
    ...(track.locked ? ["locked"] : []),
    ...(track.muted ? ["muted"] : []),
    ...(track.solo ? ["solo"] : []),
  ].join(", ");
}

export const markerWords = (document: Timeline, { name, markedRange }: Timeline["markers"][number]): string =>
  `Marker ${name} at ${formatTimecode(markedRange.start, document.settings)}${
    markedRange.duration > 0 ? ` to ${formatTimecode(endOf(markedRange), document.settings)}` : ""
  }`;
