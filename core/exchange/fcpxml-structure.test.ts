import { parseXml, XmlElement } from "@rgrove/parse-xml";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { applyEdit, breaches, type Timeline } from "../timeline/index.ts";
import { callOf, recipes } from "../timeline/testing/random-edits.ts";
import { add, edited, linkedPairs } from "../timeline/testing/sample.ts";
import { readFcpxml, writeFcpxml } from "./index.ts";

/**
 * What Apple's reference of FCPXML 1.10 allows of the elements that we write: their children in this order (those between bars in any),
 * their attributes with the form of their values.
 * https://developer.apple.com/documentation/professional-video-applications/fcpxml-reference
 */
const TIME = /^-?\d+(\/\d+)?s$/;
const ANY = /[\s\S]*/;
const NUMBER = /^\d+(\.\d+)?$/;
const FLAG = /^[01]$/;
const ANCHORED = "spine|asset-clip|video|title|gap";
const place = { name: ANY, offset: TIME, start: TIME, duration: TIME, enabled: FLAG, lane: /^-?\d+$/ };
const CLIP = [
  "note",
  "conform-rate",
  "timeMap",
  "adjust-transform",
  "adjust-volume",
  ANCHORED,
  "marker",
  "filter-video",
];

const STRUCTURE: Readonly<
  Record<string, { readonly children: readonly string[]; readonly attributes: Readonly<Record<string, RegExp>> }>
> = {
  fcpxml: { children: ["resources", "library"], attributes: { version: /^1\.10$/ } },
  resources: { children: ["format|asset|effect|media"], attributes: {} },
  format: {
    children: [],
    attributes: { id: ANY, name: ANY, frameDuration: TIME, width: /^\d+$/, height: /^\d+$/ },
  },
  asset: {
    children: ["media-rep", "bookmark", "metadata"],
    attributes: {
      id: ANY,
      name: ANY,
      start: TIME,
      duration: TIME,
      hasVideo: FLAG,
      format: ANY,
      hasAudio: FLAG,
      audioSources: /^\d+$/,
      audioChannels: /^\d+$/,
      audioRate: /^\d+$/,
    },
  },
  "media-rep": { children: [], attributes: { kind: /^(original|proxy)-media$/, src: /^\S+$/ } },
  effect: { children: [], attributes: { id: ANY, name: ANY, uid: ANY } },
  library: { children: ["event"], attributes: {} },
  event: { children: ["project"], attributes: { name: ANY } },
  project: { children: ["sequence"], attributes: { name: ANY } },
  sequence: {
    children: ["note", "spine", "metadata"],
    attributes: {
      format: ANY,
      duration: TIME,
      tcStart: TIME,
      tcFormat: /^(DF|NDF)$/,
      audioLayout: /^(mono|stereo|surround)$/,
      audioRate: /^(32|44\.1|48|88\.2|96|176\.4|192)k$/,
    },
  },
  spine: {
    children: ["asset-clip|video|title|gap|transition"],
    attributes: { lane: place.lane, offset: TIME, name: ANY },
  },
  "asset-clip": { children: CLIP, attributes: { ...place, ref: ANY, srcEnable: /^(all|audio|video)$/ } },
  video: { children: CLIP, attributes: { ...place, ref: ANY } },
  gap: { children: ["note", ANCHORED, "marker"], attributes: place },
  title: {
    children: ["param", "text", "text-style-def", "note", ANCHORED, "marker"],
    attributes: { ...place, ref: ANY },
  },
  transition: { children: ["filter-video", "filter-audio"], attributes: { name: ANY, offset: TIME, duration: TIME } },
  "filter-video": { children: [], attributes: { ref: ANY, name: ANY } },
  timeMap: { children: ["timept"], attributes: {} },
  timept: { children: [], attributes: { time: TIME, value: TIME, interp: /^(smooth2|linear|smooth)$/ } },
  "adjust-volume": { children: [], attributes: { amount: /^-?[\d.]+dB$/ } },
  marker: { children: [], attributes: { start: TIME, duration: TIME, value: /[\s\S]+/, note: ANY } },
  text: { children: ["text-style"], attributes: {} },
  "text-style-def": { children: ["text-style"], attributes: { id: ANY } },
  "text-style": {
    children: [],
    attributes: {
      ref: ANY,
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

it("whatever was edited, what is written has Apple's structure, and reads back as a sound document", () => {
  const start = add(linkedPairs(), "V2", "short", "short", 10, 30);
  fc.assert(
    fc.property(recipes, fc.constantFrom(44_100, 48_000, 22_050), (list, sampleRate) => {
      const document = list.reduce(
        (now: Timeline, recipe) => {
          const result = applyEdit(now, callOf(now, recipe));
          return result.ok ? result.value : now;
        },
        edited(start, "setSettings", { sampleRate }),
      );
      const { text } = writeFcpxml(document, ({ path }) => `file:///films/${encodeURI(path)}`);
      expect(complaints(text)).toEqual([]);
      expect(breaches(readFcpxml(text).timeline)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
