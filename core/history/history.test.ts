import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laneOf, type Timeline } from "../timeline/index.ts";
import { callOf, type Recipe, recipes } from "../timeline/testing/random-edits.ts";
import {
  clipId,
  empty,
  frames,
  linkedPairs,
  must,
  sampleMedia,
  threeClips,
  trackId,
} from "../timeline/testing/sample.ts";
import {
  applyPatch,
  cancelGesture,
  cancelTo,
  commit,
  diff,
  endGesture,
  type History,
  mark,
  newHistory,
  PatchError,
  perform,
  redo,
  undo,
} from "./index.ts";

/** The history after each edit that was not refused. */
function played(list: readonly Recipe[], start = newHistory(linkedPairs())): History[] {
  const histories = [start];
  for (const recipe of list) {
    const result = perform(histories.at(-1)!, callOf(histories.at(-1)!.present, recipe));
    if (result.ok) histories.push(result.value);
  }
  return histories;
}

const all = (history: History, step: typeof undo): History => {
  const next = step(history);
  return next.ok ? all(next.value, step) : history;
};
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("patches", () => {
  it("make the second document of the first, and back, also after a journey through JSON", () => {
    fc.assert(
      fc.property(recipes, fc.nat(), fc.nat(), (list, n, m) => {
        const histories = played(list);
        const [a, b] = [n, m].map((i) => histories[i % histories.length]!.present) as [Timeline, Timeline];
        expect(applyPatch(a, asJson(diff(a, b)))).toEqual(b);
        expect(applyPatch(b, asJson(diff(b, a)))).toEqual(a);
      }),
      { numRuns: 200 },
    );
  });

  it("say no more than what changed: moving a clip of thousands from the end to the front is two short stretches", () => {
    const items = Array.from({ length: 3000 }, (_, id) => ({ id, text: "x".repeat(100) }));
    const moved = [items.at(-1)!, ...items.slice(0, -1)];
    expect(diff(items, moved)).toEqual([
      { path: [], at: 2999, remove: 1, insert: [] },
      { path: [], at: 0, remove: 0, insert: [items.at(-1)] },
    ]);
    expect(diff(items, items.with(7, { ...items[7]!, text: "y" }))).toEqual([{ path: [7, "text"], set: "y" }]);
  });

  it("are exact for any plain values", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, fc.constantFrom(null, 1, 2, "a", true), tie("list"), tie("record")),
      list: fc.array(tie("any"), { maxLength: 5 }),
      record: fc.dictionary(fc.constantFrom("id", "kind", "a", "b"), tie("any"), { noNullPrototype: true }),
    })).any;
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(applyPatch(a, diff(a, b))).toEqual(b);
      }),
    );
  });

  it("refuse a value that they were not made for", () => {
    expect(() => applyPatch({ a: [1] }, [{ path: ["a"], at: 1, remove: 1, insert: [] }])).toThrow(PatchError);
    expect(() => applyPatch({ a: 1 }, [{ path: ["b", "c"], set: 1 }])).toThrow(PatchError);
    expect(() => applyPatch([1], [{ path: [3, "x"], set: 1 }])).toThrow(PatchError);
  });
});

