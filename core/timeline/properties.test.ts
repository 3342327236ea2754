import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOf, type Flicks, overlaps } from "../time/index.ts";
import {
  applyEdit,
  breaches,
  type Clip,
  findClip,
  join,
  laneOf,
  type Placed,
  rangeOfPlaced,
  type Result,
  rippleDelete,
  rippleTrim,
  roll,
  slip,
  split,
  type Timeline,
  type Track,
} from "./index.ts";
import { callOf, keepsSync, type Recipe, recipes } from "./testing/random-edits.ts";
import { add, frames, linkedPairs } from "./testing/sample.ts";

/** Two linked pairs behind each other, a clip and a still on V2, music under all. */
const start = add(add(linkedPairs(), "V2", "short", "short", 10, 30), "V2", "still", "still", 0, 50);

/** The document after each recipe that was not refused, with the edit's name. */
function* documents(
  list: readonly Recipe[],
): Generator<{ name: string; alone: boolean; before: Timeline; after: Timeline }> {
  let before = start;
  for (const recipe of list) {
    const call = callOf(before, recipe);
    const result = applyEdit(before, call);
    if (!result.ok) continue;
    yield {
      name: call.name,
      alone: "linked" in call.arguments && call.arguments.linked === false,
      before,
      after: result.value,
    };
    before = result.value;
  }
}

const last = (list: readonly Recipe[]): Timeline => [...documents(list)].at(-1)?.after ?? start;
const placedOf = (document: Timeline): { track: Track; item: Placed }[] =>
  document.tracks.flatMap((track) => laneOf(track).placed.map((item) => ({ track, item })));
const withoutCounter = (document: Timeline) => ({ ...document, nextId: 0 });
const pickFrom = <T>(values: readonly T[], n: number): T | undefined => values[n % Math.max(1, values.length)];

