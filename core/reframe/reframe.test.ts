import { describe, expect, it } from "vitest";
import { ease } from "../timeline/animation.ts";
import { type Box, type Track, Tracker } from "../vision/index.ts";
import { numbers } from "../vision/scenes.testkit.ts";
import {
  boxAt,
  type CropKeyframes,
  cropKeyframes,
  cropPaths,
  cropSize,
  fitKeyframes,
  type FittedKeyframe,
  oneEuro,
  shownPart,
} from "./index.ts";

/** The curve as a player evaluates it. */
function at(keyframes: readonly FittedKeyframe[], time: number): number {
  const next = keyframes.findIndex((keyframe) => keyframe.time > time);
  if (next === 0) return keyframes[0]!.value;
  if (next < 0) return keyframes.at(-1)!.value;
  const [a, b] = [keyframes[next - 1]!, keyframes[next]!];
  return a.value + (b.value - a.value) * ease(a.easing, (time - a.time) / (b.time - a.time));
}

const RATE = 30;
const SAMPLES = 10;
const [width, height] = [1920, 1080];

/** A film of a moving subject, whose truth is known at every frame; eyes see it ten times a second, roughly and not always. */
interface Film {
  readonly seconds: number;
  readonly cuts: readonly number[];
  readonly truth: (time: number) => Box;
}

const around = (x: number, y: number, w: number, h: number): Box => {
  const left = Math.min(1 - w, Math.max(0, x - w / 2));
  const top = Math.min(1 - h, Math.max(0, y - h / 2));
  return [left, top, left + w, top + h];
};

const films: Readonly<Record<string, Film>> = {
  "walks across": { seconds: 8, cuts: [], truth: (t) => around(0.1 + 0.1 * t, 0.5, 0.12, 0.5) },
  "runs to and fro": { seconds: 10, cuts: [], truth: (t) => around(0.5 + 0.38 * Math.sin(1.3 * t), 0.5, 0.1, 0.4) },
  "stands, then darts off": {
    seconds: 9,
    cuts: [],
    truth: (t) => around(t < 4 ? 0.25 : Math.min(0.8, 0.25 + 0.6 * (t - 4)), 0.5, 0.14, 0.6),
  },
  "jumps at cuts": {
    seconds: 9,
    cuts: [3, 6],
    truth: (t) => around(t < 3 ? 0.2 + 0.03 * t : t < 6 ? 0.8 - 0.05 * (t - 3) : 0.5, 0.5, 0.15, 0.6),
  },
  "grows nearer": { seconds: 8, cuts: [], truth: (t) => around(0.3 + 0.05 * t, 0.55, 0.05 + 0.02 * t, 0.2 + 0.08 * t) },
  wanders: {
    seconds: 20,
    cuts: [],
    truth: (t) => around(0.5 + 0.22 * Math.sin(0.7 * t) + 0.15 * Math.sin(1.9 * t + 1), 0.5, 0.11, 0.45),
  },
};

function seen(
  { seconds, cuts, truth }: Film,
  seed: number,
): { tracks: Track[]; shots: { start: number; end: number }[] } {
  const random = numbers(seed);
  const jitter = (): number => (random() + random() + random() - 1.5) * 0.02;
  const tracker = new Tracker(1 / SAMPLES);
  for (let n = 0; n < seconds * SAMPLES; n++) {
    const time = n / SAMPLES;
    if (cuts.some((cut) => Math.abs(cut - time) < 1e-6)) tracker.cut();
    const box = truth(time).map((edge) => edge + jitter()) as unknown as Box;
    const thing: Box = [0.02, 0.05, 0.08, 0.12];
    const found = random() < 0.1 ? [] : [{ label: "person", score: 0.9, box }];
    tracker.add(time, [...found, ...(random() < 0.3 ? [{ label: "bird", score: 0.5, box: thing }] : [])]);
  }
  const edges = [0, ...cuts, seconds];
  return { tracks: tracker.tracks(2), shots: edges.slice(1).map((end, i) => ({ start: edges[i]!, end })) };
}

/** Share of frames on which the whole subject is in the crop. */
function inside({ seconds, truth }: Film, { x, y }: CropKeyframes, aspect: number): number {
  const crop = cropSize(aspect, { width, height });
  let [count, well] = [0, 0];
  for (let n = 0; n < seconds * RATE; n++) {
    const time = n / RATE;
    count += 1;
    if (shownPart(truth(time), { x: at(x, time), y: at(y, time) }, crop) > 0.999) well += 1;
  }
  return well / count;
}

function reframe(film: Film, aspect: number, seed = 1): CropKeyframes {
  const crop = cropSize(aspect, { width, height });
  return cropKeyframes(cropPaths({ crop, ...seen(film, seed), interval: 1 / SAMPLES }));
}

