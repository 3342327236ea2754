import { expect, test } from "vitest";
import type { ProjectChange, ProjectState } from "../../core/contract/index.ts";
import {
  cancelGesture,
  diff,
  endGesture,
  type History,
  newHistory,
  perform,
  redo,
  undo,
} from "../../core/history/index.ts";
import { clipsOf, newTimeline, type Timeline } from "../../core/timeline/index.ts";
import {
  clipId,
  FRAME,
  frames,
  must,
  sampleMedia,
  show,
  threeClips,
  trackId,
} from "../../core/timeline/testing/sample.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { createProjectSession } from "./project.ts";

/** The studio's side of one project, as main/studio/projects/project.ts keeps it, with answers that come when the test says so. */
function studio(start: Timeline = threeClips(), { existing = true } = {}) {
  let history: History = newHistory(start);
  let revision = 7;
  let isHeld = false;
  let held: (() => void)[] = [];
  /** Answers to `projects.open` that come later than what happened after them; null: none does. */
  let overtaken: (() => void)[] | null = null;
  const said: string[] = [];
  const steps = () => ({ undo: history.past.at(-1)?.label ?? null, redo: history.future.at(-1)?.label ?? null });
  const state = (): ProjectState => ({
    id: "p1",
    name: "Film",
    readOnly: null,
    notice: null,
    revision,
    durable: revision,
    document: history.present,
    steps: steps(),
  });
  function take(next: History): ProjectChange {
    const [before, from] = [history.present, revision];
    history = next;
    const patch = diff(before, next.present);
    if (patch.length > 0) revision++;
    const change = { id: "p1", from, revision, patch: [...patch] as ProjectChange["patch"], steps: steps() };
    tell({ type: "project-changed", change });
    return change;
  }
  /** Answers at once, or when the test lets go; the order stays. */
  const answer = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      const run = () => {
        try {
          resolve(work());
        } catch (cause) {
          reject(cause);
        }
      };
      if (isHeld) held.push(run);
      else run();
    });
  const { client, calls, tell } = fakeClient({
    "projects.list": () =>
      existing ? [{ id: "p1", name: "Film", modifiedAt: new Date(0).toISOString(), open: false }] : [],
    "projects.open": () => {
      const now = state();
      return overtaken === null ? answer(state) : new Promise((resolve) => overtaken?.push(() => resolve(now)));
    },
    "projects.create": () => answer(state),
    "projects.edit": ({ name, arguments: args, gesture, fromStart }: never) =>
      answer(() => take(must(perform(history, { name, arguments: args }, { gesture, fromStart })))),
    "projects.gesture": ({ gesture, end }: never) =>
      answer(() => take(end === "keep" ? endGesture(history) : cancelGesture(history, gesture))),
    "projects.undo": () => answer(() => take(must(undo(history)))),
    "projects.redo": () => answer(() => take(must(redo(history)))),
  });
  const session = createProjectSession(client, (sentence) => said.push(sentence));
  client.subscribe((event) => session.receive(event));
  return {
    session,
    said,
    edits: () => calls.filter(({ method }) => method === "projects.edit"),
    opens: () => calls.filter(({ method }) => method === "projects.open").length,
    creates: () => calls.filter(({ method }) => method === "projects.create").length,
    present: () => history.present,
    past: () => history.past.map(({ label }) => label),
    /** A change that this window did not ask for. */
    machine: (name: "addMedia" | "settleJob", args: unknown) => take(must(perform(history, { name, arguments: args }))),
    other: (name: "setTrack", args: unknown) => take(must(perform(history, { name, arguments: args }))),
    tell,
    /** From now on opening answers with what is true now, but only when the returned function is called. */
    delayOpening() {
      overtaken = [];
      return () => {
        const waiting = overtaken ?? [];
        overtaken = null;
        for (const run of waiting) run();
      };
    },
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      const waiting = held;
      held = [];
      for (const run of waiting) run();
    },
  };
}
const document = ({ session }: ReturnType<typeof studio>) => session.store.getState().document;
const v1 = (of: ReturnType<typeof studio>) => show(document(of), "V1");

test("an edit shows at once, and the studio's document is the same when it answers", async () => {
  const of = studio();
  await of.session.openLast();
  of.hold();
  const result = of.session.perform("trim", { clip: clipId(document(of), "a"), edge: "end", by: frames(-8) });
  expect(result.ok).toBe(true);
  expect(v1(of)).toBe("a 0+40@48, gap 8, b 48+48@96, c 96+48@144");
  of.release();
  await of.session.settled();
  expect(document(of)).toEqual(of.present());
  expect(document(of)).toBe(of.session.store.getState().state?.document);
  expect(of.session.store.getState().steps.undo).toBe("Trim ‘a’");
});

