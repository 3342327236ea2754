import { type Flicks, FLICKS_PER_SECOND, type Rate } from "../time/index.ts";
import {
  breaches,
  defaultTextStyle,
  laneOf,
  type MediaReference,
  newTimeline,
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
  },
  ids: Ids,
  notes: readonly string[],
): Imported {
  const { settings } = newTimeline("", parts.settings);
  const { name, media, markers } = parts;
  const draft: Timeline = { name: name.slice(0, 500), settings, tracks: [], markers, media, nextId: ids.next };
  const tracks = parts.tracks.map((track) => rebuild(draft, track, laneOf(track).placed));
  const timeline = timelineSchema.safeParse({ ...draft, tracks });
  if (!timeline.success)
    throw new ExchangeError(`The file cannot be read: ${timeline.error.issues[0]!.path.join(".")} makes no sense.`);
  const wrong = breaches(timeline.data);
  if (wrong.length > 0) throw new ExchangeError(`The file cannot be read: ${wrong[0]}.`);
  return { timeline: timeline.data, notes };
}

/** Seconds as the time in files, to the flick. */
export const flicks = (seconds: number): Flicks => Math.round(seconds * FLICKS_PER_SECOND);
