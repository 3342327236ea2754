import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import { type Flicks, FRAME_RATES, frameDuration, isExactRate } from "../time/index.ts";
import type { Marker, Settings } from "../timeline/index.ts";
import { assemble, ExchangeError, Ids, type Imported } from "./assemble.ts";
import { ClipMaker, gainOf, moment, type Place } from "./fcpxml-clips.ts";
import { Lanes } from "./fcpxml-lanes.ts";
import { Resources } from "./fcpxml-resources.ts";
import { child, elements, find, time, timeOf } from "./fcpxml-xml.ts";

/**
 * Reads Final Cut Pro's XML (1.5 to 1.14), as Final Cut Pro and DaVinci Resolve write it: cuts, gaps, lanes, dissolves, constant speeds,
 * volumes and fades of sound, titles, captions and markers. Compound, synchronised and multicam clips and auditions are opened where they
 * stand, so that what they show lies on the timeline. Media times count from a media's first frame, whatever timecode it bears. Notes name
 * what is left out. A clip with picture and sound becomes two that are linked. Errors: ExchangeError.
 */
export function readFcpxml(text: string): Imported {
  let root: XmlElement | null;
  try {
    root = parseXml(text).root;
  } catch {
    throw new ExchangeError("This is no FCPXML file: it is not XML, or damaged.");
  }
  if (root?.name === "xmeml")
    throw new ExchangeError(
      "This is the XML of Final Cut Pro 7, which Premiere writes: ask for FCPXML or OpenTimelineIO instead.",
    );
  const project = root?.name === "fcpxml" ? find(root, "project") : null;
  // Without a project a compound clip is what there is.
  const sequence =
    project !== null ? child(project, "sequence") : root?.name === "fcpxml" ? find(root, "sequence") : null;
  if (root === null || sequence === null)
    throw new ExchangeError("This FCPXML file holds no sequence: export a project, not an event or a clip.");
  return new Reader(root, sequence, project?.attributes["name"]).read();
}

const WHOLE: Omit<Place, "origin"> = {
  at: 0,
  speed: 1,
  from: 0,
  to: Number.POSITIVE_INFINITY,
  depth: 0,
  gain: 0,
  enabled: true,
  sees: true,
  hears: true,
  isInside: false,
  group: null,
};
/** What is within a container lies between its lane and the next. */
const INSIDE = 1 / 1000;
/** Containers in containers; a file that names itself would go on for ever. */
const MAX_NESTED = 12;
const MARKERS: Readonly<Record<string, Marker["colour"]>> = { marker: "blue", "chapter-marker": "orange" };

class Reader {
  private readonly root: XmlElement;
  private readonly sequence: XmlElement;
  private readonly name: string | undefined;
  private readonly ids = new Ids();
  private readonly notes = new Set<string>();
  private readonly markers: Marker[] = [];
  private readonly resources: Resources;
  private readonly settings: Pick<Settings, "rate" | "width" | "height">;
  private readonly lanes: Lanes;
  private readonly maker: ClipMaker;
  private nested = 0;

  constructor(root: XmlElement, sequence: XmlElement, name: string | undefined) {
    this.root = root;
    this.sequence = sequence;
    this.name = name;
    this.resources = new Resources(root, this.ids);
    const { format } = sequence.attributes;
    const rate = this.resources.rateOf(format);
    const { width, height } = this.resources.sizeOf(format) ?? { width: 1920, height: 1080 };
    this.settings = { rate: rate !== null && isExactRate(rate) ? rate : FRAME_RATES["24"], width, height };
    this.lanes = new Lanes(this.ids, this.notes);
    this.maker = new ClipMaker(this.resources, this.lanes, this.ids, this.notes, this.settings);
  }

  read(): Imported {
    const spine = child(this.sequence, "spine");
    if (spine === null) throw new ExchangeError("This FCPXML sequence has no spine.");
    const { tcStart, tcFormat, audioRate } = this.sequence.attributes;
    this.storyline(spine, { ...WHOLE, origin: time(tcStart) });
    this.maker.finish();
    const projects = count(this.root, "project");
    if (projects > 1) this.notes.add(`The file holds ${projects} projects; the first of them was opened.`);
    const { width, height } = this.settings;
    const sampleRate = Math.round(Number.parseFloat(audioRate ?? "") * 1000);
    return assemble(
      {
        name: this.name ?? "Timeline",
        settings: {
          rate: this.settings.rate,
          dropFrame: tcFormat === "DF",
          ...(width >= 16 && height >= 16 ? { width, height } : {}),
          ...(sampleRate >= 8000 && sampleRate <= 192_000 ? { sampleRate } : {}),
        },
        tracks: this.lanes.tracks(),
        markers: this.markers.sort((a, b) => a.markedRange.start - b.markedRange.start),
        media: this.resources.media,
      },
      this.ids,
      [...this.notes],
    );
  }

