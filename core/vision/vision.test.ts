import { describe, expect, it } from "vitest";
import {
  bestPoster,
  type Box,
  ColourCount,
  colourName,
  type Detection,
  dominantColours,
  fromOklab,
  iou,
  MASK_CELLS,
  pasteGrid,
  type Pixels,
  qualityOf,
  type Rgb,
  ShotDetector,
  signatureOf,
  smoothMasks,
  toGrid,
  toOklab,
  Tracker,
} from "./index.ts";
import { draw, mix, numbers, place } from "./scenes.testkit.ts";

describe("OKLab", () => {
  it("agrees with its author's table of XYZ pairs at white, and comes back from every corner of the cube", () => {
    const [l, a, b] = toOklab(255, 255, 255);
    expect([l, a, b].map((value) => Math.abs(Math.round(value * 1e4)) / 1e4)).toEqual([1, 0, 0]);
    for (const r of [0, 37, 128, 255])
      for (const g of [0, 90, 255])
        for (const blue of [0, 200, 255]) expect(fromOklab(toOklab(r, g, blue))).toEqual([r, g, blue]);
  });

  it.each([
    ["red", [220, 30, 30]],
    ["red", [140, 10, 20]],
    ["orange", [255, 140, 20]],
    ["yellow", [250, 220, 40]],
    ["green", [30, 150, 50]],
    ["green", [140, 200, 80]],
    ["cyan", [40, 200, 210]],
    ["blue", [30, 60, 220]],
    ["blue", [120, 170, 235]],
    ["purple", [130, 40, 170]],
    ["pink", [250, 120, 180]],
    ["brown", [120, 70, 25]],
    ["white", [252, 252, 250]],
    ["grey", [128, 128, 130]],
    ["black", [12, 12, 14]],
  ] as const)("calls %s %j", (name, [r, g, b]) => {
    expect(colourName(toOklab(r, g, b))).toBe(name);
  });
});

