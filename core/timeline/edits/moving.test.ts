/** Values that lie elsewhere while they stand still: a text's style, a subject's colour; and those of whole tracks. */
import { describe, expect, it } from "vitest";
import {
  applyEdit,
  breaches,
  colourNumber,
  colourOf,
  EASINGS,
  findClip,
  parameterAt,
  type Clip,
  type Timeline,
  mixColours,
} from "../index.ts";
import { add, clipId, code, edited, empty, frames, threeClips, trackId } from "../testing/sample.ts";

function titled(name = "Title"): { document: Timeline; title: string } {
  const document = edited(threeClips(), "overwrite", {
    at: 0,
    clips: [{ track: trackId(threeClips(), "T1"), clip: { text: { text: name }, duration: frames(48) } }],
  });
  return { document, title: clipId(document, name) };
}
const clip = (document: Timeline, id: string): Clip => findClip(document, id)!;
const styleOf = (document: Timeline, id: string) => {
  const { content } = clip(document, id);
  return content.type === "text" ? content.style : null;
};

describe("colours as numbers", () => {
  it("are written as they were, and go channel by channel", () => {
    for (const colour of ["#ff8000", "#00000080", "#ffffff", "#01020304", "#000000"])
      expect(colourOf(colourNumber(colour))).toBe(colour);
    expect(colourNumber("#ffffffff")).toBe(colourNumber("#ffffff"));
    const [from, to] = [colourNumber("#ff000000"), colourNumber("#0040ff")];
    const mixed = (way: number): string => colourOf(mixColours(from, to, way));
    expect([mixed(0), mixed(0.5), mixed(1), mixed(1.5)]).toEqual(["#ff000000", "#80208080", "#0040ff", "#0060ff"]);
  });
});

describe("a text's values", () => {
  it("lie in its style while they stand still, and have keyframes while they move", () => {
    const { document, title } = titled();
    const larger = edited(document, "setParameter", { clips: [title], parameter: "textSize", value: 0.2 });
    expect([styleOf(larger, title)!.size, clip(larger, title).parameters]).toEqual([0.2, {}]);
    let moving = edited(larger, "setKeyframe", { clip: title, parameter: "textSize", time: 0 });
    moving = edited(moving, "setKeyframe", { clip: title, parameter: "textSize", time: frames(40), value: 0.4 });
    moving = edited(moving, "setKeyframe", { clip: title, parameter: "textColour", time: 0, value: 0xff0000ff });
    moving = edited(moving, "setKeyframe", {
      clip: title,
      parameter: "textColour",
      time: frames(40),
      value: colourNumber("#0000ff"),
    });
    expect(parameterAt(clip(moving, title), "textSize", frames(20))).toBeCloseTo(0.3, 10);
    expect(colourOf(parameterAt(clip(moving, title), "textColour", frames(20)))).toBe("#800080");
    expect(breaches(moving)).toEqual([]);
    // Where it moves, a value at a time is a keyframe; the last keyframe leaves its value in the style.
    const changed = edited(moving, "setParameters", {
      changes: [{ clip: title, parameter: "textSize", value: 0.5, at: frames(20) }],
    });
    expect(clip(changed, title).parameters.textSize).toMatchObject({ keyframes: [{}, { value: 0.5 }, {}] });
    let one = edited(moving, "removeKeyframe", { clip: title, parameter: "textSize", time: 0 });
    one = edited(one, "removeKeyframe", { clip: title, parameter: "textSize", time: frames(40) });
    expect([styleOf(one, title)!.size, clip(one, title).parameters.textSize]).toEqual([0.4, undefined]);
    const back = edited(moving, "resetParameter", { clips: [title], parameters: ["textSize", "textColour"] });
    expect([styleOf(back, title), clip(back, title).parameters]).toEqual([styleOf(document, title), {}]);
    // What is given to the style stands still.
    const still = edited(moving, "setText", { clips: [title], size: 0.1 });
    expect(Object.keys(clip(still, title).parameters)).toEqual(["textColour"]);
  });

  it("go with the clip: a split keeps their movement, another title takes them with its style", () => {
    let { document, title } = titled();
    for (const [time, value] of [
      [0, 0],
      [40, 1],
    ] as const)
      document = edited(document, "setKeyframe", { clip: title, parameter: "textSpacing", time: frames(time), value });
    const parts = edited(document, "split", { clips: [title], at: frames(20) });
    const texts = parts.tracks.find(({ name }) => name === "T1")!.children.filter((child) => child.kind === "clip");
    expect(texts.map((text) => parameterAt(text, "textSpacing", 0))).toEqual([0, 0.5]);
    const from = clip(document, title);
    const other = titled("Other");
    const pasted = edited(other.document, "pasteAttributes", { from, clips: [other.title], attributes: ["style"] });
    expect(clip(pasted, other.title).parameters).toEqual(from.parameters);
    expect(styleOf(pasted, other.title)!.text).toBe("Other");
  });

  it("are refused with a sentence where there is no such thing", () => {
    const { document, title } = titled();
    const set = (clips: string[], parameter: string, value: number) =>
      applyEdit(document, { name: "setParameter", arguments: { clips, parameter, value } });
    const film = clipId(document, "a");
    for (const refused of [
      set([film], "textSize", 0.1),
      set([title], "outlineWidth", 0.1),
      set([film], "subjectColour", 255),
      set([title], "textWeight", 450.5),
      set([title], "textColour", 0.5),
      set([title], "textColour", 2 ** 32),
      set([title], "textSize", 3),
    ])
      expect(code(refused)).toBe("BAD_ARGUMENT");
    const outlined = edited(document, "setText", { clips: [title], outline: { width: 0.04, colour: "#000000" } });
    const wide = edited(outlined, "setKeyframe", { clip: title, parameter: "outlineWidth", time: 0, value: 0.2 });
    // Switched off, nothing of it is left.
    const off = edited(wide, "setText", { clips: [title], outline: null });
    expect(clip(off, title).parameters).toEqual({});
  });
});

