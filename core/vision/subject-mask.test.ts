import { describe, expect, it } from "vitest";
import {
  decodeMasks,
  encodeMasks,
  kindsOf,
  MASK_CELLS,
  maskAt,
  shaped,
  stretchAt,
  type SubjectMasks,
} from "./index.ts";
import { drawGrid } from "./scenes.testkit.ts";

/** A picture of 16:9; one disc of a radius of a fifth of its height crosses it in two seconds, a square stands at its left. */
const RATE = 10;
const [WIDTH, HEIGHT] = [512, 288];
const RADIUS = 0.2 * HEIGHT;
const centreAt = (time: number): number => 100 + 150 * time;

const disc = drawGrid((u, v) => Math.hypot(u - 0.5, v - 0.5) < 0.5);
const full = drawGrid(() => true);

const points = (times: readonly number[], tremble = 0) =>
  times.map((time, n) => {
    const [x, y] = [centreAt(time) + (n % 2 === 0 ? tremble : -tremble), HEIGHT / 2];
    const box = [(x - RADIUS) / WIDTH, (y - RADIUS) / HEIGHT, (x + RADIUS) / WIDTH, (y + RADIUS) / HEIGHT] as const;
    return { time, score: 0.9, box, mask: disc };
  });
const moments = (count: number): number[] => Array.from({ length: count }, (_, n) => n / RATE);

const masks = (more: Partial<SubjectMasks> = {}): SubjectMasks => ({
  model: "test",
  width: 1920,
  height: 1080,
  start: 0,
  end: 2,
  interval: 1 / RATE,
  tracks: [
    { id: 1, label: "circle", points: points(moments(20)) },
    {
      id: 2,
      label: "square",
      points: moments(20).map((time) => ({ time, score: 0.5, box: [0, 0.4, 0.05, 0.6] as const, mask: full })),
    },
  ],
  ...more,
});

const areaOf = (alpha: Uint8Array): number => alpha.reduce((sum, value) => sum + value, 0) / 255;

/** How well a mask covers the disc at that time: intersection by union. */
function fit({ alpha }: { readonly alpha: Uint8Array }, time: number, radius = RADIUS): number {
  let [shared, either] = [0, 0];
  for (const [i, value] of alpha.entries()) {
    const [x, y] = [(i % WIDTH) + 0.5, Math.floor(i / WIDTH) + 0.5];
    const isIn = Math.hypot(x - centreAt(time), y - HEIGHT / 2) < radius;
    if (isIn && value > 127) shared += 1;
    if (isIn || value > 127) either += 1;
  }
  return shared / either;
}

describe("the mask file", () => {
  it("gives back what was written, at a small part of its size", () => {
    const bytes = encodeMasks(masks());
    const read = decodeMasks(bytes)!;
    expect({ ...read, tracks: [] }).toEqual({ ...masks(), tracks: [] });
    expect(read.tracks.map(({ id, label, points: all }) => [id, label, all.length])).toEqual([
      [1, "circle", 20],
      [2, "square", 20],
    ]);
    for (const [i, track] of read.tracks.entries())
      for (const [k, point] of track.points.entries()) {
        const known = masks().tracks[i]!.points[k]!;
        expect(point.mask).toEqual(known.mask);
        expect(point.time).toBe(known.time);
        for (const [edge, value] of point.box.entries()) expect(value).toBeCloseTo(known.box[edge]!, 6);
      }
    expect(bytes.length).toBeLessThan((40 * MASK_CELLS ** 2) / 4);
    expect(kindsOf(read)).toEqual(["circle", "square"]);
  });

  it("keeps any grid, also the most restless one", () => {
    const restless = Uint8Array.from({ length: MASK_CELLS ** 2 }, (_, i) => (i * 73 + (i >> 3)) & 255);
    const mixed = restless.map((value, i) => (i % 7 < 3 ? 255 : value));
    for (const mask of [restless, mixed]) {
      const track = { id: 1, label: "x", points: [{ time: 0, score: 1, box: [0, 0, 1, 1] as const, mask }] };
      expect(decodeMasks(encodeMasks(masks({ tracks: [track] })))!.tracks[0]!.points[0]!.mask).toEqual(mask);
    }
  });

  it("is refused when it is cut short anywhere, or something else", () => {
    const bytes = encodeMasks(masks());
    for (const length of [0, 4, 11, 40, 300, bytes.length - 1])
      expect(decodeMasks(bytes.subarray(0, length))).toBeNull();
    expect(decodeMasks(new TextEncoder().encode("not a mask file at all"))).toBeNull();
    const damaged = bytes.slice();
    damaged.set([255, 255, 255, 255], 8);
    expect(decodeMasks(damaged)).toBeNull();
  });
});

