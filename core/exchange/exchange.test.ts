import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FLICKS_PER_SECOND, FRAME_RATES } from "../time/index.ts";
import {
  applyEdit,
  breaches,
  clipsOf,
  type EditArguments,
  type EditName,
  laneOf,
  type Timeline,
} from "../timeline/index.ts";
import { callOf, recipes } from "../timeline/testing/random-edits.ts";
import {
  add,
  clipId,
  dissolved,
  edited,
  empty,
  frames,
  linkedPairs,
  show,
  trackId,
} from "../timeline/testing/sample.ts";
import {
  cuesOf,
  decodeText,
  ExchangeError,
  readFcpxml,
  readSubtitles,
  writeEdl,
  writeFcpxml,
  writeSrt,
  writeVtt,
} from "./index.ts";

const edit = (document: Timeline, name: EditName, args: object): Timeline =>
  edited(document, name, args as EditArguments<typeof name>);
const title = (document: Timeline, text: string, at: number, count: number): Timeline =>
  edit(document, "overwrite", {
    at: frames(at),
    clips: [
      {
        track: trackId(document, "T1"),
        clip: { text: { text, weight: 700, colour: "#ff8000" }, duration: frames(count) },
      },
    ],
  });
const url = ({ path }: { readonly path: string }): string => `file:///films/${encodeURI(path)}`;

const there = (document: Timeline) => readFcpxml(writeFcpxml(document, url).text);

describe("FCPXML", () => {
  it("keeps cuts, gaps, dissolves, lanes, speeds, gains, titles and markers", () => {
    let document = add(dissolved(), "V2", "over", "short", 10, 30);
    document = edit(document, "move", { clips: [clipId(document, "over")], by: frames(20) });
    document = add(document, "A2", "music", "song", 48, 100);
    document = edit(document, "setParameter", { clips: [clipId(document, "music")], parameter: "volume", value: -6.5 });
    document = edit(document, "setSpeed", { clip: clipId(document, "c"), speed: 2 });
    document = edit(document, "addMarker", {
      markedRange: { start: frames(30), duration: 0 },
      name: "Beat & “more”",
      comment: "<here>",
    });
    document = title(document, "Hello\n& <you>", 12, 24);
    const { timeline } = there(document);
    expect(breaches(timeline)).toEqual([]);
    expect(show(timeline, "V1")).toBe(show(document, "V1"));
    expect(show(timeline, "V2")).toBe(show(document, "V2"));
    expect(show(timeline, "A1")).toBe(show(document, "A2")); // A1 is empty, and what is empty is not written
    const named = (name: string) => [...clipsOf(timeline)].find((clip) => clip.name === name)!;
    expect(named("music").parameters).toEqual({ volume: -6.5 });
    expect(named("c")).toMatchObject({ parameters: { speed: 2 }, reversed: false });
    expect(timeline.markers).toMatchObject([
      { name: "Beat & “more”", comment: "<here>", markedRange: { start: frames(30) } },
    ]);
    const [text] = laneOf(timeline.tracks.find(({ kind }) => kind === "text")!).placed;
    expect(text).toMatchObject({
      start: frames(12),
      clip: {
        content: { style: { text: "Hello\n& <you>", weight: 700, colour: "#ff8000" } },
        sourceRange: { duration: frames(24) },
      },
    });
    expect(Object.values(timeline.media).map(({ path }) => path)).toContain("/films/media/song");
  });

  it("keeps what is played backwards, and NTSC rates", () => {
    let document = add(empty(), "V1", "a", "film", 48, 24);
    document = edit(document, "reverse", { clip: clipId(document, "a") });
    const { timeline } = there(document);
    const [clip] = [...clipsOf(timeline)];
    expect(clip).toMatchObject({ reversed: true, sourceRange: { start: frames(48), duration: frames(24) } });
    const ntsc = edit(empty(), "setSettings", { rate: FRAME_RATES["29.97"], dropFrame: true });
    const text = writeFcpxml(ntsc, url).text;
    expect(text).toMatch(/frameDuration="1001\/30000s"/);
    expect(readFcpxml(text).timeline.settings).toMatchObject({ rate: FRAME_RATES["29.97"], dropFrame: true });
  });

  it("reads what Final Cut writes: sound within clips, connected clips, what it has no words for", () => {
    const foreign = `<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.9"><resources>
      <format id="r1" frameDuration="100/2500s" width="1280" height="720"/>
      <asset id="r2" name="one" src="file:///a/one%20.mov" start="3600s" duration="20s" hasVideo="1" hasAudio="1" format="r1" audioChannels="2" audioRate="48000"/>
      </resources><library><event><project name="P"><sequence format="r1" tcStart="3600s"><spine>
      <asset-clip ref="r2" offset="3600s" name="A" start="3602s" duration="4s"><asset-clip ref="r2" lane="1" offset="3603s" name="B" start="3610s" duration="2s"/><marker start="3604s" value="M"/></asset-clip>
      <mc-clip offset="3604s" name="Multi" duration="1s"/>
      <gap offset="3605s" duration="1s"/>
      <asset-clip ref="r2" offset="3606s" name="C" start="3600s" duration="2s"/>
      </spine></sequence></project></event></library></fcpxml>`;
    const { timeline, notes } = readFcpxml(foreign);
    expect(breaches(timeline)).toEqual([]);
    const starts = (name: string) =>
      laneOf(timeline.tracks.find((track) => track.name === name)!).placed.map(({ clip, start }) => [
        clip.name,
        start / FLICKS_PER_SECOND,
        clip.sourceRange.start / FLICKS_PER_SECOND,
      ]);
    expect(starts("V1")).toEqual([
      ["A", 0, 2],
      ["C", 6, 0],
    ]);
    expect(starts("V2")).toEqual([["B", 1, 10]]);
    expect(timeline.tracks.filter(({ kind }) => kind === "audio")).toHaveLength(2);
    const [a] = laneOf(timeline.tracks.find(({ name }) => name === "V1")!).placed;
    expect(a!.clip.link).not.toBeNull();
    expect(timeline.markers).toMatchObject([{ name: "M", markedRange: { start: 2 * FLICKS_PER_SECOND } }]);
    expect(notes).toEqual([expect.stringMatching(/“Multi” names no media/)]);
    expect(timeline.settings).toMatchObject({ width: 1280, height: 720, rate: FRAME_RATES["25"] });
  });

  it("refuses what is none", () => {
    for (const text of ["", "<a/>", "{}", "<fcpxml/>"]) expect(() => readFcpxml(text)).toThrow(ExchangeError);
  });
});

