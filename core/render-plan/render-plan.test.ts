import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FLICKS_PER_SECOND } from "../time/index.ts";
import { applyEdit, findClip, laneOf, mediaOf, type Timeline } from "../timeline/index.ts";
import { callOf, recipes } from "../timeline/testing/random-edits.ts";
import {
  add,
  clipId,
  dissolved,
  edited,
  empty,
  frames,
  linkedPairs,
  threeClips,
  trackId,
} from "../timeline/testing/sample.ts";
import { gainOf, planFrame, planSound, type Visual, voicesIn } from "./index.ts";

const start = add(add(linkedPairs(), "V2", "short", "short", 10, 30), "V2", "still", "still", 0, 50);

function edit(list: readonly (readonly number[])[]): Timeline {
  return list.reduce((document, recipe) => {
    const result = applyEdit(document, callOf(document, recipe));
    return result.ok ? result.value : document;
  }, start);
}

const visualsOf = (document: Timeline, time: number): Visual[] =>
  planFrame(document, time).layers.flatMap((layer) =>
    layer.kind === "transition" ? [layer.from, layer.to].filter((side) => side !== null) : [layer],
  );
const times = fc.array(fc.integer({ min: 0, max: 500 * 29_400_000 }), { minLength: 5, maxLength: 5 });

