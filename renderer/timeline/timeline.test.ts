import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLICKS_PER_SECOND, FRAME_RATES, frameDuration } from "../../core/time/index.ts";
import { laneOf, NEW_TRACK, type Timeline } from "../../core/timeline/index.ts";
import {
  clipId,
  dissolved,
  edited,
  empty,
  FRAME,
  frames,
  linkedPairs,
  show,
  threeClips,
  trackId,
} from "../../core/timeline/testing/sample.ts";
import {
  fitted,
  INSET,
  layoutOf,
  revealed,
  RULER_HEIGHT,
  shiftedIndex,
  timeToX,
  type View,
  xToTime,
  zoomedAt,
  zoomLimits,
} from "./geometry.ts";
import { movedTracks, rowsBetween } from "./gestures/move.ts";
import { findGap, type Hit, hitAt, type HitScene, operationAt } from "./hit.ts";
import { beatTicksAt, ticksAt } from "./paint/ruler.ts";
import { placementsOf } from "./placement.ts";
import { clickedClip, clipsWithin, findPlaced } from "./selection.ts";
import { nearestPoint, snapBy, snapPoints } from "./snap.ts";
import { clipWords, trackWords } from "./spoken.ts";
import { nextTake } from "./takes.ts";

const rate = FRAME_RATES["24"];
/** 24 pixels a second: a frame is a pixel. */
const view: View = { scroll: 0, zoom: 24, width: 1000 };
const anyView = fc.record({
  scroll: fc.integer({ min: 0, max: 10_000 * FLICKS_PER_SECOND }),
  zoom: fc.double({ min: 0.02, max: 4800, noNaN: true }),
  width: fc.integer({ min: 200, max: 4000 }),
});

const order = (moved: Timeline) =>
  layoutOf(moved.tracks, {})
    .rows.map(({ track }) => track.name)
    .join(" ");

describe("geometry", () => {
  test("a place in time and a place in the window go over into each other", () => {
    fc.assert(
      fc.property(anyView, fc.double({ min: 0, max: 4000, noNaN: true }), (seen, x) => {
        expect(Math.abs(timeToX(seen, xToTime(seen, x)) - x)).toBeLessThan(1e-3);
      }),
    );
  });

  test("zooming keeps the time under the pointer, within its limits", () => {
    fc.assert(
      fc.property(
        anyView,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.integer({ min: 20, max: 200 }),
        (seen, factor, x) => {
          const next = zoomedAt(seen, factor, x, rate);
          const { min, max } = zoomLimits(rate, seen.width);
          expect(next.zoom).toBeGreaterThanOrEqual(min);
          expect(next.zoom).toBeLessThanOrEqual(max);
          // At the very start there is nothing to scroll to.
          if (next.scroll > 0) expect(Math.abs(timeToX(next, xToTime(seen, x)) - x)).toBeLessThan(0.01);
        },
      ),
    );
  });

  test("one goes in to the frame and out to a day", () => {
    const { min, max } = zoomLimits(rate, 1000);
    expect(1000 / min).toBeGreaterThanOrEqual(86_400);
    expect((max * frameDuration(rate)) / FLICKS_PER_SECOND).toBeGreaterThanOrEqual(40);
  });

  test("fitting shows all, and what is out of sight is scrolled to", () => {
    const all = fitted(view, frames(2400), rate);
    expect(timeToX(all, frames(2400))).toBeLessThan(view.width);
    expect(timeToX(all, 0)).toBe(INSET);
    expect(revealed(view, frames(100))).toBe(view);
    const there = revealed(view, frames(5000));
    expect(timeToX(there, frames(5000))).toBeCloseTo(view.width * 0.25 + INSET, 0);
  });

  test("tracks lie as one sees them: text, pictures from the top down, then sound", () => {
    const { rows } = layoutOf(empty().tracks, {});
    expect(rows.map(({ track }) => track.name)).toEqual(["T1", "V2", "V1", "A1", "A2"]);
    for (const [i, row] of rows.entries())
      if (i > 0) expect(row.y).toBeGreaterThanOrEqual(rows[i - 1]!.y + rows[i - 1]!.height);
  });

  test("a track moves one row up or down, and sound stays with sound", () => {
    const document = empty();
    const move = (name: string, direction: -1 | 1) => {
      const to = shiftedIndex(document.tracks, trackId(document, name), direction);
      return to === null ? null : order(edited(document, "moveTrack", { track: trackId(document, name), to }));
    };
    expect(move("V1", -1)).toBe("T1 V1 V2 A1 A2");
    expect(move("A1", 1)).toBe("T1 V2 V1 A2 A1");
    expect([move("A1", -1), move("T1", -1), move("V1", 1)]).toEqual([null, null, null]);
  });
});

