import type { ParameterName } from "../../core/timeline/index.ts";
import { type Box, boundsOf, type Point, toBox } from "./geometry.ts";

/** What is held: the whole, a corner or an edge by its direction from the centre, or the knob that turns it. */
export type Grip = "move" | "rotate" | { readonly x: -1 | 0 | 1; readonly y: -1 | 0 | 1 };

/** A line on which something came to rest: at this place of the frame, from edge to edge. */
export interface Guide {
  readonly axis: "x" | "y";
  readonly at: number;
}

export interface Manipulation {
  /** Parameters of the clip as they become. */
  readonly values: Readonly<Partial<Record<ParameterName, number>>>;
  readonly guides: readonly Guide[];
}

export interface Frame {
  readonly width: number;
  readonly height: number;
}

interface Hand {
  readonly from: Point;
  readonly to: Point;
  /** How near something must be to come to rest, pixels of the frame; 0: nothing holds it. */
  readonly snap: number;
  /** Shift: along one axis, each side by itself, in steps of 15°. */
  readonly constrained: boolean;
}

const SMALLEST = 0.01;
const [MOST, STEP, NEAR] = [100, 15, 3];

/** What a movement of the hand does to a clip that lies in `box`. Lengths in pixels of the frame. */
export function manipulate(box: Box, grip: Grip, hand: Hand, frame: Frame): Manipulation {
  const { values, guides } =
    grip === "move" ? move(box, hand, frame) : grip === "rotate" ? rotate(box, hand) : resize(box, grip, hand);
  return { values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)])), guides };
}

/** No more digits than a hand can mean. */
const round = (value: number): number => Math.round(value * 1e5) / 1e5;

function move(box: Box, { from, to, snap, constrained }: Hand, { width, height }: Frame): Manipulation {
  let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (constrained) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
  const bounds = boundsOf(box);
  const guides: Guide[] = [];
  const settle = (axis: "x" | "y", places: readonly number[], size: number, by: number): number => {
    if (constrained && by === 0) return by;
    let best: { readonly shift: number; readonly at: number } | null = null;
    for (const place of places)
      for (const at of [0, size / 2, size]) {
        const shift = at - (place + by);
        // Centres meet centres, edges meet edges.
        if ((at === size / 2) !== (place === places[1])) continue;
        if (Math.abs(shift) < snap && Math.abs(shift) < Math.abs(best?.shift ?? Number.POSITIVE_INFINITY))
          best = { shift, at };
      }
    if (best !== null) guides.push({ axis, at: best.at });
    return by + (best?.shift ?? 0);
  };
  dx = settle("x", [bounds.left, box.centre[0], bounds.right], width, dx);
  dy = settle("y", [bounds.top, box.centre[1], bounds.bottom], height, dy);
  const values = {
    positionX: clamp((box.centre[0] + dx) / width - 0.5, -10, 10),
    positionY: clamp((box.centre[1] + dy) / height - 0.5, -10, 10),
  };
  return { values, guides };
}

function rotate(box: Box, { from, to, snap, constrained }: Hand): Manipulation {
  const angleOf = ([x, y]: Point): number => Math.atan2(y - box.centre[1], x - box.centre[0]);
  let turned = ((angleOf(to) - angleOf(from)) * 180) / Math.PI;
  // The short way round.
  turned -= 360 * Math.round(turned / 360);
  let rotation = (box.angle * 180) / Math.PI + turned;
  const upright = 90 * Math.round(rotation / 90);
  if (constrained) rotation = STEP * Math.round(rotation / STEP);
  else if (snap > 0 && Math.abs(rotation - upright) < NEAR) rotation = upright;
  return { values: { rotation: clamp(rotation, -36_000, 36_000) }, guides: [] };
}

function resize(
  box: Box,
  grip: { readonly x: number; readonly y: number },
  { from, to, constrained }: Hand,
): Manipulation {
  const [a, b] = [toBox(box, from), toBox(box, to)];
  const factor = (axis: 0 | 1): number => (Math.abs(a[axis]) < 1 ? 1 : b[axis] / a[axis]);
  const [sx, sy] = box.scale;
  const [fx, fy] = [grip.x === 0 ? 1 : factor(0), grip.y === 0 ? 1 : factor(1)];
  const isCorner = grip.x !== 0 && grip.y !== 0;
  // A corner keeps the shape: by how far the hand is along the diagonal.
  const even = (a[0] * b[0] + a[1] * b[1]) / (a[0] ** 2 + a[1] ** 2);
  const [gx, gy] = isCorner && !constrained ? [even, even] : [fx, fy];
  return {
    values: {
      ...(gx === 1 ? {} : { scaleX: scaled(sx, gx) }),
      ...(gy === 1 ? {} : { scaleY: scaled(sy, gy) }),
    },
    guides: [],
  };
}

/** A scale times a factor: never so small that nobody finds it again, mirrored where the hand has gone through the centre. */
function scaled(scale: number, by: number): number {
  const next = scale * by;
  const size = clamp(Math.abs(next), SMALLEST, MOST);
  return next < 0 || (next === 0 && scale < 0) ? -size : size;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
