import { expect, test } from "vitest";
import { FRAME, frames } from "../../core/timeline/testing/sample.ts";
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
