import { type Flicks, FLICKS_PER_SECOND, frameDuration } from "../time/index.ts";
import {
  type Clip,
  endOfPlaced,
  laneOf,
  type Marker,
  type MediaReference,
  mediaOf,
  mediaRange,
  parameterOf,
  type Placed,
  type TextStyle,
  type Timeline,
  type Track,
} from "../timeline/index.ts";
import type { MediaUrl } from "./otio-write.ts";

/**
 * Final Cut Pro's XML, version 1.10 (https://developer.apple.com/documentation/professional-video-applications/fcpxml-reference), which
 * DaVinci Resolve and others read. The lowest picture track is the primary storyline, each other track a connected one in a lane of its
 * own: pictures and titles above, sound below. Elements stand in the order that its DTD wants.
 */
export function writeFcpxml(document: Timeline, url: MediaUrl): { readonly text: string; readonly notes: string[] } {
  const writer = new Writer(document, url);
  return { text: writer.write(), notes: [...writer.notes] };
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | null>>;
  readonly children: readonly (Element | string)[];
}

const element = (
  name: string,
  attributes: Element["attributes"] = {},
  children: Element["children"] = [],
): Element => ({ name, attributes, children });

/** Rates of a sequence's sound, as its DTD spells them. */
const SEQUENCE_RATES: Readonly<Record<number, string>> = {
  32_000: "32k",
  44_100: "44.1k",
  48_000: "48k",
  88_200: "88.2k",
  96_000: "96k",
  176_400: "176.4k",
  192_000: "192k",
};
const DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265";
const TITLE = ".../Titles.localized/Bumper:Opener.localized/Basic Title.localized/Basic Title.moti";

class Writer {
  readonly notes = new Set<string>();
  private readonly document: Timeline;
  private readonly url: MediaUrl;
  private readonly assets = new Map<string, Element>();
  private readonly formats: Element[] = [];
  private styles = 0;

  constructor(document: Timeline, url: MediaUrl) {
    this.document = document;
    this.url = url;
  }

