import type { XmlElement } from "@rgrove/parse-xml";
import type { Flicks, Rate } from "../time/index.ts";
import { subtitle } from "../timeline/edits/subtitles.ts";
import {
  type Clip,
  type Marker,
  plainClip,
  SILENCE_DB,
  subclip,
  type TextStyle,
  type Timeline,
  type Track,
} from "../timeline/index.ts";
import { type Ids, textStyle } from "./assemble.ts";
import { type Lanes, soundOf } from "./fcpxml-lanes.ts";
import { type Asset, namedRate, type Resources } from "./fcpxml-resources.ts";
import { child, elements, find, time, timeOf, wordsOf } from "./fcpxml-xml.ts";

/** Where the inside of a storyline or of a container (a compound, synchronised or multicam clip) stands on the timeline. */
export interface Place {
  /** The timeline's time of the moment that the inside calls `origin`. */
  readonly at: Flicks;
  readonly origin: Flicks;
  /** Seconds of the inside that pass in one of the timeline. */
  readonly speed: number;
  /** What a container shows of its inside, on the timeline. */
  readonly from: Flicks;
  readonly to: Flicks;
  /** Of the storyline: 0 is the primary one, above it what is connected over it, below it what is connected under it. */
  readonly depth: number;
  /** Decibels that containers add. */
  readonly gain: number;
  readonly enabled: boolean;
  readonly sees: boolean;
  readonly hears: boolean;
  readonly isInside: boolean;
  /** Of a `clip` element: what plays one recording belongs together, and each sound of it is heard once, however many channels it lists. */
  readonly group: { readonly link: string; readonly heard: Set<string>; readonly depth: number } | null;
}

/** When something in this place happens on the timeline. */
export const moment = ({ at, origin, speed }: Place, local: Flicks): Flicks =>
  at + Math.round((local - origin) / speed);

/** What changes a picture or a sound and has no counterpart that is read. */
const LOOKS =
  /^(adjust-(crop|corners|transform|blend|stabilization|360-transform|reorient|orientation|cinematic|loudness|noiseReduction|humReduction|EQ|matchEQ|panner)|filter-(video|video-mask|audio)|object-tracker)$/;

/** An item of a storyline that plays something itself. */
export interface Item {
  readonly element: XmlElement;
  readonly start: Flicks;
  /** On the timeline. */
  readonly duration: Flicks;
  /** What its own time calls its first moment. */
  readonly own: Flicks;
  /** Counted from its start. */
  readonly markers: readonly Marker[];
}

/** Makes the clips of a storyline's items and puts them into lanes. */
export class ClipMaker {
  private readonly resources: Resources;
  private readonly lanes: Lanes;
  private readonly ids: Ids;
  private readonly notes: Set<string>;
  private readonly rate: Rate;
  /** Lines of the timeline's picture, in which sizes of letters are told. */
  private readonly lines: number;
  private dressed = 0;

  constructor(
    resources: Resources,
    lanes: Lanes,
    ids: Ids,
    notes: Set<string>,
    settings: Pick<Timeline["settings"], "rate" | "height">,
  ) {
    this.resources = resources;
    this.lanes = lanes;
    this.ids = ids;
    this.notes = notes;
    this.rate = settings.rate;
    this.lines = settings.height;
  }

  /** Says what was read of looks: nothing. */
  finish(): void {
    if (this.dressed > 0)
      this.notes.add(
        `Looks and effects of ${this.dressed === 1 ? "a clip" : `${this.dressed} clips`} (position, crop, opacity, filters) were left out.`,
      );
  }

  text({ element, start, duration, markers }: Item, place: Place): void {
    const text = child(element, "text");
    const words = text === null ? (element.attributes["name"] ?? "") : wordsOf(text).trim();
    const id = this.ids.fresh("c");
    if (element.name === "caption")
      return this.put("text", place, start, { ...subtitle(id, words.slice(0, 10_000), duration), markers }, element);
    const definition = find(element, "text-style-def");
    const style = textStyle(words.slice(0, 10_000), this.look(definition && child(definition, "text-style")));
    const name = element.attributes["name"] ?? words;
    const clip = plainClip(id, name, { type: "text", style }, { start: 0, duration });
    this.put("text", place, start, { ...clip, markers }, element);
  }

  private look(style: XmlElement | null): Partial<TextStyle> {
    if (style === null) return {};
    const { fontSize, fontColor, bold, italic, alignment } = style.attributes;
    const size = Number(fontSize) / this.lines;
    const parts = (fontColor ?? "").split(" ").map(Number);
    const shown = parts.slice(0, 4).filter((part, i) => i < 3 || part < 1);
    return {
      ...(size >= 0.002 && size <= 2 ? { size } : {}),
      ...(parts.length >= 3 && parts.every(Number.isFinite) ? { colour: `#${shown.map(hex).join("")}` } : {}),
      weight: bold === "1" ? 700 : 400,
      italic: italic === "1",
      align: alignment === "left" ? "left" : alignment === "right" ? "right" : "centre",
    };
  }

