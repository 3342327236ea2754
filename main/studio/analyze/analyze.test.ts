import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { factWords, type StudioEvent } from "../../../core/contract/index.ts";
import { containerInfo, findPreset } from "../../../core/export/index.ts";
import { clipsOf, findClip, type Timeline, valueAt } from "../../../core/timeline/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import { decodeMasks } from "../../../core/vision/index.ts";
import type { Studio } from "../studio.ts";
import { installFake, make, record, testBench } from "../testing.ts";
import { withoutEchoes } from "./look.ts";
import { frameGrid, sightGrid } from "./sampling.ts";
import { TagCount } from "./tag-count.ts";
import { ffmpeg, FILM, makeFilm, SQUARE, squareAt } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

let bench: Awaited<ReturnType<typeof testBench>>;
/** Studios of one test, which share a data folder: none stays open behind a test that failed. */
const opened: Studio[] = [];
async function openStudio(...options: Parameters<typeof bench.open>): Promise<Studio> {
  const studio = await bench.open(...options);
  opened.push(studio);
  return studio;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((studio) => studio.close()));
});
const at = (name: string): string => join(bench.home, name);
beforeAll(async () => {
  bench = await testBench();
  await installFake(bench.home, "eyes");
  await makeFilm(at("walk.mp4"));
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Resolves with the facts as soon as they are told or known. */
async function factsOf(studio: Studio, events: readonly StudioEvent[], id: string) {
  return vi.waitFor(
    () => {
      const told = events.flatMap((event) => (event.type === "media-facts" ? event.known : []));
      const facts = told.findLast((known) => known.id === id)?.facts;
      if (!facts) throw new Error("not known yet");
      return facts;
    },
    { timeout: 200_000, interval: 50 },
  );
}

describe("sampling", () => {
  it("stays bounded for three hours, and says how far apart the moments are", () => {
    const film = { seconds: 3 * 3600, framesPerSecond: 30 };
    for (const care of ["glance", "watch", "follow"] as const)
      for (const grid of [frameGrid(film, care), sightGrid(film, care)]) {
        expect(grid.rate! * film.seconds).toBeLessThanOrEqual(7200.5);
        expect(grid.interval).toBeCloseTo(1 / grid.rate!);
        expect(grid.keyFramesOnly).toBe(true);
      }
    expect(frameGrid({ seconds: 10, framesPerSecond: 25 }, "watch")).toMatchObject({ rate: 25, keyFramesOnly: false });
    expect(sightGrid({ seconds: 10, framesPerSecond: 8 }, "follow").rate).toBe(8);
    expect(frameGrid({ seconds: 0, framesPerSecond: 0 }, "watch").rate).toBeNull();
  });
});

describe("TagCount", () => {
  it("keeps what lasts or is sure, and counts things", () => {
    const count = new TagCount();
    const mask = { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const thing = (score: number) => ({
      label: "star",
      score,
      box: [0, 0, 1, 1] as [number, number, number, number],
      mask,
    });
    for (let n = 0; n < 40; n++)
      count.add(
        {
          tags: [
            { label: "snow", score: 0.7 },
            ...(n === 3 ? [{ label: "ghost", score: 0.9 }] : []),
            ...(n < 20 ? [{ label: "faint", score: 0.05 }] : []),
          ],
          objects:
            n < 30
              ? [thing(0.6), ...(n === 9 ? [thing(0.5)] : [])]
              : n === 35
                ? [{ ...thing(0.6), label: "doubt" }]
                : [],
        },
        () => (n === 3 ? "red" : n === 4 ? null : "blue"),
      );
    const { tags, objects } = count.facts();
    expect(tags).toEqual([{ label: "snow", score: expect.closeTo(0.7), share: 1 }]);
    expect(objects).toEqual([{ label: "star", score: 0.6, share: 0.75, most: 2, colours: ["blue"] }]);
    expect(new TagCount().facts()).toEqual({ tags: [], objects: [] });
  });
});

/** A thing that is a square. */
const block = (label: string, left: number, side: number) => {
  const mask = { left, top: 0, width: side, height: side, data: new Uint8Array(side * side).fill(1) };
  return { label, score: 0.9, box: [left, 0, left + side, side] as [number, number, number, number], mask };
};

describe("withoutEchoes", () => {
  it("drops what is a part of a surer one of its kind, and keeps neighbours and other kinds", () => {
    const [large, part, beside, other] = [
      block("circle", 0, 10),
      block("circle", 4, 5),
      block("circle", 8, 10),
      block("star", 4, 5),
    ];
    expect(withoutEchoes([large, part, beside, other])).toEqual([large, beside, other]);
    // The same thing under another name, less sure of it.
    expect(withoutEchoes([large, block("square", 0, 9)])).toEqual([large]);
  });
});

describe("facts in the background", () => {
  it("come for what is imported, once it can be shown, and are found again after a restart without another look", async () => {
    let studio = await openStudio();
    const events = record(studio);
    const media = await studio.importMedia(at("walk.mp4"));
    const facts = await factsOf(studio, events, media.id);
    expect(factWords(facts)).toEqual(expect.arrayContaining(["red", "snow", "circle", "white", "grey"]));
    expect(facts.shots.map(({ start }) => start)).toEqual([0, 2]);
    const shownAt = events.findIndex(
      (event) => event.type === "media-status" && event.status.some(({ work }) => work === null),
    );
    expect(shownAt).toBeGreaterThan(-1);
    expect(events.findIndex((event) => event.type === "media-facts")).toBeGreaterThan(shownAt);
    await studio.close();
    studio = await openStudio();
    expect(await studio.call("analysis.facts", { ids: [media.id, "nobody"] })).toEqual([
      { id: media.id, facts },
      { id: "nobody", facts: null },
    ]);
    await studio.close();
  });

  it("come for clips that are made", async () => {
    const studio = await openStudio();
    const events = record(studio);
    const job = await make(studio, "a gradient");
    const facts = await factsOf(studio, events, job.clip!.id);
    expect(facts.colours.length).toBeGreaterThan(0);
    expect(facts.model).toBe("eyes");
    await studio.close();
  });

  it("wait while a clip is being made", async () => {
    const studio = await openStudio();
    const events = record(studio);
    const making = make(studio, "slow slow-frames", { steps: 8 });
    await vi.waitFor(
      () => expect(events.some((event) => event.type === "job" && event.job.state === "running")).toBe(true),
      {
        timeout: 60_000,
      },
    );
    await ffmpeg("-f", "lavfi", "-i", "color=c=0x18a018:s=96x64:d=1", "-frames:v", "1", at("green.png"));
    const green = await studio.importMedia(at("green.png"));
    expect(factWords(await factsOf(studio, events, green.id))).toContain("green");
    await making;
    const told = events.findIndex(
      (event) => event.type === "media-facts" && event.known.some(({ id }) => id === green.id),
    );
    const done = events.findIndex((event) => event.type === "job" && event.job.state === "done");
    expect(done).toBeGreaterThan(-1);
    expect(told).toBeGreaterThan(done);
    await studio.close();
  });

  it("a damaged film and a dying engine disturb nobody", async () => {
    const studio = await openStudio();
    const events = record(studio);
    await ffmpeg("-f", "lavfi", "-i", "color=c=0xff00ff:s=64x64:r=8:d=1", "-pix_fmt", "yuv444p", at("deadly.mp4"));
    const [deadly] = [await studio.importMedia(at("deadly.mp4"))];
    await ffmpeg("-f", "lavfi", "-i", "color=c=0x1e3cdc:s=64x64:d=1", "-frames:v", "1", at("blue.png"));
    const blue = await studio.importMedia(at("blue.png"));
    expect(factWords(await factsOf(studio, events, blue.id))).toContain("blue");
    expect((await studio.call("analysis.facts", { ids: [deadly.id] }))[0]!.facts).toBeNull();
    expect(await make(studio, "still works")).toMatchObject({ state: "done" });
    await studio.close();
  });
});

describe("reframing a clip", () => {
  it("is one step that keeps the subject inside, and can be undone", async () => {
    const studio = await openStudio();
    const media = await studio.importMedia(at("walk.mp4"));
    const settings = { width: 180, height: 320 };
    const { id } = await studio.call("projects.create", { name: "Tall", settings });
    await studio.call("projects.useMedia", { id, media: [media.id] });
    const open = async (): Promise<Timeline> => (await studio.call("projects.open", { id })).document;
    const track = (await open()).tracks.find(({ kind }) => kind === "video")!;
    await studio.call("projects.edit", {
      id,
      name: "append",
      arguments: { clips: [{ track: track.id, clip: { media: media.id } }] },
    });
    const before = await open();
    const clip = before.tracks.flatMap(({ children }) => children).find((child) => child.kind === "clip")!;
    await studio.call("analysis.reframe", { id, clip: clip.id });
    const { parameters } = findClip(await open(), clip.id)!;
    const crop = (FILM.height * 9) / 16 / FILM.width;
    let well = 0;
    const all = FILM.seconds * FILM.rate;
    for (let frame = 0; frame < all; frame += 1) {
      const time = frame / FILM.rate;
      const centre = 0.5 - valueAt(parameters.positionX!, Math.round(time * FLICKS_PER_SECOND)) * crop;
      const left = squareAt(time) / FILM.width;
      if (left >= centre - crop / 2 && left + SQUARE / FILM.width <= centre + crop / 2) well += 1;
    }
    expect(well / all).toBeGreaterThanOrEqual(0.95);
    await studio.call("projects.undo", { id });
    expect((await open()).tracks).toEqual(before.tracks);
    await expect(studio.call("analysis.reframe", { id, clip: "nobody" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await studio.close();
  });
});

/** A project with the walking square over a green picture, and its document. */
async function walking(studio: Studio, name: string) {
  const media = await studio.importMedia(at("walk.mp4"));
  const { id } = await studio.call("projects.create", { name, settings: { width: 320, height: 180 } });
  await studio.call("projects.useMedia", { id, media: [media.id] });
  const document = async (): Promise<Timeline> => (await studio.call("projects.open", { id })).document;
  const track = (await document()).tracks.find(({ kind }) => kind === "video")!;
  await studio.call("projects.edit", {
    id,
    name: "append",
    arguments: { clips: [{ track: track.id, clip: { media: media.id } }] },
  });
  await studio.call("projects.edit", { id, name: "setSettings", arguments: { background: "#00ff00" } });
  const [clip] = [...clipsOf(await document())];
  return { id, media, clip: clip!, document };
}

describe("the subject of a clip", () => {
  it("is found when it is wanted, told, kept, and fetched as the page fetches it", async () => {
    let studio = await openStudio();
    const events = record(studio);
    const media = await studio.importMedia(at("walk.mp4"));
    const wants = [{ id: media.id, start: 0.5, end: 2 }];
    const masksOf = async () => (await studio.call("analysis.masks", { wants }))[0]!;
    const ready = () =>
      vi.waitFor(
        async () => {
          const status = await masksOf();
          expect(status.problem).toBeNull();
          expect(status.stretches).toHaveLength(1);
          return status;
        },
        { timeout: 200_000, interval: 100 },
      );
    const status = await ready();
    expect(status).toMatchObject({ kinds: ["circle"], making: null, stretches: [{ start: 0 }] });
    const isTold = () => events.some((event) => event.type === "masks" && event.status[0]!.stretches.length === 1);
    await vi.waitFor(() => expect(isTold()).toBe(true), { timeout: 60_000 });
    const { key } = status.stretches[0]!;
    const { path, size } = await studio.maskFile(media.id, key);
    const masks = decodeMasks(await readFile(path))!;
    expect(size).toBe((await readFile(path)).length);
    for (const { time, box } of masks.tracks[0]!.points)
      expect(Math.abs(box[0] * FILM.width - squareAt(time))).toBeLessThan(6);
    for (const [id, wrong] of [
      ["nobody", key],
      [media.id, `${key}x`],
      [media.id, "0"],
      [media.id, "../../models"],
    ] as const)
      await expect(studio.maskFile(id, wrong)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await studio.close();
    studio = await openStudio();
    // At once, without another look.
    expect(await masksOf()).toEqual(status);
    await studio.close();
  });

  it("is exported as it is seen: cut out, the rest is the film's background", async () => {
    const studio = await openStudio();
    const { id, media, clip } = await walking(studio, "Cut");
    await studio.call("projects.edit", { id, name: "setSubject", arguments: { clips: [clip.id], subject: {} } });
    const { settings } = findPreset("prores-4444")!;
    const name = `cut ${id}`;
    const { job } = await studio.call("exports.start", { project: id, name, settings });
    const ended = await studio.ended(job);
    expect(ended).toMatchObject({ state: "done", error: null });
    const file = join(bench.output, "Exports", `${name}${containerInfo[settings.container].extension}`);
    await ffmpeg("-ss", "1", "-i", file, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", at("cut.raw"));
    const rgba = await readFile(at("cut.raw"));
    const alphaAt = (x: number, y: number): number => rgba[4 * (y * FILM.width + x) + 3]!;
    const left = squareAt(1);
    expect(alphaAt(left + SQUARE / 2, 90)).toBeGreaterThan(250);
    for (const [x, y] of [
      [left - 12, 90],
      [left + SQUARE + 12, 90],
      [left + 20, 50],
      [300, 170],
    ] as const)
      expect(alphaAt(x, y)).toBeLessThan(5);
    await rm(file, { force: true });
    expect((await studio.call("analysis.masks", { wants: [{ id: media.id, start: 0, end: 4 }] }))[0]!.kinds).toEqual([
      "circle",
    ]);
    await studio.close();
  });

  it("without a model is told in one sentence, and an export says the same", async () => {
    await using empty = await testBench();
    const studio = await empty.open();
    const { id, media, clip } = await walking(studio, "Nobody looks");
    const wants = [{ id: media.id, start: 0, end: 4 }];
    const [status] = await studio.call("analysis.masks", { wants: [...wants, { id: "nobody", start: 0, end: 1 }] });
    expect(status).toMatchObject({
      stretches: [],
      making: null,
      problem: expect.stringMatching(/^No model that looks at pictures is installed/),
    });
    await studio.call("projects.edit", { id, name: "setSubject", arguments: { clips: [clip.id], subject: {} } });
    const { settings } = findPreset("h264")!;
    const { job } = await studio.call("exports.start", { project: id, name: "nobody", settings });
    expect(await studio.ended(job)).toMatchObject({ state: "failed", error: { code: "MODEL_NOT_FOUND" } });
    expect(await readdir(join(empty.output, "Exports")).catch(() => [])).toEqual([]);
    await studio.close();
  });
});

describe("a film of three hours", () => {
  it("is looked at at a stated number of moments", async () => {
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=c=0x1e3cdc:s=64x36:r=1:d=10800",
      "-preset",
      "ultrafast",
      "-g",
      "30",
      at("long.mp4"),
    );
    const studio = await openStudio({ queue: "memory" });
    const media = await studio.importMedia(at("long.mp4"));
    const { facts } = await studio.analyze(media.id, {
      tags: false,
      objects: false,
      masks: false,
      aspect: null,
      signal: new AbortController().signal,
    });
    expect(facts.moments).toBeLessThanOrEqual(241);
    expect(facts.interval).toBeCloseTo(45);
    expect(facts.shots).toHaveLength(1);
    expect(facts.colours[0]!.name).toBe("blue");
    const masks = (start: number, end: number) =>
      studio.call("analysis.masks", { wants: [{ id: media.id, start, end }] }).then(([status]) => status!);
    expect(await masks(0, 10_800)).toMatchObject({ making: null, problem: expect.stringMatching(/ten minutes/) });
    expect(await masks(3600, 3610)).toMatchObject({ making: 0, problem: null });
    await vi.waitFor(async () => expect((await masks(3601, 3609)).stretches).toHaveLength(1), {
      timeout: 200_000,
      interval: 200,
    });
    expect(await masks(3601, 3609)).toMatchObject({ kinds: [], stretches: [{ start: 3600, end: 3610 }] });
    await studio.close();
    expect(await readdir(join(bench.home, "scratch"))).toEqual([]);
  });
});