function scene(document: Timeline, selected: readonly string[] = []): HitScene {
  return {
    document,
    layout: layoutOf(document.tracks, {}),
    view,
    scrollY: 0,
    inPoint: frames(10),
    outPoint: frames(20),
    selected: new Set(selected),
    track: null,
  };
}
/** The middle of a track in the window. */
const yOf = (document: Timeline, name: string, part = 0.6): number => {
  const row = layoutOf(document.tracks, {}).rows.find(({ track }) => track.name === name)!;
  return RULER_HEIGHT + row.y + row.height * part;
};
const short = (hit: Hit): string =>
  hit.zone === "clip"
    ? `${hit.item.clip.name} ${hit.part}`
    : hit.zone === "cut"
      ? `${hit.left.clip.name}|${hit.right.clip.name}`
      : hit.zone === "transition"
        ? `transition ${hit.part}`
        : hit.zone === "gap"
          ? `gap ${hit.start / FRAME}+${hit.duration === null ? "…" : hit.duration / FRAME}`
          : hit.zone;

describe("what the pointer stands on", () => {
  const document = threeClips();
  const at = (frame: number, name = "V1", part = 0.6) =>
    short(hitAt(scene(document), INSET + frame, yOf(document, name, part)));

  test("clips have edges, cuts have both sides", () => {
    expect(at(24)).toBe("a lower");
    expect(at(24, "V1", 0.3)).toBe("a upper");
    expect(at(0)).toBe("a start");
    expect(at(42)).toBe("a end");
    expect(at(48)).toBe("a|b");
    expect(at(54)).toBe("b start");
    expect(at(143)).toBe("c end");
    expect(at(146)).toBe("c end");
    expect(at(170)).toBe("gap 144+…");
    expect(at(10, "V2")).toBe("gap 0+…");
  });

  test("between clips is a gap with a length", () => {
    const gapped = edited(document, "remove", { clips: [clipId(document, "b")] });
    expect(short(hitAt(scene(gapped), INSET + 70, yOf(gapped, "V1")))).toBe("gap 48+48");
    expect(findGap(gapped.tracks.find(({ name }) => name === "V1")!, frames(70))).toEqual({
      start: frames(48),
      duration: frames(48),
    });
    expect(findGap(gapped.tracks.find(({ name }) => name === "V1")!, frames(10))).toBeNull();
  });

  test("a transition lies over its clips, with edges of its own", () => {
    const joined = dissolved();
    const on = (frame: number) => short(hitAt(scene(joined), INSET + frame, yOf(joined, "V1")));
    expect([on(43), on(48), on(53)]).toEqual(["transition start", "transition body", "transition end"]);
  });

  test("only selected clips have handles for fades and keyframes", () => {
    const a = clipId(document, "a");
    const moved = edited(document, "setKeyframe", { clip: a, parameter: "opacity", time: frames(20), value: 0.5 });
    const fading = edited(moved, "setClip", { clips: [a], fadeIn: frames(16) });
    const row = layoutOf(fading.tracks, {}).rows.find(({ track }) => track.name === "V1")!;
    const y = RULER_HEIGHT + row.y;
    const hit = (frame: number, dy: number, ids: readonly string[]) => hitAt(scene(fading, ids), INSET + frame, y + dy);
    expect(short(hit(16, 20, [a]))).toBe("a fade-in");
    expect(short(hit(16, 20, []))).toBe("a upper");
    expect(hit(20, row.height - 5, [a])).toMatchObject({ zone: "keyframe", parameter: "opacity", time: frames(20) });
  });

  test("the ruler has markers and the marked stretch", () => {
    const marked = edited(document, "addMarker", { markedRange: { start: frames(30), duration: 0 } });
    const on = (frame: number, y: number) => hitAt(scene(marked), INSET + frame, y).zone;
    expect([on(30, 30), on(30, 5), on(10, 30), on(20, 30)]).toEqual(["marker", "ruler", "in", "out"]);
  });

  const hit = (frame: number, part = 0.6) => hitAt(scene(document), INSET + frame, yOf(document, "V1", part));

  test("place and tool decide what a drag does", () => {
    expect(operationAt(hit(24), "select")).toBe("move");
    expect(operationAt(hit(0), "select")).toBe("trim");
    expect(operationAt(hit(48), "select")).toBe("roll");
    expect(operationAt(hit(0), "ripple")).toBe("ripple");
    expect(operationAt(hit(24, 0.3), "trim")).toBe("slip");
    expect(operationAt(hit(24, 0.7), "trim")).toBe("slide");
    expect(operationAt(hit(24), "blade")).toBe("blade");
    expect(operationAt(hit(170), "select")).toBe("marquee");
    expect(operationAt(hit(24), "track-select")).toBe("select-forward");
  });
});