/** Frames of a timecode at 24 a second. */
const code = (text: string): number =>
  text.split(":").reduce((sum, part, n) => sum * (n === 3 ? 24 : 60) + Number(part), 0);

describe("EDL", () => {
  it("lists cuts and dissolves with their timecodes", () => {
    const { text, notes } = writeEdl(dissolved());
    expect(text.split("\r\n")).toEqual([
      "TITLE: Sample",
      "FCM: NON-DROP FRAME",
      "",
      "001  FILM     V     C        00:00:02:00 00:00:03:18 00:00:00:00 00:00:01:18",
      "* FROM CLIP NAME: a",
      "* SOURCE FILE: film",
      "002  FILM     V     C        00:00:03:18 00:00:03:18 00:00:01:18 00:00:01:18",
      "002  FILM     V     D    012 00:00:03:18 00:00:06:00 00:00:01:18 00:00:04:00",
      "* FROM CLIP NAME: a",
      "* TO CLIP NAME: b",
      "* SOURCE FILE: film",
      "003  FILM     V     C        00:00:06:00 00:00:08:00 00:00:04:00 00:00:06:00",
      "* FROM CLIP NAME: c",
      "* SOURCE FILE: film",
      "",
    ]);
    expect(notes).toEqual([]);
  });

  it("says the speed, and what it leaves out", () => {
    let document = add(linkedPairs(), "V2", "over", "short", 10, 30);
    document = edit(document, "setSpeed", { clip: clipId(document, "v1"), speed: 2 });
    const { text, notes } = writeEdl(document);
    expect(text).toMatch(/M2 {3}FILM {5}0048\.0 {16}00:00:02:00/);
    expect(notes).toEqual([expect.stringMatching(/V2 is left out/)]);
  });

  it("whatever was edited, each event has the form and adds up: played of the source by its speed is what it lasts", () => {
    const EVENT = /^(\d{3}) {2}(\S{1,8}) +V +(C|D) +(\d{3})? +((?:\d\d:){3}\d\d) (\S{11}) (\S{11}) (\S{11})$/;
    let events = 0;
    fc.assert(
      fc.property(recipes, (list) => {
        const document = list.reduce((now: Timeline, recipe) => {
          const result = applyEdit(now, callOf(now, recipe));
          return result.ok ? result.value : now;
        }, linkedPairs());
        const lines = writeEdl(document).text.split("\r\n").slice(3);
        let end = 0;
        for (const [n, line] of lines.entries()) {
          if (line === "" || line.startsWith("*") || line.startsWith("M2")) continue;
          const event = EVENT.exec(line);
          expect([line, event === null]).toEqual([line, false]);
          const [sourceIn, sourceOut, recordIn, recordOut] = event!.slice(5).map(code) as [
            number,
            number,
            number,
            number,
          ];
          expect(recordIn).toBeGreaterThanOrEqual(end);
          end = recordOut;
          events += 1;
          const warp = /^M2 +\S+ +(-?[\d.]+) /.exec(lines[n + 1] ?? "");
          const factor = warp === null ? 1 : Math.abs(Number(warp[1])) / 24;
          const lasts = recordOut - recordIn;
          // Speeds have one digit after the point, times are whole frames: those of the record weigh as much as the speed says.
          const rounding = 2 + factor + (lasts * 0.05) / 24;
          expect(Math.abs(sourceOut - sourceIn - lasts * factor)).toBeLessThanOrEqual(rounding);
        }
      }),
      { numRuns: 100 },
    );
    expect(events).toBeGreaterThan(100);
  });
});