describe("dominantColours", () => {
  it("finds the colours of a picture with their shares, the largest first", () => {
    const random = numbers(3);
    const noisy = ([r, g, b]: Rgb): Rgb => [r + random() * 8, g + random() * 8, b + random() * 8];
    const picture = draw(120, 80, (x) => noisy(x < 72 ? [30, 60, 210] : x < 108 ? [230, 200, 40] : [210, 30, 30]));
    const found = dominantColours(picture);
    expect(found.map(({ name }) => name)).toEqual(["blue", "yellow", "red"]);
    for (const [i, share] of [0.6, 0.3, 0.1].entries()) expect(found[i]!.share).toBeCloseTo(share, 1);
    expect(found[0]!.hex).toMatch(/^#[12][0-9a-f][34][0-9a-f]d[0-9a-f]$/);
  });

  it("is one colour where there is one, and none of nothing", () => {
    expect(dominantColours(draw(1, 1, () => [0, 128, 0]))).toEqual([{ name: "green", hex: "#008000", share: 1 }]);
    expect(new ColourCount().dominant()).toEqual([]);
  });

  it("tells shades of one name as one colour", () => {
    const sky = draw(90, 30, (x) => [20 + x, 60 + 1.2 * x, 230]);
    expect(dominantColours(sky).map(({ name, share }) => [name, Math.round(share * 100)])).toEqual([["blue", 100]]);
  });

  it("weighs frames of a film alike", () => {
    const count = new ColourCount();
    count.add(draw(64, 64, () => [220, 30, 30]));
    for (let i = 0; i < 3; i++) count.add(draw(8, 8, () => [30, 60, 210]));
    expect(count.dominant().map(({ name, share }) => [name, Math.round(share * 100)])).toEqual([
      ["blue", 75],
      ["red", 25],
    ]);
  });
});

const RATE = 24;
/** Runs the detector over a film that is a function of the frame. */
function shotsOf(frames: number, frame: (n: number) => Pixels, rate = RATE) {
  const detector = new ShotDetector(rate);
  for (let n = 0; n < frames; n++) detector.add(n / rate, signatureOf(frame(n)));
  return detector.shots(frames / rate);
}

/** A camera that starts right after a cut. */
const pulled = (n: number): Pixels => (n < 40 ? place(8, n) : place(9, n, Math.min(20, Math.max(0, n - 43))));

/** A thing passes through a place. */
const passing = (n: number): Pixels => {
  const base = place(6, n);
  return draw(48, 27, (x, y) =>
    Math.hypot(x - n * 0.65, y - 13) < 4.5
      ? [230, 30, 30]
      : (Array.from(base.rgb.subarray((y * 48 + x) * 3, (y * 48 + x) * 3 + 3)) as unknown as Rgb),
  );
};

describe("ShotDetector", () => {
  it("finds hard cuts to the frame, over grain and moving cameras", () => {
    let [found, wrong, all] = [0, 0, 0];
    for (let film = 0; film < 8; film++) {
      const cuts = [30 + film, 75 + 2 * film, 130];
      const shot = (n: number): number => cuts.filter((cut) => n >= cut).length;
      const shots = shotsOf(170, (n) => place(film * 10 + shot(n), n, n * 0.15));
      const starts = shots.slice(1).map(({ start }) => Math.round(start * RATE));
      all += cuts.length;
      found += cuts.filter((cut) => starts.includes(cut)).length;
      wrong += starts.filter((start) => !cuts.includes(start)).length;
    }
    expect(found).toBe(all);
    expect(wrong).toBe(0);
  });

  it("finds dissolves and fades through black, in their middle", () => {
    const black = draw(48, 27, () => [0, 0, 0]);
    let [found, wrong] = [0, 0];
    for (let film = 0; film < 8; film++) {
      const [a, b] = [film * 10 + 1, film * 10 + 2];
      const length = 12 + film;
      const dissolve = shotsOf(120, (n) => mix(place(a, n), place(b, n), Math.min(1, Math.max(0, (n - 48) / length))));
      const inside = (time: number): boolean => time * RATE >= 48 && time * RATE <= 48 + length;
      found += dissolve.filter(({ start, opening }) => opening !== "start" && inside(start)).length > 0 ? 1 : 0;
      wrong += dissolve.filter(({ start, opening }) => opening !== "start" && !inside(start)).length;
      const throughBlack = shotsOf(120, (n) =>
        n < 60
          ? mix(place(a, n), black, Math.min(1, Math.max(0, (n - 40) / 20)))
          : mix(black, place(b, n), Math.min(1, (n - 60) / 20)),
      );
      found += throughBlack.some(
        ({ start, opening }) => opening !== "start" && start * RATE >= 40 && start * RATE <= 80,
      )
        ? 1
        : 0;
    }
    expect(found).toBe(16);
    expect(wrong).toBe(0);
  });

  it("takes neither a still camera, a pan, a passing thing nor a flash for a new shot", () => {
    expect(shotsOf(72, (n) => place(4, n))).toHaveLength(1);
    expect(shotsOf(120, (n) => place(5, n, n * 0.2))).toHaveLength(1);
    expect(shotsOf(72, passing)).toHaveLength(1);
    expect(shotsOf(100, pulled).map(({ start }) => Math.round(start * RATE))).toEqual([0, 40]);
    const white = draw(48, 27, () => [255, 255, 255]);
    expect(shotsOf(72, (n) => (n === 36 ? white : place(7, n)))).toHaveLength(1);
  });

  it("tells a film of one frame, and ends where the film ends", () => {
    expect(shotsOf(1, () => place(1))).toEqual([{ start: 0, end: 1 / RATE, opening: "start" }]);
  });
});

const candidate = (picture: Pixels, time: number, subject = 0) => ({ ...qualityOf(picture), time, subject });

describe("bestPoster", () => {
  const sharp = draw(64, 64, (x, y) => (((x >> 2) + (y >> 2)) % 2 ? [200, 200, 200] : [60, 60, 60]));
  const soft = draw(64, 64, (x) => [60 + x * 2, 60 + x * 2, 60 + x * 2]);
  const dark = draw(64, 64, (x, y) => (((x >> 2) + (y >> 2)) % 2 ? [9, 9, 9] : [0, 0, 0]));

  it("prefers sharp to soft, exposed to dark, a subject to none, and stays away from cuts", () => {
    expect(qualityOf(sharp).sharpness).toBeGreaterThan(50 * qualityOf(soft).sharpness);
    expect(qualityOf(dark).exposure).toBe(0);
    expect(bestPoster([candidate(dark, 0), candidate(soft, 1), candidate(sharp, 2)])?.time).toBe(2);
    expect(bestPoster([candidate(sharp, 0), candidate(sharp, 1, 1), candidate(sharp, 2)])?.time).toBe(1);
    expect(bestPoster([candidate(sharp, 0.9), candidate(sharp, 3)], [1])?.time).toBe(3);
    expect(bestPoster([])).toBeNull();
  });
});

const boxAt = (x: number, y: number, size = 0.1): Box => [x - size / 2, y - size / 2, x + size / 2, y + size / 2];

describe("Tracker", () => {
  it("follows things that cross, hide for a moment and come and go, each under its own number", () => {
    const tracker = new Tracker(0.1);
    for (let n = 0; n < 60; n++) {
      const found: Detection[] = [];
      const see = (label: string, box: Box) => found.push({ label, score: 0.9, box });
      see("circle", boxAt(0.1 + n * 0.013, 0.5));
      // Another kind crosses its way; a second circle comes the other way, further up, and is hidden for half a second.
      see("square", boxAt(0.9 - n * 0.013, 0.5));
      if (n < 25 || n >= 30) see("circle", boxAt(0.9 - n * 0.013, 0.3));
      if (n >= 40) see("star", boxAt(0.2, 0.8));
      tracker.add(n / 10, n % 2 === 0 ? found : found.reverse());
    }
    const tracks = tracker.tracks();
    expect(
      tracks.map(({ label, points }) => `${label} ${points.length}`).toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["circle 55", "circle 60", "square 60", "star 20"]);
    for (const { points } of tracks)
      for (const [i, { box }] of points.entries())
        if (i > 0) expect(Math.abs(box[1] - points[i - 1]!.box[1])).toBeLessThan(0.01);
  });

  it("links what moves further than its own size between two moments, but nothing over a cut or a long absence", () => {
    const quick = new Tracker(0.5);
    for (let n = 0; n < 6; n++) quick.add(n * 0.5, [{ label: "ball", score: 1, box: boxAt(0.1 + n * 0.13, 0.5) }]);
    expect(quick.tracks()).toHaveLength(1);
    const tracker = new Tracker(0.1);
    const still = [{ label: "ball", score: 1, box: boxAt(0.5, 0.5) }];
    tracker.add(0, still);
    tracker.cut();
    tracker.add(0.1, still);
    tracker.add(0.2, []);
    tracker.add(2, still);
    expect(tracker.tracks().map(({ points }) => points.length)).toEqual([1, 1, 1]);
    expect(tracker.tracks(2)).toEqual([]);
  });

  it("knows overlap", () => {
    expect(iou([0, 0, 1, 1], [0, 0, 1, 1])).toBe(1);
    expect(iou([0, 0, 0.5, 1], [0.25, 0, 0.75, 1])).toBeCloseTo(1 / 3);
    expect(iou([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
  });
});

const disc = (x0: number, y0: number, r: number) => {
  const left = Math.floor(x0 - r);
  const top = Math.floor(y0 - r);
  const side = Math.ceil(2 * r) + 1;
  const data = Uint8Array.from({ length: side * side }, (_, i) =>
    Math.hypot(left + (i % side) + 0.5 - x0, top + Math.floor(i / side) + 0.5 - y0) <= r ? 1 : 0,
  );
  return { left, top, width: side, height: side, data };
};

describe("masks", () => {
  const [width, height] = [120, 80];

  it("come back from their grid nearly as they were", () => {
    const box: Box = [40, 20, 80, 60];
    const onto = new Uint8Array(width * height);
    pasteGrid(
      toGrid(disc(60, 40, 20), box),
      [40 / width, 20 / height, 80 / width, 60 / height],
      { width, height },
      onto,
    );
    let [both, either] = [0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const truth = Math.hypot(x + 0.5 - 60, y + 0.5 - 40) <= 20;
        const seen = onto[y * width + x]! > 127;
        both += truth && seen ? 1 : 0;
        either += truth || seen ? 1 : 0;
      }
    expect(both / either).toBeGreaterThan(0.97);
  });

  it("lose what flickers and keep what lasts", () => {
    const whole = new Uint8Array(MASK_CELLS ** 2).fill(255);
    const hole = new Uint8Array(MASK_CELLS ** 2).fill(255);
    hole.fill(0, 0, 200);
    const smoothed = smoothMasks([whole, whole, hole, whole, undefined, hole, hole, hole, hole]);
    expect(smoothed[2]![100]).toBeGreaterThan(127);
    expect(smoothed[4]).toBeUndefined();
    expect(smoothed[7]![100]).toBeLessThan(64);
    expect(smoothed[0]!.every((value) => value > 127)).toBe(true);
  });
});
