import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import { type Flicks, FLICKS_PER_SECOND, FRAME_RATES, isExactRate, type Rate } from "../time/index.ts";
import {
  type Clip,
  type Marker,
  type MediaReference,
  plainClip,
  plainTrack,
  type TextStyle,
  type Track,
  type Transition,
} from "../timeline/index.ts";
import { assemble, ExchangeError, Ids, type Imported, textStyle, unseenMedia } from "./assemble.ts";
import { pathOf } from "./otio-read.ts";

/**
 * Reads Final Cut Pro's XML (1.8 to 1.11): cuts, gaps, lanes, dissolves, constant speeds, volumes, titles and markers; notes name what is
 * left out. A clip with picture and sound becomes two that are linked. Errors: ExchangeError.
 */
export function readFcpxml(text: string): Imported {
  let root: XmlElement | null;
  try {
    root = parseXml(text).root;
  } catch {
    throw new ExchangeError("This is no FCPXML file: it is not XML, or damaged.");
  }
  const sequence = root?.name === "fcpxml" ? find(root, "sequence") : null;
  if (root === null || sequence === null)
    throw new ExchangeError("This FCPXML file holds no sequence: export a project, not an event.");
  return new Reader(root, sequence).read();
}

interface Placed {
  readonly start: Flicks;
  readonly clip: Clip;
}

/** A lane of the storyline: 0 is the primary one, above it pictures, below it sound. */
interface Lane {
  readonly kind: Track["kind"];
  readonly order: number;
  readonly depth: number;
  readonly placed: Placed[];
  readonly transitions: { readonly start: Flicks; readonly duration: Flicks; readonly name: string }[];
}

const edgesOf = ({ start, clip }: Placed): Flicks[] => [start, start + clip.sourceRange.duration];
const isUnder = ({ start, duration }: Lane["transitions"][number], edge: Flicks): boolean =>
  start <= edge && edge <= start + duration;

class Reader {
  private readonly root: XmlElement;
  private readonly sequence: XmlElement;
  private readonly ids = new Ids();
  private readonly notes = new Set<string>();
  private readonly lanes = new Map<string, Lane>();
  private readonly markers: Marker[] = [];
  private readonly media: Record<string, MediaReference> = {};
  private readonly byAsset = new Map<string, string>();
  private readonly resources = new Map<string, XmlElement>();
  private readonly rate: Rate;

  constructor(root: XmlElement, sequence: XmlElement) {
    this.root = root;
    this.sequence = sequence;
    const resources = find(root, "resources");
    for (const each of resources === null ? [] : elements(resources))
      this.resources.set(each.attributes["id"] ?? "", each);
    this.rate = this.formatRate(sequence.attributes["format"]) ?? FRAME_RATES["24"];
  }

  read(): Imported {
    const spine = child(this.sequence, "spine");
    if (spine === null) throw new ExchangeError("This FCPXML sequence has no spine.");
    this.storyline(spine, 0, 0, time(this.sequence.attributes["tcStart"]));
    const format = this.resources.get(this.sequence.attributes["format"] ?? "");
    const [width, height] = [Number(format?.attributes["width"]), Number(format?.attributes["height"])];
    const project = find(this.root, "project");
    const ordered = [...this.lanes.values()].sort((a, b) => a.order - b.order);
    const counts = { video: 0, audio: 0, text: 0 };
    const tracks = ordered.map((lane) => {
      const name = `${{ video: "V", audio: "A", text: "T" }[lane.kind]}${(counts[lane.kind] += 1)}`;
      return plainTrack(this.ids.fresh("t"), lane.kind, name, this.children(lane));
    });
    return assemble(
      {
        name: project?.attributes["name"] ?? "Timeline",
        settings: {
          rate: isExactRate(this.rate) ? this.rate : FRAME_RATES["24"],
          dropFrame: this.sequence.attributes["tcFormat"] === "DF",
          ...(width >= 16 && height >= 16 ? { width, height } : {}),
        },
        tracks,
        markers: this.markers,
        media: this.media,
      },
      this.ids,
      [...this.notes],
    );
  }

