import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME_RATES, frameToFlicks } from "../time/index.ts";
import { applyEdit, breaches, clipsOf, laneOf, type Timeline } from "../timeline/index.ts";
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
import { ExchangeError, readOtio, writeOtio } from "./index.ts";

const again = (document: Timeline): Timeline => readOtio(writeOtio(document)).timeline;

describe("OpenTimelineIO, there and back", () => {
  it("gives the same document, whatever was edited", () => {
    const start = add(linkedPairs(), "V2", "short", "short", 10, 30);
    fc.assert(
      fc.property(recipes, (list) => {
        const document = list.reduce((now: Timeline, recipe) => {
          const result = applyEdit(now, callOf(now, recipe));
          return result.ok ? result.value : now;
        }, start);
        expect(again(document)).toEqual(document);
      }),
      { numRuns: 150 },
    );
  });

  it("so for titles, keyframes, markers, takes, promises, settings and NTSC rates", () => {
    let document = edited(dissolved(), "setSettings", {
      rate: FRAME_RATES["29.97"],
      dropFrame: true,
      background: "#112233",
    });
    const clip = clipId(document, "b");
    document = edited(document, "setKeyframe", { clip, parameter: "opacity", time: 1000, value: 0.5 });
    document = edited(document, "addMarker", {
      markedRange: { start: 12_345, duration: 7 },
      name: "beat",
      colour: "purple",
    });
    document = edited(document, "addTake", { clip, media: null, job: "job1" });
    document = edited(document, "overwrite", {
      at: 0,
      clips: [
        { track: trackId(document, "T1"), clip: { text: { text: "A “title”\nof two lines" }, duration: 23_543_520 } },
      ],
    });
    document = edited(document, "setKeyframe", {
      clip: clipId(document, "A “title”"),
      parameter: "textColour",
      time: 5000,
      value: 0xff8800ff,
    });
    document = edited(document, "setTrackKeyframe", {
      track: trackId(document, "A1"),
      parameter: "pan",
      time: 7000,
      value: -0.5,
    });
    document = edited(document, "setSpeed", { clip: clipId(document, "c"), speed: 2.5 });
    document = edited(document, "setTrack", { track: trackId(document, "A2"), volume: -7.5, muted: true });
    expect(again(document)).toEqual(document);
  });

  it("writes what others read: schemas, times in frames, file addresses, a dissolve and a speed by their names", () => {
    const document = edited(dissolved(), "setSpeed", { clip: clipId(dissolved(), "c"), speed: 2 });
    const written = JSON.parse(writeOtio(document, ({ path }) => `file:///films/${path}`)) as {
      tracks: { children: { name: string; children: Record<string, never>[] }[] };
    };
    const [a, transition, , c] = written.tracks.children.find(({ name }) => name === "V1")!.children;
    expect(a).toMatchObject({
      OTIO_SCHEMA: "Clip.2",
      source_range: { start_time: { rate: 24, value: 48 }, duration: { rate: 24, value: 48 } },
      active_media_reference_key: expect.any(String) as string,
    });
    expect(Object.values(a!["media_references"]!)[0]).toMatchObject({
      OTIO_SCHEMA: "ExternalReference.1",
      target_url: "file:///films/media/film",
    });
    expect(transition).toMatchObject({
      OTIO_SCHEMA: "Transition.1",
      transition_type: "SMPTE_Dissolve",
      in_offset: { rate: 24, value: 6 },
    });
    expect(c!["effects"]).toMatchObject([{ OTIO_SCHEMA: "LinearTimeWarp.1", time_scalar: 2 }]);
  });
});

