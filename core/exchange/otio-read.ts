import { z } from "zod";
import { type Flicks, FRAME_RATES, type Rate } from "../time/index.ts";
import { definedOf } from "../timeline/defined.ts";
import {
  type Child,
  type Clip,
  clipSchema,
  contentSchema,
  type Marker,
  markerSchema,
  mediaReferenceSchema,
  plainClip,
  plainTrack,
  settingsSchema,
  textStyleSchema,
  type Timeline,
  type Track,
  trackKindSchema,
  trackSchema,
  type Transition,
  transitionSchema,
} from "../timeline/index.ts";
import { assemble, ExchangeError, Ids, type Imported, textStyle } from "./assemble.ts";
import {
  childrenOf,
  colourOf,
  cutRate,
  flicksOf,
  type Item,
  itemSchema,
  kindOf,
  own,
  type Range,
  rangeSchema,
  timeIn,
  timelineIn,
} from "./otio-json.ts";
import { cutLines, joined, type Lines, lengthOf } from "./otio-lines.ts";
import { OtioMedia, referencesOf } from "./otio-media.ts";

/**
 * Reads an OTIO timeline of any editor. Of one that this studio wrote all comes back; of others clips, gaps, transitions, markers, speeds
 * and names do; stacks and tracks within tracks are opened where they stand, what lies over each other in them on tracks beside; and notes
 * say what does not. Media are named by `path` from their address and are offline until they are located; their times count from their
 * first frame, whatever timecode it bears. Errors: ExchangeError.
 */
export function readOtio(text: string): Imported {
  const { top, others } = timelineIn(text);
  return new Reader(top, others).timeline();
}

/** Stacks in stacks; a file may go on for ever. */
const MAX_NESTED = 12;

const single = (main: readonly Child[]): Lines => ({ main, beside: [] });

class Reader {
  private readonly top: Item;
  private readonly stack: Item;
  private readonly rate: Rate;
  private readonly ids: Ids;
  private readonly notes = new Set<string>();
  private readonly media: OtioMedia;

  constructor(top: Item, others: number) {
    this.top = top;
    const stack = itemSchema.safeParse(top["tracks"]);
    if (!stack.success) throw new ExchangeError("This OpenTimelineIO file has no tracks.");
    this.stack = stack.data;
    if (others > 0) this.notes.add(`The file holds ${others + 1} timelines; the first of them was opened.`);
    const { nextId, media } = own(top);
    this.ids = new Ids(typeof nextId === "number" && nextId >= 1 ? Math.floor(nextId) : 1);
    const known = z.record(z.string(), mediaReferenceSchema).safeParse(media);
    this.rate = this.settings().rate;
    this.media = new OtioMedia(known.success ? { ...known.data } : {}, this.ids, this.rate, this.notes);
  }

  timeline(): Imported {
    const tracks = childrenOf(this.stack).flatMap((item) => {
      const kind = kindOf(item);
      if (kind === "Track" || kind === "Stack") return this.tracks(item);
      this.notes.add(`“${item.name || item.OTIO_SCHEMA}” is no track and was left out.`);
      return [];
    });
    const parts = {
      name: this.top.name,
      settings: this.settings(),
      tracks,
      markers: this.markers(this.stack, 0),
      media: this.media.media,
      endless: this.media.endless,
    };
    return { ...assemble(parts, this.ids, [...this.notes]), places: this.media.places };
  }

  private settings(): Timeline["settings"] {
    const mine = settingsSchema.safeParse(own(this.top)["settings"]);
    if (mine.success) return mine.data;
    return { ...defaults, rate: cutRate(this.top, this.stack) ?? FRAME_RATES["24"] };
  }

