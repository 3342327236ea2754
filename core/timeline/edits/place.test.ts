import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  clipId,
  code,
  edited,
  empty,
  frames,
  linkedPairs,
  must,
  show,
  threeClips,
  trackId,
} from "../testing/sample.ts";
import { applyEdit, append, edits, insert, labelOf, laneOf, NEW_TRACK, overwrite, remove } from "../index.ts";

const film = (from: number, count: number) => ({
  media: "film",
  sourceRange: { start: frames(from), duration: frames(count) },
});

describe("insert", () => {
  it("makes room: what is later moves, a clip across the place is cut", () => {
    const document = threeClips();
    const clips = [{ track: trackId(document, "V1"), clip: { ...film(0, 10), name: "new" } }];
    expect(show(must(insert(document, { at: frames(60), clips })), "V1")).toBe(
      "a 0+48@48, b 48+12@96, new 60+10@0, b 70+36@108, c 106+48@144",
    );
  });

  it("moves other tracks along where it can, and keeps music under the whole still", () => {
    const document = linkedPairs();
    const clips = [{ track: trackId(document, "V1"), clip: { ...film(0, 10), name: "new" } }];
    const after = must(insert(document, { at: frames(48), clips }));
    expect(show(after, "V1")).toBe("v1 0+48@48, new 48+10@0, v2 58+48@96");
    expect(show(after, "A1")).toBe("a1 0+48@48, gap 10, a2 58+48@96");
    expect(show(must(insert(document, { at: frames(100), clips })), "A2")).toBe("music 0+480@0");
  });

  it("cuts the linked sound of a clip that it cuts, and links the parts anew", () => {
    const document = linkedPairs();
    const clips = [{ track: trackId(document, "V1"), clip: { ...film(0, 10), name: "new" } }];
    const after = must(insert(document, { at: frames(20), clips }));
    expect(show(after, "A1")).toBe("a1 0+20@48, gap 10, a1 30+28@68, a2 58+48@96");
    const links = (name: string) =>
      laneOf(after.tracks.find((track) => track.name === name)!).placed.map(({ clip }) => clip.link);
    const [a, b] = links("A1");
    expect(a).not.toBe(b);
    expect(links("V1").filter((link) => link !== null)).toEqual(links("A1"));
  });

  it("refuses a locked track, a wrong track, missing media and a stretch that the media has not", () => {
    const document = threeClips();
    const on = (track: string, clip: object) =>
      code(
        applyEdit(document, {
          name: "insert",
          arguments: { at: 0, clips: [{ track: trackId(document, track), clip }] },
        }),
      );
    expect(on("A1", film(0, 10))).toBe("ok");
    expect(on("A1", { media: "still" })).toBe("WRONG_TRACK");
    expect(on("V1", { media: "song" })).toBe("WRONG_TRACK");
    expect(on("T1", film(0, 10))).toBe("WRONG_TRACK");
    expect(on("V1", { media: "constructor" })).toBe("NOT_FOUND");
    expect(on("V1", film(200, 100))).toBe("OUT_OF_MEDIA");
    expect(on("V1", { media: "short", sourceRange: { start: 0, duration: frames(4) } })).toBe("OUT_OF_MEDIA");
    const locked = edited(document, "setTrack", { track: trackId(document, "V1"), locked: true });
    expect(code(insert(locked, { at: 0, clips: [{ track: trackId(document, "V1"), clip: film(0, 10) }] }))).toBe(
      "TRACK_LOCKED",
    );
  });

  it("leaves a locked track where it is, and refuses where that would tear linked clips apart", () => {
    const document = linkedPairs();
    const locked = edited(document, "setTrack", { track: trackId(document, "A1"), locked: true });
    const clips = [{ track: trackId(document, "V1"), clip: film(0, 10) }];
    expect(code(insert(locked, { at: 0, clips }))).toBe("TRACK_LOCKED");
    const unlinked = edited(document, "unlink", { clips: [clipId(document, "v1"), clipId(document, "v2")] });
    const free = edited(unlinked, "setTrack", { track: trackId(document, "A1"), locked: true });
    const after = must(insert(free, { at: 0, clips }));
    expect(show(after, "A1")).toBe(show(document, "A1"));
  });
});

