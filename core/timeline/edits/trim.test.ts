import { describe, expect, it } from "vitest";
import {
  applyEdit,
  closeGap,
  join,
  move,
  remove,
  rippleDelete,
  rippleTrim,
  roll,
  rollLimits,
  slide,
  slideLimits,
  slip,
  slipLimits,
  split,
  type Timeline,
  trim,
  trimLimits,
} from "../index.ts";
import {
  clipId,
  code,
  dissolved,
  edited,
  frames,
  linkedPairs,
  must,
  show,
  threeClips,
  trackId,
} from "../testing/sample.ts";

const document = threeClips();
const [a, b, c] = ["a", "b", "c"].map((name) => clipId(document, name)) as [string, string, string];

describe("trim", () => {
  it("leaves a gap, and grows no further than its neighbour or its media", () => {
    const shorter = must(trim(document, { clip: b, edge: "start", by: frames(10) }));
    expect(show(shorter, "V1")).toBe("a 0+48@48, gap 10, b 58+38@106, c 96+48@144");
    expect(show(must(trim(shorter, { clip: a, edge: "end", by: frames(6) })), "V1")).toContain("a 0+54@48, gap 4, b");
    expect(code(trim(shorter, { clip: a, edge: "end", by: frames(11) }))).toBe("NO_ROOM");
    expect(code(trim(document, { clip: c, edge: "end", by: frames(49) }))).toBe("OUT_OF_MEDIA");
    expect(code(trim(document, { clip: a, edge: "start", by: frames(48) }))).toBe("NO_ROOM");
  });

  it("says beforehand how far it goes", () => {
    expect(must(trimLimits(document, { clip: c, edge: "end" }))).toEqual({
      min: -frames(47),
      max: frames(48),
      minReason: "length",
      maxReason: "media",
    });
    expect(must(trimLimits(document, { clip: b, edge: "start" }))).toMatchObject({ min: -0, minReason: "neighbour" });
    expect(must(trimLimits(document, { clip: b, edge: "start" }, true))).toMatchObject({
      min: -frames(96),
      minReason: "media",
    });
  });

  it("takes linked clips along, unless asked not to", () => {
    const pairs = linkedPairs();
    const clip = clipId(pairs, "v2");
    expect(show(must(trim(pairs, { clip, edge: "start", by: frames(8) })), "A1")).toContain("gap 8, a2 56+40@104");
    expect(show(must(trim(pairs, { clip, edge: "start", by: frames(8), linked: false })), "A1")).toBe(
      show(pairs, "A1"),
    );
  });

  it("keeps keyframes and markers where they were on the timeline", () => {
    const animated = edited(document, "setKeyframe", { clip: b, parameter: "opacity", time: frames(20), value: 0.5 });
    const marked = edited(animated, "addMarker", { clip: b, markedRange: { start: frames(30), duration: 0 } });
    const { tracks } = must(trim(marked, { clip: b, edge: "start", by: frames(10) }));
    const clip = tracks.flatMap(({ children }) => children).find((child) => child.kind === "clip" && child.id === b);
    expect(clip).toMatchObject({
      parameters: { opacity: { keyframes: [{ time: frames(10), value: 0.5 }] } },
      markers: [{ markedRange: { start: frames(20) } }],
    });
  });
});