  /** A track, and those beside it that hold what lies over each other in its stacks. */
  private tracks(item: Item): Track[] {
    const { id, kind: mine, ...rest } = own(item);
    const named = item["kind"];
    if (mine === undefined && typeof named === "string" && named !== "Audio" && named !== "Video") {
      this.notes.add(`The ${named.toLowerCase()} track “${item.name}” was left out.`);
      return [];
    }
    const kind = trackKindSchema.safeParse(mine).data ?? (named === "Audio" ? "audio" : "video");
    const { main, beside } = this.composition(item, kind, 0);
    const track = plainTrack(this.ids.keep(id, "t"), kind, item.name, main);
    const known = trackSchema
      .unwrap()
      .partial()
      .safeParse({ ...rest, muted: !item.enabled });
    const others = beside.map((line) => ({
      ...plainTrack(this.ids.fresh("t"), line.kind, item.name, line.children),
      muted: !item.enabled,
    }));
    return [
      {
        ...track,
        ...(known.success ? definedOf(known.data) : {}),
        muted: !item.enabled,
        children: track.children,
      },
      ...others,
    ];
  }

  /** What a track or a stack holds, as far as its own range shows it. */
  private composition(item: Item, kind: Track["kind"], depth: number): Lines {
    if (depth > MAX_NESTED) {
      this.notes.add(`“${item.name}” holds too many stacks within stacks and was left out.`);
      return { main: [], beside: [] };
    }
    const lines = kindOf(item) === "Stack" ? this.layers(item, kind, depth) : this.sequence(item, kind, depth);
    if (item.source_range == null) return lines;
    const [from, length] = [flicksOf(item.source_range.start_time), flicksOf(item.source_range.duration)];
    // Some writers set ranges that show nothing of what there is: they mean all of it.
    const isShown = length > 0 && from < lengthOf(lines.main) && from + length > 0;
    return isShown || depth > 0 ? cutLines(lines, from, length) : lines;
  }

  private sequence(item: Item, kind: Track["kind"], depth: number): Lines {
    return joined(
      childrenOf(item).map((child): Lines => {
        const name = kindOf(child);
        if (name === "Transition") return single([this.transition(child)]);
        if (name === "Track" || name === "Stack") return this.nested(child, kind, depth);
        const duration = this.durationOf(child);
        const gap: Child[] = duration > 0 ? [{ kind: "gap", duration }] : [];
        if (name === "Gap") return single(gap);
        if (name !== "Clip") this.notes.add(`“${child.name || child.OTIO_SCHEMA}” was left out.`);
        const clip = name === "Clip" ? this.clip(child, kind) : null;
        return single(clip === null ? gap : [clip]);
      }),
    );
  }

  private nested(item: Item, kind: Track["kind"], depth: number): Lines {
    if ((item.effects ?? []).length > 0)
      this.notes.add(`The effects of “${item.name || item.OTIO_SCHEMA}”, which holds clips of its own, were left out.`);
    return this.composition(item, kind, depth + 1);
  }

  /** A stack's lowest layer in its place, the others beside. */
  private layers(item: Item, kind: Track["kind"], depth: number): Lines {
    const layers = childrenOf(item).map((child) => {
      const of = kindOf(child) === "Track" ? (child["kind"] === "Audio" ? "audio" : "video") : kind;
      const inside =
        kindOf(child) === "Track" || kindOf(child) === "Stack"
          ? this.nested(child, of, depth)
          : this.sequence({ ...item, children: [child] }, of, depth);
      return { kind: of, ...inside };
    });
    const lowest = layers.find((layer) => layer.kind === kind);
    const length = Math.max(0, ...layers.map(({ main }) => lengthOf(main)));
    const main = lowest?.main ?? [];
    const missing = length - lengthOf(main);
    return {
      main: missing > 0 ? [...main, { kind: "gap", duration: missing }] : main,
      beside: layers.flatMap((layer) => [
        ...(layer === lowest ? [] : [{ kind: layer.kind, children: layer.main }]),
        ...layer.beside,
      ]),
    };
  }

