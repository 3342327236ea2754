import { parseXml, XmlElement } from "@rgrove/parse-xml";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { FRAME_RATES, type Rate } from "../time/index.ts";
import {
  applyEdit,
  breaches,
  type Clip,
  clipsOf,
  laneOf,
  mediaOf,
  mediaRange,
  parameterOf,
  type Timeline,
  type Track,
  type Transition,
} from "../timeline/index.ts";
import { callOf, recipes } from "../timeline/testing/random-edits.ts";
import { clipId, edited, empty, frames, trackId } from "../timeline/testing/sample.ts";
import { time } from "./fcpxml-xml.ts";
import { readFcpxml, writeFcpxml } from "./index.ts";

/**
 * What Apple's document type definition of FCPXML 1.10 allows of the elements that we write: their children in this order (those between
 * bars in any), their attributes with the form of their values, and those that must be there.
 * https://developer.apple.com/documentation/professional-video-applications/document-type-definition
 */
const TIME = /^-?\d+(\/\d+)?s$/;
const ANY = /[\s\S]*/;
const COUNT = /^\d+$/;
const NUMBER = /^\d+(\.\d+)?$/;
const FLAG = /^[01]$/;
/** A name in XML, which an id is. */
const ID = /^[A-Za-z_][\w.-]*$/;
const ANCHORED = "spine|asset-clip|video|title";
const place = { name: ANY, offset: TIME, start: TIME, duration: TIME, enabled: FLAG, lane: /^-?\d+$/ };
const PICTURE = ["adjust-crop", "adjust-conform", "adjust-transform", "adjust-blend"];

interface Rule {
  readonly children: readonly string[];
  readonly attributes: Readonly<Record<string, RegExp>>;
  readonly required?: readonly string[];
}

const STRUCTURE: Readonly<Record<string, Rule>> = {
  fcpxml: { children: ["resources", "library"], attributes: { version: /^1\.10$/ }, required: ["version"] },
  resources: { children: ["asset|effect|format|media"], attributes: {} },
  format: {
    children: [],
    attributes: { id: ID, name: ANY, frameDuration: TIME, width: COUNT, height: COUNT },
    required: ["id"],
  },
  asset: {
    children: ["media-rep", "metadata"],
    attributes: {
      id: ID,
      name: ANY,
      start: TIME,
      duration: TIME,
      hasVideo: FLAG,
      format: ID,
      hasAudio: FLAG,
      videoSources: COUNT,
      audioSources: COUNT,
      audioChannels: COUNT,
      audioRate: COUNT,
    },
    required: ["id"],
  },
  "media-rep": { children: [], attributes: { kind: /^(original|proxy)-media$/, src: /^\S+$/ }, required: ["src"] },
  effect: { children: [], attributes: { id: ID, name: ANY, uid: ANY }, required: ["id", "uid"] },
  library: { children: ["event"], attributes: {} },
  event: { children: ["project"], attributes: { name: ANY } },
  project: { children: ["sequence"], attributes: { name: ANY } },
  sequence: {
    children: ["note", "spine", "metadata"],
    attributes: {
      format: ID,
      duration: TIME,
      tcStart: TIME,
      tcFormat: /^(DF|NDF)$/,
      audioLayout: /^(mono|stereo|surround)$/,
      audioRate: /^(32|44\.1|48|88\.2|96|176\.4|192)k$/,
    },
    required: ["format"],
  },
  spine: {
    children: ["asset-clip|video|title|gap|transition"],
    attributes: { lane: place.lane, offset: TIME, name: ANY },
  },
  "asset-clip": {
    children: ["note", "conform-rate", "timeMap", ...PICTURE, "adjust-volume", ANCHORED, "marker"],
    attributes: { ...place, ref: ID, srcEnable: /^(all|audio|video)$/ },
    required: ["ref"],
  },
  video: {
    children: ["param", "note", "conform-rate", "timeMap", ...PICTURE, ANCHORED, "marker"],
    attributes: { ...place, ref: ID },
    required: ["ref", "duration"],
  },
  gap: {
    children: ["note", ANCHORED, "marker"],
    attributes: { name: ANY, offset: TIME, start: TIME, duration: TIME, enabled: FLAG },
    required: ["duration"],
  },
  title: {
    children: ["param", "text", "text-style-def", "note", ...PICTURE, ANCHORED, "marker"],
    attributes: { ...place, ref: ID },
    required: ["ref", "duration"],
  },
  transition: {
    children: ["filter-video", "filter-audio", "marker"],
    attributes: { name: ANY, offset: TIME, duration: TIME },
    required: ["duration"],
  },
  "filter-audio": { children: [], attributes: { ref: ID, name: ANY }, required: ["ref"] },
  "filter-video": { children: [], attributes: { ref: ID, name: ANY }, required: ["ref"] },
  timeMap: { children: ["timept"], attributes: {} },
  timept: {
    children: [],
    attributes: { time: TIME, value: TIME, interp: /^(smooth2|linear|smooth)$/ },
    required: ["time", "value"],
  },
  "adjust-volume": { children: [], attributes: { amount: /^-?[\d.]+dB$/ } },
  marker: {
    children: [],
    attributes: { start: TIME, duration: TIME, value: /[\s\S]+/, note: ANY },
    required: ["start", "value"],
  },
  text: { children: ["text-style"], attributes: {} },
  "text-style-def": { children: ["text-style"], attributes: { id: ID }, required: ["id"] },
  "text-style": {
    children: [],
    attributes: {
      ref: ID,
      font: ANY,
      fontSize: NUMBER,
      fontFace: ANY,
      fontColor: /^[\d.]+( [\d.]+){3}$/,
      bold: FLAG,
      italic: FLAG,
      alignment: /^(left|center|right|justified)$/,
    },
  },
};

