import { describe, expect, it } from "vitest";
import { FRAME_RATES, frameToFlicks } from "../time/index.ts";
import { breaches, clipsOf, laneOf, mediaOf, type Timeline } from "../timeline/index.ts";
import { type Imported, readOtio } from "./index.ts";
import { clip, dissolve, file, gap, range, stack, time, timeline, track } from "./testing/otio-parts.ts";

/** Shapes that files of other programs have: Premiere's and Resolve's, what comes from EDLs and AAFs, and OpenTimelineIO's own examples. */

function read(value: unknown): Imported {
  const imported = readOtio(typeof value === "string" ? value : JSON.stringify(value));
  expect(breaches(imported.timeline)).toEqual([]);
  return imported;
}

/** Name, place, length and first frame of media of a track's clips, in frames. */
const cuts = ({ tracks, settings }: Timeline, n = 0) => {
  const frames = (flicks: number) => Number((flicks / frameToFlicks(1, settings.rate)).toFixed(3));
  return laneOf(tracks[n]!).placed.map(({ clip: { name, sourceRange }, start }) => [
    name,
    frames(start),
    frames(sourceRange.duration),
    frames(sourceRange.start),
  ]);
};

const transitions = ({ tracks }: Timeline, n = 0) =>
  tracks[n]!.children.flatMap((child) => (child.kind === "transition" ? [child] : []));
const frames = (count: number) => frameToFlicks(count, FRAME_RATES["24"]);

describe("timecode", () => {
  it("a medium whose first frame bears a timecode is cut from its first frame, and its markers stand where they stood", () => {
    const marked = {
      OTIO_SCHEMA: "Marker.2",
      name: "look",
      color: "GREEN",
      comment: null,
      marked_range: range(90_012, 0),
    };
    const media = [file("file:///shots/river.mov", 90_000, 240)];
    const { timeline: got } = read(
      timeline([track([clip("river", "", 90_010, 40, { media_reference: media[0], markers: [marked] })])]),
    );
    expect(cuts(got)).toEqual([["river", 0, 40, 10]]);
    expect(Object.values(got.media)[0]!.availableRange).toEqual({ start: 0, duration: frames(240) });
    expect([...clipsOf(got)][0]!.markers).toMatchObject([
      { name: "look", colour: "green", markedRange: { start: frames(2), duration: 0 } },
    ]);
  });

  it("where a clip counts from its first frame all the same, so do we", () => {
    const media_reference = file("river.mov", 90_000, 240);
    expect(cuts(read(timeline([track([clip("river", "", 10, 40, { media_reference })])])).timeline)).toEqual([
      ["river", 0, 40, 10],
    ]);
  });

  it("without a source range a clip plays all that there is", () => {
    const media_reference = file("credits.mov", 100, 6);
    const { timeline: got } = read(timeline([track([clip("all", "", 0, 1, { media_reference, source_range: null })])]));
    expect(cuts(got)).toEqual([["all", 0, 6, 0]]);
  });
});

describe("rates", () => {
  it("the timeline's is that of its timecode, though its first clip is cut in another", () => {
    const slow = clip("slow", "file://localhost/C%3a/shots/slow%20one.mov", 0, 0, { source_range: range(0, 50, 15) });
    const value = timeline([track([slow, clip("b", "b.mov", 5, 30)])], { global_start_time: time(0, 30) });
    const { timeline: got } = read(value);
    expect(got.settings.rate).toEqual(FRAME_RATES["30"]);
    expect(cuts(got)[0]).toEqual(["slow", 0, 100, 0]);
    expect(Object.values(got.media)[0]).toMatchObject({ path: "C:/shots/slow one.mov", name: "slow one.mov" });
  });

  it("or that of most pictures, whatever the sound is counted in", () => {
    const sound = track([clip("song", "song.wav", 0, 0, { source_range: range(0, 96_000, 48_000) })], {
      kind: "Audio",
    });
    const pictures = [25, 30, 25].map((rate, n) =>
      clip(`c${n}`, "a.mov", 0, 0, { source_range: range(0, 2 * rate, rate) }),
    );
    const { timeline: got } = read(timeline([sound, track(pictures)]));
    expect(got.settings.rate).toEqual(FRAME_RATES["25"]);
    expect(cuts(got, 0)).toEqual([["song", 0, 50, 0]]);
  });
});