describe("history", () => {
  it("undo-all is the start, redo-all is the end", () => {
    fc.assert(
      fc.property(recipes, (list) => {
        const histories = played(list);
        const [first, end] = [histories[0]!, histories.at(-1)!];
        const start = all(end, undo);
        expect(start.present).toEqual(first.present);
        const again = all(start, redo);
        expect(again.present).toEqual(end.present);
        expect(again.past.map(({ label }) => label)).toEqual(end.past.map(({ label }) => label));
      }),
      { numRuns: 300 },
    );
  });

  it("each undo is the document before that edit", () => {
    fc.assert(
      fc.property(recipes, (list) => {
        const histories = played(list);
        let current = histories.at(-1)!;
        // An edit that changed nothing left no step.
        const distinct = histories.filter(({ past }, i) => i === 0 || past.length > histories[i - 1]!.past.length);
        for (const before of distinct.slice(0, -1).reverse()) {
          current = must(undo(current));
          expect(current.present).toEqual(before.present);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("names each step after what was done to what", () => {
    const document = threeClips();
    const trimmed = must(perform(newHistory(document), trimCall(document, "a", -4)));
    const both = { name: "remove", arguments: { clips: [clipId(document, "b"), clipId(document, "c")] } };
    const { past } = must(perform(trimmed, both));
    expect(past.map(({ label }) => label)).toEqual(["Trim ‘a’", "Delete 2 clips"]);
  });

  it("forgets the future when something else is done", () => {
    const document = threeClips();
    const back = must(undo(must(perform(newHistory(document), trimCall(document, "a", -4)))));
    expect(back.future).toHaveLength(1);
    expect(must(perform(back, trimCall(document, "b", -4))).future).toEqual([]);
  });

  it("a refused edit leaves no trace", () => {
    const history = newHistory(threeClips());
    const refused = perform(history, trimCall(history.present, "a", -1000));
    expect(refused).toMatchObject({ ok: false, error: { code: "NO_ROOM" } });
    expect(perform(history, { name: "toString", arguments: {} })).toMatchObject({ ok: false });
    expect(perform(history, { name: "trim", arguments: null })).toMatchObject({ ok: false });
  });
});

describe("a gesture", () => {
  const document = threeClips();
  const drag = (history: History, by: number) =>
    must(perform(history, trimCall(document, "a", by), { gesture: "drag", fromStart: true }));

  it("is one step however often the pointer moves, and undoes as one", () => {
    const start = must(perform(newHistory(document), trimCall(document, "c", -1)));
    const dragged = endGesture([-1, -5, -9, -3].reduce(drag, start));
    expect(dragged.past).toHaveLength(2);
    expect(length(dragged.present, "a")).toBe(frames(45));
    expect(must(undo(dragged)).present).toEqual(start.present);
    expect(must(redo(must(undo(dragged)))).present).toEqual(dragged.present);
  });

  it("adds up where each edit is a step further", () => {
    const step = (history: History) => must(perform(history, trimCall(document, "a", -1), { gesture: "keys" }));
    const held = step(step(step(newHistory(document))));
    expect([held.past.length, length(held.present, "a")]).toEqual([1, frames(45)]);
  });

  it("that is cancelled has never been, and gives the future back", () => {
    const start = must(undo(must(perform(newHistory(document), trimCall(document, "c", -1)))));
    const cancelled = cancelGesture(drag(drag(start, -7), -8), "drag");
    expect(cancelled).toEqual(start);
    expect(cancelGesture(start, "drag")).toBe(start);
  });

  it("that comes back to where it began is no step", () => {
    const back = drag(drag(newHistory(document), -7), 0);
    expect(back.past).toEqual([]);
    expect(back.present).toEqual(document);
  });

  it("ends when another begins", () => {
    const first = drag(newHistory(document), -7);
    const second = must(perform(first, trimCall(document, "b", -2), { gesture: "another", fromStart: true }));
    expect(second.past).toHaveLength(2);
    expect(cancelGesture(second, "another").present).toEqual(first.present);
  });

  it("several steps are taken back to a mark, without a way to redo them", () => {
    const start = must(perform(newHistory(document), trimCall(document, "c", -1)));
    const place = mark(start);
    const further = ["a", "b"].reduce((history, name) => must(perform(history, trimCall(document, name, -2))), start);
    const back = cancelTo(further, place);
    expect(back.present).toEqual(start.present);
    expect([back.past.length, back.future.length]).toEqual([1, 0]);
  });
});

const promise = (history: History): History => {
  const clips = [{ track: trackId(history.present, "V1"), clip: { job: "job1", name: "rain", duration: frames(48) } }];
  return must(perform(history, { name: "append", arguments: { clips } }));
};
const settle = { name: "settleJob", arguments: { job: "job1", media: "short", problem: null } };
const made = (document: Timeline) => {
  const clip = document.tracks.flatMap((track) => laneOf(track).placed).find((item) => item.clip.name === "rain")?.clip;
  return clip?.content.type === "media" ? clip.content.takes[0]!.media : undefined;
};

describe("what the machine finds out", () => {
  it("is no step", () => {
    const history = must(perform(promise(newHistory(empty())), settle));
    expect(history.past).toHaveLength(1);
    expect(made(history.present)).toBe("short");
  });

  it("stays known whatever is undone, even when its clip was away meanwhile", () => {
    const start = promise(newHistory(empty()));
    const gone = must(perform(start, { name: "remove", arguments: { clips: [clipId(start.present, "rain")] } }));
    const settled = must(perform(gone, settle));
    const back = must(undo(settled));
    expect(made(back.present)).toBe("short");
    expect(made(must(undo(back)).present)).toBeUndefined();
    expect(made(must(redo(must(undo(back)))).present)).toBe("short");
  });

  it("is kept by a gesture that is cancelled", () => {
    const start = promise(newHistory(empty()));
    const trim = { name: "trim", arguments: { clip: clipId(start.present, "rain"), edge: "end", by: -frames(4) } };
    const dragging = must(perform(start, trim, { gesture: "drag" }));
    const cancelled = cancelGesture(must(perform(dragging, settle)), "drag");
    expect(made(cancelled.present)).toBe("short");
    expect(length(cancelled.present, "rain")).toBe(frames(48));
  });

  it("may shorten a clip without harm to older steps", () => {
    const start = promise(newHistory(empty()));
    const longer = { name: "trim", arguments: { clip: clipId(start.present, "rain"), edge: "end", by: frames(24) } };
    const behind = {
      name: "append",
      arguments: { clips: [{ track: trackId(start.present, "V1"), clip: { media: "film" } }] },
    };
    const settled = must(perform(must(perform(must(perform(start, longer)), behind)), settle));
    expect(length(settled.present, "rain")).toBe(frames(48)); // all that there is
    const back = all(settled, undo);
    expect(back.present).toEqual(empty());
    expect(all(back, redo).present).toEqual(settled.present);
  });

  it("media that was imported stays through undo; media that was removed comes back with it", () => {
    const media = { ...sampleMedia[0]!, id: "new" };
    const start = newHistory(threeClips());
    const imported = must(
      perform(must(perform(start, trimCall(start.present, "a", -1))), {
        name: "addMedia",
        arguments: { media: [media] },
      }),
    );
    expect(must(undo(imported)).present.media["new"]).toEqual(media);
    const used = must(
      perform(imported, {
        name: "append",
        arguments: { clips: [{ track: trackId(start.present, "V2"), clip: { media: "new" } }] },
      }),
    );
    const unused = must(perform(used, { name: "remove", arguments: { clips: [clipId(used.present, "film")] } }));
    const removed = must(perform(unused, { name: "removeMedia", arguments: { media: ["new"] } }));
    expect(removed.present.media["new"]).toBeUndefined();
    expect(must(undo(removed)).present.media["new"]).toEqual(media);
    expect(must(redo(must(undo(removed)))).present.media["new"]).toBeUndefined();
  });

  it("a commit from elsewhere is a step too", () => {
    const history = newHistory(threeClips());
    const next = commit(history, { ...history.present, name: "Other" }, "Rename");
    expect(must(undo(next)).present.name).toBe("Sample");
  });
});

function trimCall(document: Timeline, name: string, by: number) {
  return { name: "trim", arguments: { clip: clipId(document, name), edge: "end", by: frames(by) } };
}

function length(document: Timeline, name: string): number {
  return document.tracks.flatMap((track) => laneOf(track).placed).find(({ clip }) => clip.name === name)!.clip
    .sourceRange.duration;
}
