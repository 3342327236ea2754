import { expect, test } from "vitest";
import { model } from "../../core/testing/samples.ts";
import { FLICKS_PER_SECOND } from "../../core/time/index.ts";
import { clipId, edited, FRAME, frames, threeClips, trackId } from "../../core/timeline/testing/sample.ts";
import { framesFor, gapTarget, sizesFor } from "../timeline/generate.ts";
import { findPlaced } from "../timeline/selection.ts";
import { clipTimeOf } from "./edit/beats.ts";
import { chordOf, keysOf, matches } from "./chord.ts";
import { presets } from "./command.ts";
import { threePoints } from "./edit/place.ts";
import { command, commands } from "./index.ts";
import { chordsOf, conflictsOf, createKeymap, withKeys, withoutChange } from "./keymap.ts";
import { search } from "./search.ts";
import { fakeStorage } from "../testing/fake-client.ts";

const press = (code: string, more: Partial<KeyboardEvent> = {}) => ({
  code,
  key: "",
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

test("every command has one id and one title in its workspace, and no two share a key in any preset", () => {
  expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length);
  const conflicts = presets.flatMap((preset) =>
    commands.flatMap((each) =>
      chordsOf({ preset, changed: {} }, each).flatMap((chord) =>
        conflictsOf({ preset, changed: {} }, commands, each, chord).map(
          ({ id }) => `${preset} ${chord}: ${each.id}, ${id}`,
        ),
      ),
    ),
  );
  expect(conflicts).toEqual([]);
});

test("keys go by their place, and characters by what is typed", () => {
  expect(chordOf(press("KeyK", { ctrlKey: true, shiftKey: true }))).toBe("Mod+Shift+KeyK");
  expect(chordOf(press("KeyK", { metaKey: true }))).toBe("Mod+KeyK");
  expect(chordOf(press("ShiftLeft", { shiftKey: true }))).toBeNull();
  expect(matches(press("Minus", { key: "?", shiftKey: true }), "=?")).toBe(true);
  expect(keysOf("Mod+Shift+BracketLeft")).toEqual(["Ctrl", "Shift", "["]);
});

test("a key that another command has is taken from it, is kept, and can be given back", () => {
  const storage = fakeStorage();
  const store = createKeymap(storage);
  const [split, select] = [command("clip.split"), command("tool.select")];
  expect(conflictsOf(store.getState(), commands, split, "KeyV").map(({ id }) => id)).toEqual(["tool.select"]);
  store.setState(withKeys(store.getState(), commands, split, ["KeyV"]));
  expect([chordsOf(store.getState(), split), chordsOf(store.getState(), select)]).toEqual([["KeyV"], []]);
  const again = createKeymap(storage);
  expect(chordsOf(again.getState(), split)).toEqual(["KeyV"]);
  again.setState(withoutChange(again.getState(), split));
  expect(chordsOf(again.getState(), split)).toEqual(["Mod+KeyK"]);
  expect(
    createKeymap(fakeStorage({ "plume.keys": '{"preset":"nonsense","changed":{"clip.split":[1]}}' })).getState(),
  ).toEqual({
    preset: "default",
    changed: {},
  });
});

test("the palette finds commands by a few letters", () => {
  expect(
    search(commands, "split")
      .slice(0, 2)
      .map(({ id }) => id),
  ).toEqual(["clip.split", "clip.split-all"]);
  expect(search(commands, "spat")[0]?.id).toBe("clip.split");
  expect(search(commands, "rpl del")[0]?.id).toBe("clip.ripple-delete");
  expect(search(commands, "qqqq")).toEqual([]);
});

const flicks = (frame: number | null) => (frame === null ? null : frames(frame));

test.each([
  [
    "in and out of the source, at the playhead",
    { in: 10, out: 34 },
    { in: null, out: null, playhead: 100 },
    [100, 10, 24],
  ],
  [
    "in of the source, in and out of the timeline",
    { in: 10, out: null },
    { in: 50, out: 60, playhead: 0 },
    [50, 10, 10],
  ],
  [
    "out of the source, in and out of the timeline",
    { in: null, out: 40 },
    { in: 50, out: 60, playhead: 0 },
    [50, 30, 10],
  ],
  [
    "out of the timeline alone: backwards from there",
    { in: 10, out: 34 },
    { in: null, out: 60, playhead: 0 },
    [36, 10, 24],
  ],
  ["nothing marked: all of it", { in: null, out: null }, { in: null, out: null, playhead: 7 }, [7, 0, 240]],
] as const)("three points: %s", (_, source, timeline, [at, start, duration]) => {
  const points = threePoints(
    { start: 0, duration: frames(240) },
    { in: flicks(source.in), out: flicks(source.out) },
    { in: flicks(timeline.in), out: flicks(timeline.out), playhead: frames(timeline.playhead) },
  );
  expect(points && [points.at / FRAME, points.range.start / FRAME, points.range.duration / FRAME]).toEqual([
    at,
    start,
    duration,
  ]);
});

test("a beat of the media is a time of the clip, backwards and at any steady speed", () => {
  const document = threeClips();
  const b = findPlaced(document, clipId(document, "b"))!.item.clip;
  expect(clipTimeOf(b, frames(96))).toBe(0);
  expect(clipTimeOf(b, frames(100))).toBe(frames(4));
  expect([clipTimeOf(b, frames(95)), clipTimeOf(b, frames(144))]).toEqual([null, null]);
  expect(clipTimeOf({ ...b, parameters: { speed: 2 } }, frames(100))).toBe(frames(2));
  expect(clipTimeOf({ ...b, reversed: true }, frames(100))).toBe(frames(44));
});

test("a clip is made in the selected gap, else where a picture track is free at the playhead", () => {
  const document = edited(threeClips(), "remove", { clips: [clipId(threeClips(), "b")] });
  const [v1, v2] = [trackId(document, "V1"), trackId(document, "V2")];
  expect(gapTarget(document, { track: v1, start: frames(48), duration: frames(48) }, 0)).toEqual({
    track: v1,
    at: frames(48),
    room: frames(48),
  });
  expect(gapTarget(document, null, frames(60))).toEqual({ track: v1, at: frames(60), room: frames(36) });
  expect(gapTarget(document, null, frames(10))).toEqual({ track: v2, at: frames(10), room: null });
  const locked = edited(document, "setTrack", { track: v2, locked: true });
  expect(gapTarget(locked, null, frames(10))).toBeNull();
});

test("length and shape of a generated clip come from the gap, within what the model can", () => {
  const rate = model.defaults.fps;
  expect(framesFor(model, Math.round((10 / rate) * FLICKS_PER_SECOND))).toBe(10);
  expect(framesFor(model, 100 * FLICKS_PER_SECOND)).toBe(26);
  expect(framesFor(model, 1)).toBe(1);
  expect(framesFor(model, null)).toBe(model.defaults.frames);
  const tall = sizesFor({ ...model, sizes: [size(512, 320), size(320, 512)] }, { width: 1080, height: 1920 });
  expect(tall[0]).toMatchObject({ width: 320, height: 512 });
});
const size = (width: number, height: number) => ({ width, height, label: `${width}` });
