import { type Flicks, FLICKS_PER_SECOND, type Rate } from "../time/index.ts";
import {
  breaches,
  defaultTextStyle,
  laneOf,
  type MediaReference,
  newTimeline,
  playedUntil,
  type Settings,
  type TextStyle,
  type Timeline,
  timelineSchema,
  type Track,
} from "../timeline/index.ts";
import { rebuild } from "../timeline/lane.ts";

/** What came of reading a file of another editor. */
export interface Imported {
  readonly timeline: Timeline;
  /** Sentences about what could not be taken over. */
  readonly notes: readonly string[];
  /** Where the file says that media lie, by their ids, where that is not their path in the document. */
  readonly places?: ReadonlyMap<string, string>;
}

/** A file that cannot be read at all; one sentence. */
export class ExchangeError extends Error {}

/** The fingerprint of media that nobody has seen yet: no file has it, so they are offline until somebody locates them. */
export const UNSEEN: MediaReference["fingerprint"] = { bytes: 0, sha256: "0".repeat(64) };

/** Gives ids that are used nowhere else in the document. */
export class Ids {
  private readonly used = new Set<string>();
  private counter: number;

  constructor(start = 1) {
    this.counter = start;
  }

  /** This id, where it is a good one and not taken; else a new one. */
  keep(id: unknown, letter: string): string {
    if (typeof id === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(id) && !this.used.has(id)) {
      this.used.add(id);
      const number = /^[a-z](\d+)$/.exec(id)?.[1];
      if (number !== undefined) this.counter = Math.max(this.counter, Number(number) + 1);
      return id;
    }
    return this.fresh(letter);
  }

  fresh(letter: string): string {
    for (;;) {
      const id = `${letter}${this.counter++}`;
      if (this.used.has(id)) continue;
      this.used.add(id);
      return id;
    }
  }

  get next(): number {
    return this.counter;
  }
}

export const textStyle = (text: string, more: Partial<TextStyle> = {}): TextStyle => ({
  ...defaultTextStyle,
  ...more,
  text,
});

/** Media of which only the address is known. */
export function unseenMedia(
  id: string,
  kind: MediaReference["kind"],
  name: string,
  path: string,
  duration: Flicks | null,
  rate: Rate,
): MediaReference {
  return {
    id,
    kind,
    name: name.slice(0, 500),
    path,
    fingerprint: UNSEEN,
    availableRange: duration === null ? null : { start: 0, duration },
    rate: kind === "video" ? rate : null,
    size: kind === "audio" ? null : { width: 1920, height: 1080 },
    audio: kind === "image" ? null : { channels: 2, sampleRate: 48_000 },
    record: null,
  };
}

/**
 * A sound document from parts: gaps that are not needed go, transitions are shortened to what their clips allow. Errors: ExchangeError
 * when the parts cannot be one.
 */
export function assemble(
  parts: {
    readonly name: string;
    readonly settings: Partial<Settings>;
    readonly tracks: readonly Track[];
    readonly markers: Timeline["markers"];
    readonly media: Timeline["media"];
    /** Media of which the file does not say how long they are: as long as they are used. */
    readonly endless?: ReadonlySet<string>;
  },
  ids: Ids,
  notes: readonly string[],
): Imported {
  const { settings } = newTimeline("", parts.settings);
  const { name, markers } = parts;
  const media = covering(parts.media, parts.tracks, parts.endless ?? new Set());
  const draft: Timeline = { name: name.slice(0, 500), settings, tracks: [], markers, media, nextId: ids.next };
  const tracks = parts.tracks.map((track) => rebuild(draft, track, laneOf(track).placed));
  const timeline = timelineSchema.safeParse({ ...draft, tracks });
  if (!timeline.success)
    throw new ExchangeError(`The file cannot be read: ${timeline.error.issues[0]!.path.join(".")} makes no sense.`);
  const wrong = breaches(timeline.data);
  if (wrong.length > 0) throw new ExchangeError(`The file cannot be read: ${wrong[0]}.`);
  return { timeline: timeline.data, notes };
}

/**
 * Media that nobody has seen yet, at least as long as they are used: other editors round to frames, or do not say. A transition adds to what
 * is used only where nothing is known, since elsewhere it is shortened to what there is.
 */
function covering(media: Timeline["media"], tracks: readonly Track[], endless: ReadonlySet<string>): Timeline["media"] {
  const ends = new Map<string, Flicks>();
  for (const { children } of tracks)
    for (const [i, clip] of children.entries()) {
      if (clip.kind !== "clip" || clip.content.type !== "media") continue;
      const [before, after] = [children[i - 1], children[i + 1]];
      for (const { media: id } of clip.content.takes) {
        if (id === null) continue;
        const early = endless.has(id) && clip.reversed && before?.kind === "transition" ? before.inOffset : 0;
        const late = endless.has(id) && !clip.reversed && after?.kind === "transition" ? after.outOffset : 0;
        const played = playedUntil(clip, clip.sourceRange.duration + early + late);
        ends.set(id, Math.max(ends.get(id) ?? 0, clip.sourceRange.start + Math.ceil(played)));
      }
    }
  return Object.fromEntries(
    Object.entries(media).map(([id, each]) => {
      const range = each.availableRange;
      const end = ends.get(id) ?? 0;
      if (each.fingerprint.bytes !== UNSEEN.bytes || range === null || range.start + range.duration >= end)
        return [id, each];
      return [id, { ...each, availableRange: { start: range.start, duration: end - range.start } }];
    }),
  );
}

/** Seconds as the time in files, to the flick. */
export const flicks = (seconds: number): Flicks => Math.round(seconds * FLICKS_PER_SECOND);
