import { type Clip, factWords, type Media, type MediaFacts, type MediaStatus } from "../../core/contract/index.ts";
import { flicksToSeconds } from "../../core/time/index.ts";
import type { MediaReference, Timeline, Track } from "../../core/timeline/index.ts";

/** One thing of the bin. */
export interface BinItem {
  readonly id: string;
  readonly name: string;
  readonly kind: "video" | "audio" | "image";
  /** Null for a still. */
  readonly seconds: number | null;
  /** "1920×1080 · 29.97", "44.1 kHz stereo"; empty where nobody knows. */
  readonly facts: string;
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly isGenerated: boolean;
  /** How many clips of the project show it. */
  readonly uses: number;
  readonly isInProject: boolean;
  /** ISO; empty where nobody knows. */
  readonly addedAt: string;
  readonly note: string | null;
}

export const scopes = ["project", "studio"] as const;
export type Scope = (typeof scopes)[number];
export const sorts = ["name", "kind", "length", "added", "uses"] as const;
export type Sort = (typeof sorts)[number];
export const filters = ["all", "used", "unused", "missing"] as const;
export type Filter = (typeof filters)[number];

/** The project as far as the bin shows it. */
export interface ProjectMedia {
  readonly media: Timeline["media"];
  /** How many clips show a media. */
  readonly uses: ReadonlyMap<string, number>;
}

/** The media of a project. */
export function projectItems({ media: all, uses }: ProjectMedia, catalogue: readonly Media[]): BinItem[] {
  const known = new Map(catalogue.map((media) => [media.id, media]));
  return Object.values(all).map((media): BinItem => {
    const { id, name, kind, availableRange, rate, size, audio, record } = media;
    const seconds = availableRange === null ? null : flicksToSeconds(availableRange.duration);
    const entry = known.get(id);
    return {
      id,
      name,
      kind,
      seconds,
      facts: factsOf(size, rate === null ? null : rate.numerator / rate.denominator, audio),
      size,
      isGenerated: record !== null,
      uses: uses.get(id) ?? 0,
      isInProject: true,
      addedAt: entry?.addedAt ?? "",
      note: entry?.note ?? null,
    };
  });
}

/** Everything that the studio has: clips of the library, and what the user gave to it. */
export function studioItems(project: ProjectMedia, catalogue: readonly Media[], clips: readonly Clip[]): BinItem[] {
  const { media: own, uses } = project;
  const inProject = (id: string) => ({ uses: uses.get(id) ?? 0, isInProject: own[id] !== undefined });
  return [
    ...clips.map(({ id, fileName, width, height, frames, fps, record }): BinItem => {
      const sound = record.schema === "plume.animation/1" ? record.inputs.sound : null;
      return {
        id,
        name: record.request.prompt.trim() || fileName,
        kind: "video",
        seconds: frames / fps,
        facts: factsOf({ width, height }, fps, sound),
        size: { width, height },
        isGenerated: true,
        addedAt: record.createdAt,
        note: null,
        ...inProject(id),
      };
    }),
    ...catalogue.map((media): BinItem => {
      const { id, name, kind, addedAt, note } = media;
      const size = kind === "sound" ? null : { width: media.width, height: media.height };
      const rate = kind === "video" ? media.rate.numerator / media.rate.denominator : null;
      const audio = kind === "sound" ? media : kind === "video" ? media.audio : null;
      return {
        id,
        name,
        kind: ({ video: "video", sound: "audio", picture: "image" } as const)[kind],
        seconds: kind === "picture" ? null : media.seconds,
        facts: factsOf(size, rate, audio),
        size,
        isGenerated: false,
        addedAt,
        note,
        ...inProject(id),
      };
    }),
  ];
}

/** Of each list of children: documents share those of the tracks that no edit has touched. */
const usesOfTracks = new WeakMap<Track["children"], ReadonlyMap<string, number>>();