test("an answer that says what is shown already changes nothing that is shown; one that says more does", async () => {
  const of = studio();
  await of.session.openLast();
  of.hold();
  of.session.perform("trim", { clip: clipId(document(of), "a"), edge: "end", by: frames(-8) });
  of.session.perform("move", { clips: [clipId(document(of), "c")], by: frames(24) });
  const shown = document(of);
  of.release();
  await of.session.settled();
  expect(document(of)).toBe(shown);
  expect(of.session.store.getState().state?.document).toBe(shown);
  expect(of.present()).toEqual(shown);
  of.other("setTrack", { track: trackId(document(of), "V1"), muted: true });
  expect(document(of)).toEqual(of.present());
  expect(document(of)).not.toBe(shown);
});

test("a refused edit changes nothing and says why", async () => {
  const of = studio();
  await of.session.openLast();
  const before = document(of);
  const result = of.session.perform("trim", { clip: clipId(before, "a"), edge: "end", by: frames(500) });
  expect(result.ok).toBe(false);
  expect(document(of)).toBe(before);
  expect(of.said).toEqual([expect.stringMatching(/\.$/)]);
  expect(of.edits()).toEqual([]);
});

test("of a drag only the latest place waits for its turn, and it is one step", async () => {
  const of = studio();
  await of.session.openLast();
  of.hold();
  const clip = clipId(document(of), "c");
  for (let by = 1; by <= 20; by++)
    of.session.perform("move", { clips: [clip], by: frames(by) }, { gesture: "g1", fromStart: true });
  expect(v1(of)).toBe("a 0+48@48, b 48+48@96, gap 20, c 116+48@144");
  of.session.endGesture("g1", "keep");
  of.release();
  await of.session.settled();
  expect(of.edits()).toHaveLength(2);
  expect(of.past()).toEqual(["Move ‘c’"]);
  expect(v1(of)).toBe("a 0+48@48, b 48+48@96, gap 20, c 116+48@144");
  expect(document(of)).toEqual(of.present());
});

test("a cancelled drag leaves no trace, whatever of it was sent", async () => {
  for (const holds of [true, false]) {
    const of = studio();
    await of.session.openLast();
    const before = v1(of);
    if (holds) of.hold();
    const clip = clipId(document(of), "c");
    for (let by = 1; by <= 5; by++) {
      of.session.perform("move", { clips: [clip], by: frames(by) }, { gesture: "g1", fromStart: true });
      if (!holds) await of.session.settled();
    }
    of.session.endGesture("g1", "cancel");
    expect(v1(of)).toBe(before);
    of.release();
    await of.session.settled();
    expect(v1(of)).toBe(before);
    expect(show(of.present(), "V1")).toBe(before);
    expect(of.past()).toEqual([]);
  }
});

test("what the machine finds out in the middle of a drag stays, and so does the drag", async () => {
  const of = studio();
  await of.session.openLast();
  const track = trackId(document(of), "V2");
  of.session.perform("append", { clips: [{ track, clip: { job: "j1", name: "promise", duration: frames(48) } }] });
  await of.session.settled();
  const clip = clipId(document(of), "c");
  const drag = (by: number) =>
    of.session.perform("move", { clips: [clip], by: frames(by) }, { gesture: "g1", fromStart: true });
  drag(3);
  await of.session.settled();
  of.machine("settleJob", { job: "j1", media: "film", problem: null });
  const mediaOfPromise = () =>
    [...clipsOf(document(of))].flatMap(({ name, content }) =>
      name === "promise" && content.type === "media" ? content.takes.map(({ media }) => media) : [],
    );
  expect(mediaOfPromise()).toEqual(["film"]);
  drag(9);
  expect(mediaOfPromise()).toEqual(["film"]);
  expect(v1(of)).toBe("a 0+48@48, b 48+48@96, gap 9, c 105+48@144");
  of.session.endGesture("g1", "cancel");
  expect(mediaOfPromise()).toEqual(["film"]);
  await of.session.settled();
  expect(mediaOfPromise()).toEqual(["film"]);
  expect(v1(of)).toBe("a 0+48@48, b 48+48@96, c 96+48@144");
});