describe("ripple", () => {
  it("trim moves what follows by exactly what was cut or added", () => {
    expect(show(must(rippleTrim(document, { clip: b, edge: "start", by: frames(10) })), "V1")).toBe(
      "a 0+48@48, b 48+38@106, c 86+48@144",
    );
    expect(show(must(rippleTrim(document, { clip: b, edge: "end", by: -frames(10) })), "V1")).toBe(
      "a 0+48@48, b 48+38@96, c 86+48@144",
    );
    expect(show(must(rippleTrim(document, { clip: b, edge: "start", by: -frames(10) })), "V1")).toBe(
      "a 0+48@48, b 48+58@86, c 106+48@144",
    );
    expect(show(must(rippleTrim(document, { clip: a, edge: "end", by: frames(10) })), "V1")).toBe(
      "a 0+58@48, b 58+48@96, c 106+48@144",
    );
  });

  it("delete closes the gap on all tracks that are free there", () => {
    const pairs = linkedPairs();
    const after = must(rippleDelete(pairs, { clips: [clipId(pairs, "v1")] }));
    expect(show(after, "V1")).toBe("v2 0+48@96");
    expect(show(after, "A1")).toBe("a2 0+48@96");
    expect(show(after, "A2")).toBe("music 0+480@0");
  });

  it("refuses to tear linked clips apart", () => {
    const pairs = linkedPairs();
    expect(code(rippleDelete(pairs, { clips: [clipId(pairs, "v1")], companions: false }))).toBe("OUT_OF_SYNC");
    expect(code(rippleTrim(pairs, { clip: clipId(pairs, "v1"), edge: "end", by: -frames(4), linked: false }))).toBe(
      "OUT_OF_SYNC",
    );
    expect(code(remove(pairs, { clips: [clipId(pairs, "v1")], companions: false }))).toBe("ok");
  });

  it("closes a gap, and says so when there is none", () => {
    const gap = must(remove(document, { clips: [b] }));
    expect(show(must(closeGap(gap, { track: trackId(gap, "V1"), at: frames(60) })), "V1")).toBe(
      "a 0+48@48, c 48+48@144",
    );
    expect(code(closeGap(document, { track: trackId(gap, "V1"), at: frames(60) }))).toBe("NOT_FOUND");
  });
});

describe("roll, slip, slide", () => {
  it("roll gives one what it takes from the other", () => {
    expect(show(must(roll(document, { left: a, right: b, by: frames(5) })), "V1")).toBe(
      "a 0+53@48, b 53+43@101, c 96+48@144",
    );
    expect(must(rollLimits(document, { left: a, right: b }))).toMatchObject({ min: -frames(47), max: frames(47) });
    expect(code(roll(document, { left: a, right: c, by: frames(1) }))).toBe("BAD_ARGUMENT");
    const pairs = linkedPairs();
    const args = { left: clipId(pairs, "v1"), right: clipId(pairs, "v2"), by: -frames(5) };
    expect(show(must(roll(pairs, args)), "A1")).toBe("a1 0+43@48, a2 43+53@91");
  });

  it("slip shows other moments in the same place", () => {
    expect(show(must(slip(document, { clip: b, by: -frames(20) })), "V1")).toBe("a 0+48@48, b 48+48@76, c 96+48@144");
    expect(must(slipLimits(document, { clip: b }))).toMatchObject({ min: -frames(96), max: frames(96) });
    expect(code(slip(document, { clip: c, by: frames(49) }))).toBe("OUT_OF_MEDIA");
  });

  it("slide moves a clip between its neighbours", () => {
    expect(show(must(slide(document, { clip: b, by: frames(7) })), "V1")).toBe("a 0+55@48, b 55+48@96, c 103+41@151");
    expect(must(slideLimits(document, { clip: b }))).toMatchObject({ min: -frames(47), max: frames(47) });
    expect(code(slide(document, { clip: a, by: -frames(1) }))).toBe("NO_ROOM");
  });
});