/** What does not follow the structure, as sentences. */
function complaints(text: string): string[] {
  const found: string[] = [];
  const [ids, refs] = [new Set<string>(), new Set<string>()];
  const visit = (element: XmlElement): void => {
    const known = STRUCTURE[element.name];
    if (known === undefined) return void found.push(`${element.name} is no element`);
    for (const name of known.required ?? [])
      if (element.attributes[name] === undefined) found.push(`${element.name} has no ${name}`);
    found.push(...beside(element));
    for (const [name, value] of Object.entries(element.attributes)) {
      if (known.attributes[name]?.test(value) !== true) found.push(`${element.name} ${name}="${value}"`);
      if (name === "id") found.push(...(ids.has(value) ? [`id ${value} twice`] : (ids.add(value), [])));
      if (name === "ref" || (name === "format" && element.name !== "spine")) refs.add(value);
    }
    let at = 0;
    for (const child of element.children.filter((each) => each instanceof XmlElement)) {
      const next = known.children.findIndex((names, n) => n >= at && names.split("|").includes(child.name));
      if (next < 0) found.push(`${child.name} may not stand there in ${element.name}`);
      else at = next;
      visit(child);
    }
  };
  visit(parseXml(text).root!);
  for (const ref of refs) if (!ids.has(ref)) found.push(`there is no ${ref}`);
  return found;
}

/** What hangs on a clip hangs on what it shows: Final Cut hides the markers outside of it. */
function beside(element: XmlElement): string[] {
  const { duration, start } = element.attributes;
  if (duration === undefined || element.name === "marker") return [];
  return element.children.flatMap((each) => {
    if (!(each instanceof XmlElement) || (each.name !== "marker" && each.attributes["lane"] === undefined)) return [];
    const at = time(each.attributes[each.name === "marker" ? "start" : "offset"]) - time(start);
    // A clip's own markers stay with it when it is made shorter.
    const isOwn = each.name === "marker" && each.attributes["value"] !== "of the timeline";
    return isOwn || (at >= 0 && at < time(duration)) ? [] : [`${each.name} hangs outside of its ${element.name}`];
  });
}

const text = (at: number) => ({ text: { text: `“${at}”\n& <more>`, italic: at > 20 }, duration: frames(20) });

/** Every kind of thing that is written, before anything is done to it. */
function rich(rate: Rate, sampleRate: number): Timeline {
  let document = edited(empty(), "setSettings", { rate, sampleRate });
  for (const [track, name, media, at, from, count] of [
    ["V1", "a", "film", 0, 40, 40],
    ["V1", "b", "film", 40, 100, 40],
    ["V2", "still", "still", 10, 0, 30],
    ["V2", "short", "short", 60, 10, 30],
    ["A1", "sound", "film", 0, 40, 80],
    ["A2", "music", "song", 30, 0, 200],
  ] as const)
    document = edited(document, "overwrite", {
      at: frames(at),
      link: false,
      clips: [
        {
          track: trackId(document, track),
          clip: { media, name, sourceRange: { start: frames(from), duration: frames(count) } },
        },
      ],
    });
  for (const at of [0, 30])
    document = edited(document, "overwrite", {
      at: frames(at),
      clips: [{ track: trackId(document, "T1"), clip: text(at) }],
    });
  document = edited(document, "addTransition", {
    clip: clipId(document, "a"),
    edge: "end",
    type: "dissolve",
    duration: frames(10),
  });
  document = edited(document, "setParameter", { clips: [clipId(document, "music")], parameter: "volume", value: -6.5 });
  document = edited(document, "setParameter", { clips: [clipId(document, "still")], parameter: "volume", value: -3 });
  for (const at of [5, 70, 400])
    document = edited(document, "addMarker", {
      markedRange: { start: frames(at), duration: 0 },
      name: "of the timeline",
      comment: "a “note”",
    });
  return edited(document, "addMarker", {
    clip: clipId(document, "short"),
    markedRange: { start: frames(3), duration: 0 },
    name: "of the clip",
  });
}