  /** @param at where the storyline begins on the timeline @param origin what its children's offsets call that moment */
  private storyline(spine: XmlElement, lane: number, at: Flicks, origin: Flicks): void {
    let end = at;
    const transitions: Lane["transitions"][number][] = [];
    for (const item of elements(spine)) {
      const offset = item.attributes["offset"];
      const start = offset === undefined ? end : at + time(offset) - origin;
      if (item.name === "transition") {
        transitions.push({
          start,
          duration: time(item.attributes["duration"]),
          name: item.attributes["name"] ?? "",
        });
        continue;
      }
      this.item(item, lane, start);
      end = start + time(item.attributes["duration"]);
    }
    // Each belongs to the lanes of this storyline in which a clip has an edge under it: a clip's sound goes with its picture.
    for (const transition of transitions)
      for (const each of this.lanes.values()) {
        const isHere = lane < 0 ? each.depth === lane : each.depth === lane || each.depth === -1 - lane;
        if (isHere && each.placed.some((placed) => edgesOf(placed).some((edge) => isUnder(transition, edge))))
          each.transitions.push(transition);
      }
  }

  private item(item: XmlElement, lane: number, start: Flicks): void {
    const { name, attributes } = item;
    const duration = time(attributes["duration"]);
    const own = time(attributes["start"]);
    if (name === "title") this.title(item, lane, start, duration);
    else if (name === "asset-clip" || name === "video" || name === "audio" || name === "clip")
      this.clip(item, lane, start, duration, own);
    else if (name !== "gap") this.notes.add(`The ${name} “${attributes["name"] ?? ""}” was left out.`);
    for (const inner of elements(item)) {
      const depth = Number(inner.attributes["lane"] ?? 0);
      if (inner.name === "spine") this.storyline(inner, depth, start + time(inner.attributes["offset"]) - own, 0);
      else if (depth !== 0) this.item(inner, depth, start + time(inner.attributes["offset"]) - own);
      else if (inner.name === "marker" && (name === "gap" || lane === 0)) this.mark(inner, start - own);
    }
  }

  private mark(marker: XmlElement, shift: Flicks): void {
    const { start, value, note } = marker.attributes;
    this.markers.push({
      id: this.ids.fresh("n"),
      name: (value ?? "").slice(0, 500),
      markedRange: { start: shift + time(start), duration: 0 },
      colour: "blue",
      comment: (note ?? "").slice(0, 5000),
    });
  }

  private title(item: XmlElement, lane: number, start: Flicks, duration: Flicks): void {
    const text = child(item, "text");
    const words = text === null ? (item.attributes["name"] ?? "") : wordsOf(text).trim();
    const look = find(item, "text-style-def");
    const style = look === null ? null : child(look, "text-style");
    const clip = plainClip(
      this.ids.fresh("c"),
      item.attributes["name"] ?? words,
      { type: "text", style: textStyle(words.slice(0, 10_000), this.look(style)) },
      { start: 0, duration },
    );
    if (duration > 0)
      this.lane("text", Math.max(0, lane), start, duration).placed.push({
        start,
        clip: { ...clip, enabled: item.attributes["enabled"] !== "0" },
      });
  }

  private look(style: XmlElement | null): Partial<TextStyle> {
    if (style === null) return {};
    const { fontSize, fontColor, bold, italic, alignment } = style.attributes;
    const height =
      Number(this.resources.get(this.sequence.attributes["format"] ?? "")?.attributes["height"] ?? 1080) || 1080;
    const size = Number(fontSize) / height;
    const parts = (fontColor ?? "").split(" ").map(Number);
    return {
      ...(size >= 0.002 && size <= 2 ? { size } : {}),
      ...(parts.length >= 3 && parts.every(Number.isFinite)
        ? {
            colour: `#${parts
              .slice(0, 4)
              .filter((part, i) => i < 3 || part < 1)
              .map(hex)
              .join("")}`,
          }
        : {}),
      weight: bold === "1" ? 700 : 400,
      italic: italic === "1",
      align: alignment === "left" ? "left" : alignment === "right" ? "right" : "centre",
    };
  }