describe("overwrite and append", () => {
  it("overwrite replaces exactly the stretch that it covers", () => {
    const document = threeClips();
    const clips = [{ track: trackId(document, "V1"), clip: { ...film(0, 60), name: "new" } }];
    expect(show(must(overwrite(document, { at: frames(40), clips })), "V1")).toBe(
      "a 0+40@48, new 40+60@0, c 100+44@148",
    );
    const small = [{ track: trackId(document, "V1"), clip: { ...film(0, 8), name: "new" } }];
    expect(show(must(overwrite(document, { at: frames(10), clips: small })), "V1")).toBe(
      "a 0+10@48, new 10+8@0, a 18+30@66, b 48+48@96, c 96+48@144",
    );
  });

  it("append puts picture and sound side by side behind the longer one, and links them", () => {
    const document = add(threeClips(), "A1", "song", "song", 0, 200);
    const clips = ["V1", "A1"].map((track) => ({ track: trackId(document, track), clip: film(0, 24) }));
    const after = must(append(document, { clips }));
    expect(show(after, "V1")).toContain("gap 56, film 200+24@0");
    expect(show(after, "A1")).toBe("song 0+200@0, film 200+24@0");
    const [v, a] = ["V1", "A1"].map(
      (name) => laneOf(after.tracks.find((track) => track.name === name)!).placed.at(-1)!.clip.link,
    );
    expect(v).toBe(a);
    expect(v).not.toBeNull();
  });

  it("takes all of the media in whole frames, and five seconds of a still", () => {
    const media = { ...empty().media["film"]!, id: "odd", availableRange: { start: 7, duration: frames(10) + 5 } };
    const document = edited(empty(), "addMedia", { media: [media] });
    const V1 = trackId(document, "V1");
    const after = must(
      append(document, {
        clips: [
          { track: V1, clip: { media: "odd" } },
          { track: V1, clip: { media: "still" }, offset: frames(10) },
        ],
      }),
    );
    expect(laneOf(after.tracks.find(({ id }) => id === V1)!).placed.map(({ clip }) => clip.sourceRange)).toEqual([
      { start: 7, duration: frames(10) },
      { start: 0, duration: frames(120) },
    ]);
  });

  it("makes the track that it names as a new one, and is one edit", () => {
    const document = threeClips();
    const placed = must(
      overwrite(document, {
        at: 0,
        clips: [
          { track: NEW_TRACK.video, clip: { media: "film" } },
          { track: NEW_TRACK.audio, clip: { media: "film" } },
        ],
      }),
    );
    expect(placed.tracks.map(({ name }) => name)).toEqual(["A1", "A2", "A3", "V1", "V2", "V3", "T1"]);
    expect([show(placed, "V3"), show(placed, "A3")]).toEqual(["film 0+240@0", "film 0+240@0"]);
    const [a, b] = [clipId(document, "a"), clipId(document, "b")];
    const moved = edited(document, "move", {
      clips: [a, b],
      by: 0,
      tracks: { [a]: NEW_TRACK.video, [b]: NEW_TRACK.video },
    });
    expect([show(moved, "V3"), show(moved, "V1")]).toEqual(["a 0+48@48, b 48+48@96", "gap 96, c 96+48@144"]);
    const wrong = { name: "move", arguments: { clips: [a], by: 0, tracks: { [a]: NEW_TRACK.text } } };
    expect(code(applyEdit(document, wrong))).toBe("WRONG_TRACK");
  });

  it("pastes copies with bonds of their own", () => {
    const document = linkedPairs();
    const copies = ["v1", "a1"].map((name, i) => ({
      track: trackId(document, ["V1", "A1"][i]!),
      clip: {
        copy: laneOf(document.tracks.find((t) => t.name === ["V1", "A1"][i])!).placed.find((p) => p.clip.name === name)!
          .clip,
      },
    }));
    const after = must(overwrite(document, { at: frames(600), clips: copies }));
    const pasted = ["V1", "A1"].map((name) => laneOf(after.tracks.find((t) => t.name === name)!).placed.at(-1)!.clip);
    expect(pasted[0]!.link).toBe(pasted[1]!.link);
    expect(pasted[0]!.link).not.toBe(copies[0]!.clip.copy.link);
    expect(new Set(after.tracks.flatMap((t) => laneOf(t).placed.map(({ clip }) => clip.id))).size).toBe(7);
  });
});

describe("an edit that comes as data", () => {
  it("is refused with one sentence, whatever it holds, and never throws", () => {
    const document = linkedPairs();
    const ids = document.tracks.flatMap(({ id, children }) => [
      id,
      ...children.flatMap((c) => (c.kind === "clip" ? [c.id] : [])),
    ]);
    const word = fc.oneof(fc.constantFrom(...ids, "film", "__proto__", "constructor", "start"), fc.string());
    const value = fc.oneof(word, fc.integer(), fc.double(), fc.array(word, { maxLength: 3 }), fc.anything());
    const fields = [
      "clip",
      "clips",
      "track",
      "at",
      "by",
      "edge",
      "left",
      "right",
      "parameter",
      "value",
      "time",
      "media",
      "speed",
      "take",
      "kind",
      "duration",
      "type",
    ];
    const args = fc.dictionary(fc.constantFrom(...fields), value);
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(edits)), fc.oneof(args, fc.anything()), (name, input) => {
        const result = applyEdit(document, { name, arguments: input });
        if (!result.ok) expect(result.error.message).toMatch(/^[A-Z“][^\n]*\.$/);
      }),
      { numRuns: 2000 },
    );
  });

  it("is called after what it puts there", () => {
    const document = threeClips();
    const label = (...clips: readonly object[]) =>
      labelOf(document, {
        name: "overwrite",
        arguments: { at: 0, clips: clips.map((clip) => ({ track: "t1", clip })) },
      });
    const [copy] = laneOf(document.tracks.find(({ name }) => name === "V1")!).placed.map(({ clip }) => clip);
    expect(label({ media: "film" })).toBe("Overwrite ‘film’");
    expect(label({ text: { text: "Title\nbelow" }, duration: 1 })).toBe("Add title ‘Title’");
    expect(label({ copy })).toBe("Copy ‘a’");
    expect(label({ job: "j", name: "rain", duration: 1 })).toBe("Generate ‘rain’");
    expect(label({ media: "film" }, { copy })).toBe("Overwrite 2 clips");
  });

  it("names what is not there", () => {
    const document = threeClips();
    expect(code(remove(document, { clips: ["nothing"] }))).toBe("NOT_FOUND");
    expect(code(remove(document, { clips: [clipId(document, "a"), "nothing"] }))).toBe("NOT_FOUND");
    expect(code(applyEdit(document, { name: "undo", arguments: {} }))).toBe("BAD_ARGUMENT");
  });
});
