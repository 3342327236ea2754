import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type Clip, contract, type JobSnapshot, type StudioEvent } from "../../../core/contract/index.ts";
import { applyPatch, type Patch } from "../../../core/history/index.ts";
import { breaches, newTimeline, type Timeline } from "../../../core/timeline/index.ts";
import { temporaryFolder } from "../../media/testing.ts";
import { MediaService } from "../media/media-service.ts";
import { MediaSources } from "../media/sources.ts";
import { PROJECT_VERSION, readProjectFile, readTimeline, replay, writeProjectFile } from "./format.ts";
import { inspectProject } from "./inspect.ts";
import { publicPatch, referenceOf } from "./media.ts";
import { folderName, placeOf } from "./place.ts";
import { ProjectService } from "./service.ts";
import { ProjectStore } from "./store.ts";

/** A library of one clip, and services on one folder, as after restarts. Removes itself. */
async function bench() {
  const folder = await temporaryFolder();
  const output = join(folder.path, "out");
  await mkdir(output);
  await writeFile(join(output, "rain.mp4"), Buffer.alloc(200_000, 7));
  const clip = {
    id: "rain01",
    fileName: "rain.mp4",
    bytes: 200_000,
    width: 320,
    height: 192,
    frames: 16,
    fps: 8,
    record: { schema: "plume.generation/1" },
  } as unknown as Clip;
  const services: ProjectService[] = [];
  const events: StudioEvent[] = [];
  const media = new MediaService({
    folder: join(folder.path, "media"),
    tools: () => Promise.reject(new Error("no media are imported here")),
    onChange: () => {},
    log: () => {},
  });
  return {
    output,
    media,
    events,
    clip,
    start(): ProjectService {
      const service = new ProjectService({
        folder: join(output, "Projects"),
        recent: join(folder.path, "recent.json"),
        endings: join(folder.path, "ended.json"),
        sources: new MediaSources(media, {
          list: async () => [clip],
          file: async () => ({ path: join(output, "rain.mp4"), size: 200_000 }),
        }),
        queue: {
          prepare: async () => [],
          again: () => Promise.reject(new Error("no jobs here")),
          add: async () => [],
          list: () => [],
        },
        emit: (event) => events.push(event),
        log: () => {},
      });
      services.push(service);
      return service;
    },
    [Symbol.asyncDispose]: async () => {
      for (const service of services) await service.shutDown();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const create = (service: ProjectService, name = "My film") => service.handlers["projects.create"]({ name });
const addText = (id: string, document: Timeline, text: string) => ({
  id,
  name: "append",
  arguments: { clips: [{ track: document.tracks.at(-1)!.id, clip: { text: { text }, duration: 29_400_000 } }] },
});

describe("projects", () => {
  it("are folders with one readable file, and come back as they were left", async () => {
    await using room = await bench();
    const service = room.start();
    const { id, document, steps } = await create(service);
    expect(steps).toEqual({ undo: null, redo: null });
    const change = await service.handlers["projects.edit"](addText(id, document, "Hello"));
    expect(change).toMatchObject({ from: 0, revision: 1, steps: { undo: "Add title ‘Hello’" } });
    const after = applyPatch(document, change.patch as Patch);
    await service.handlers["projects.close"]({ id });
    const file = await readFile(join(room.output, "Projects", "My film", "My film.plume"), "utf8");
    expect(file).toMatch(/^\{\n {2}"schema": "plume\.project\/1",\n {2}"revision": 1,/);

    const next = room.start();
    expect(await next.handlers["projects.list"]({})).toEqual([
      { id, name: "My film", modifiedAt: expect.any(String), open: false },
    ]);
    const again = await next.handlers["projects.open"]({ id });
    expect(again).toMatchObject({ id, revision: 1, durable: 1, readOnly: null, notice: null, document: after });
    contract["projects.open"].output.parse(again);
  });

  it("take names that the disk would trip over, and never share a folder", async () => {
    await using room = await bench();
    const service = room.start();
    const names = ["Film", "Film", "../../etc", "", "CON", "日本 🎬/x"].map((name) => name || "?");
    const states = [];
    for (const name of names) states.push(await create(service, name));
    expect(states.map(({ document }) => document.name)).toEqual(expect.arrayContaining(["Film", "Film 2"]));
    expect(states.map(({ name }) => name)).toEqual(["Film", "Film 2", "etc", "Untitled", "CON project", "日本 x"]);
    expect(new Set(states.map(({ id }) => id)).size).toBe(6);
    expect(folderName("a".repeat(200))).toHaveLength(60);
    expect(await readdir(room.output)).toEqual(["Projects", "rain.mp4"]);
  });

  it("undo, redo, gestures and the history panel work through the contract, and every change is told", async () => {
    await using room = await bench();
    const service = room.start();
    const { id, document } = await create(service);
    await service.handlers["projects.edit"](addText(id, document, "a"));
    for (const name of ["x", "y", "z"])
      await service.handlers["projects.edit"]({
        id,
        name: "setSettings",
        arguments: { name },
        gesture: "g1",
        fromStart: true,
      });
    await service.handlers["projects.gesture"]({ id, gesture: "g1", end: "keep" });
    expect(await service.handlers["projects.history"]({ id })).toEqual({
      past: ["Add title ‘a’", "Change settings"],
      future: [],
    });
    await service.handlers["projects.edit"]({ id, name: "setSettings", arguments: { name: "w" }, gesture: "g2" });
    expect((await service.handlers["projects.gesture"]({ id, gesture: "g2", end: "cancel" })).patch).toEqual([
      { path: ["name"], set: "z" },
    ]);
    await service.handlers["projects.undo"]({ id });
    const back = await service.handlers["projects.undo"]({ id });
    expect(back.steps).toEqual({ undo: null, redo: "Add title ‘a’" });
    await service.handlers["projects.redo"]({ id });
    await expect(
      service.handlers["projects.edit"]({ id, name: "trim", arguments: { clip: "no", edge: "end", by: 1 } }),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(service.handlers["projects.edit"]({ id, name: "nonsense", arguments: {} })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    const followed = room.events.reduce<Timeline>(
      (value, event) => (event.type === "project-changed" ? applyPatch(value, event.change.patch as Patch) : value),
      document,
    );
    expect((await service.handlers["projects.open"]({ id })).document).toEqual(followed);
  });

  it("are safe in the journal at once: no timer stands between an edit and the disk", async () => {
    await using room = await bench();
    const service = room.start();
    const { id, document } = await create(service);
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
    try {
      await service.handlers["projects.edit"](addText(id, document, "a"));
      const written = { type: "project-written", written: { id, durable: 1, problem: null } };
      // The clock stands still; only the disk may take its time.
      for (let turn = 0; turn < 1e6 && !room.events.some(({ type }) => type === written.type); turn++)
        await new Promise((resolve) => setImmediate(resolve));
      expect(room.events).toContainEqual(written);
    } finally {
      vi.useRealTimers();
    }
    // Not saved, not closed: another look at the disk has it.
    expect(await inspectProject(join(room.output, "Projects", "My film"))).toMatchObject({
      revision: 1,
      recovered: 1,
      clips: 1,
      problems: [],
    });
  });

  it("say what was recovered after a crash", async () => {
    await using room = await bench();
    const { id, document } = await create(room.start());
    const crashed = placeOf(join(room.output, "Projects", "Crashed"));
    await ProjectStore.create(crashed, document);
    const { store } = await ProjectStore.open(crashed, () => {});
    store.accept({ ...document, name: "edited" }, "Rename");
    await store.written();
    const copy = join(room.output, "Projects", "Copy");
    await mkdir(join(copy, ".plume"), { recursive: true });
    await writeFile(join(copy, "project.json"), await readFile(crashed.file));
    await writeFile(placeOf(copy).journal, await readFile(crashed.journal));
    await store.close();
    const service = room.start();
    const found = (await service.handlers["projects.list"]({})).find(({ name }) => name === "My film (Copy)")!;
    expect(await service.handlers["projects.open"]({ id: found.id })).toMatchObject({
      notice: "The studio ended before the last save: 1 change made since was recovered.",
      document: { name: "edited" },
    });
    expect(found.id).not.toBe(id);
  });

  it("are open in one studio at a time; the other may look", async () => {
    await using room = await bench();
    const first = room.start();
    const { id, document } = await create(first);
    const second = room.start();
    await second.handlers["projects.list"]({});
    const seen = await second.handlers["projects.open"]({ id });
    expect(seen.readOnly).toMatch(/^This project is open in another Plume Studio[^\n]*\.$/);
    await expect(second.handlers["projects.edit"](addText(id, document, "x"))).rejects.toMatchObject({
      code: "PROJECT_READ_ONLY",
    });
    await first.handlers["projects.edit"](addText(id, document, "y"));
    await first.handlers["projects.close"]({ id });
    await second.handlers["projects.close"]({ id });
    expect(await second.handlers["projects.open"]({ id })).toMatchObject({ readOnly: null, revision: 1 });
  });

  it("keep five earlier saves", async () => {
    await using room = await bench();
    const service = room.start();
    const { id } = await create(service);
    for (let n = 0; n < 8; n++) {
      await service.handlers["projects.edit"]({ id, name: "setSettings", arguments: { name: `n${n}` } });
      await service.handlers["projects.save"]({ id });
    }
    const place = placeOf(join(room.output, "Projects", "My film"));
    expect((await readdir(place.backups)).sort()).toEqual([3, 4, 5, 6, 7].map((n) => `project-${n}.json`));
  });

  it("that were moved away are named, not invented", async () => {
    await using room = await bench();
    const service = room.start();
    const { id } = await create(service);
    await service.handlers["projects.close"]({ id });
    await rename(join(room.output, "Projects", "My film"), join(room.output, "elsewhere"));
    expect(await service.handlers["projects.list"]({})).toEqual([]);
    await expect(service.handlers["projects.open"]({ id })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(service.handlers["projects.undo"]({ id })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await writeFile(placeOf(join(room.output, "elsewhere")).file, "damaged");
    await rm(join(room.output, "elsewhere", ".plume"), { recursive: true });
    await expect(inspectProject(placeOf(join(room.output, "elsewhere")).file)).rejects.toMatchObject({
      code: "PROJECT_DAMAGED",
    });
  });
});

describe("media of a project", () => {
  it("come from the library with everything that edits need, and their paths stay out of the page's sight", async () => {
    await using room = await bench();
    const service = room.start();
    const { id, document } = await create(service);
    const change = await service.handlers["projects.useClips"]({ id, clips: ["rain01"] });
    expect(applyPatch(document, change.patch as Patch).media["rain01"]).toMatchObject({
      path: "rain.mp4",
      availableRange: { start: 0, duration: 2 * 705_600_000 },
      fingerprint: { bytes: 200_000 },
      size: { width: 320, height: 192 },
      audio: null,
    });
    const sound = { name: "beat.wav", version: "1", sampleRate: 44_100, channels: 1 };
    const animated = { ...room.clip, record: { schema: "plume.animation/1", inputs: { sound } } } as unknown as Clip;
    const files = {
      list: async () => [animated],
      file: async () => ({ path: join(room.output, "rain.mp4"), size: 200_000 }),
    };
    const source = await new MediaSources(room.media, files).get(animated.id);
    expect(referenceOf(source, room.output).audio).toEqual({ channels: 1, sampleRate: 44_100 });
    const V1 = document.tracks.find(({ name }) => name === "V1")!.id;
    await service.handlers["projects.edit"]({
      id,
      name: "append",
      arguments: { clips: [{ track: V1, clip: { media: "rain01" } }] },
    });
    const told = JSON.stringify([room.events, await service.handlers["projects.open"]({ id })]);
    expect(told).not.toContain("../");
    expect(told).not.toContain(room.output);
    await service.handlers["projects.save"]({ id });
    const folder = join(room.output, "Projects", "My film");
    expect(await readFile(join(folder, "My film.plume"), "utf8")).toContain('"path": "../../rain.mp4"');
    expect(await inspectProject(folder)).toMatchObject({ seconds: 2, clips: 1, problems: [] });
    await rm(join(room.output, "rain.mp4"));
    expect((await inspectProject(folder)).problems).toEqual(["The media rain.mp4 is not at ../../rain.mp4."]);
  });

  it("cannot be brought in by a page", async () => {
    await using room = await bench();
    const service = room.start();
    const { id } = await create(service);
    for (const name of ["addMedia", "settleJob"])
      await expect(service.handlers["projects.edit"]({ id, name, arguments: {} })).rejects.toMatchObject({
        code: "BAD_REQUEST",
      });
    expect(publicPatch([{ path: ["media", "a", "path"], set: "/home/me/b.mp4" }])).toEqual([
      { path: ["media", "a", "path"], set: "b.mp4" },
    ]);
    expect(JSON.stringify(publicPatch([{ path: ["media"], set: { a: { path: "/home/me/b.mp4" } } }]))).not.toContain(
      "home",
    );
  });

  it("a promise is kept when its job ends, and says why when it cannot be", async () => {
    await using room = await bench();
    const service = room.start();
    const { id, document } = await create(service);
    const V1 = document.tracks.find(({ name }) => name === "V1")!.id;
    const promise = (job: string) => ({ track: V1, clip: { job, name: job, duration: 2 * 705_600_000 } });
    await service.handlers["projects.edit"]({ id, name: "append", arguments: { clips: [promise("j1")] } });
    await service.handlers["projects.edit"]({ id, name: "append", arguments: { clips: [promise("j2")] } });
    await service.jobEnded({ id: "j1", clip: room.clip, error: null } as JobSnapshot);
    await service.jobEnded({
      id: "j2",
      clip: null,
      error: { code: "MODEL_OUT_OF_MEMORY", message: "Too big." },
    } as JobSnapshot);
    await service.jobEnded({ id: "other", clip: room.clip, error: null } as JobSnapshot);
    const { document: after, steps } = await service.handlers["projects.open"]({ id });
    expect(steps.undo).toBe("Generate ‘j2’");
    const takes = after.tracks.flatMap(({ children }) =>
      children.flatMap((child) => (child.kind === "clip" && child.content.type === "media" ? child.content.takes : [])),
    );
    expect(takes).toMatchObject([
      { media: "rain01", problem: null },
      { media: null, problem: "Too big." },
    ]);
  });
});

describe("the project file", () => {
  const timeline = newTimeline("Film");

  it("of a newer studio opens for looking, without what this one does not understand, and is left untouched", async () => {
    await using room = await bench();
    const service = room.start();
    const place = placeOf(join(room.output, "Projects", "Newer"));
    await ProjectStore.create(place, timeline);
    const newer = JSON.parse(await readFile(place.file, "utf8")) as {
      schema: string;
      timeline: Record<string, unknown>;
    };
    newer.schema = `plume.project/${PROJECT_VERSION + 1}`;
    newer.timeline["hologram"] = { depth: 3 };
    (newer.timeline["tracks"] as Record<string, unknown>[])[0]!["smell"] = "rose";
    const text = JSON.stringify(newer);
    await writeFile(place.file, text);
    const { id } = (await service.handlers["projects.list"]({}))[0]!;
    const state = await service.handlers["projects.open"]({ id });
    expect(state).toMatchObject({ readOnly: expect.stringMatching(/newer Plume Studio/), document: timeline });
    await expect(service.handlers["projects.undo"]({ id })).rejects.toMatchObject({ code: "PROJECT_READ_ONLY" });
    await service.handlers["projects.close"]({ id });
    expect(await readFile(place.file, "utf8")).toBe(text);
    newer.timeline["tracks"] = "something else altogether";
    await writeFile(place.file, JSON.stringify(newer));
    await expect(service.handlers["projects.open"]({ id })).rejects.toMatchObject({ code: "PROJECT_READ_ONLY" });
  });

  it("of an older studio is brought up step by step, its journal first", () => {
    const old = { version: 1, revision: 3, savedAt: "", timeline: { title: "Film" } };
    const lines = [
      { version: 1, revision: 3, label: "", patch: [{ path: ["title"], set: "saved already" }] },
      { version: 1, revision: 4, label: "", patch: [{ path: ["title"], set: "Other" }] },
      { version: 1, revision: 6, label: "", patch: [{ path: ["title"], set: "after a hole" }] },
    ];
    const { file, applied } = replay(old, lines);
    expect(applied.map(({ revision }) => revision)).toEqual([4]);
    const steps = {
      1: (value: unknown) => ({ name: (value as { title: string }).title }),
      2: (value: unknown) => ({ ...timeline, ...(value as object) }),
    };
    expect(readTimeline(file, steps, 3)).toEqual({
      kind: "sound",
      migrated: true,
      timeline: { ...timeline, name: "Other" },
    });
    expect(readTimeline(file, { 2: steps[2] }, 3)).toMatchObject({ kind: "damaged" });
  });

  it("reads what it writes, and takes nothing else for a project", () => {
    const file = readProjectFile(writeProjectFile(timeline, 7, "2026-01-01T00:00:00.000Z"))!;
    expect(file).toMatchObject({ version: PROJECT_VERSION, revision: 7 });
    expect(readTimeline(file)).toEqual({ kind: "sound", migrated: false, timeline });
    expect(breaches(timeline)).toEqual([]);
    for (const text of [
      "",
      "null",
      "[]",
      "{}",
      '{"schema":"plume.generation/1"}',
      writeProjectFile(timeline, 1, "").slice(0, -9),
    ])
      expect(readProjectFile(text)).toBeNull();
  });
});