  private clip(item: XmlElement, lane: number, start: Flicks, duration: Flicks, own: Flicks): void {
    if (duration < 1) return;
    // A `clip` wraps the media that it plays.
    const ref =
      item.attributes["ref"] ??
      elements(item).find(({ name }) => name === "video" || name === "audio")?.attributes["ref"];
    const warp = this.warp(item);
    const needed = own + duration;
    const id = ref === undefined ? null : this.mediaOf(ref, warp === null ? needed : null);
    if (id === null) {
      this.notes.add(`“${item.attributes["name"] ?? ""}” names no media and was left out.`);
      return;
    }
    const media = this.media[id]!;
    const only = item.attributes["srcEnable"];
    const sees = media.size !== null && only !== "audio" && lane >= 0 && item.name !== "audio";
    const hears = media.audio !== null && only !== "video" && item.name !== "video";
    const link = sees && hears ? this.ids.fresh("l") : null;
    const volume = Number.parseFloat(child(item, "adjust-volume")?.attributes["amount"] ?? "0");
    for (const kind of [...(sees ? (["video"] as const) : []), ...(hears ? (["audio"] as const) : [])]) {
      const take = { id: this.ids.fresh("k"), media: id, job: null, problem: null };
      const plain = plainClip(
        this.ids.fresh("c"),
        item.attributes["name"] ?? media.name,
        { type: "media", takes: [take], activeTake: take.id },
        { start: this.sourceStart(own, duration, warp, media), duration },
      );
      const clip: Clip = {
        ...plain,
        enabled: item.attributes["enabled"] !== "0",
        link,
        reversed: warp !== null && warp.speed < 0,
        parameters: {
          ...(warp === null || Math.abs(warp.speed) === 1 ? {} : { speed: Math.min(100, Math.abs(warp.speed)) }),
          ...(kind === "audio" && Number.isFinite(volume) && volume !== 0
            ? { volume: Math.min(24, Math.max(-60, volume)) }
            : {}),
        },
      };
      const depth = kind === "audio" ? (lane < 0 ? lane : -1 - lane) : lane;
      this.lane(kind, depth, start, duration).placed.push({ start, clip });
    }
  }

  /** A constant speed: media seconds a second, negative backwards. */
  private warp(item: XmlElement): { readonly speed: number; readonly zero: Flicks } | null {
    const map = child(item, "timeMap");
    if (map === null) return null;
    const points = elements(map).map(
      ({ attributes }) => [time(attributes["time"]), time(attributes["value"])] as const,
    );
    const [first, last] = [points[0], points.at(-1)];
    if (points.length > 2) this.notes.add(`The moving speed of “${item.attributes["name"] ?? ""}” became its mean.`);
    if (first === undefined || last === undefined || last[0] === first[0]) return null;
    const speed = (last[1] - first[1]) / (last[0] - first[0]);
    return { speed, zero: first[1] - first[0] * speed };
  }

  /** The lowest media time of the clip, as this studio counts it. */
  private sourceStart(
    own: Flicks,
    duration: Flicks,
    warp: { speed: number; zero: Flicks } | null,
    media: MediaReference,
  ): Flicks {
    if (media.availableRange === null) return 0;
    if (warp === null) return own;
    const at = (t: Flicks): number => warp.zero + t * warp.speed;
    return Math.max(0, Math.round(Math.min(at(own), at(own + duration))));
  }

  private mediaOf(ref: string, needed: Flicks | null): string | null {
    const known = this.byAsset.get(ref);
    if (known !== undefined) return known;
    const asset = this.resources.get(ref);
    if (asset === undefined || asset.name !== "asset") return null;
    const { attributes } = asset;
    const address = child(asset, "media-rep")?.attributes["src"] ?? attributes["src"] ?? "";
    const path = pathOf(address);
    if (path === "") return null;
    const still = time(attributes["duration"]) === 0 && attributes["hasVideo"] === "1";
    const kind = attributes["hasVideo"] === "1" ? (still ? "image" : "video") : "audio";
    const duration = time(attributes["duration"]) || needed || 1;
    const plain = unseenMedia(
      this.ids.fresh("m"),
      kind,
      attributes["name"] ?? path.split("/").at(-1)!,
      path,
      still ? null : duration,
      this.formatRate(attributes["format"]) ?? this.rate,
    );
    const format = this.resources.get(attributes["format"] ?? "");
    const [width, height] = [Number(format?.attributes["width"]), Number(format?.attributes["height"])];
    const channels = Number(attributes["audioChannels"] ?? 2);
    this.media[plain.id] = {
      ...plain,
      availableRange: still ? null : { start: time(attributes["start"]), duration },
      size: kind === "audio" ? null : width > 0 && height > 0 ? { width, height } : plain.size,
      audio:
        attributes["hasAudio"] === "1" && !still
          ? { channels: channels > 0 ? channels : 2, sampleRate: Number(attributes["audioRate"] ?? 48_000) || 48_000 }
          : null,
    };
    this.byAsset.set(ref, plain.id);
    return plain.id;
  }

