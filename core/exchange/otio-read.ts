import { z } from "zod";
import {
  type Flicks,
  FLICKS_PER_SECOND,
  FRAME_RATES,
  frameDuration,
  isExactRate,
  type Rate,
  rateFrom,
} from "../time/index.ts";
import {
  type Child,
  type Clip,
  clipSchema,
  contentSchema,
  type Marker,
  markerSchema,
  type MediaReference,
  mediaReferenceSchema,
  settingsSchema,
  textStyleSchema,
  type Timeline,
  type Track,
  trackKindSchema,
  trackSchema,
  type Transition,
  transitionSchema,
  plainClip,
  plainTrack,
} from "../timeline/index.ts";
import { definedOf } from "../timeline/defined.ts";
import { assemble, ExchangeError, Ids, type Imported, textStyle, unseenMedia } from "./assemble.ts";

const timeSchema = z.object({ rate: z.number().positive(), value: z.number() });
const rangeSchema = z.object({ start_time: timeSchema, duration: timeSchema });
type Item = z.infer<typeof itemSchema>;
/** Whatever stands in a track or a stack; unknown fields are other people's business. */
const itemSchema = z.looseObject({
  OTIO_SCHEMA: z.string(),
  name: z
    .string()
    .nullish()
    .transform((name) => name ?? ""),
  metadata: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => value ?? {}),
  source_range: rangeSchema.nullish(),
  enabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  children: z.array(z.unknown()).nullish(),
  effects: z.array(z.unknown()).nullish(),
  markers: z.array(z.unknown()).nullish(),
});

const COLOURS: Readonly<Record<string, Marker["colour"]>> = {
  RED: "red",
  PINK: "red",
  ORANGE: "orange",
  YELLOW: "yellow",
  GREEN: "green",
  CYAN: "cyan",
  BLUE: "blue",
  PURPLE: "purple",
  MAGENTA: "purple",
};

/**
 * Reads an OTIO timeline of any editor. Of one that this studio wrote all comes back; of others clips, gaps, transitions, markers, speeds
 * and names do, and notes say what does not. Media are named by `path` from their address and are offline until they are located.
 * Errors: ExchangeError.
 */
export function readOtio(text: string): Imported {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ExchangeError("This is no OpenTimelineIO file: it is not JSON.");
  }
  const top = itemSchema.safeParse(value);
  if (!top.success || !top.data.OTIO_SCHEMA.startsWith("Timeline."))
    throw new ExchangeError("This is no OpenTimelineIO timeline: export a timeline, not a clip or a bin.");
  return new Reader(top.data).timeline();
}

const own = (item: Pick<Item, "metadata">): Record<string, unknown> => {
  const value = item.metadata["plume"];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
};

class Reader {
  private readonly top: Item;
  private readonly stack: Item;
  private readonly rate: Rate;
  private readonly ids: Ids;
  private readonly notes = new Set<string>();
  private readonly media: Record<string, MediaReference>;
  private readonly byUrl = new Map<string, string>();
  /** A bundle's media lie elsewhere than in the project that was bundled. */
  private readonly places = new Map<string, string>();

  constructor(top: Item) {
    this.top = top;
    const stack = itemSchema.safeParse(top["tracks"]);
    if (!stack.success) throw new ExchangeError("This OpenTimelineIO file has no tracks.");
    this.stack = stack.data;
    const { nextId, media } = own(top);
    this.ids = new Ids(typeof nextId === "number" && nextId >= 1 ? Math.floor(nextId) : 1);
    const known = z.record(z.string(), mediaReferenceSchema).safeParse(media);
    this.media = known.success ? { ...known.data } : {};
    this.rate = this.settings().rate;
  }

  timeline(): Imported {
    const tracks = this.children(this.stack).flatMap((item) => {
      if (item.OTIO_SCHEMA.startsWith("Track.")) return [this.track(item)];
      this.notes.add(`“${item.name || item.OTIO_SCHEMA}” is no track and was left out.`);
      return [];
    });
    const parts = {
      name: this.top.name,
      settings: this.settings(),
      tracks,
      markers: this.markers(this.stack),
      media: this.media,
    };
    return { ...assemble(parts, this.ids, [...this.notes]), places: this.places };
  }

  private settings(): Timeline["settings"] {
    const mine = settingsSchema.safeParse(own(this.top)["settings"]);
    if (mine.success) return mine.data;
    // The rate in which the first clip is cut.
    const found = JSON.stringify(this.top["tracks"]).match(/"source_range":\{[^}]*?"rate":([\d.]+)/);
    const rate = found === null ? FRAME_RATES["24"] : rateFrom(Number(found[1]));
    return { ...defaults, rate: isExactRate(rate) ? rate : FRAME_RATES["24"] };
  }

  private track(item: Item): Track {
    const { id, kind: mine, ...rest } = own(item);
    const kind = trackKindSchema.safeParse(mine).data ?? (item["kind"] === "Audio" ? "audio" : "video");
    const track = plainTrack(this.ids.keep(id, "t"), kind, item.name, this.content(item, kind));
    const known = trackSchema
      .unwrap()
      .partial()
      .safeParse({ ...rest, muted: !item.enabled });
    return {
      ...track,
      ...(known.success ? definedOf(known.data) : {}),
      muted: !item.enabled,
      children: track.children,
    };
  }