describe("versions of the schemas", () => {
  it("early ones: sequences, fillers, a marker's range", () => {
    const early = {
      OTIO_SCHEMA: "Sequence.1",
      name: "S",
      kind: "Video",
      children: [
        { OTIO_SCHEMA: "Filler.1", source_range: range(0, 12) },
        clip("a", null, 0, 24, {
          markers: [{ OTIO_SCHEMA: "Marker.1", name: "m", range: range(6, 0), color: "cyan" }],
        }),
      ],
    };
    const { timeline: got } = read(timeline([early]));
    expect(cuts(got)).toEqual([["a", 12, 24, 0]]);
    expect([...clipsOf(got)][0]!.markers).toMatchObject([
      { name: "m", colour: "cyan", markedRange: { start: frames(6) } },
    ]);
  });

  it("late ones: a marker's colour in parts, by its name or its hue", () => {
    const colours = [
      { name: "PINK", r: 1, g: 0, b: 1 },
      { name: "Teal?", r: 0, g: 0.5, b: 0.5 },
      { r: 0.2, g: 0.2, b: 0.9 },
      { r: 0.5, g: 0.5, b: 0.5 },
      { r: 1, g: 0.5, b: 0 },
    ];
    const markers = colours.map((colour, n) => ({
      OTIO_SCHEMA: "Marker.3",
      name: `m${n}`,
      color: { OTIO_SCHEMA: "Color.1", a: 1, ...colour },
      marked_range: { duration: time(0, 1), start_time: time(n) },
    }));
    const { timeline: got } = read(timeline([], {}, { markers }));
    expect(got.markers.map(({ colour }) => colour)).toEqual(["red", "cyan", "blue", "grey", "orange"]);
  });

  it("a second version of clips without any reference, as Resolve writes titles", () => {
    const title = { ...clip("words", null, 0, 10), OTIO_SCHEMA: "Clip.2", media_reference: undefined };
    const value = timeline([
      track([{ ...title, media_references: {}, active_media_reference_key: null, color: null }]),
    ]);
    const { timeline: got } = read(value);
    expect(cuts(got)).toEqual([["words", 0, 10, 0]]);
    expect(mediaOf(got, [...clipsOf(got)][0]!)).toBeNull();
  });

  it("numbers that JSON has not, in what others note down", () => {
    const text = JSON.stringify(timeline([track([clip("a", null, 0, 24, { metadata: { x: ["§", "no NaN here"] } })])]));
    for (const number of ["NaN", "Infinity", "-Infinity", "Inf"])
      expect(cuts(read(text.replace('"§"', number)).timeline)).toEqual([["a", 0, 24, 0]]);
  });

  it("a collection: its first timeline, and it says so", () => {
    const two = [timeline([track([clip("a", null, 0, 24)])]), timeline([], { name: "other" })];
    const { timeline: got, notes } = read({ OTIO_SCHEMA: "SerializableCollection.1", children: two });
    expect(cuts(got)).toEqual([["a", 0, 24, 0]]);
    expect(notes).toEqual(["The file holds 2 timelines; the first of them was opened."]);
    expect(() => readOtio('{"OTIO_SCHEMA":"SerializableCollection.1","children":[]}')).toThrow("export a timeline");
  });
});

describe("tracks and stacks within tracks", () => {
  it("are opened where they stand, as long as their range shows", () => {
    const inner = track([clip("in 1", null, 0, 20), dissolve(4, 4), clip("in 2", null, 100, 20)], {
      source_range: range(5, 25),
    });
    const { timeline: got, notes } = read(
      timeline([
        track([clip("before", null, 0, 10), stack([inner], { source_range: range(0, 25) }), clip("after", null, 0, 5)]),
      ]),
    );
    expect(cuts(got)).toEqual([
      ["before", 0, 10, 0],
      ["in 1", 10, 15, 5],
      ["in 2", 25, 10, 100],
      ["after", 35, 5, 0],
    ]);
    expect(transitions(got)).toMatchObject([{ inOffset: frames(4), outOffset: frames(4) }]);
    expect(notes).toEqual([]);
  });

  it("what lies over each other in them comes onto a track beside; a shorter inside leaves a gap", () => {
    const over = [
      stack([
        clip("low", null, 0, 30),
        clip("high", null, 7, 12),
        track([clip("tone", null, 0, 8)], { kind: "Audio" }),
      ]),
    ];
    const padded = stack([clip("short", null, 0, 10)], { source_range: range(0, 16) });
    const { timeline: got } = read(
      timeline([
        track([gap(4), ...over, padded, clip("last", null, 0, 3)]),
        track([clip("top", null, 0, 2)], { name: "Titles" }),
      ]),
    );
    expect(got.tracks.map(({ kind }) => kind)).toEqual(["video", "video", "audio", "video"]);
    expect(cuts(got, 0)).toEqual([
      ["low", 4, 30, 0],
      ["short", 34, 10, 0],
      ["last", 50, 3, 0],
    ]);
    expect(cuts(got, 1)).toEqual([["high", 4, 12, 7]]);
    expect(cuts(got, 2)).toEqual([["tone", 4, 8, 0]]);
    expect(cuts(got, 3)).toEqual([["top", 0, 2, 0]]);
  });

  it("keeps the time of what it cannot show: effects of a stack, too many stacks, what nobody knows", () => {
    const warp = { OTIO_SCHEMA: "LinearTimeWarp.1", time_scalar: 0.5 };
    let deep: Record<string, unknown> = clip("deep", null, 0, 9);
    for (let n = 0; n < 40; n++) deep = stack([deep], { source_range: range(0, 9) });
    const strange = { OTIO_SCHEMA: "Hologram.7", name: "strange", source_range: range(0, 6) };
    const { timeline: got, notes } = read(
      timeline([
        track([
          stack([clip("a", null, 0, 8)], { effects: [warp], name: "warped" }),
          deep,
          strange,
          clip("z", null, 0, 2),
        ]),
      ]),
    );
    expect(cuts(got)).toEqual([
      ["a", 0, 8, 0],
      ["z", 23, 2, 0],
    ]);
    expect(notes).toHaveLength(3);
  });

  it("a track shows what its own range does; a range that shows nothing means all", () => {
    const children = [clip("a", null, 0, 20), clip("b", null, 50, 20)];
    expect(cuts(read(timeline([track(children, { source_range: range(10, 15) })])).timeline)).toEqual([
      ["a", 0, 10, 10],
      ["b", 10, 5, 50],
    ]);
    expect(cuts(read(timeline([track(children, { source_range: range(-86_000, 40) })])).timeline)).toHaveLength(2);
  });
});