describe("snapping", () => {
  const document = threeClips();
  const points = snapPoints({
    document,
    playhead: frames(60),
    inPoint: null,
    outPoint: null,
    without: new Set([clipId(document, "c")]),
    beats: null,
  });

  const by = (wanted: number) => {
    const { by: gone, point } = snapBy(points, [frames(96), frames(144)], wanted, 4 * FRAME, rate);
    return [gone / FRAME, point?.label ?? null];
  };

  test("draws to what is near and says what that is", () => {
    expect(by(frames(-38))).toEqual([-36, "playhead"]);
    expect(by(frames(-94))).toEqual([-96, "start"]);
    expect(by(frames(20) + 11)).toEqual([20, null]);
    // The end of what is moved meets the end of b.
    expect(by(frames(-47))).toEqual([-48, expect.stringMatching(/‘(a|b)’/)]);
  });

  test("what is moved does not snap to itself", () => {
    expect(points.some(({ label }) => label.includes("‘c’"))).toBe(false);
  });

  test("finds the same as looking at every point", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 })),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 60 }),
        (times, time, within) => {
          const sorted = times.sort((a, b) => a - b).map((each) => ({ time: each, label: String(each) }));
          const nearest = Math.min(...times.map((each) => Math.abs(each - time)), Infinity);
          const found = nearestPoint(sorted, time, within);
          if (nearest > within) expect(found).toBeNull();
          else expect(Math.abs(found!.time - time)).toBe(nearest);
        },
      ),
    );
  });

  test("beats are points where the ruler counts bars", () => {
    const beats = snapPoints({
      document,
      playhead: null,
      inPoint: null,
      outPoint: null,
      without: new Set(),
      beats: { from: 0, to: frames(48) },
    });
    expect(beats.filter(({ label }) => label.startsWith("beat")).map(({ label }) => label)).toEqual([
      "beat 1.1",
      "beat 1.2",
      "beat 1.3",
      "beat 1.4",
      "beat 2.1",
    ]);
  });
});

test("the ruler's numbers never touch, at any zoom", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.02, max: 4800, noNaN: true }), (zoom) => {
      const { step } = ticksAt(zoom, { rate });
      if (step < 86_400 * FLICKS_PER_SECOND) expect((step / FLICKS_PER_SECOND) * zoom).toBeGreaterThanOrEqual(90);
      const { beats } = beatTicksAt(zoom, empty().settings);
      expect(beats * 0.5 * zoom).toBeGreaterThanOrEqual(60);
    }),
  );
});

const ids = (selection: ReturnType<typeof clickedClip>) =>
  selection.type === "clips" ? [...selection.ids].sort() : [];

