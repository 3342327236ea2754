import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  addKeyframe,
  fixedFrames,
  fromSegments,
  isWhole,
  type LaneKeyframe,
  lockToBeats,
  moveKeyframe,
  removeKeyframe,
  setFixed,
  toSegments,
} from "./keyframes.ts";

const spread = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44];
const starts = [0, 36];
const two = fromSegments(starts.map((start) => ({ start, keyframes: spread })));

test("a plan and its list are the same thing", () => {
  expect(toSegments(two, starts)).toEqual(starts.map((start) => ({ start, keyframes: spread })));
});

const edit = fc.oneof(
  fc.record({ does: fc.constant("move"), place: fc.nat(23), to: fc.integer({ min: -10, max: 100 }) }),
  fc.record({ does: fc.constant("add"), place: fc.nat(23), to: fc.integer({ min: -10, max: 100 }) }),
  fc.record({ does: fc.constant("remove"), place: fc.nat(23), to: fc.constant(0) }),
  fc.record({ does: fc.constant("fix"), place: fc.nat(23), to: fc.nat(1) }),
  fc.record({ does: fc.constant("beats"), place: fc.nat(8), to: fc.integer({ min: 0, max: 30 }) }),
);

test("whatever the user does, each two seconds keep twelve keyframes, and nobody else's hand moves a placed one", () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
      let list: LaneKeyframe[] = two;
      for (const { does, place, to } of edits) {
        const before = list;
        if (does === "move") list = moveKeyframe(list, place, to).keyframes;
        if (does === "add") list = addKeyframe(list, to)?.keyframes ?? list;
        if (does === "remove") list = removeKeyframe(list, place).keyframes;
        if (does === "fix") list = setFixed(list, place, to === 1);
        if (does === "beats") list = lockToBeats(list, [to, to + place + 3, to + 2 * place + 6]);
        expect(isWhole(list, starts)).toBe(true);
        const touched = does === "add" || does === "beats" ? [] : [before[place]?.frame];
        const stays = fixedFrames(before).filter((frame) => !touched.includes(frame));
        for (const frame of stays) expect(fixedFrames(list)).toContain(frame);
      }
    }),
    { numRuns: 300 },
  );
});

test("a moved keyframe is the user's, keeps off its neighbours and cannot leave its two seconds", () => {
  const { keyframes, place } = moveKeyframe(two, 3, 20);
  expect(keyframes[place]).toEqual({ frame: 21, segment: 0, isFixed: true });
  expect(moveKeyframe(two, 11, 99).keyframes[11]).toMatchObject({ frame: 47, isFixed: true });
  expect(moveKeyframe(two, 0, 5).keyframes).toEqual(two);
  expect(moveKeyframe(two, 12, 50).keyframes).toEqual(two);
});

test("adding takes the place of an automatic one, and is refused when none is left", () => {
  const added = addKeyframe(two, 6);
  expect(added?.keyframes.filter(({ segment }) => segment === 0)).toHaveLength(12);
  expect(added?.keyframes[added.place]).toEqual({ frame: 6, segment: 0, isFixed: true });
  const all = two.map((each, place) => (place === 0 || place === 12 ? each : { ...each, isFixed: true }));
  expect(addKeyframe(all, 6)).toBeNull();
  expect(addKeyframe(all, 8)?.keyframes).toEqual(all);
});

test("removing fills the widest gap elsewhere, not the one it left", () => {
  const gappy = moveKeyframe(two, 11, 47).keyframes; // 40 → 47 is the widest now
  const { keyframes } = removeKeyframe(gappy, 3);
  expect(keyframes.map(({ frame }) => frame).slice(0, 12)).toEqual([0, 4, 8, 16, 20, 24, 28, 32, 36, 40, 43, 47]);
});

test("locking to beats puts the nearest automatic keyframe on each", () => {
  const list = lockToBeats(two, [11.6, 23.9, 35]);
  expect(fixedFrames(list).filter((frame) => frame < 36)).toEqual([12, 24, 35]);
});