test("another front's change and an own edit on its way both count", async () => {
  const of = studio();
  await of.session.openLast();
  of.hold();
  of.session.perform("remove", { clips: [clipId(document(of), "b")] });
  of.other("setTrack", { track: trackId(document(of), "V1"), name: "Story" });
  of.release();
  await of.session.settled();
  expect(document(of)).toEqual(of.present());
  expect(show(document(of), "Story")).toBe("a 0+48@48, gap 48, c 96+48@144");
});

test("undo and redo follow the edits before them", async () => {
  const of = studio();
  await of.session.openLast();
  of.hold();
  of.session.perform("remove", { clips: [clipId(document(of), "b")] });
  of.session.undo();
  of.release();
  await of.session.settled();
  expect(v1(of)).toBe("a 0+48@48, b 48+48@96, c 96+48@144");
  expect(of.session.store.getState().steps).toEqual({ undo: null, redo: "Delete ‘b’" });
  of.session.redo();
  await of.session.settled();
  expect(v1(of)).toBe("a 0+48@48, gap 48, c 96+48@144");
});

test("without a project the first edit makes one, and loses nothing", async () => {
  const of = studio(newTimeline("Untitled"), { existing: false });
  await of.session.openLast();
  expect(of.session.store.getState().state).toBeNull();
  of.hold();
  of.session.perform("addMarker", { markedRange: { start: FRAME, duration: 0 } });
  of.session.perform("addTrack", { kind: "video" });
  expect(document(of).markers).toHaveLength(1);
  of.release();
  await of.session.settled();
  expect(of.session.store.getState().state?.id).toBe("p1");
  expect(document(of)).toEqual(of.present());
  expect(document(of).tracks).toHaveLength(6);
});

test("events that come before the answer, or twice, are taken in once", async () => {
  const of = studio();
  await of.session.openLast();
  of.session.perform("addMarker", { markedRange: { start: 0, duration: 0 } });
  await of.session.settled();
  of.machine("addMedia", { media: [{ ...sampleMedia[0]!, id: "new" }] });
  expect(document(of).markers).toHaveLength(1);
  expect(document(of).media["new"]).toBeDefined();
});

test("an answer that was overtaken by what happened after it takes nothing back", async () => {
  const of = studio();
  await of.session.openLast();
  const arrive = of.delayOpening();
  // The connection was lost and is there again: everything is asked anew.
  of.tell({ type: "hello" } as never);
  of.session.perform("trim", { clip: clipId(document(of), "a"), edge: "end", by: frames(-8) });
  await of.session.settled();
  const shown = document(of);
  arrive();
  await Promise.resolve();
  await of.session.settled();
  await expect.poll(() => document(of)).toEqual(of.present());
  expect(document(of)).toEqual(shown);
});

test("a change that comes before the project that it belongs to is not lost", async () => {
  const of = studio();
  const arrive = of.delayOpening();
  const opened = of.session.openLast();
  await expect.poll(() => of.opens()).toBe(1);
  of.other("setTrack", { track: trackId(of.present(), "V1"), muted: true });
  arrive();
  await opened;
  expect(document(of)).toEqual(of.present());
});

test("an edit that is made while the last project is opened makes no second project", async () => {
  const of = studio();
  const arrive = of.delayOpening();
  const opened = of.session.openLast();
  await expect.poll(() => of.opens()).toBe(1);
  const made = of.session.ensure();
  arrive();
  expect(await made).toBe("p1");
  await opened;
  expect(of.creates()).toBe(0);
});

test("of projects that are opened at once the one that was asked for last is shown", async () => {
  const answers = new Map<string, () => void>();
  const { client } = fakeClient({
    "projects.list": () => [{ id: "old", name: "Old", modifiedAt: new Date(0).toISOString(), open: false }],
    // The old one is slow: its answer would come last.
    "projects.open": ({ id }: { id: string }) =>
      new Promise((resolve) => {
        const document = threeClips();
        const steps = { undo: null, redo: null };
        const state = { id, name: id, readOnly: null, notice: null, revision: 1, durable: 1, document, steps };
        const answer = () => resolve(state satisfies ProjectState);
        if (id === "old") answers.set(id, answer);
        else answer();
      }),
  });
  const session = createProjectSession(client, () => {});
  const first = session.openLast();
  await expect.poll(() => answers.has("old")).toBe(true);
  const second = session.open("new");
  // Whoever is not held back would have it by now.
  for (let i = 0; i < 20; i++) await Promise.resolve();
  answers.get("old")!();
  await Promise.all([first, second]);
  expect(session.store.getState()).toMatchObject({ state: { id: "new" }, opening: false });
});
