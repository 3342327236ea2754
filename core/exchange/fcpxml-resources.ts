import type { XmlElement } from "@rgrove/parse-xml";
import { type Flicks, FRAME_RATES, type Rate } from "../time/index.ts";
import type { MediaReference } from "../timeline/index.ts";
import { type Ids, unseenMedia } from "./assemble.ts";
import { child, elements, find, time } from "./fcpxml-xml.ts";
import { pathOf } from "./otio-json.ts";

/** A media of the file, with what it calls its first moment: cameras write the time of day. */
export interface Asset {
  readonly media: string;
  readonly start: Flicks;
  readonly duration: Flicks;
}

/** What a file names at its beginning and plays afterwards: formats, media, compound clips. */
export class Resources {
  readonly media: Record<string, MediaReference> = {};
  private readonly ids: Ids;
  private readonly byId = new Map<string, XmlElement>();
  private readonly assets = new Map<string, Asset>();

  constructor(root: XmlElement, ids: Ids) {
    this.ids = ids;
    const resources = find(root, "resources");
    for (const each of resources === null ? [] : elements(resources)) this.byId.set(each.attributes["id"] ?? "", each);
  }

  get(id: string | undefined): XmlElement | null {
    return this.byId.get(id ?? "") ?? null;
  }

  /** The rate of a format, by its frame's duration or else by the name of one of Final Cut's own. */
  rateOf(id: string | undefined): Rate | null {
    const attributes = this.get(id)?.attributes;
    const match = /^(\d+)(?:\/(\d+))?s$/.exec(attributes?.["frameDuration"] ?? "");
    if (match === null) {
      const named = /^FFVideoFormat.*?[pi](\d{2,4})$/.exec(attributes?.["name"] ?? "")?.[1];
      return named === undefined ? null : namedRate(named);
    }
    const [denominator, numerator] = [Number(match[1]), Number(match[2] ?? 1)];
    const known = Object.values(FRAME_RATES).find(
      (rate) => rate.numerator * denominator === numerator * rate.denominator,
    );
    return known ?? (numerator > 0 && denominator > 0 ? { numerator, denominator } : null);
  }

  sizeOf(id: string | undefined): MediaReference["size"] {
    const attributes = this.get(id)?.attributes;
    const [width, height] = [Number(attributes?.["width"]), Number(attributes?.["height"])];
    if (width > 0 && height > 0) return { width, height };
    const lines = /^FFVideoFormat(?:(\d+)x)?(\d{3,4})[pi]/.exec(attributes?.["name"] ?? "");
    const named = Number(lines?.[2]);
    return named > 0 ? { width: Number(lines?.[1] ?? Math.round((named * 16) / 9)), height: named } : null;
  }

  /** The media of this id, which it becomes the first time; null where it is none or names no file. @param rate where it says none */
  asset(id: string, rate: Rate): Asset | null {
    const known = this.assets.get(id);
    if (known !== undefined) return known;
    const element = this.get(id);
    if (element === null || element.name !== "asset") return null;
    const { attributes } = element;
    const path = pathOf(child(element, "media-rep")?.attributes["src"] ?? attributes["src"] ?? "");
    if (path === "") return null;
    const still = time(attributes["duration"]) === 0 && attributes["hasVideo"] === "1";
    const kind = attributes["hasVideo"] === "1" ? (still ? "image" : "video") : "audio";
    const duration = Math.max(1, time(attributes["duration"]));
    const plain = unseenMedia(
      this.ids.fresh("m"),
      kind,
      attributes["name"] ?? path.split("/").at(-1)!,
      path,
      still ? null : duration,
      this.rateOf(attributes["format"]) ?? rate,
    );
    const channels = Number(attributes["audioChannels"] ?? 2);
    this.media[plain.id] = {
      ...plain,
      size: kind === "audio" ? null : (this.sizeOf(attributes["format"]) ?? plain.size),
      audio:
        attributes["hasAudio"] === "1" && !still
          ? { channels: channels > 0 ? channels : 2, sampleRate: Number(attributes["audioRate"] ?? 48_000) || 48_000 }
          : null,
    };
    const asset = { media: plain.id, start: time(attributes["start"]), duration };
    this.assets.set(id, asset);
    return asset;
  }
}

/** `2398`, `24`, `59.94`: how Final Cut writes a rate in names and attributes. */
export function namedRate(text: string): Rate | null {
  const value = text.includes(".") || text.length < 4 ? Number(text) : Number(text) / 100;
  return (
    Object.values(FRAME_RATES).find(
      ({ numerator, denominator }) => Math.abs(numerator / denominator - value) < 0.006,
    ) ?? null
  );
}