describe("split, join and move", () => {
  it("split cuts what lies under the time, with linked clips, and gives the parts bonds of their own", () => {
    const pairs = linkedPairs();
    const after = must(split(pairs, { clips: [clipId(pairs, "v1")], at: frames(20) }));
    expect(show(after, "A1")).toContain("a1 0+20@48, a1 20+28@68");
    expect(code(split(pairs, { at: frames(5000) }))).toBe("NOT_FOUND");
    expect(show(must(split(pairs, { at: frames(100) })), "A2")).toBe("music 0+100@0, music 100+380@100");
  });

  it("joins only what a split could have made", () => {
    expect(code(join(document, { left: a, right: c }))).toBe("BAD_ARGUMENT");
    // a ends in the film where b begins: they are one stretch.
    expect(show(must(join(document, { left: a, right: b })), "V1")).toBe("a 0+96@48, c 96+48@144");
    const quieter = edited(document, "setParameter", { clips: [b], parameter: "opacity", value: 0.5 });
    expect(code(join(quieter, { left: a, right: b }))).toBe("BAD_ARGUMENT");
  });

  it("move puts clips over what is there, linked ones by the same way", () => {
    expect(show(must(move(document, { clips: [a], by: frames(60) })), "V1")).toBe(
      "gap 48, b 48+12@96, a 60+48@48, c 108+36@156",
    );
    const up = must(move(document, { clips: [b], by: 0, tracks: { [b]: trackId(document, "V2") } }));
    expect(show(up, "V2")).toBe("gap 48, b 48+48@96");
    expect(code(move(document, { clips: [a], by: -1 }))).toBe("NO_ROOM");
    expect(code(move(document, { clips: [a], by: 0, tracks: { [a]: trackId(document, "A1") } }))).toBe("ok");
    expect(code(move(document, { clips: [a], by: 0, tracks: { [a]: trackId(document, "T1") } }))).toBe("WRONG_TRACK");
    const pairs = linkedPairs();
    const moved = must(move(pairs, { clips: [clipId(pairs, "v2")], by: frames(10) }));
    expect(show(moved, "A1")).toContain("gap 10, a2 58+48@96");
  });

  it("moves a group as one", () => {
    const grouped = edited(document, "group", { clips: [a, c] });
    expect(show(must(move(grouped, { clips: [c], by: frames(200) })), "V1")).toBe(
      "gap 48, b 48+48@96, gap 104, a 200+48@48, gap 48, c 296+48@144",
    );
    const free = edited(grouped, "ungroup", { clips: [a] });
    expect(show(must(move(free, { clips: [c], by: frames(1) })), "V1")).toContain("b 48+48@96, gap 1, c");
  });
});

describe("transitions", () => {
  const crossed = dissolved();

  it("stay with their cut through a roll, and go when the clips part", () => {
    expect(show(crossed, "V1")).toBe("a 0+48@48, dissolve 6|6, b 48+48@96, c 96+48@144");
    expect(show(must(roll(crossed, { left: a, right: b, by: frames(5) })), "V1")).toContain(
      "a 0+53@48, dissolve 6|6, b",
    );
    expect(show(must(trim(crossed, { clip: b, edge: "start", by: frames(1) })), "V1")).not.toContain("dissolve");
    expect(show(must(split(crossed, { clips: [b], at: frames(60) })), "V1")).toContain(
      "dissolve 6|6, b 48+12@96, b 60",
    );
    expect(show(must(rippleDelete(crossed, { clips: [b] })), "V1")).toBe("a 0+48@48, c 48+48@144");
  });

  it("are as long as the spare media allows, and refused where there is none", () => {
    const spare = must(slip(document, { clip: b, by: -frames(92) }));
    const short = edited(spare, "addTransition", { clip: a, edge: "end", type: "wipe", duration: frames(12) });
    expect(show(short, "V1")).toContain("wipe 4|8");
    const all = must(trim(must(slip(document, { clip: c, by: frames(48) })), { clip: a, edge: "end", by: 0 }));
    const tail = edited(all, "addTransition", { clip: c, edge: "end", type: "dip", duration: frames(12) });
    expect(show(tail, "V1")).toContain("c 96+48@192, dip 12|0");
    const none = edited(edited(document, "replaceMedia", { clip: b, media: "short" }), "replaceMedia", {
      clip: c,
      media: "short",
    });
    const args = { clip: b, edge: "end", type: "dissolve", duration: frames(12) };
    expect(code(edit(none, "addTransition", args))).toBe("OUT_OF_MEDIA");
  });

  it("change and go on demand", () => {
    const id = "x" + String(crossed.nextId - 1);
    expect(
      show(edited(crossed, "setTransition", { transition: id, type: "iris", outOffset: frames(10) }), "V1"),
    ).toContain("iris 6|10");
    expect(show(edited(crossed, "removeTransition", { transition: id }), "V1")).toBe(show(document, "V1"));
    expect(code(edit(crossed, "setTransition", { transition: id, inOffset: 0, outOffset: 0 }))).toBe("NO_ROOM");
    expect(code(edit(crossed, "removeTransition", { transition: "none" }))).toBe("NOT_FOUND");
  });
});

function edit(from: Timeline, name: string, args: unknown) {
  return applyEdit(from, { name, arguments: args });
}
