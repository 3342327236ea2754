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
import { time } from "./fcpxml-xml.ts";
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
    const frame = frameDuration(settings.rate);
    const end = Math.max(frame, ...tracks.map((track) => laneOf(track).end));
    const above = pictures.filter((track) => track !== primary).map((track, i) => [track, i + 1] as const);
    const below = tracks.filter(({ kind }) => kind === "audio").map((track, i) => [track, -(i + 1)] as const);
    const lanes = [...above, ...below].filter(([track]) => laneOf(track).placed.length > 0);
    const anchors = [
      ...lanes.map(([track]) => laneOf(track).placed[0]!.start),
      ...markers.map(({ markedRange }) => markedRange.start),
    ];
    // What is connected hangs on what plays at that moment: there must be something, if only a gap.
    const played = spine.reduce((last, each) => Math.max(last, endOf(each)), 0);
    const needed = Math.max(frame, ...anchors.map((at) => at + 1));
    if (played < needed) spine.push(this.gap(played, Math.max(needed, played === 0 ? end : 0) - played));
    for (const [track, lane] of lanes)
      hang(spine, laneOf(track).placed[0]!.start, (moment) => this.connected(track, lane, moment));
    for (const marker of markers) hang(spine, marker.markedRange.start, (moment) => this.marker(marker, moment));
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
      element("effect", { id: "crossfade", name: "Audio Crossfade", uid: "FFAudioTransition" }),
      element("effect", { id: "title", name: "Basic Title", uid: TITLE }),
    ]);
    const library = element("library", {}, [element("event", { name: name || "Timeline" }, [project])]);
    const root = element("fcpxml", { version: "1.10" }, [resources, library]);
    return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n${render(root, 0)}\n`;
  }

  /** A storyline beside the primary one. @param moment of its first clip, in the time of what it hangs on */
  private connected(track: Track, lane: number, moment: Flicks): Element {
    // Its own time begins with its first clip.
    const children = this.storyline(track, laneOf(track).placed[0]!.start);
    return element("spine", { lane, offset: seconds(moment), name: track.name }, children);
  }

  /** @param origin what is subtracted from times on the timeline */
  private storyline(track: Track, origin: Flicks = 0): Element[] {
    const elements: Element[] = [];
    let end = origin;
    for (const item of laneOf(track).placed) {
      if (item.start > end) elements.push(this.gap(end - origin, item.start - end));
      if (item.head !== null) elements.push(this.transition(item.head, item.start - origin, track));
      elements.push(this.clip({ ...item, start: item.start - origin }, track));
      end = endOfPlaced(item);
      if (item.tail !== null) elements.push(this.transition(item.tail, end - origin, track));
    }
    return elements;
  }

  private gap(offset: Flicks, duration: Flicks): Element {
    return element("gap", { name: "Gap", offset: seconds(offset), start: "0s", duration: seconds(duration) });
  }

  private transition({ type, inOffset, outOffset }: NonNullable<Placed["tail"]>, cut: Flicks, track: Track): Element {
    if (type !== "dissolve") this.notes.add(`The transition “${type}” is written as a dissolve.`);
    const place = { offset: seconds(cut - inOffset), duration: seconds(inOffset + outOffset) };
    const [name, kind, ref] =
      track.kind === "audio"
        ? (["Audio Crossfade", "filter-audio", "crossfade"] as const)
        : (["Cross Dissolve", "filter-video", "dissolve"] as const);
    return element("transition", { name, ...place }, [element(kind, { ref, name })]);
  }

  private clip({ clip, start }: Placed, track: Track): Element {
    const place = {
      name: clip.name,
      offset: seconds(start),
      duration: seconds(clip.sourceRange.duration),
      enabled: clip.enabled && !track.muted ? null : 0,
    };
    if (clip.content.type === "text") {
      if (Object.keys(clip.parameters).length > 0)
        this.notes.add(`What moves in the title “${clip.name}” is left out.`);
      return this.title(clip, clip.content.style, place);
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
      typeof volume === "number" && volume !== 0 && media.kind !== "image"
        ? [element("adjust-volume", { amount: `${Number(volume.toFixed(3))}dB` })]
        : [];
    const beginning = warp?.start ?? clip.sourceRange.start;
    const markers = clip.markers.map((marker) => this.marker(marker, beginning + marker.markedRange.start));
    const attributes = {
      ref: this.asset(media),
      ...place,
      start: seconds(beginning),
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
    const end = media.availableRange.start + media.availableRange.duration;
    const length = Math.round(end / speed);
    const point = (time: Flicks, value: Flicks): Element =>
      element("timept", { time: seconds(time), value: seconds(value), interp: "linear" });
    const points = clip.reversed ? [point(0, end), point(length, 0)] : [point(0, 0), point(length, end)];
    const first = clip.reversed ? end - (played.start + played.duration) : played.start;
    return { map: element("timeMap", {}, points), start: Math.round(first / speed) };
  }

  private title(clip: Clip, style: TextStyle, place: Element["attributes"]): Element {
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
      ...clip.markers.map((marker) => this.marker(marker, marker.markedRange.start)),
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
          // Its time is counted from the file's beginning, before which there is nothing.
          start: "0s",
          duration: seconds(range.start + range.duration),
          hasVideo: media.size === null ? null : 1,
          format: formatId,
          hasAudio: media.audio === null ? null : 1,
          videoSources: media.size === null ? null : 1,
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

  /** @param moment in the time of what it is on */
  private marker({ markedRange: { duration }, name, comment }: Marker, moment: Flicks): Element {
    const length = Math.max(duration, frameDuration(this.document.settings.rate));
    return element("marker", {
      start: seconds(moment),
      duration: seconds(length),
      value: name || "Marker",
      note: comment || null,
    });
  }
}

/** Puts what belongs to this moment of the timeline onto what the storyline plays then, in whose own time its place is told. */
function hang(spine: Element[], at: Flicks, make: (moment: Flicks) => Element): void {
  const index = spine.findIndex(
    (each) => each.name !== "transition" && timeIn(each, "offset") <= at && at < endOf(each),
  );
  const holder = spine[index]!;
  const made = make(timeIn(holder, "start") + at - timeIn(holder, "offset"));
  // Markers come after all else that hangs on a clip.
  const isMarker = (child: Element | string): boolean => typeof child !== "string" && child.name === "marker";
  const [markers, others] = [holder.children.filter(isMarker), holder.children.filter((each) => !isMarker(each))];
  const children = made.name === "marker" ? [...others, ...markers, made] : [...others, made, ...markers];
  spine[index] = { ...holder, children };
}

const endOf = (item: Element): Flicks =>
  item.name === "transition" ? 0 : timeIn(item, "offset") + timeIn(item, "duration");
const timeIn = ({ attributes }: Element, name: string): Flicks => time(String(attributes[name] ?? "0s"));

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