it("a subject's background colour moves, and stands still when it is chosen", () => {
  const document = add(empty(), "V1", "a", "film", 0, 48);
  const id = clipId(document, "a");
  let made = edited(document, "setSubject", { clips: [id], subject: { background: "colour", colour: "#102030" } });
  made = edited(made, "setKeyframe", { clip: id, parameter: "subjectColour", time: 0 });
  expect(clip(made, id).parameters.subjectColour).toMatchObject({ keyframes: [{ value: colourNumber("#102030") }] });
  const chosen = edited(made, "setSubject", { clips: [id], subject: { colour: "#ffffff" } });
  expect([clip(chosen, id).parameters, clip(chosen, id).subject?.colour]).toEqual([{}, "#ffffff"]);
});

describe("a track's volume and pan", () => {
  const a1 = trackId(empty(), "A1");
  const track = (document: Timeline) => document.tracks.find(({ id }) => id === a1)!;

  it("stand still or move along the timeline", () => {
    let document = edited(empty(), "setTrackParameter", { track: a1, parameter: "volume", value: -6, at: frames(9) });
    expect(track(document).volume).toBe(-6);
    document = edited(document, "setTrackKeyframe", { track: a1, parameter: "volume", time: frames(10) });
    document = edited(document, "setTrackParameter", { track: a1, parameter: "volume", value: -12, at: frames(30) });
    expect(track(document).volume).toEqual({
      keyframes: [
        { time: frames(10), value: -6, easing: EASINGS.linear },
        { time: frames(30), value: -12, easing: EASINGS.linear },
      ],
    });
    const eased = edited(document, "setTrackKeyframe", {
      track: a1,
      parameter: "volume",
      from: frames(10),
      time: frames(12),
      easing: EASINGS.hold,
    });
    expect(track(eased).volume).toMatchObject({
      keyframes: [{ time: frames(12), value: -6, easing: EASINGS.hold }, {}],
    });
    let still = edited(document, "removeTrackKeyframe", { track: a1, parameter: "volume", time: frames(10) });
    still = edited(still, "removeTrackKeyframe", { track: a1, parameter: "volume", time: frames(30) });
    expect(track(still).volume).toBe(-12);
    expect(track(edited(document, "setTrackParameter", { track: a1, parameter: "volume", value: 0 })).volume).toBe(0);
    expect(breaches(document)).toEqual([]);
  });

  it("stay in their limits, and keyframes that are gone are said to be", () => {
    const asked = (name: string, more: object) =>
      code(applyEdit(empty(), { name, arguments: { track: a1, parameter: "pan", ...more } }));
    expect(asked("setTrackParameter", { value: 1.5 })).toBe("BAD_ARGUMENT");
    expect(asked("setTrackKeyframe", { time: 0, value: -2 })).toBe("BAD_ARGUMENT");
    expect(asked("setTrackKeyframe", { time: 0, from: 5 })).toBe("NOT_FOUND");
    expect(asked("removeTrackKeyframe", { time: 0 })).toBe("NOT_FOUND");
    const out = { keyframes: [{ time: 0, value: 99, easing: EASINGS.linear }] };
    expect(code(applyEdit(empty(), { name: "setTrack", arguments: { track: a1, volume: out } }))).toBe("BAD_ARGUMENT");
  });
});
