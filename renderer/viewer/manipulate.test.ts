import { expect, it } from "vitest";
import { type Box, boundsOf, contains, cornersOf, toFrame } from "./geometry.ts";
import { manipulate } from "./manipulate.ts";

const frame = { width: 1000, height: 500 };
const box = (more: Partial<Box> = {}): Box => ({
  clip: "a",
  centre: [300, 200],
  local: { left: -100, top: -50, right: 100, bottom: 50 },
  scale: [1, 1],
  angle: 0,
  ...more,
});
const hand = (from: [number, number], to: [number, number], more: object = {}) => ({
  from,
  to,
  snap: 8,
  constrained: false,
  ...more,
});

it("a box is where the painter puts its picture", () => {
  const turned = box({ angle: Math.PI / 2, scale: [2, 1] });
  expect(cornersOf(turned).map((corner) => corner.map((place) => Math.round(place) + 0))).toEqual([
    [350, 0],
    [350, 400],
    [250, 400],
    [250, 0],
  ]);
  expect(boundsOf(turned).bottom).toBeCloseTo(400);
  expect([contains(turned, [349, 399]), contains(turned, [351, 200]), contains(turned, [300, 401])]).toEqual([
    true,
    false,
    false,
  ]);
  expect(contains(box({ scale: [-1, 1] }), [210, 200])).toBe(true);
  expect(toFrame(box(), [0, 0])).toEqual([300, 200]);
});

it("moves by the hand's way, along one axis with Shift", () => {
  expect(manipulate(box(), "move", hand([0, 0], [50, 13]), frame)).toEqual({
    values: { positionX: -0.15, positionY: -0.074 },
    guides: [],
  });
  const along = manipulate(box(), "move", hand([0, 0], [50, 13], { constrained: true }), frame);
  expect(along.values.positionY).toBeCloseTo(-0.1);
});

it("comes to rest with its centre in the middle, and with its edges on the frame's", () => {
  const middle = manipulate(box(), "move", hand([0, 0], [195, 47]), frame);
  expect(middle.values).toEqual({ positionX: 0, positionY: 0 });
  expect(middle.guides).toEqual([
    { axis: "x", at: 500 },
    { axis: "y", at: 250 },
  ]);
  const edge = manipulate(box(), "move", hand([0, 0], [-196, 0]), frame);
  expect(edge.values.positionX).toBeCloseTo(-0.4);
  expect(edge.guides).toEqual([{ axis: "x", at: 0 }]);
  expect(manipulate(box(), "move", hand([0, 0], [195, 47], { snap: 0 }), frame).guides).toEqual([]);
  // An edge does not stop in the middle, nor the centre at an edge.
  expect(manipulate(box(), "move", hand([0, 0], [98, 20]), frame).guides).toEqual([]);
});

const turn = (to: [number, number], more = {}) =>
  manipulate(box(), "rotate", hand([300, 100], to, more), frame).values.rotation;

it("turns around its centre, rests upright, and goes in steps with Shift", () => {
  expect(turn([400, 200])).toBe(90);
  expect(turn([200, 200])).toBe(-90);
  expect(turn([304, 100])).toBe(0);
  expect(turn([304, 100], { snap: 0 })).toBeCloseTo(2.29, 1);
  expect(turn([340, 100], { constrained: true })).toBe(15);
});

it("a corner keeps the shape, with Shift it does not, an edge changes one side", () => {
  expect(manipulate(box(), { x: 1, y: 1 }, hand([400, 250], [500, 300]), frame).values).toEqual({
    scaleX: 2,
    scaleY: 2,
  });
  expect(manipulate(box(), { x: 1, y: 1 }, hand([400, 250], [500, 250], { constrained: true }), frame).values).toEqual({
    scaleX: 2,
  });
  expect(manipulate(box(), { x: -1, y: 0 }, hand([200, 200], [250, 180]), frame).values).toEqual({ scaleX: 0.5 });
  const mirrored = manipulate(box({ scale: [-1, 1] }), { x: 1, y: 0 }, hand([200, 200], [100, 200]), frame);
  expect(mirrored.values).toEqual({ scaleX: -2 });
  // Never down to nothing.
  expect(manipulate(box(), { x: 1, y: 0 }, hand([400, 200], [300, 200]), frame).values).toEqual({ scaleX: 0.01 });
  const turned = box({ angle: Math.PI / 2 });
  expect(manipulate(turned, { x: 1, y: 0 }, hand([300, 300], [300, 350]), frame).values.scaleX).toBeCloseTo(1.5);
});
