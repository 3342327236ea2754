import { describe, expect, it } from "vitest";
import { type ExportSettings, findPreset } from "../../../core/export/index.ts";
import { ExportMeter } from "./export-meter.ts";

/** A meter with a clock that only this test moves, in seconds. */
function metered(id: string, change: Partial<ExportSettings> = {}) {
  let now = 1000;
  const meter = new ExportMeter({ ...findPreset(id)!.settings, ...change }, () => now * 1000);
  return {
    meter,
    /** Reports so many units every tenth of a second, for so many seconds; resolves with the last report. */
    at: (rate: number, seconds: number, from: number, total: number) => {
      let progress = meter.report("render", from, total);
      for (let tick = 1; tick <= seconds * 10; tick++) {
        now += 0.1;
        progress = meter.report("render", from + (rate * tick) / 10, total);
      }
      return progress;
    },
    wait: (seconds: number) => (now += seconds),
  };
}

describe("an export's speed and the time that is left", () => {
  it("at an even pace are the frames a second, and what is left of them at that pace", () => {
    const { meter, at } = metered("h264");
    const progress = at(30, 4, 0, 900);
    expect(meter.speed).toBeCloseTo(30, 6);
    expect(progress.etaMs).toBeCloseTo(((900 - 120) / 30) * 1000, -1);
    expect(at(30, 10, 120, 900).etaMs).toBeCloseTo(((900 - 420) / 30) * 1000, -1);
  });

  it("are not told before anything can be known", () => {
    const { meter, at, wait } = metered("h264");
    expect(meter.speed).toBeNull();
    expect(meter.report("render", 1, 900).etaMs).toBeNull();
    expect(meter.speed).toBeNull();
    wait(0.1);
    expect(meter.report("render", 2, 900).etaMs).toBeNull();
    expect(meter.speed).toBeNull();
    expect(at(10, 1, 2, 900).etaMs).not.toBeNull();
    expect(meter.speed).not.toBeNull();
  });

  it("follow a film that becomes heavier: after five seconds the light stretch is forgotten", () => {
    const { meter, at } = metered("h264");
    at(100, 10, 0, 3000);
    const soon = at(5, 1, 1000, 3000);
    expect(meter.speed).toBeLessThan(100);
    expect(meter.speed).toBeGreaterThan(5);
    const later = at(5, 6, 1005, 3000);
    expect(meter.speed).toBeCloseTo(5, 1);
    expect(later.etaMs! / 1000).toBeCloseTo((3000 - 1035) / 5, 0);
    expect(later.etaMs).toBeGreaterThan(soon.etaMs!);
  });

  it("do not count the time of a pause", () => {
    const { meter, at, wait } = metered("h264");
    at(20, 5, 0, 1000);
    wait(3600);
    meter.goOn();
    expect(meter.speed).toBeNull();
    const progress = at(20, 2, 100, 1000);
    expect(meter.speed).toBeCloseTo(20, 6);
    expect(progress.etaMs! / 1000).toBeCloseTo((1000 - 140) / 20, 0);
  });

  it("go to nothing at the end, and are of the work that paints only", () => {
    const { meter, at } = metered("h264");
    expect(at(30, 10, 0, 300).etaMs).toBe(0);
    expect(meter.report("check", 0, 1).etaMs).toBeNull();
    expect(meter.speed).toBeNull();
  });

  it("where there is only sound: how long, but no frames", () => {
    const { meter, at } = metered("wav");
    expect(at(480_000, 2, 0, 4_800_000).etaMs! / 1000).toBeCloseTo(8, 1);
    expect(meter.speed).toBeNull();
  });
});

it("the bar goes over all phases and never back", () => {
  const { meter } = metered("h264", { audio: { ...findPreset("h264")!.settings.audio!, loudness: -14 } });
  const parts = [
    ["measure", 0, 10],
    ["measure", 10, 10],
    ["render", 0, 100],
    ["render", 60, 100],
    ["render", 40, 100],
    ["render", 100, 100],
    ["check", 0, 1],
    ["check", 1, 1],
  ] as const;
  const fractions = parts.map(([phase, done, total]) => meter.report(phase, done, total).fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
  expect(fractions[1]).toBeLessThan(fractions[3]!);
  expect(fractions[5]).toBeLessThan(1);
});