  write(): string {
    const { name, settings, tracks, markers } = this.document;
    const pictures = tracks.filter(({ kind }) => kind !== "audio");
    const primary = pictures.find(({ kind }) => kind === "video");
    const spine = primary === undefined ? [] : this.storyline(primary);
    const end = Math.max(frameDuration(settings.rate), ...tracks.map((track) => laneOf(track).end));
    // Something must be there for the others to hang on.
    if (spine.length === 0) spine.push(this.gap(0, end));
    const above = pictures.filter((track) => track !== primary).map((track, i) => [track, i + 1] as const);
    const below = tracks.filter(({ kind }) => kind === "audio").map((track, i) => [track, -(i + 1)] as const);
    const lanes = [...above, ...below].filter(([track]) => laneOf(track).placed.length > 0);
    // A fade from nothing stands before the first clip, and nothing hangs on it.
    const first = spine.findIndex((each) => each.name !== "transition");
    const holder = spine[first]!;
    spine[first] = this.with(
      holder,
      lanes.map(([track, lane]) => this.connected(track, lane, startOf(holder))),
      markers,
    );
    const sequence = element(
      "sequence",
      {
        format: "r1",
        duration: seconds(end),
        tcStart: "0s",
        tcFormat: settings.dropFrame ? "DF" : "NDF",
        audioLayout: "stereo",
        audioRate: SEQUENCE_RATES[settings.sampleRate] ?? null,
      },
      [element("spine", {}, spine)],
    );
    const project = element("project", { name: name || "Timeline" }, [sequence]);
    const resources = element("resources", {}, [
      this.format("r1", settings.width, settings.height, settings.rate),
      ...this.formats,
      ...this.assets.values(),
      element("effect", { id: "dissolve", name: "Cross Dissolve", uid: DISSOLVE }),
      element("effect", { id: "title", name: "Basic Title", uid: TITLE }),
    ]);
    const library = element("library", {}, [element("event", { name: name || "Timeline" }, [project])]);
    const root = element("fcpxml", { version: "1.10" }, [resources, library]);
    return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n${render(root, 0)}\n`;
  }

  /** A storyline beside the primary one. It hangs on the first element, in whose own time its place is told. */
  private connected(track: Track, lane: number, origin: Flicks): Element {
    const first = laneOf(track).placed[0]!;
    // Its own time begins with its first clip.
    const children = this.storyline(track, first.start);
    return element("spine", { lane, offset: seconds(origin + first.start), name: track.name }, children);
  }

  /** @param origin what is subtracted from times on the timeline */
  private storyline(track: Track, origin: Flicks = 0): Element[] {
    const elements: Element[] = [];
    let end = origin;
    for (const item of laneOf(track).placed) {
      if (item.start > end) elements.push(this.gap(end - origin, item.start - end));
      if (item.head !== null) elements.push(this.transition(item.head, item.start - origin));
      elements.push(this.clip({ ...item, start: item.start - origin }, track));
      end = endOfPlaced(item);
      if (item.tail !== null) elements.push(this.transition(item.tail, end - origin));
    }
    return elements;
  }

  private gap(offset: Flicks, duration: Flicks): Element {
    return element("gap", { name: "Gap", offset: seconds(offset), start: "0s", duration: seconds(duration) });
  }

  private transition({ type, inOffset, outOffset }: NonNullable<Placed["tail"]>, cut: Flicks): Element {
    if (type !== "dissolve") this.notes.add(`The transition “${type}” is written as a dissolve.`);
    const filter = element("filter-video", { ref: "dissolve", name: "Cross Dissolve" });
    return element(
      "transition",
      { name: "Cross Dissolve", offset: seconds(cut - inOffset), duration: seconds(inOffset + outOffset) },
      [filter],
    );
  }

  private clip({ clip, start }: Placed, track: Track): Element {
    const place = {
      name: clip.name,
      offset: seconds(start),
      duration: seconds(clip.sourceRange.duration),
      enabled: clip.enabled && !track.muted ? null : 0,
    };
    const markers = clip.markers.map((marker) => this.marker(marker, clip.sourceRange.start));
    if (clip.content.type === "text") {
      if (Object.keys(clip.parameters).length > 0)
        this.notes.add(`What moves in the title “${clip.name}” is left out.`);
      return this.title(clip.content.style, place, markers);
    }
    if (track.volume !== 0 || track.pan !== 0)
      this.notes.add(`Volume and pan of the whole track ${track.name} are left out.`);
    const media = mediaOf(this.document, clip);
    if (media === null) {
      this.notes.add(`“${clip.name}” is still being made and is written as a gap.`);
      return element("gap", { name: clip.name, offset: place.offset, start: "0s", duration: place.duration });
    }
    const named = Object.keys(clip.parameters).filter((name) => name !== "volume" && name !== "speed");
    if (named.length > 0 || clip.blend !== "normal" || clip.fadeIn + clip.fadeOut > 0)
      this.notes.add(`Looks of “${clip.name}” (position, colour, fades) are left out.`);
    const warp = this.timeMap(clip, media);
    const volume = parameterOf(clip, "volume");
    if (typeof volume !== "number") this.notes.add(`The moving volume of “${clip.name}” is left out.`);
    const gain =
      typeof volume === "number" && volume !== 0
        ? [element("adjust-volume", { amount: `${Number(volume.toFixed(3))}dB` })]
        : [];
    const attributes = {
      ref: this.asset(media),
      ...place,
      start: seconds(warp?.start ?? clip.sourceRange.start),
      srcEnable: track.kind === "audio" ? "audio" : media.audio === null ? null : "video",
    };
    return element(
      media.kind === "image" ? "video" : "asset-clip",
      media.kind === "image" ? { ...attributes, srcEnable: null } : attributes,
      [...(warp === null ? [] : [warp.map]), ...gain, ...markers],
    );
  }

  /** A constant speed as the map from the clip's time to the media's; with it the clip's times are those of the played media. */
  private timeMap(clip: Clip, media: MediaReference): { readonly map: Element; readonly start: Flicks } | null {
    const given = parameterOf(clip, "speed");
    if (given === 1 && !clip.reversed) return null;
    if (typeof given !== "number") this.notes.add(`The moving speed of “${clip.name}” is written as its mean.`);
    const played = mediaRange(clip);
    const speed = played.duration / clip.sourceRange.duration;
    if (speed === 0 || media.availableRange === null) return null;
    const { start, duration } = media.availableRange;
    const length = Math.round(duration / speed);
    const point = (time: Flicks, value: Flicks): Element =>
      element("timept", { time: seconds(time), value: seconds(value), interp: "linear" });
    const points = clip.reversed
      ? [point(0, start + duration), point(length, start)]
      : [point(0, start), point(length, start + duration)];
    const first = clip.reversed ? start + duration - (played.start + played.duration) : played.start - start;
    return { map: element("timeMap", {}, points), start: Math.round(first / speed) };
  }

  private title(style: TextStyle, place: Element["attributes"], markers: readonly Element[]): Element {
    const id = `ts${(this.styles += 1)}`;
    const fontSize = Math.round(style.size * this.document.settings.height * 10) / 10;
    const alignment = { left: "left", centre: "center", right: "right" }[style.align];
    const look = element("text-style", {
      font: style.font,
      fontSize,
      fontFace: style.weight >= 600 ? "Bold" : "Regular",
      fontColor: colour(style.colour),
      bold: style.weight >= 600 ? 1 : null,
      italic: style.italic ? 1 : null,
      alignment,
    });
    return element("title", { ref: "title", ...place, start: "0s" }, [
      element("text", {}, [element("text-style", { ref: id }, [style.text])]),
      element("text-style-def", { id }, [look]),
      ...markers,
    ]);
  }

  private asset(media: MediaReference): string {
    const id = `a${[...this.assets.keys(), media.id].indexOf(media.id) + 1}`;
    if (this.assets.has(media.id)) return id;
    const range = media.availableRange ?? { start: 0, duration: 0 };
    const formatId = media.size === null ? null : `f${this.formats.length + 2}`;
    if (media.size !== null)
      this.formats.push(
        this.format(formatId!, media.size.width, media.size.height, media.kind === "image" ? null : media.rate),
      );
    this.assets.set(
      media.id,
      element(
        "asset",
        {
          id,
          name: media.name,
          start: seconds(range.start),
          duration: seconds(range.duration),
          hasVideo: media.size === null ? null : 1,
          format: formatId,
          hasAudio: media.audio === null ? null : 1,
          audioSources: media.audio === null ? null : 1,
          audioChannels: media.audio?.channels ?? null,
          audioRate: media.audio?.sampleRate ?? null,
        },
        [element("media-rep", { kind: "original-media", src: this.url(media) })],
      ),
    );
    return id;
  }

  private format(id: string, width: number, height: number, rate: MediaReference["rate"]): Element {
    const frame = rate === null ? null : seconds(Math.round(frameDuration(rate)));
    return element("format", {
      id,
      name: rate === null ? "FFVideoFormatRateUndefined" : null,
      frameDuration: frame,
      width,
      height,
    });
  }

  private marker({ markedRange: { start, duration }, name, comment }: Marker, origin: Flicks): Element {
    const length = Math.max(duration, frameDuration(this.document.settings.rate));
    return element("marker", {
      start: seconds(origin + start),
      duration: seconds(length),
      value: name || "Marker",
      note: comment || null,
    });
  }

  /** The first element with what hangs on it, and the timeline's own markers, which have no place elsewhere. */
  private with(first: Element, storylines: readonly Element[], markers: Timeline["markers"]): Element {
    const own = first.children.filter((child) => typeof child === "string" || child.name !== "marker");
    const marked = first.children.filter((child) => typeof child !== "string" && child.name === "marker");
    const more = markers.map((marker) => this.marker(marker, startOf(first)));
    return { ...first, children: [...own, ...storylines, ...marked, ...more] };
  }
}

/** Where an element's own time begins. */
function startOf({ attributes }: Element): Flicks {
  const [top, bottom = "1"] = String(attributes["start"] ?? "0s")
    .replace("s", "")
    .split("/");
  return Math.round((Number(top) / Number(bottom)) * FLICKS_PER_SECOND);
}

/** A time as a fraction of whole numbers of seconds, lowest terms. */
function seconds(time: Flicks): string {
  let [a, b] = [Math.abs(time), FLICKS_PER_SECOND];
  while (b !== 0) [a, b] = [b, a % b];
  const bottom = FLICKS_PER_SECOND / a;
  return bottom === 1 ? `${time / a}s` : `${time / a}/${bottom}s`;
}

/** `#ff8800` → `1 0.5333 0 1` */
function colour(text: string): string {
  const parts = [1, 3, 5, 7].map((at) => (at < text.length ? Number.parseInt(text.slice(at, at + 2), 16) / 255 : 1));
  return parts.map((part) => String(Number(part.toFixed(4)))).join(" ");
}

const escape = (text: string): string =>
  text
    // Characters that XML 1.0 has no place for.
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");

function render({ name, attributes, children }: Element, depth: number): string {
  const space = "    ".repeat(depth);
  const words = Object.entries(attributes).flatMap(([key, value]) =>
    value === null ? [] : [` ${key}="${escape(String(value))}"`],
  );
  if (children.length === 0) return `${space}<${name}${words.join("")}/>`;
  const [only] = children;
  if (children.length === 1 && typeof only === "string")
    return `${space}<${name}${words.join("")}>${escape(only)}</${name}>`;
  const inner = children.map((child) => (typeof child === "string" ? escape(child) : render(child, depth + 1)));
  return `${space}<${name}${words.join("")}>\n${inner.join("\n")}\n${space}</${name}>`;
}