describe("subtitles", () => {
  const document = title(title(empty(), "First\nline", 24, 36), "A < B & C", 60, 12);

  it("go to SubRip and WebVTT and back", () => {
    const cues = cuesOf(document);
    expect(cues.map(({ text }) => text)).toEqual(["First\nline", "A < B & C"]);
    expect(writeSrt(cues)).toBe(
      "1\r\n00:00:01,000 --> 00:00:02,500\r\nFirst\r\nline\r\n\r\n2\r\n00:00:02,500 --> 00:00:03,000\r\nA < B & C\r\n",
    );
    expect(writeVtt(cues)).toBe(
      "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nFirst\nline\n\n00:00:02.500 --> 00:00:03.000\nA &lt; B &amp; C\n",
    );
    expect(readSubtitles(writeVtt(cues))).toEqual(cues);
    expect(readSubtitles("1\r\n00:00:01,000 --> 00:00:02,500\r\nFirst\r\nline\r\n")).toEqual([cues[0]]);
  });

  it("a text in SubRip may hold empty lines, and the next may follow at once", () => {
    const text =
      '1\n00:00:01,000 --> 00:00:02,000 X1:40 X2:600\nOne\n\nline apart\n2\n00:00:02,000 --> 00:00:03,000\n1984\n\n\n3\n0:00:03.5 --> 0:00:04.5\n{\\an8}<font color="#fff">Last</font>';
    expect(readSubtitles(text).map(({ text: words }) => words)).toEqual(["One\n\nline apart", "1984", "Last"]);
    const web = "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\nNOTE not a text\n\n2\n00:03.000 --> 00:04.000\nTwo";
    expect(readSubtitles(web).map(({ text: words }) => words)).toEqual(["One", "Two"]);
  });

  it("are read in the letters of other programs", () => {
    const text = "1\n00:00:01,000 --> 00:00:02,000\nÄrger “später”\n";
    const letters = text.split("");
    const wide = new Uint8Array([
      0xff,
      0xfe,
      ...letters.flatMap((letter) => [letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8]),
    ]);
    const swapped = wide.map((_, i) => wide[i ^ 1]!);
    const western: Readonly<Record<string, number>> = { "“": 0x93, "”": 0x94 };
    const narrow = new Uint8Array(letters.map((letter) => western[letter] ?? letter.charCodeAt(0)));
    for (const bytes of [
      new TextEncoder().encode(text),
      new TextEncoder().encode(`\uFEFF${text}`),
      wide,
      swapped,
      narrow,
    ])
      expect(readSubtitles(decodeText(bytes)).map(({ text: words }) => words)).toEqual(["Ärger “später”"]);
  });

  it("are read as they are found", () => {
    const text =
      "\uFEFFWEBVTT - made elsewhere\n\nNOTE nothing\n\nid\n00:01.5 --> 00:02.000 align:start\n<v Anna><i>Hi</i>\n\n3\n01:00:00,00 --> 00:00:00,00\nbackwards\n";
    expect(readSubtitles(text)).toEqual([{ start: 1.5 * FLICKS_PER_SECOND, end: 2 * FLICKS_PER_SECOND, text: "Hi" }]);
    expect(() => readSubtitles("no times here")).toThrow(ExchangeError);
  });
});