function usesOfTrack({ children }: Track): ReadonlyMap<string, number> {
  const known = usesOfTracks.get(children);
  if (known !== undefined) return known;
  const uses = new Map<string, number>();
  for (const child of children) {
    if (child.kind !== "clip" || child.content.type !== "media") continue;
    for (const id of new Set(child.content.takes.map(({ media }) => media)))
      if (id !== null) uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  usesOfTracks.set(children, uses);
  return uses;
}

/** How many clips show a media, for all of a document. */
export function usesOf({ tracks }: Pick<Timeline, "tracks">): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const track of tracks) for (const [id, count] of usesOfTrack(track)) uses.set(id, (uses.get(id) ?? 0) + count);
  return uses;
}

export const sameUses = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean =>
  a.size === b.size && [...a].every(([id, count]) => b.get(id) === count);

const CHANNELS: Readonly<Record<number, string>> = { 1: "mono", 2: "stereo" };

function factsOf(
  size: BinItem["size"],
  rate: number | null,
  audio: { readonly sampleRate: number; readonly channels: number } | null,
): string {
  if (size === null)
    return audio === null
      ? ""
      : `${Number((audio.sampleRate / 1000).toFixed(1))} kHz ${CHANNELS[audio.channels] ?? `${audio.channels} channels`}`;
  const pixels = `${size.width}×${size.height}`;
  return rate === null ? pixels : `${pixels} · ${Number(rate.toFixed(2))}`;
}

export interface View {
  readonly search: string;
  readonly filter: Filter;
  readonly sort: Sort;
  readonly isDescending: boolean;
}

/**
 * What is shown of these: every word that was typed stands in the name or the facts, or is the beginning of what is to be seen (“snow”,
 * “blue”, “circle”); ties are by name.
 */
export function shown(
  items: readonly BinItem[],
  status: Readonly<Record<string, MediaStatus | undefined>>,
  { search, filter, sort, isDescending }: View,
  seen: Readonly<Record<string, MediaFacts | undefined>> = {},
): BinItem[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const kept = items.filter((item) => {
    const text = `${item.name} ${item.facts} ${item.kind}`.toLocaleLowerCase();
    const facts = seen[item.id];
    // A word of its own, not a part of one: “red” must not find “blurred”.
    const things = facts === undefined ? [] : factWords(facts).flatMap((label) => label.split(/[^\p{L}\p{N}]+/u));
    if (!words.every((word) => text.includes(word) || things.some((thing) => thing.startsWith(word)))) return false;
    if (filter === "used") return item.uses > 0;
    if (filter === "unused") return item.uses === 0;
    return filter !== "missing" || isMissing(status[item.id]);
  });
  const byName = (a: BinItem, b: BinItem) => a.name.localeCompare(b.name, undefined, { numeric: true });
  const keys: Readonly<Record<Sort, (a: BinItem, b: BinItem) => number>> = {
    name: byName,
    kind: (a, b) => a.kind.localeCompare(b.kind),
    length: (a, b) => (a.seconds ?? 0) - (b.seconds ?? 0),
    added: (a, b) => a.addedAt.localeCompare(b.addedAt),
    uses: (a, b) => a.uses - b.uses,
  };
  const way = isDescending ? -1 : 1;
  return kept.sort((a, b) => way * keys[sort](a, b) || byName(a, b));
}

export const isMissing = (status: MediaStatus | undefined): boolean => status !== undefined && !status.isOnline;

/** Media whose file has become another since the project took it in: lengths and sizes in the project are those of before. */
export function isChanged(media: MediaReference, status: MediaStatus | undefined): boolean {
  const [now, { fingerprint: known }] = [status?.fingerprint ?? null, media];
  // Of what another editor named nothing is known until it is located.
  if (now === null || known.bytes === 0) return false;
  return now.bytes !== known.bytes || now.sha256 !== known.sha256;
}

/** "0:02", "1:04:10": how long it lasts. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const two = (value: number): string => String(value).padStart(2, "0");