describe("smart reframe", () => {
  it.each(Object.entries(films))("keeps a subject inside that %s", (_, film) => {
    for (const aspect of [9 / 16, 1])
      for (const seed of [1, 2, 3])
        expect(inside(film, reframe(film, aspect, seed), aspect)).toBeGreaterThanOrEqual(0.95);
  });

  it("keeps the crop on the picture, moves smoothly between cuts and needs few keyframes", () => {
    for (const film of Object.values(films)) {
      const crop = cropSize(9 / 16, { width, height });
      const { x, y } = reframe(film, 9 / 16);
      expect(y).toEqual([{ time: 0, value: 0.5, easing: { type: "linear" } }]);
      expect(x.length).toBeLessThan(film.seconds * 3 + 4);
      let [last, speed] = [at(x, 0), 0];
      for (let n = 1; n < film.seconds * RATE; n++) {
        const value = at(x, n / RATE);
        expect(value).toBeGreaterThanOrEqual(crop.width / 2 - 0.005);
        expect(value).toBeLessThanOrEqual(1 - crop.width / 2 + 0.005);
        const next = (value - last) * RATE;
        const isCut = film.cuts.some((cut) => Math.abs(cut - n / RATE) <= 1.5 / RATE);
        // In parts of the picture per second, from one frame to the next.
        if (!isCut) expect(Math.abs(next - speed)).toBeLessThan(0.35);
        [last, speed] = [value, isCut ? 0 : next];
      }
    }
  });

  it("stands still for a subject that does, however much its boxes tremble", () => {
    const still: Film = { seconds: 10, cuts: [], truth: () => around(0.6, 0.5, 0.15, 0.5) };
    const { x } = reframe(still, 9 / 16);
    const values = Array.from({ length: 300 }, (_, n) => at(x, n / RATE));
    expect(Math.max(...values) - Math.min(...values)).toBeLessThan(0.03);
    expect(x.length).toBeLessThan(14);
  });

  it("shows the middle where nothing is found, and both of two that fit", () => {
    const crop = cropSize(1, { width, height });
    const shots = [{ start: 0, end: 2 }];
    expect(cropKeyframes(cropPaths({ crop, shots, tracks: [], interval: 0.1 })).x).toEqual([
      { time: 0, value: 0.5, easing: { type: "linear" } },
    ]);
    const tracker = new Tracker(0.1);
    for (let n = 0; n < 20; n++)
      tracker.add(n / 10, [
        { label: "person", score: 1, box: around(0.2, 0.5, 0.1, 0.5) },
        { label: "person", score: 1, box: around(0.45, 0.5, 0.1, 0.45) },
      ]);
    const { x } = cropKeyframes(cropPaths({ crop, shots, tracks: tracker.tracks(), interval: 0.1 }));
    expect(at(x, 1)).toBeCloseTo(0.325, 1);
  });

  it("goes over to the next thing when the first one is gone", () => {
    const track = (id: number, x: number, from: number, to: number): Track => ({
      id,
      label: "person",
      points: Array.from({ length: (to - from) * SAMPLES + 1 }, (_, n) => ({
        time: from + n / SAMPLES,
        score: 0.9,
        box: around(x, 0.5, 0.1, 0.4),
      })),
    });
    const crop = cropSize(9 / 16, { width, height });
    const shots = [{ start: 0, end: 6 }];
    const [path] = cropPaths({
      crop,
      shots,
      tracks: [track(1, 0.2, 0, 3), track(2, 0.8, 3.2, 6)],
      interval: 1 / SAMPLES,
    });
    const keyframes = cropKeyframes([path!]);
    for (const [time, box] of [
      [1, around(0.2, 0.5, 0.1, 0.4)],
      [5, around(0.8, 0.5, 0.1, 0.4)],
    ] as const)
      expect(shownPart(box, { x: at(keyframes.x, time), y: at(keyframes.y, time) }, crop)).toBeCloseTo(1);
  });

  it("is as tall or as wide as the picture", () => {
    expect(cropSize(9 / 16, { width: 1600, height: 900 })).toEqual({ width: 0.31640625, height: 1 });
    expect(cropSize(1, { width: 900, height: 1600 })).toEqual({ width: 1, height: 0.5625 });
  });
});

describe("fitKeyframes", () => {
  it("stays within the tolerance with few keyframes, exactly for a cubic", () => {
    const times = Array.from({ length: 101 }, (_, i) => i / 10);
    const eased = times.map((time) => 3 * (time / 10) ** 2 - 2 * (time / 10) ** 3);
    expect(fitKeyframes(times, eased, 1e-3)).toHaveLength(2);
    const wave = times.map((time) => Math.sin(time));
    const keyframes = fitKeyframes(times, wave, 0.02);
    expect(keyframes.length).toBeLessThan(16);
    for (const [i, time] of times.entries()) expect(Math.abs(at(keyframes, time) - wave[i]!)).toBeLessThan(0.0201);
    expect(fitKeyframes([0, 1, 2], [5, 5, 5], 0.1)).toHaveLength(1);
    expect(fitKeyframes([], [], 0.1)).toEqual([]);
  });
});

describe("oneEuro", () => {
  it("calms what trembles and follows what moves", () => {
    const random = numbers(5);
    const times = Array.from({ length: 200 }, (_, i) => i / 30);
    const settings = { minCutoff: 0.5, beta: 1, speedCutoff: 1 };
    const calm = oneEuro(
      times,
      times.map(() => 1 + (random() - 0.5) * 0.2),
      settings,
    );
    expect(Math.max(...calm.slice(30)) - Math.min(...calm.slice(30))).toBeLessThan(0.08);
    expect(
      oneEuro(
        times,
        times.map((time) => 2 * time),
        settings,
      ).at(-1),
    ).toBeCloseTo(2 * times.at(-1)!, 0);
  });
});

describe("boxAt", () => {
  it("lies between moments, and stays before the first and after the last", () => {
    const track = {
      points: [1, 2].map((time) => ({ time, score: 1, box: [time / 10, 0, time / 10 + 0.1, 1] as Box })),
    };
    expect(boxAt(track, 0)[0]).toBe(0.1);
    expect(boxAt(track, 1.5)[0]).toBeCloseTo(0.15);
    expect(boxAt(track, 9)[0]).toBe(0.2);
  });
});