  media(item: Item, place: Place): void {
    const { element, start, duration, markers } = item;
    const { name, ref, srcEnable } = element.attributes;
    const asset = this.resources.asset(ref ?? "", this.rate);
    if (asset === null) {
      const isMade = this.resources.get(ref)?.name === "effect";
      this.notes.add(
        isMade ? `The generator “${name ?? ""}” was left out.` : `“${name ?? ""}” names no media and was left out.`,
      );
      return;
    }
    const media = this.resources.media[asset.media]!;
    const { depth, group } = place;
    const sees = place.sees && media.size !== null && srcEnable !== "audio" && depth >= 0 && element.name !== "audio";
    const hears =
      place.hears &&
      media.audio !== null &&
      srcEnable !== "video" &&
      element.name !== "video" &&
      group?.heard.has(asset.media) !== true;
    if (hears) group?.heard.add(asset.media);
    const link = group?.link ?? (sees && hears ? this.ids.fresh("l") : null);
    const warp = this.warp(element, asset);
    const speed = (warp?.speed ?? this.conformed(element)) * place.speed;
    for (const kind of [...(sees ? (["video"] as const) : []), ...(hears ? (["audio"] as const) : [])]) {
      const take = { id: this.ids.fresh("k"), media: asset.media, job: null, problem: null };
      const plain = plainClip(
        this.ids.fresh("c"),
        name ?? media.name,
        { type: "media", takes: [take], activeTake: take.id },
        { start: media.availableRange === null ? 0 : this.sourceStart(item, asset, warp), duration },
      );
      this.put(
        kind,
        place,
        start,
        {
          ...plain,
          link,
          reversed: speed < 0,
          markers: kind === "video" || !sees ? markers : [],
          parameters: Math.abs(speed) === 1 ? {} : { speed: Math.min(100, Math.abs(speed)) },
          ...(kind === "audio" ? this.volume(element, place, duration, speed) : {}),
        },
        kind === "video" || !sees ? element : null,
      );
    }
  }

  /** Its gain with that of the containers around it, and its fades. */
  private volume(
    element: XmlElement,
    place: Place,
    duration: Flicks,
    speed: number,
  ): Pick<Clip, "parameters" | "fadeIn" | "fadeOut"> {
    const adjusted = child(element, "adjust-volume");
    const amount =
      adjusted === null ? undefined : elements(adjusted).find(({ attributes }) => attributes["name"] === "amount");
    if (amount !== undefined && child(amount, "keyframeAnimation") !== null)
      this.notes.add(`The moving volume of “${element.attributes["name"] ?? ""}” was left out.`);
    const fade = (name: string): Flicks =>
      amount === undefined ? 0 : Math.min(duration, Math.max(0, time(child(amount, name)?.attributes["duration"])));
    const decibels = gainOf(element) + place.gain;
    const warped = Math.abs(speed) === 1 ? {} : { speed: Math.min(100, Math.abs(speed)) };
    return {
      parameters: decibels === 0 ? warped : { ...warped, volume: Math.min(24, Math.max(SILENCE_DB, decibels)) },
      fadeIn: fade("fadeIn"),
      fadeOut: fade("fadeOut"),
    };
  }

  /** A clip as far as its place shows it. @param dressed where its looks are, where they are to be told of */
  private put(kind: Track["kind"], place: Place, start: Flicks, clip: Clip, dressed: XmlElement | null): void {
    const from = Math.max(0, place.from - start);
    const to = Math.min(clip.sourceRange.duration, place.to - start);
    if (to - from < 1) return;
    if (dressed !== null && elements(dressed).some(({ name }) => LOOKS.test(name))) this.dressed += 1;
    const shown = subclip(clip, from, to);
    const enabled = place.enabled && dressed?.attributes["enabled"] !== "0";
    const depth =
      kind === "audio"
        ? soundOf(place.group?.depth ?? place.depth)
        : kind === "text"
          ? Math.max(0, place.depth)
          : place.depth;
    this.lanes.put(kind, depth, start + from, {
      ...shown,
      enabled: dressed === null ? clip.enabled && place.enabled : enabled,
      markers: shown.markers.filter(({ markedRange }) => markedRange.start >= 0 && markedRange.start <= to - from),
    });
  }

  /** Media of another rate is played frame for frame, if the file does not say otherwise: seconds of it in one of the timeline. */
  conformed(element: XmlElement): number {
    const conform = child(element, "conform-rate")?.attributes;
    if (conform === undefined || conform["scaleEnabled"] === "0") return 1;
    const source = namedRate(conform["srcFrameRate"] ?? "");
    if (source === null) return 1;
    return (this.rate.numerator * source.denominator) / (this.rate.denominator * source.numerator);
  }

  /** A constant speed: media seconds a second, negative backwards; and the media time at the clip's own time 0. */
  private warp(element: XmlElement, asset: Asset): { readonly speed: number; readonly zero: number } | null {
    const map = child(element, "timeMap");
    if (map === null) return null;
    const points = elements(map).flatMap(({ attributes }) => {
      const [at, value] = [timeOf(attributes["time"]), timeOf(attributes["value"])];
      return at === null || value === null ? [] : [[at, value - asset.start] as const];
    });
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined || last[0] === first[0]) return null;
    if (points.length > 2) this.notes.add(`The moving speed of “${element.attributes["name"] ?? ""}” became its mean.`);
    const speed = (last[1] - first[1]) / (last[0] - first[0]);
    return { speed, zero: first[1] - first[0] * speed };
  }

  /** The lowest media time of the clip, as this studio counts it: from the media's first moment. */
  private sourceStart(
    { own, duration }: Item,
    asset: Asset,
    warp: { readonly speed: number; readonly zero: number } | null,
  ): Flicks {
    if (warp === null) return Math.max(0, own - asset.start);
    const at = (t: Flicks): number => warp.zero + t * warp.speed;
    return Math.max(0, Math.round(Math.min(at(own), at(own + duration))));
  }
}

/** Decibels of an item's own volume. */
export function gainOf(element: XmlElement): number {
  const decibels = Number.parseFloat(child(element, "adjust-volume")?.attributes["amount"] ?? "0");
  return Number.isFinite(decibels) ? decibels : decibels < 0 ? SILENCE_DB : 0;
}

/** A part of 1 as two hexadecimal digits. */
const hex = (part: number): string =>
  Math.round(Math.min(1, Math.max(0, part)) * 255)
    .toString(16)
    .padStart(2, "0");