const at = (time: number, of = masks(), kinds: readonly string[] | null = ["circle"]) => maskAt(of, { time, kinds });

describe("maskAt", () => {
  it("is where the thing is, at its moments and between them", () => {
    for (const time of [0, 0.4, 0.45, 1.033, 1.9]) expect(fit(at(time), time)).toBeGreaterThan(0.95);
  });

  it("takes the kinds that count, or everything", () => {
    expect(areaOf(at(1, masks(), ["square"]).alpha)).toBeCloseTo(0.05 * WIDTH * 0.2 * HEIGHT, -3);
    expect(areaOf(at(1, masks(), null).alpha)).toBeGreaterThan(areaOf(at(1).alpha) + 1000);
    expect(areaOf(at(1, masks(), ["star"]).alpha)).toBe(0);
  });

  it("does not tremble with its boxes", () => {
    const trembling = masks({ tracks: [{ id: 1, label: "circle", points: points(moments(20), 6) }] });
    for (const time of [0.5, 0.9, 1.2]) expect(fit(at(time, trembling), time)).toBeGreaterThan(0.95);
  });

  it("goes on while the thing was not seen for a moment, and ends with it", () => {
    const gap = moments(20).filter((time) => time < 0.75 || time > 1.05);
    const hidden = masks({ tracks: [{ id: 1, label: "circle", points: points(gap) }] });
    expect(fit(at(0.9, hidden), 0.9)).toBeGreaterThan(0.85);
    const short = masks({ tracks: [{ id: 1, label: "circle", points: points(moments(20).slice(5, 11)) }] });
    expect(areaOf(at(0.3, short).alpha)).toBe(0);
    expect(fit(at(0.5, short), 0.5)).toBeGreaterThan(0.9);
    expect(areaOf(at(1.2, short).alpha)).toBe(0);
  });

  it("is there at the very end and beginning of the stretch, where nobody looked", () => {
    expect(areaOf(at(1.99).alpha)).toBeGreaterThan(5000);
    const picture = masks({ end: 0, interval: 0, tracks: [{ id: 1, label: "circle", points: points([0]) }] });
    expect(fit(at(0, picture), 0)).toBeGreaterThan(0.95);
  });
});

const plain = (value: number) => ({ width: 64, height: 32, alpha: new Uint8Array(2048).fill(value) });

describe("shaped", () => {
  const picture = maskAt(masks(), { time: 1, kinds: ["circle"] });

  it("grows and shrinks a disc to a disc", () => {
    expect(fit(shaped(picture, { feather: 0, grow: 0 }), 1)).toBeGreaterThan(0.95);
    for (const grow of [0.06, -0.06])
      expect(fit(shaped(picture, { feather: 0, grow }), 1, RADIUS + grow * HEIGHT)).toBeGreaterThan(0.94);
  });

  it("makes the edge as soft as wanted, and leaves its middle where it was", () => {
    const soft = shaped(picture, { feather: 0.1, grow: 0 });
    expect(fit(soft, 1)).toBeGreaterThan(0.95);
    const between = soft.alpha.reduce((count, value) => count + (value > 12 && value < 243 ? 1 : 0), 0);
    expect(between).toBeGreaterThan(0.6 * 2 * Math.PI * RADIUS * 0.1 * HEIGHT);
    expect(between).toBeLessThan(2 * Math.PI * RADIUS * 0.1 * HEIGHT);
  });

  it("nothing stays nothing, everything stays everything", () => {
    expect(areaOf(shaped(plain(0), { feather: 0.05, grow: 0.1 }).alpha)).toBe(0);
    expect(areaOf(shaped(plain(255), { feather: 0.05, grow: -0.1 }).alpha)).toBe(2048);
  });
});

describe("stretchAt", () => {
  it("finds the stretch of a time, over rounded edges and no further", () => {
    const [a, b] = [
      { start: 0, end: 10 },
      { start: 60, end: 80 },
    ];
    expect([0, 10.4, 59.5, 70, 30, 82].map((time) => stretchAt([a, b], time))).toEqual([a, a, b, b, null, null]);
    expect(stretchAt([], 0)).toBeNull();
  });
});