  private content(item: Item, kind: Track["kind"]): Child[] {
    return this.children(item).flatMap((child): Child[] => {
      if (child.OTIO_SCHEMA.startsWith("Transition.")) return [this.transition(child)];
      const duration = this.durationOf(child);
      if (child.OTIO_SCHEMA.startsWith("Gap.")) return duration > 0 ? [{ kind: "gap", duration }] : [];
      if (child.OTIO_SCHEMA.startsWith("Clip.")) {
        const clip = this.clip(child, kind);
        if (clip !== null) return [clip];
      } else
        this.notes.add(
          `“${child.name || child.OTIO_SCHEMA}” is nested: open it as a timeline of its own; it was left out.`,
        );
      return duration > 0 ? [{ kind: "gap", duration }] : [];
    });
  }

  private clip(item: Item, kind: Track["kind"]): Clip | null {
    const mine = own(item);
    const range = item.source_range ?? this.availableOf(item);
    if (range === null || range === undefined) {
      this.notes.add(`“${item.name}” has no length and was left out.`);
      return null;
    }
    const sourceRange = { start: this.time(range.start_time), duration: this.time(range.duration) };
    if (sourceRange.duration < 1) return null;
    const content = this.contentOf(item, kind, sourceRange);
    if (content === null) return null;
    const plain = plainClip(this.ids.keep(mine["id"], "c"), item.name, content, sourceRange);
    const known = clipSchema
      .unwrap()
      .partial()
      .safeParse({ ...mine, id: plain.id });
    const clip: Clip = {
      ...plain,
      ...(known.success ? definedOf(known.data) : {}),
      enabled: item.enabled,
      markers: this.markers(item),
    };
    return this.withEffects({ ...clip, id: plain.id, name: plain.name, content, sourceRange }, item);
  }

  /** What other editors set or changed: a warp is a speed. */
  private withEffects(clip: Clip, item: Item): Clip {
    let found = clip;
    for (const value of item.effects ?? []) {
      const effect = z
        .looseObject({ OTIO_SCHEMA: z.string(), name: z.string().nullish(), time_scalar: z.number().optional() })
        .safeParse(value).data;
      if (effect === undefined) continue;
      if (effect.OTIO_SCHEMA.startsWith("FreezeFrame."))
        found = { ...found, parameters: { ...found.parameters, speed: 0 } };
      else if (effect.OTIO_SCHEMA.startsWith("LinearTimeWarp.") && effect.time_scalar !== undefined) {
        const speed = Math.min(100, Math.abs(effect.time_scalar));
        const { speed: _, ...others } = found.parameters;
        found = { ...found, reversed: effect.time_scalar < 0, parameters: speed === 1 ? others : { ...others, speed } };
      } else if (Object.keys(own(item)).length === 0)
        this.notes.add(`The effect “${effect.name || effect.OTIO_SCHEMA}” was left out.`);
    }
    return found;
  }

  private contentOf(item: Item, kind: Track["kind"], range: Clip["sourceRange"]): Clip["content"] | null {
    const single = itemSchema.safeParse(item["media_reference"]).data;
    const references =
      z.record(z.string(), itemSchema).safeParse(item["media_references"]).data ??
      (single === undefined ? {} : { DEFAULT_MEDIA: single });
    const active =
      typeof item["active_media_reference_key"] === "string" ? item["active_media_reference_key"] : "DEFAULT_MEDIA";
    const text = Object.values(references).find((each) => each.OTIO_SCHEMA.startsWith("GeneratorReference."));
    if (text !== undefined) {
      const style = textStyleSchema.safeParse(text["parameters"]);
      if (style.success) return { type: "text", style: style.data };
      this.notes.add(`The generator “${text.name}” was left out.`);
      return kind === "text" ? { type: "text", style: textStyle(item.name) } : null;
    }
    const takes = Object.entries(references).map(([key, reference]) => this.take(key, reference, kind, range));
    const chosen = Object.keys(references).indexOf(active);
    if (takes.length === 0)
      takes.push({
        id: this.ids.fresh("k"),
        media: null,
        job: null,
        problem: "The file named no media for this clip.",
      });
    const content = contentSchema.safeParse({ type: "media", takes, activeTake: takes[Math.max(0, chosen)]!.id });
    return content.success ? content.data : null;
  }

  private take(key: string, reference: Item, kind: Track["kind"], range: Clip["sourceRange"]) {
    const { take } = own(reference);
    const mine = z
      .object({
        id: z.string(),
        media: z.string().nullable(),
        job: z.string().nullable(),
        problem: z.string().nullable(),
      })
      .safeParse(take).data;
    if (mine !== undefined && (mine.media === null || Object.hasOwn(this.media, mine.media))) {
      const address = reference["target_url"];
      if (mine.media !== null && typeof address === "string") this.places.set(mine.media, pathOf(address));
      return mine;
    }
    const id = /^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : this.ids.fresh("k");
    const url = typeof reference["target_url"] === "string" ? reference["target_url"] : null;
    if (url === null) return { id, media: null, job: null, problem: "The file named no media for this clip." };
    return { id, media: this.mediaAt(url, reference, kind, range), job: null, problem: null };
  }