const known = (name: string, url: string, length: number | null) =>
  clip(name, "", 20, 50, { media_reference: file(url, length === null ? null : 0, length ?? 0) });

describe("transitions", () => {
  it("at the beginning, at the end and beside gaps", () => {
    const { timeline: got } = read(
      timeline([
        track([
          dissolve(10, 10),
          clip("a", null, 0, 50),
          dissolve(3, 2),
          gap(8),
          clip("b", null, 0, 50),
          dissolve(10, 10),
        ]),
      ]),
    );
    expect(cuts(got).map(([name, start]) => [name, start])).toEqual([
      ["a", 0],
      ["b", 58],
    ]);
    expect(transitions(got)).toMatchObject([
      { inOffset: 0, outOffset: frames(10) },
      { inOffset: frames(3), outOffset: 0 },
      { inOffset: frames(10), outOffset: 0 },
    ]);
  });

  it("of media whose length nobody says are whole; of media that end they are as long as these", () => {
    for (const [length, after] of [
      [null, 9],
      [73, 3],
    ] as const) {
      const children = [known("a", "a.mov", length), dissolve(6, 9), known("b", "b.mov", null)];
      const { timeline: got } = read(timeline([track(children)]));
      expect(transitions(got)).toMatchObject([{ inOffset: frames(6), outOffset: frames(after) }]);
    }
  });

  it("of other kinds become dissolves, and it says so", () => {
    const wipe = dissolve(4, 4, { name: "Clock", transition_type: "Custom_Transition" });
    const { notes } = read(timeline([track([clip("a", null, 0, 9), wipe, clip("b", null, 9, 9)])]));
    expect(notes).toEqual(["The transition “Clock” became a dissolve."]);
  });
});

describe("media", () => {
  it("a clip may use a frame more than the file says that there is", () => {
    const { timeline: got } = read(timeline([track([clip("a", "a.mov", 100, 101)])]));
    expect(cuts(got)).toEqual([["a", 0, 101, 100]]);
  });

  it("rows of pictures are named by their first; bars and effects by what they are called", () => {
    const row = {
      OTIO_SCHEMA: "ImageSequenceReference.1",
      available_range: range(86_400, 50),
      target_url_base: "./row",
      name_prefix: "row.",
      name_suffix: ".png",
      start_frame: 7,
      frame_step: 1,
      rate: 24,
      frame_zero_padding: 4,
    };
    const bars = { OTIO_SCHEMA: "GeneratorReference.1", name: "bars", generator_kind: "SMPTEBars", parameters: {} };
    const effect = { OTIO_SCHEMA: "Effect.1", name: "", effect_name: "Vignette", metadata: {} };
    const { timeline: got, notes } = read(
      timeline([
        track([
          clip("row", "", 86_410, 30, { media_reference: row }),
          clip("bars", "", 0, 5, { media_reference: bars }),
          clip("c", "c.mov", 0, 5, { effects: [effect] }),
        ]),
      ]),
    );
    expect(cuts(got)).toEqual([
      ["row", 0, 30, 10],
      ["c", 35, 5, 0],
    ]);
    expect(Object.values(got.media)[0]).toMatchObject({ kind: "video", path: "./row/row.0007.png" });
    expect(notes).toEqual([
      expect.stringMatching(/row\.0007\.png” is the first of a row/),
      "The generator “bars” was left out.",
      "The effect “Vignette” was left out.",
    ]);
  });

  it("switched off stays so; tracks that are neither picture nor sound are left out; names may be of any length", () => {
    const { timeline: got, notes } = read(
      timeline([
        track([clip("n".repeat(900), null, 0, 9, { enabled: false })], { enabled: false }),
        track([], { kind: "Subtitle", name: "ST 1" }),
      ]),
    );
    expect(got.tracks).toHaveLength(1);
    expect(got.tracks[0]!.muted).toBe(true);
    expect([...clipsOf(got)][0]).toMatchObject({ enabled: false, name: "n".repeat(500) });
    expect(notes).toEqual(["The subtitle track “ST 1” was left out."]);
  });
});