describe("whatever the timeline, at any time", () => {
  it("sources lie inside their media, for picture and sound", () => {
    let seen = 0;
    fc.assert(
      fc.property(recipes, times, (list, moments) => {
        const document = edit(list);
        for (const time of moments) {
          const sources = [
            ...visualsOf(document, time).flatMap((visual) => (visual.kind === "picture" ? [visual] : [])),
            ...planSound(document, time),
          ];
          for (const { media, sourceTime } of sources) {
            const available = document.media[media]!.availableRange;
            expect(Number.isSafeInteger(sourceTime)).toBe(true);
            if (available === null) continue;
            seen++;
            expect(sourceTime).toBeGreaterThanOrEqual(available.start);
            expect(sourceTime).toBeLessThan(available.start + available.duration);
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(seen).toBeGreaterThan(300);
  });

  it("layers come in the order of tracks, from the bottom, one a track, none of a hidden one", () => {
    fc.assert(
      fc.property(recipes, times, (list, moments) => {
        const document = edit(list);
        const trackOf = (clip: string) => document.tracks.findIndex((track) => laneOf(track).index.has(clip));
        for (const time of moments) {
          const order = planFrame(document, time).layers.map((layer) =>
            trackOf(layer.kind === "transition" ? (layer.from ?? layer.to)!.clip : layer.clip),
          );
          expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
          for (const at of order) expect(document.tracks[at]).toMatchObject({ muted: false });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("a clip is seen exactly while it lies under the playhead, transitions aside", () => {
    fc.assert(
      fc.property(recipes, times, (list, moments) => {
        const document = edit(list);
        const plain = document.tracks.filter(
          ({ kind, muted, solo, children }) =>
            kind === "video" && !muted && !solo && !children.some((child) => child.kind === "transition"),
        );
        if (document.tracks.some(({ solo }) => solo)) return;
        for (const time of moments) {
          const shown = new Set(visualsOf(document, time).map(({ clip }) => clip));
          for (const track of plain)
            for (const { clip, start: from } of laneOf(track).placed) {
              const under = from <= time && time < from + clip.sourceRange.duration;
              if (!under) expect(shown.has(clip.id)).toBe(false);
              else if (mediaOf(document, clip) !== null && isPlain(clip.parameters) && clip.fadeIn + clip.fadeOut === 0)
                expect(shown.has(clip.id)).toBe(true);
            }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gains are continuous: within a clip, a millisecond changes little", () => {
    let compared = 0;
    const step = FLICKS_PER_SECOND / 1000;
    fc.assert(
      fc.property(recipes, fc.integer({ min: 0, max: 400 }), fc.nat({ max: 24 }), (list, frame, attack) => {
        let document = edit(list.slice(0, 8));
        const [A1, A2] = [document.tracks[0]!, document.tracks[1]!];
        const ducking = { under: [A2.id], amount: 18, attack: frames(attack), release: frames(6) };
        const ducked = applyEdit(document, { name: "setTrack", arguments: { track: A1.id, ducking, muted: false } });
        if (ducked.ok) document = ducked.value;
        const time = frames(frame) - 5 * step;
        let before = new Map<string, number>();
        for (let i = 0; i < 12; i++) {
          const now = new Map(planSound(document, time + i * step).map(({ clip, gain }) => [clip, gain]));
          for (const [clip, gain] of now) {
            const moving = Object.keys(findClip(document, clip)!.parameters).includes("volume");
            if (before.has(clip) && !moving) {
              compared++;
              // A millisecond of the fastest ducking ramp (5 ms for 18 dB) halves a gain at most.
              expect(Math.abs(gain - before.get(clip)!)).toBeLessThan(0.55 * Math.max(gain, before.get(clip)!) + 0.05);
            }
          }
          before = now;
        }
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});

const isPlain = (parameters: object): boolean =>
  !("opacity" in parameters) && !Object.keys(parameters).some((name) => name.startsWith("crop"));

const names = (document: Timeline) => visualsOf(document, 0).map(({ clip }) => findClip(document, clip)!.name);

describe("the plan of a frame", () => {
  it("shows both sides of a transition with their handles, and its progress", () => {
    const document = dissolved();
    const at = (frame: number) => planFrame(document, frames(frame)).layers[0];
    expect(at(41)).toMatchObject({ kind: "picture", sourceTime: frames(89) });
    expect(at(42)).toMatchObject({ kind: "transition", type: "dissolve", progress: 0 });
    expect(at(51)).toMatchObject({
      progress: 0.75,
      from: { clip: clipId(document, "a"), sourceTime: frames(48 + 51) },
      to: { clip: clipId(document, "b"), sourceTime: frames(96 + 3) },
    });
    expect(at(45)).toMatchObject({ to: { sourceTime: frames(96 - 3) } });
    expect(at(54)).toMatchObject({ kind: "picture", clip: clipId(document, "b") });
    expect(planFrame(document, frames(5000)).layers).toEqual([]);
  });

  it("plays speed and reverse", () => {
    const document = threeClips();
    const b = clipId(document, "b");
    const fast = edited(document, "setSpeed", { clip: b, speed: 2 });
    expect(visualsOf(fast, frames(58))).toMatchObject([{ sourceTime: frames(96 + 20) }]);
    const back = edited(document, "reverse", { clip: b });
    expect(visualsOf(back, frames(48))).toMatchObject([{ sourceTime: frames(144) - 1 }]);
    expect(visualsOf(back, frames(95))).toMatchObject([{ sourceTime: frames(97) - 1 }]);
  });

  it("moves what has keyframes, fades, and says what waits for its job", () => {
    const a = clipId(threeClips(), "a");
    let document = edited(threeClips(), "setKeyframe", { clip: a, parameter: "positionX", time: 0, value: 0 });
    document = edited(document, "setKeyframe", { clip: a, parameter: "positionX", time: frames(40), value: 1 });
    document = edited(document, "setClip", { clips: [a], fadeIn: frames(20) });
    expect(visualsOf(document, frames(10))).toMatchObject([{ x: 0.25, opacity: 0.5 }]);
    const promised = edited(document, "overwrite", {
      at: 0,
      clips: [{ track: trackId(document, "V2"), clip: { job: "j", name: "rain", duration: frames(9) } }],
    });
    expect(planFrame(promised, 0).pending).toEqual([clipId(promised, "rain")]);
  });

  it("solo and mute decide what is seen", () => {
    let document = add(threeClips(), "V2", "top", "film", 0, 48);
    expect(names(document)).toEqual(["a", "top"]);
    document = edited(document, "setTrack", { track: trackId(document, "V1"), solo: true });
    expect(names(document)).toEqual(["a"]);
    expect(names(edited(document, "setTrack", { track: trackId(document, "V1"), muted: true }))).toEqual([]);
  });
});

describe("the plan of the sound", () => {
  it("mixes clip, track, fades and pan, and crossfades with equal power", () => {
    let document = add(add(empty(), "A1", "x", "song", 100, 100), "A1", "y", "song", 400, 100);
    const [x, A1] = [clipId(document, "x"), trackId(document, "A1")];
    document = edited(document, "setParameter", { clips: [x], parameter: "volume", value: -20 });
    document = edited(document, "setTrack", { track: A1, volume: -20, pan: 0.5 });
    expect(planSound(document, frames(50))).toMatchObject([
      { clip: x, pan: 0.5, speed: 1, range: { start: 0, duration: frames(100) } },
    ]);
    expect(planSound(document, frames(50))[0]!.gain).toBeCloseTo(0.01, 10);
    const crossed = edited(document, "addTransition", { clip: x, edge: "end", type: "dissolve", duration: frames(20) });
    const both = planSound(crossed, frames(100)).map(({ gain, clip }) => gain / (clip === x ? 0.01 : 0.1));
    expect(both[0]! ** 2 + both[1]! ** 2).toBeCloseTo(1, 10);
    expect(voicesIn(crossed, frames(105), frames(106))).toHaveLength(2);
    expect(voicesIn(crossed, frames(111), frames(112))).toHaveLength(1);
  });

  it("ducks music before the voice begins and lets it come back", () => {
    let document = add(empty(), "A2", "music", "song", 0, 480);
    const [A1, A2] = [trackId(document, "A1"), trackId(document, "A2")];
    document = edited(document, "overwrite", {
      at: frames(100),
      clips: [{ track: A1, clip: { media: "song", sourceRange: { start: 0, duration: frames(50) } } }],
    });
    document = edited(document, "setTrack", {
      track: A2,
      ducking: { under: [A1], amount: 12, attack: frames(10), release: frames(20) },
    });
    const level = (frame: number) =>
      20 * Math.log10(planSound(document, frames(frame)).find(({ track }) => track === A2)!.gain);
    expect([89, 95, 100, 149, 160, 171].map((frame) => Math.round(level(frame) * 10) / 10 + 0)).toEqual([
      0, -6, -12, -12, -6, 0,
    ]);
  });

  it("is silent at the bottom of the scale, without a jump", () => {
    expect(gainOf(-60)).toBe(0);
    expect(gainOf(0)).toBe(1);
    for (let dB = -60; dB < 24; dB += 0.25) expect(Math.abs(gainOf(dB + 0.25) - gainOf(dB))).toBeLessThan(0.5);
  });
});