  private mediaAt(url: string, reference: Item, kind: Track["kind"], range: Clip["sourceRange"]): string {
    const known = this.byUrl.get(url);
    const end = range.start + range.duration;
    if (known !== undefined) {
      const media = this.media[known]!;
      // Nobody said how long it is: as long as it is used.
      if (reference["available_range"] == null && media.availableRange !== null && media.availableRange.duration < end)
        this.media[known] = { ...media, availableRange: { start: 0, duration: end } };
      return known;
    }
    const path = pathOf(url);
    const name = path.split("/").at(-1) || reference.name || "media";
    const available = rangeSchema.safeParse(reference["available_range"]).data;
    const still = /\.(png|jpe?g|webp|tiff?|bmp|heic)$/i.test(path);
    const id = this.ids.fresh("m");
    const media = unseenMedia(
      id,
      kind === "audio" && !/\.(mp4|mov|mkv|webm|mxf|avi)$/i.test(path) ? "audio" : still ? "image" : "video",
      name,
      path,
      still ? null : end,
      this.rate,
    );
    this.media[id] =
      available === undefined || still
        ? media
        : {
            ...media,
            availableRange: {
              start: this.time(available.start_time),
              duration: Math.max(1, this.time(available.duration)),
            },
          };
    this.byUrl.set(url, id);
    return id;
  }

  private transition(item: Item): Transition {
    const mine = own(item);
    const offset = (name: string): Flicks => {
      const time = timeSchema.safeParse(item[name]).data;
      return time === undefined ? 0 : Math.max(0, this.time(time));
    };
    const plain: Transition = {
      kind: "transition",
      id: this.ids.keep(mine["id"], "x"),
      type: "dissolve",
      inOffset: offset("in_offset"),
      outOffset: offset("out_offset"),
      direction: "left",
      colour: "#000000",
      softness: 0,
    };
    const known = transitionSchema
      .unwrap()
      .partial()
      .safeParse({ ...mine, id: plain.id });
    if (mine["type"] === undefined && item["transition_type"] !== "SMPTE_Dissolve")
      this.notes.add(`The transition “${item.name || String(item["transition_type"])}” became a dissolve.`);
    return { ...plain, ...(known.success ? definedOf(known.data) : {}) };
  }

  private markers(item: Item): Marker[] {
    return (item.markers ?? []).flatMap((value) => {
      const marker = itemSchema.safeParse(value).data;
      const range = rangeSchema.safeParse(marker?.["marked_range"]).data;
      if (marker === undefined || range === undefined) return [];
      const { id, colour } = own(marker);
      const read = markerSchema.safeParse({
        id: this.ids.keep(id, "n"),
        name: marker.name.slice(0, 500),
        markedRange: { start: this.time(range.start_time), duration: Math.max(0, this.time(range.duration)) },
        colour: typeof colour === "string" ? colour : (COLOURS[String(marker["color"])] ?? "grey"),
        comment: typeof marker["comment"] === "string" ? marker["comment"].slice(0, 5000) : "",
      });
      return read.success ? [read.data] : [];
    });
  }

  private children(item: Item): Item[] {
    return (item.children ?? []).flatMap((child) => {
      const read = itemSchema.safeParse(child);
      return read.success ? [read.data] : [];
    });
  }

  private durationOf(item: Item): Flicks {
    const range = item.source_range ?? this.availableOf(item);
    return range == null ? 0 : this.time(range.duration);
  }

  private availableOf(item: Item): z.infer<typeof rangeSchema> | null {
    const single = item["media_reference"] ?? Object.values((item["media_references"] as object | undefined) ?? {})[0];
    return rangeSchema.safeParse((single as Record<string, unknown> | undefined)?.["available_range"]).data ?? null;
  }

  private time({ rate, value }: z.infer<typeof timeSchema>): Flicks {
    const known = rateFrom(rate);
    // Frames of the timeline's own rate are whole flicks each.
    const frame = isExactRate(known) ? frameDuration(known) : FLICKS_PER_SECOND / rate;
    return Math.round(value * frame);
  }
}

const defaults: Timeline["settings"] = {
  rate: FRAME_RATES["24"],
  width: 1920,
  height: 1080,
  sampleRate: 48_000,
  background: "#000000",
  dropFrame: false,
  tempo: { beatsPerMinute: 120, beatsPerBar: 4, beatUnit: 4, origin: 0 },
};

/** `file:///a/b%20c.mp4` → `/a/b c.mp4`; a relative address stays one. */
export function pathOf(url: string): string {
  const path = url.replace(/^file:\/\/(localhost)?/, "");
  try {
    return decodeURIComponent(path).replace(/^\/([A-Za-z]:\/)/, "$1");
  } catch {
    return path;
  }
}