  private formatRate(id: string | undefined): Rate | null {
    const duration = this.resources.get(id ?? "")?.attributes["frameDuration"];
    const match = /^(\d+)(?:\/(\d+))?s$/.exec(duration ?? "");
    if (match === null) return null;
    const [denominator, numerator] = [Number(match[1]), Number(match[2] ?? 1)];
    const known = Object.values(FRAME_RATES).find(
      (rate) => rate.numerator * denominator === numerator * rate.denominator,
    );
    return known ?? { numerator, denominator };
  }

  /** A lane where this stretch is free; connected clips of one lane may lie over each other. */
  private lane(kind: Track["kind"], depth: number, start: Flicks, duration: Flicks): Lane {
    for (let n = 0; ; n++) {
      const key = `${kind} ${depth} ${n}`;
      const order = (kind === "text" ? 1000 : 0) + depth + n / 100;
      const lane = this.lanes.get(key) ?? { kind, order, depth, placed: [], transitions: [] };
      this.lanes.set(key, lane);
      const isFree = lane.placed.every(
        ({ start: from, clip }) => from >= start + duration || from + clip.sourceRange.duration <= start,
      );
      if (isFree) return lane;
    }
  }

  /** Gaps, clips and the transitions at their cuts. */
  private children({ placed, transitions }: Lane): Track["children"] {
    const children: Track["children"][number][] = [];
    let end = 0;
    const at = (cut: Flicks) => transitions.find(({ start, duration }) => start <= cut && cut <= start + duration);
    for (const { start, clip } of [...placed].sort((a, b) => a.start - b.start)) {
      const before = at(start);
      if (start > end) {
        const closing = children.length > 0 ? at(end) : undefined;
        if (closing !== undefined) children.push(this.transition(closing, end));
        children.push({ kind: "gap", duration: start - end });
        if (before !== undefined) children.push(this.transition(before, start));
      } else if (before !== undefined) children.push(this.transition(before, start));
      children.push(clip);
      end = start + clip.sourceRange.duration;
    }
    const last = placed.length > 0 ? at(end) : undefined;
    if (last !== undefined) children.push(this.transition(last, end));
    return children;
  }

  private transition({ start, duration, name }: Lane["transitions"][number], cut: Flicks): Transition {
    if (name !== "" && !/dissolve/i.test(name)) this.notes.add(`The transition “${name}” became a dissolve.`);
    return {
      kind: "transition",
      id: this.ids.fresh("x"),
      type: "dissolve",
      inOffset: cut - start,
      outOffset: start + duration - cut,
      direction: "left",
      colour: "#000000",
      softness: 0,
    };
  }
}

/** A part of 1 as two hexadecimal digits. */
const hex = (part: number): string =>
  Math.round(Math.min(1, Math.max(0, part)) * 255)
    .toString(16)
    .padStart(2, "0");

const elements = ({ children }: XmlElement): XmlElement[] =>
  children.filter((each): each is XmlElement => each instanceof XmlElement);
const child = (parent: XmlElement, name: string): XmlElement | null =>
  elements(parent).find((each) => each.name === name) ?? null;

function find(parent: XmlElement, name: string): XmlElement | null {
  for (const each of elements(parent)) {
    const found = each.name === name ? each : find(each, name);
    if (found !== null) return found;
  }
  return null;
}

const wordsOf = ({ children }: XmlElement): string =>
  children
    .map((each) => (each instanceof XmlText ? each.text : each instanceof XmlElement ? wordsOf(each) : ""))
    .join("");

/** `1001/30000s`, `5s`; absent is the beginning. Exact: a fraction of flicks is rounded once. */
function time(text = "0s"): Flicks {
  const match = /^(-?\d+(?:\.\d+)?)(?:\/(\d+))?s$/.exec(text.trim());
  if (match === null) return 0;
  const top = Number(match[1]);
  const bottom = Number(match[2] ?? 1);
  if (!Number.isInteger(top)) return Math.round((top / bottom) * FLICKS_PER_SECOND);
  const scaled = BigInt(top) * BigInt(FLICKS_PER_SECOND) * 2n + BigInt(bottom);
  return Number(scaled / (BigInt(bottom) * 2n));
}