/** What FCPXML has no words for is null: a moving speed and volume, which way a still or a title plays. */
type Cell = number | string | boolean | null;

/** Each track's clips by place, length, direction, first moment of media (but for what a speed's rounding leaves) and gain; lowest first. */
function arrangement(document: Timeline, kind: Track["kind"]): Cell[][][] {
  return document.tracks.flatMap((track) => {
    const { placed } = laneOf(track);
    const shown = placed.filter(({ clip }) => clip.content.type === "text" || mediaOf(document, clip) !== null);
    if (track.kind !== kind || shown.length === 0) return [];
    return [
      shown.map(({ clip, start }): Cell[] => {
        const [speed, gain] = [parameterOf(clip, "speed"), parameterOf(clip, "volume")];
        const plays = typeof speed === "number" && speed > 0 && mediaOf(document, clip)?.availableRange != null;
        const words = clip.content.type === "text" ? clip.content.style.text : null;
        return [
          start,
          clip.sourceRange.duration,
          plays ? clip.reversed : null,
          plays ? mediaRange(clip).start : words,
          kind === "audio" && typeof gain === "number" ? Number(gain.toFixed(3)) : null,
        ];
      }),
    ];
  });
}

/** Those of `found`, without what `known` does not say, and with what a speed's rounding leaves. */
const comparable = (found: readonly Cell[][][], known: readonly Cell[][][]): Cell[][][] =>
  found.map((track, t) =>
    track.map((clip, c) =>
      clip.map((cell, n) => {
        const other = known[t]?.[c]?.[n];
        if (other === undefined) return cell;
        const isNear = typeof other === "number" && typeof cell === "number" && Math.abs(other - cell) <= 2;
        return other === null || isNear ? other : cell;
      }),
    ),
  );

const isPromise = ({ content }: Clip): boolean =>
  content.type === "media" && content.takes.find(({ id }) => id === content.activeTake)?.media === null;

const around = (cut: number, passage: Transition | null): number[][] =>
  passage === null ? [] : [[cut - passage.inOffset, cut + passage.outOffset]];

/** When each transition of a track begins and ends. */
const passages = (document: Timeline, kind: Track["kind"]): number[][][] =>
  document.tracks.flatMap((track) => {
    const { placed } = laneOf(track);
    if (track.kind !== kind || placed.length === 0) return [];
    return [
      placed.flatMap(({ clip, start, head, tail }) => [
        ...around(start, head),
        ...around(start + clip.sourceRange.duration, tail),
      ]),
    ];
  });

const marks = ({ markers }: Timeline) =>
  markers
    .filter(({ name }) => name === "of the timeline")
    .map(({ markedRange, comment }) => [markedRange.start, comment]);

it("whatever was edited, what is written has Apple's structure, and what is read back is cut, lies and sounds as before", () => {
  const rates = fc.constantFrom(FRAME_RATES["24"], FRAME_RATES["29.97"], FRAME_RATES["60"]);
  fc.assert(
    fc.property(recipes, rates, fc.constantFrom(44_100, 48_000, 22_050), (list, rate, sampleRate) => {
      const document = list.reduce(
        (now: Timeline, recipe) => {
          const result = applyEdit(now, callOf(now, recipe));
          return result.ok ? result.value : now;
        },
        rich(rate, sampleRate),
      );
      const { text } = writeFcpxml(document, ({ path }) => `file:///films/${encodeURI(path)}`);
      expect(complaints(text)).toEqual([]);
      const { timeline } = readFcpxml(text);
      expect(breaches(timeline)).toEqual([]);
      for (const kind of ["video", "text", "audio"] as const) {
        const known = arrangement(document, kind);
        expect(comparable(arrangement(timeline, kind), known), kind).toEqual(known);
        // A promise is written as a gap, over which nothing changes.
        if (![...clipsOf(document)].some(isPromise)) expect(passages(timeline, kind)).toEqual(passages(document, kind));
      }
      expect(comparable([marks(timeline)], [marks(document)])).toEqual([marks(document)]);
      expect(timeline.settings.rate).toEqual(document.settings.rate);
    }),
    { numRuns: 100 },
  );
});

it("the rules above are broken by what breaks them", () => {
  const { text } = writeFcpxml(rich(FRAME_RATES["24"], 48_000), () => "file:///films/a");
  expect(complaints(text)).toEqual([]);
  for (const [from, to] of [
    ['version="1.10"', 'version="1.8"'],
    ["<spine>", "<spine><marker start='0s' value='m'/>"],
    [/ duration="[^"]*"( start="0s">\s*<text>)/, "$1"],
    ['tcStart="0s"', 'tcStart="0.5"'],
    ['ref="title"', 'ref="elsewhere"'],
    [/<marker start="[^"]*"( duration="[^"]*" value="of the timeline")/, '<marker start="99s"$1'],
  ] as const)
    expect(complaints(text.replace(from, to)), String(from)).not.toEqual([]);
});