describe("selecting and moving", () => {
  const document = linkedPairs();
  const ui = { linkedSelection: true, selection: { type: "none" } } as never;

  test("a click takes linked clips along, unless linked selection is off", () => {
    const [v1, a1] = [clipId(document, "v1"), clipId(document, "a1")];
    expect(ids(clickedClip(document, ui, v1, "replace"))).toEqual([a1, v1].sort());
    expect(
      ids(clickedClip(document, { linkedSelection: false, selection: { type: "none" } } as never, v1, "replace")),
    ).toEqual([v1]);
  });

  test("a frame selects what it touches", () => {
    const layout = layoutOf(document.tracks, {});
    const row = layout.rows.find(({ track }) => track.name === "V1")!;
    const names = clipsWithin(layout, frames(10), frames(40), row.y + 2, row.y + 4).map(
      (id) => findPlaced(document, id)!.item.clip.name,
    );
    expect(names).toEqual(["v1"]);
  });

  test("clips change tracks together, as far as there are tracks and one more", () => {
    const layout = layoutOf(document.tracks, {});
    const held = [findPlaced(document, clipId(document, "v1"))!, findPlaced(document, clipId(document, "a1"))!];
    const up = movedTracks(layout, held, "video", -1);
    expect(up).toEqual({ [clipId(document, "v1")]: trackId(document, "V2") });
    expect(movedTracks(layout, held, "video", -5)).toEqual({ [clipId(document, "v1")]: NEW_TRACK.video });
    expect(movedTracks(layout, held, "video", 1)).toEqual({});
    const v2 = layout.rows.find(({ track }) => track.name === "V2")!;
    expect(rowsBetween(layout, trackId(document, "V1"), v2.y + 5)).toBe(-1);
    expect(rowsBetween(layout, trackId(document, "V1"), 5)).toBe(-1);
    expect(rowsBetween(layout, trackId(document, "V1"), -100)).toBe(-2);
    expect(rowsBetween(layout, trackId(document, "A1"), layout.height + 5)).toBe(2);
  });
});

test("a film comes as picture and sound on tracks of one number, sound alone on a sound track", () => {
  const document = empty();
  const names = (media: string, onto: string | null) =>
    placementsOf(document, [document.media[media]!], onto).map(
      ({ track }) => document.tracks.find(({ id }) => id === track)!.name,
    );
  expect(names("film", null)).toEqual(["V1", "A1"]);
  expect(names("film", trackId(document, "V2"))).toEqual(["V2", "A2"]);
  expect(names("song", trackId(document, "V2"))).toEqual(["A2"]);
  expect(names("still", null)).toEqual(["V1"]);
  const locked = edited(document, "setTrack", { track: trackId(document, "V1"), locked: true });
  expect(placementsOf(locked, [locked.media["still"]!], null).map(({ track }) => track)).toEqual([
    trackId(locked, "V2"),
  ]);
  const two = placementsOf(document, [document.media["film"]!, document.media["short"]!], null);
  expect(show(edited(document, "overwrite", { at: 0, clips: two, link: false }), "V1")).toBe(
    "film 0+240@0, short 240+48@5",
  );
});

test("clips and tracks have spoken names", () => {
  const document = dissolved();
  const track = document.tracks.find(({ name }) => name === "V1")!;
  expect(trackWords(track)).toBe("V1, video track, 3 clips");
  expect(clipWords(document, track, laneOf(track).placed[0]!, true)).toBe(
    "a, video, 00:00:00:00 to 00:00:02:00, dissolve at its end, selected",
  );
});

test("takes go round and round", () => {
  const start = threeClips();
  const a = clipId(start, "a");
  const two = edited(start, "addTake", { clip: a, media: "film", activate: false });
  const { clip } = findPlaced(two, a)!.item;
  if (clip.content.type !== "media") throw new Error("A clip of media was expected.");
  const [first, second] = clip.content.takes.map(({ id }) => id);
  expect([nextTake(clip, 1), nextTake(clip, -1)]).toEqual([second, second]);
  expect(nextTake({ ...clip, content: { ...clip.content, activeTake: second! } }, 1)).toBe(first);
  expect(nextTake(findPlaced(start, a)!.item.clip, 1)).toBeNull();
});
