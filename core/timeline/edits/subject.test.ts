import { describe, expect, it } from "vitest";
import { newHistory, perform, redo, undo } from "../../history/index.ts";
import { planFrame, subjectWants } from "../../render-plan/index.ts";
import { applyEdit, breaches, findClip, mediaRange, plainSubject, type Timeline, timelineSchema } from "../index.ts";
import { add, clipId, code, edited, empty, frames, must, trackId } from "../testing/sample.ts";

const base = add(add(empty(), "V1", "a", "film", 48, 100), "V1", "b", "short", 5, 24);
const [a, b] = [clipId(base, "a"), clipId(base, "b")];
const edit = (from: Timeline, name: string, args: unknown) => applyEdit(from, { name, arguments: args });
const cut = edited(base, "setSubject", { clips: [a], subject: {} });
const subjectOf = (document: Timeline, id: string) => findClip(document, id)!.subject;

describe("setSubject", () => {
  it("cuts out, changes one thing at a time, and goes without a trace", () => {
    expect(subjectOf(cut, a)).toEqual(plainSubject);
    expect(subjectOf(cut, b)).toBeUndefined();
    const blurred = edited(cut, "setSubject", { clips: [a, b], subject: { background: "blur", kinds: ["circle"] } });
    const inverted = edited(blurred, "setSubject", { clips: [a], subject: { inverted: true } });
    expect(subjectOf(inverted, a)).toEqual({ ...plainSubject, background: "blur", kinds: ["circle"], inverted: true });
    expect(breaches(inverted)).toEqual([]);
    expect(timelineSchema.parse(JSON.parse(JSON.stringify(inverted)))).toEqual(inverted);
    const back = edited(cut, "setSubject", { clips: [a], subject: null });
    expect(JSON.stringify(back)).toBe(JSON.stringify(base));
  });

  it("refuses texts, sounds as background, and media that is not there", () => {
    const texted = edited(base, "overwrite", {
      at: 0,
      clips: [{ track: trackId(base, "T1"), clip: { text: { text: "Hi" }, duration: frames(10) } }],
    });
    const refusals = [
      edit(texted, "setSubject", { clips: [clipId(texted, "Hi")], subject: {} }),
      edit(base, "setSubject", { clips: [a], subject: { media: "song" } }),
      edit(base, "setSubject", { clips: [a], subject: { media: "constructor" } }),
      edit(base, "setSubject", { clips: ["nobody"], subject: {} }),
      edit(base, "setSubject", { clips: [a], subject: { background: "magic" } }),
      edit(base, "setSubject", { clips: [a], subject: { colour: "red" } }),
    ];
    expect(refusals.map(code)).toEqual([
      "BAD_ARGUMENT",
      "BAD_ARGUMENT",
      "NOT_FOUND",
      "NOT_FOUND",
      "BAD_ARGUMENT",
      "BAD_ARGUMENT",
    ]);
  });

  it("is one step that can be undone and redone", () => {
    const done = must(perform(newHistory(base), { name: "setSubject", arguments: { clips: [a], subject: {} } }));
    const undone = must(undo(done));
    expect(undone.present).toEqual(base);
    expect(must(redo(undone)).present).toEqual(done.present);
    expect(done.past.map(({ label }) => label)).toEqual(["Change subject ‘a’"]);
  });

  it("goes along when a clip is split, is pasted onto others, and keeps its background in the project", () => {
    const other = edited(cut, "setSubject", { clips: [a], subject: { background: "media", media: "still" } });
    const split = edited(other, "split", { clips: [a], at: frames(10) });
    const right = split.tracks
      .flatMap(({ children }) => children)
      .find((child) => child.kind === "clip" && child.name === "a" && child.id !== a);
    expect(right).toMatchObject({ subject: { background: "media", media: "still" } });
    const soft = edited(other, "setParameter", { clips: [a], parameter: "subjectFeather", value: 0.05 });
    const from = findClip(soft, a)!;
    const pasted = edited(soft, "pasteAttributes", { from, clips: [b], attributes: ["subject"] });
    expect(findClip(pasted, b)).toMatchObject({ subject: from.subject, parameters: { subjectFeather: 0.05 } });
    const plain = edited(pasted, "pasteAttributes", { from: findClip(base, a)!, clips: [b], attributes: ["subject"] });
    expect(findClip(plain, b)).toEqual(findClip(base, b));
    expect(code(edit(other, "removeMedia", { media: ["still"] }))).toBe("BAD_ARGUMENT");
  });
});

const pictureAt = (document: Timeline, frame: number) => {
  const [layer] = planFrame(document, frames(frame)).layers;
  if (layer?.kind !== "picture") throw new Error("no picture");
  return layer;
};
const behind = (document: Timeline, frame: number) => pictureAt(document, frame).subject!.behind;

describe("a subject in the plan", () => {
  it("is of the frame that is shown, also between two frames", () => {
    expect(pictureAt(base, 3).subject).toBeNull();
    const { subject, sourceTime } = pictureAt(cut, 3);
    expect(subject).toMatchObject({ media: "film", background: "none", behind: null, feather: 0.006, grow: 0 });
    expect(subject!.maskTime).toBe(sourceTime);
    const slow = edited(cut, "setSpeed", { clip: a, speed: 0.5 });
    const between = pictureAt(slow, 3);
    expect(between.sourceTime - between.subject!.maskTime).toBe(frames(1) / 2);
  });

  it("has its background's own moment: a film begins with the clip, and begins again", () => {
    const film = edited(cut, "setSubject", { clips: [a], subject: { background: "media", media: "short" } });
    expect(behind(film, 3)).toEqual({ clip: `${a}~behind`, media: "short", sourceTime: frames(5 + 3) });
    expect(behind(film, 50)).toMatchObject({ sourceTime: frames(5 + 2) });
    expect(behind(edited(film, "setSubject", { clips: [a], subject: { media: "still" } }), 3)).toMatchObject({
      sourceTime: 0,
    });
    expect(behind(edited(film, "setSubject", { clips: [a], subject: { background: "grey" } }), 3)).toBeNull();
  });

  it("says which stretches must be known", () => {
    expect(subjectWants(base)).toEqual([]);
    const { start, duration } = mediaRange(findClip(cut, a)!);
    expect(subjectWants(cut)).toEqual([
      { id: "film", start: start / 705_600_000, end: (start + duration) / 705_600_000 },
    ]);
    expect(subjectWants(edited(cut, "setClip", { clips: [a], enabled: false }))).toEqual([]);
  });
});