  private storyline(spine: XmlElement, place: Place): void {
    let end = place.origin;
    const transitions: { readonly element: XmlElement; cut: Flicks }[] = [];
    const open: { cut: Flicks }[] = [];
    for (const item of elements(spine)) {
      if (item.name === "transition") {
        // Between what stands before and after it in the file.
        const transition = { element: item, cut: end };
        transitions.push(transition);
        open.push(transition);
        continue;
      }
      const offset = timeOf(item.attributes["offset"]) ?? end;
      for (const transition of open.splice(0)) transition.cut = offset;
      this.item(item, place, moment(place, offset));
      end = offset + this.lengthOf(chosen(item) ?? item);
    }
    for (const { element, cut } of transitions) this.pass(element, moment(place, cut), place);
  }

  private pass({ attributes }: XmlElement, cut: Flicks, place: Place): void {
    const start = moment(place, time(attributes["offset"]));
    const duration = Math.round(time(attributes["duration"]) / place.speed);
    const isUnder = start <= cut && cut <= start + duration;
    this.lanes.pass({ start, duration, name: attributes["name"] ?? "", cut: isUnder ? cut : null }, place.depth);
  }

  /** An item with what hangs on it. @param start on the timeline */
  private item(given: XmlElement, place: Place, start: Flicks): void {
    const element = chosen(given);
    if (element === null) return;
    const own = this.beginningOf(element);
    const duration = Math.round(this.lengthOf(element) / place.speed);
    const isContainer = /^(clip|sync-clip|ref-clip|mc-clip)$/.test(element.name);
    const isOnTimeline = isContainer || element.name === "gap" || (place.depth === 0 && !place.isInside);
    const marked = this.markersOf(element, own, duration);
    if (isOnTimeline) this.mark(marked, place, start);
    const item = { element, start, duration, own, markers: isOnTimeline ? [] : marked };
    if (element.name === "title" || element.name === "caption") this.maker.text(item, place);
    else if (/^(asset-clip|video|audio)$/.test(element.name)) this.maker.media(item, place);
    else if (isContainer) this.open(element, place, start, own, duration);
    else if (element.name !== "gap")
      this.notes.add(`The ${element.name} “${element.attributes["name"] ?? ""}” was left out.`);
    for (const inner of elements(element)) {
      const lane = Number(inner.attributes["lane"] ?? 0);
      if (!Number.isInteger(lane) || lane === 0) continue;
      const at = start + time(inner.attributes["offset"]) - own;
      const depth = place.depth + (place.isInside ? lane * INSIDE : lane);
      const beside = { ...place, depth, group: place.group };
      if (inner.name === "spine") this.storyline(inner, { ...beside, at, origin: 0, speed: 1 });
      else this.item(inner, { ...beside, speed: 1 }, at);
    }
  }

  /** What a container shows, in its place. */
  private open(element: XmlElement, place: Place, start: Flicks, own: Flicks, duration: Flicks): void {
    const { name, attributes } = element;
    const label = attributes["name"] ?? "";
    if (child(element, "timeMap") !== null)
      this.notes.add(`The speed of “${label}” was left out: it holds clips of its own.`);
    const inside: Place = {
      ...place,
      at: start,
      origin: own,
      speed: place.speed * this.maker.conformed(element),
      from: Math.max(place.from, start),
      to: Math.min(place.to, start + duration),
      gain: place.gain + gainOf(element),
      enabled: place.enabled && attributes["enabled"] !== "0",
      sees: place.sees && attributes["srcEnable"] !== "audio",
      hears: place.hears && attributes["srcEnable"] !== "video",
      isInside: true,
      group: name === "clip" ? { link: this.ids.fresh("l"), heard: new Set(), depth: place.depth } : null,
    };
    if (this.nested >= MAX_NESTED) return void this.notes.add(`“${label}” holds too many clips within clips.`);
    this.nested += 1;
    if (name === "clip" || name === "sync-clip")
      for (const inner of elements(element)) {
        if (
          inner.attributes["lane"] !== undefined ||
          !/^(spine|clip|.*-clip|video|audio|title|caption|gap|audition)$/.test(inner.name)
        )
          continue;
        const at = moment(inside, time(inner.attributes["offset"]));
        if (inner.name === "spine") this.storyline(inner, { ...inside, at, origin: 0 });
        else this.item(inner, inside, at);
      }
    else this.compound(element, inside);
    this.nested -= 1;
  }