  private clip(item: Item, kind: Track["kind"]): Clip | null {
    const mine = own(item);
    const range = item.source_range ?? this.availableOf(item);
    if (range === null || range === undefined) {
      this.notes.add(`“${item.name}” has no length and was left out.`);
      return null;
    }
    const start = flicksOf(range.start_time);
    const sourceRange = { start: start - this.media.beginning(item, range), duration: flicksOf(range.duration) };
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
      markers: this.markers(item, start),
    };
    return this.withEffects({ ...clip, id: plain.id, name: plain.name, content, sourceRange }, item);
  }

  /** What other editors set or changed: a warp is a speed. */
  private withEffects(clip: Clip, item: Item): Clip {
    let found = clip;
    for (const value of item.effects ?? []) {
      const effect = z
        .looseObject({
          OTIO_SCHEMA: z.string(),
          name: z.string().nullish(),
          effect_name: z.string().nullish(),
          time_scalar: z.number().optional(),
        })
        .safeParse(value).data;
      if (effect === undefined) continue;
      const kind = kindOf(effect);
      if (kind === "FreezeFrame") found = { ...found, parameters: { ...found.parameters, speed: 0 } };
      else if (kind === "LinearTimeWarp" && effect.time_scalar !== undefined) {
        const speed = Math.min(100, Math.abs(effect.time_scalar));
        const { speed: _, ...others } = found.parameters;
        found = { ...found, reversed: effect.time_scalar < 0, parameters: speed === 1 ? others : { ...others, speed } };
      } else if (Object.keys(own(item)).length === 0)
        this.notes.add(`The effect “${effect.name || effect.effect_name || effect.OTIO_SCHEMA}” was left out.`);
    }
    return found;
  }

  private contentOf(item: Item, kind: Track["kind"], range: Clip["sourceRange"]): Clip["content"] | null {
    const text = Object.values(referencesOf(item).references).find((each) => kindOf(each) === "GeneratorReference");
    if (text !== undefined) {
      const style = textStyleSchema.safeParse(text["parameters"]);
      if (style.success) return { type: "text", style: style.data };
      this.notes.add(`The generator “${text.name || item.name}” was left out.`);
      return kind === "text" ? { type: "text", style: textStyle(item.name) } : null;
    }
    const content = contentSchema.safeParse({ type: "media", ...this.media.takes(item, kind, range) });
    return content.success ? content.data : null;
  }

  private transition(item: Item): Transition {
    const mine = own(item);
    const plain: Transition = {
      kind: "transition",
      id: this.ids.keep(mine["id"], "x"),
      type: "dissolve",
      inOffset: Math.max(0, timeIn(item, "in_offset")),
      outOffset: Math.max(0, timeIn(item, "out_offset")),
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

  /** @param start what the time in which their places are told calls the first moment of what they are on */
  private markers(item: Item, start: Flicks): Marker[] {
    return (item.markers ?? []).flatMap((value) => {
      const marker = itemSchema.safeParse(value).data;
      // The first version of their schema called it so.
      const range = rangeSchema.safeParse(marker?.["marked_range"] ?? marker?.["range"]).data;
      if (marker === undefined || range === undefined) return [];
      const { id, colour } = own(marker);
      const read = markerSchema.safeParse({
        id: this.ids.keep(id, "n"),
        name: marker.name,
        markedRange: { start: flicksOf(range.start_time) - start, duration: Math.max(0, flicksOf(range.duration)) },
        colour: typeof colour === "string" ? colour : colourOf(marker["color"]),
        comment: typeof marker["comment"] === "string" ? marker["comment"].slice(0, 5000) : "",
      });
      return read.success ? [read.data] : [];
    });
  }

  private durationOf(item: Item): Flicks {
    const range = item.source_range ?? this.availableOf(item);
    return range == null ? 0 : Math.max(0, flicksOf(range.duration));
  }

  private availableOf(item: Item): Range | null {
    return rangeSchema.safeParse(referencesOf(item).active?.["available_range"]).data ?? null;
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