describe("whatever edits are made", () => {
  it("the document stays sound: every invariant holds after every edit", () => {
    const made = new Map<string, number>();
    fc.assert(
      fc.property(recipes, (list) => {
        for (const { name, after } of documents(list)) {
          expect(breaches(after), name).toEqual([]);
          made.set(name, (made.get(name) ?? 0) + 1);
        }
      }),
      { numRuns: 300 },
    );
    // The property says nothing about edits that never happened.
    for (const name of keepsSync) expect(made.get(name) ?? 0, name).toBeGreaterThan(0);
    for (const name of [
      "setSpeed",
      "reverse",
      "addTransition",
      "setTransition",
      "switchTake",
      "replaceMedia",
      "setKeyframe",
    ])
      expect(made.get(name) ?? 0, name).toBeGreaterThan(0);
  });

  it("clips of a track never overlap", () => {
    fc.assert(
      fc.property(recipes, (list) => {
        for (const track of last(list).tracks) {
          const ranges = laneOf(track).placed.map(rangeOfPlaced);
          for (const [i, a] of ranges.entries())
            for (const b of ranges.slice(i + 1)) expect(overlaps(a, b)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("a document that was given to an edit is never changed by it", () => {
    fc.assert(
      fc.property(recipes, (list) => {
        for (const { before, after } of documents(list)) {
          const text = JSON.stringify(before);
          applyEdit(before, callOf(before, list[0]!));
          expect(JSON.stringify(before)).toBe(text);
          expect(after.tracks.some((track) => before.tracks.includes(track)) || before.tracks.length < 6).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("linked clips stay in sync", () => {
    let compared = 0;
    fc.assert(
      fc.property(recipes, (list) => {
        for (const { name, alone, before, after } of documents(list)) {
          // Slipping or sliding one of two linked clips alone is how sync is corrected by hand.
          if (!keepsSync.has(name) || (alone && (name === "slip" || name === "slide"))) continue;
          for (const [id, distance] of distances(after)) {
            const old = distances(before).get(id);
            if (old === undefined) continue;
            compared++;
            expect(Math.abs(distance - old), `${name} ${id}`).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(compared).toBeGreaterThan(500);
  });
});

/** How far apart on the timeline the same moment of two linked clips lies, for those that play forward at one steady speed. */
function distances(document: Timeline): Map<string, Flicks> {
  const found = new Map<string, Flicks>();
  const linked = placedOf(document).flatMap(({ item }) =>
    item.clip.link !== null && isSteady(item.clip, document) ? [item] : [],
  );
  for (const a of linked)
    for (const b of linked)
      if (a.clip.id < b.clip.id && a.clip.link === b.clip.link && speedOf(a.clip) === speedOf(b.clip))
        found.set(`${a.clip.link} ${a.clip.id} ${b.clip.id} ${speedOf(a.clip)}`, origin(a) - origin(b));
  return found;
}

const speedOf = (clip: Clip): number => (typeof clip.parameters.speed === "number" ? clip.parameters.speed : 1);
const origin = ({ clip, start: at }: Placed): number => at - clip.sourceRange.start / speedOf(clip);
const isSteady = (clip: Clip, { media }: Timeline): boolean =>
  !clip.reversed &&
  typeof (clip.parameters.speed ?? 1) === "number" &&
  speedOf(clip) >= 1 &&
  clip.content.type === "media" &&
  clip.content.takes.every((take) => take.media !== null && media[take.media]!.availableRange !== null);

const transitionsOf = ({ tracks }: Timeline): string =>
  JSON.stringify(tracks.map(({ children }) => children.filter(({ kind }) => kind === "transition")));

const valueOf = (result: Result<Timeline>): Timeline | null => (result.ok ? result.value : null);
const ends = (document: Timeline) => document.tracks.map((track) => laneOf(track).end);

describe("each kind of edit keeps its promise", () => {
  it("roll keeps the total length, and every other clip", () => {
    let rolled = 0;
    fc.assert(
      fc.property(recipes, fc.nat(), fc.integer({ min: -20, max: 20 }), (list, n, by) => {
        const document = last(list);
        const cuts = placedOf(document).filter(({ item, track }) =>
          laneOf(track).placed.some((b) => b.start === endOf(rangeOfPlaced(item))),
        );
        const cut = pickFrom(cuts, n);
        if (cut === undefined || by === 0) return;
        const right = laneOf(cut.track).placed.find((b) => b.start === endOf(rangeOfPlaced(cut.item)))!;
        const ids = { left: cut.item.clip.id, right: right.clip.id };
        const after = valueOf(roll(document, { ...ids, by: frames(by), linked: false }));
        if (after === null) return;
        rolled++;
        const [left, next] = [find(after, ids.left), find(after, ids.right)];
        expect(endOf(rangeOfPlaced(left))).toBe(endOf(rangeOfPlaced(cut.item)) + frames(by));
        expect(next.start).toBe(endOf(rangeOfPlaced(left)));
        expect(left.start).toBe(cut.item.start);
        expect(endOf(rangeOfPlaced(next))).toBe(endOf(rangeOfPlaced(right)));
        expect(ends(after)).toEqual(ends(document));
      }),
      { numRuns: 250 },
    );
    expect(rolled).toBeGreaterThan(20);
  });

  it("slip keeps place and length", () => {
    let slipped = 0;
    fc.assert(
      fc.property(recipes, fc.nat(), fc.integer({ min: -30, max: 30 }), (list, n, by) => {
        const document = last(list);
        const chosen = pickFrom(placedOf(document), n);
        if (chosen === undefined) return;
        const after = valueOf(slip(document, { clip: chosen.item.clip.id, by: frames(by) }));
        if (after === null) return;
        slipped++;
        expect(placedOf(after).map(({ item }) => rangeOfPlaced(item))).toEqual(
          placedOf(document).map(({ item }) => rangeOfPlaced(item)),
        );
        const { clip } = find(after, chosen.item.clip.id);
        expect(clip.sourceRange.start).toBe(chosen.item.clip.sourceRange.start + frames(by));
      }),
      { numRuns: 300 },
    );
    expect(slipped).toBeGreaterThan(20);
  });

  it("split, then join, is the identity", () => {
    let splits = 0;
    fc.assert(
      fc.property(recipes, fc.nat(), fc.nat(), (list, n, m) => {
        const document = last(list);
        const chosen = pickFrom(placedOf(document), n);
        if (chosen === undefined || chosen.item.clip.sourceRange.duration < 2) return;
        const { clip, start: from } = chosen.item;
        const at = from + 1 + (m % (clip.sourceRange.duration - 1));
        const cut = valueOf(split(document, { clips: [clip.id], at, linked: false }));
        if (cut === null) return;
        // A cut within a transition shortens it, and a join does not know how long it was.
        if (transitionsOf(cut) !== transitionsOf(document)) return;
        splits++;
        const right = laneOf(cut.tracks.find(({ id }) => id === chosen.track.id)!).placed.find(
          (item) => item.start === at,
        )!;
        const joined = join(cut, { left: clip.id, right: right.clip.id });
        expect(joined.ok && withoutCounter(joined.value)).toEqual(withoutCounter(document));
      }),
      { numRuns: 250 },
    );
    expect(splits).toBeGreaterThan(100);
  });

  it("a ripple trim changes its track by exactly what was trimmed, and moves what follows by as much", () => {
    let trimmed = 0;
    const edges = fc.constantFrom("start" as const, "end" as const);
    fc.assert(
      fc.property(recipes, fc.nat(), edges, fc.integer({ min: -20, max: 20 }), (list, n, edge, by) => {
        const document = last(list);
        const chosen = pickFrom(placedOf(document), n);
        if (chosen === undefined || by === 0) return;
        const { clip, start } = chosen.item;
        const after = valueOf(rippleTrim(document, { clip: clip.id, edge, by: frames(by), linked: false }));
        if (after === null) return;
        trimmed++;
        const grown = edge === "end" ? frames(by) : -frames(by);
        const now = find(after, clip.id);
        expect([now.start, now.clip.sourceRange.duration]).toEqual([start, clip.sourceRange.duration + grown]);
        for (const item of laneOf(chosen.track).placed)
          if (item.start > start) expect(find(after, item.clip.id).start).toBe(item.start + grown);
      }),
      { numRuns: 300 },
    );
    expect(trimmed).toBeGreaterThan(20);
  });

  it("ripple delete moves what follows by exactly what was removed", () => {
    let deleted = 0;
    fc.assert(
      fc.property(recipes, fc.nat(), (list, n) => {
        const document = last(list);
        const chosen = pickFrom(placedOf(document), n);
        if (chosen === undefined) return;
        const { clip } = chosen.item;
        const after = valueOf(rippleDelete(document, { clips: [clip.id], companions: false }));
        if (after === null) return;
        deleted++;
        expect(findClip(after, clip.id)).toBeNull();
        const lane = laneOf(after.tracks.find(({ id }) => id === chosen.track.id)!);
        for (const old of laneOf(chosen.track).placed) {
          if (old.clip.id === clip.id) continue;
          const moves = old.start > chosen.item.start ? clip.sourceRange.duration : 0;
          expect(lane.placed[lane.index.get(old.clip.id)!]!.start).toBe(old.start - moves);
        }
      }),
      { numRuns: 250 },
    );
    expect(deleted).toBeGreaterThan(50);
  });
});

function find(document: Timeline, id: string): Placed {
  return placedOf(document).find(({ item }) => item.clip.id === id)!.item;
}