  /** A compound clip's sequence, or the angles that a multicam clip shows and lets hear. */
  private compound(element: XmlElement, inside: Place): void {
    const media = this.resources.get(element.attributes["ref"]);
    const content = media === null ? null : (child(media, "sequence") ?? child(media, "multicam"));
    if (content === null)
      return void this.notes.add(`“${element.attributes["name"] ?? ""}” names no media and was left out.`);
    const spine = child(content, "spine");
    if (spine !== null) return this.storyline(spine, inside);
    const angles = elements(content).filter(({ name }) => name === "mc-angle");
    const sources = elements(element).filter(({ name }) => name === "mc-source");
    for (const [i, angle] of angles.entries()) {
      const source = sources.find(({ attributes }) => attributes["angleID"] === angle.attributes["angleID"]);
      const shows =
        sources.length === 0
          ? i === 0
            ? "all"
            : "none"
          : source === undefined
            ? "none"
            : (source.attributes["srcEnable"] ?? "all");
      const [sees, hears] = [shows === "all" || shows === "video", shows === "all" || shows === "audio"];
      if (sees || hears) this.storyline(angle, { ...inside, sees: inside.sees && sees, hears: inside.hears && hears });
    }
  }

  /** In the clip's own time; those outside of what it shows are hidden. */
  private markersOf(element: XmlElement, own: Flicks, duration: Flicks): Marker[] {
    const frame = frameDuration(this.settings.rate);
    return elements(element).flatMap((each): Marker[] => {
      const colour = MARKERS[each.name];
      const { start, duration: length, value, note, completed } = each.attributes;
      const at = time(start) - own;
      if (colour === undefined || at < 0 || at > duration) return [];
      const lasts = time(length);
      return [
        {
          id: this.ids.fresh("n"),
          name: (value ?? "").slice(0, 500),
          // Every marker of Final Cut lasts a frame, or a sample.
          markedRange: { start: at, duration: lasts > frame ? lasts : 0 },
          // As Final Cut shows what is to do and what was done.
          colour: completed === "0" ? "red" : completed === "1" ? "green" : colour,
          comment: (note ?? "").slice(0, 5000),
        },
      ];
    });
  }

  private mark(markers: readonly Marker[], place: Place, start: Flicks): void {
    for (const marker of markers) {
      const at = start + marker.markedRange.start;
      if (at >= place.from && at <= place.to)
        this.markers.push({ ...marker, markedRange: { ...marker.markedRange, start: at } });
    }
  }

  /** What an item's own time calls its first moment: as it says, or else where what it plays begins. */
  private beginningOf(element: XmlElement): Flicks {
    const { start, ref } = element.attributes;
    const given = timeOf(start);
    if (given !== null) return given;
    if (/^(asset-clip|video|audio)$/.test(element.name))
      return this.resources.asset(ref ?? "", this.settings.rate)?.start ?? 0;
    const media = /^(ref-clip|mc-clip)$/.test(element.name) ? this.resources.get(ref) : null;
    const content = media === null ? null : (child(media, "sequence") ?? child(media, "multicam"));
    return time(content?.attributes["tcStart"]);
  }

  private lengthOf(element: XmlElement): Flicks {
    const given = timeOf(element.attributes["duration"]);
    if (given !== null) return given;
    const asset = this.resources.asset(element.attributes["ref"] ?? "", this.settings.rate);
    return asset === null ? 0 : Math.max(0, asset.start + asset.duration - this.beginningOf(element));
  }
}

/** What an audition shows: the first of what it holds, in its own place. */
function chosen(element: XmlElement): XmlElement | null {
  if (element.name !== "audition") return element;
  return elements(element)[0] ?? null;
}

const count = (parent: XmlElement, name: string): number =>
  elements(parent).reduce((sum, each) => sum + (each.name === name ? 1 : count(each, name)), 0);