/** As other editors' adapters write it: no metadata of ours, `Clip.1` with one reference, a nested stack, an effect. */
const foreign = {
  OTIO_SCHEMA: "Timeline.1",
  name: "Foreign",
  metadata: { fcp: { something: 1 } },
  tracks: {
    OTIO_SCHEMA: "Stack.1",
    name: "tracks",
    children: [
      {
        OTIO_SCHEMA: "Track.1",
        name: "Sequence",
        kind: "Video",
        children: [
          gap(24),
          {
            ...clip("one", "file:///films/one%20two.mp4", 10, 50),
            markers: [{ OTIO_SCHEMA: "Marker.2", name: "m", color: "PINK", marked_range: range(12, 1), metadata: {} }],
          },
          {
            OTIO_SCHEMA: "Transition.1",
            name: "t",
            transition_type: "SMPTE_Dissolve",
            in_offset: time(5),
            out_offset: time(500),
            metadata: {},
          },
          {
            ...clip("two", "two.mov", 0, 48),
            effects: [
              { OTIO_SCHEMA: "LinearTimeWarp.1", time_scalar: -0.5, name: "", metadata: {} },
              { OTIO_SCHEMA: "Effect.1", name: "Glow", metadata: {} },
            ],
          },
          { OTIO_SCHEMA: "Stack.1", name: "nested", source_range: range(0, 12), children: [] },
        ],
      },
      { OTIO_SCHEMA: "Track.1", name: "Music", kind: "Audio", children: [clip("song", "song.wav", 0, 100)] },
    ],
  },
};

const ntsc = (count: number) => frameToFlicks(count, FRAME_RATES["23.976"]);
function time(value: number) {
  return { OTIO_SCHEMA: "RationalTime.1", rate: 23.976023976023978, value };
}
function range(start: number, duration: number) {
  return { OTIO_SCHEMA: "TimeRange.1", start_time: time(start), duration: time(duration) };
}
function gap(duration: number) {
  return { OTIO_SCHEMA: "Gap.1", name: "", source_range: range(0, duration) };
}
function clip(name: string, url: string, start: number, duration: number) {
  return {
    OTIO_SCHEMA: "Clip.1",
    name,
    source_range: range(start, duration),
    media_reference: {
      OTIO_SCHEMA: "ExternalReference.1",
      target_url: url,
      available_range: range(0, 200),
      metadata: {},
    },
    metadata: {},
  };
}

describe("OpenTimelineIO of others", () => {
  it("becomes a sound document: cuts, gaps, transitions, markers, speeds; the rest is named", () => {
    const { timeline, notes } = readOtio(JSON.stringify(foreign));
    expect(breaches(timeline)).toEqual([]);
    expect(timeline.settings.rate).toEqual(FRAME_RATES["23.976"]);
    const [picture, music] = timeline.tracks;
    expect(laneOf(picture!).placed.map(({ clip: { name }, start }) => [name, start])).toEqual([
      ["one", ntsc(24)],
      ["two", ntsc(74)],
    ]);
    expect([picture!.kind, music!.kind]).toEqual(["video", "audio"]);
    const [one, two] = [...clipsOf(timeline)];
    expect(one!.markers).toMatchObject([{ name: "m", colour: "red" }]);
    expect(two).toMatchObject({ reversed: true, parameters: { speed: 0.5 } });
    expect(Object.values(timeline.media).map(({ path, kind }) => [path, kind])).toEqual([
      ["/films/one two.mp4", "video"],
      ["two.mov", "video"],
      ["song.wav", "audio"],
    ]);
    expect(notes).toEqual([expect.stringMatching(/Glow/)]);
  });

  it("a clip that somebody doubled gets ids of its own", () => {
    const document = add(empty(), "V1", "a", "film", 0, 24);
    const value = JSON.parse(writeOtio(document)) as { tracks: { children: { name: string; children: unknown[] }[] } };
    const track = value.tracks.children.find(({ name }) => name === "V1")!;
    track.children.push(track.children[0]);
    const { timeline } = readOtio(JSON.stringify(value));
    expect(breaches(timeline)).toEqual([]);
    expect(show(timeline, "V1")).toBe("a 0+24@0, a 24+24@0");
    expect(frames(48)).toBe(laneOf(timeline.tracks.find(({ name }) => name === "V1")!).end);
  });

  it("what is none is refused with a sentence", () => {
    for (const text of ["", "{}", "[1]", '{"OTIO_SCHEMA":"Clip.2"}', '{"OTIO_SCHEMA":"Timeline.1"}', "<xml/>"])
      expect(() => readOtio(text), text).toThrow(ExchangeError);
  });
});
