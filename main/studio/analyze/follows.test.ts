/** Masks and reframing as jobs of the queue: over a real studio with a fake engine. */
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { FollowJob } from "../../../core/contract/index.ts";
import { clipsOf } from "../../../core/timeline/index.ts";
import type { Studio } from "../studio.ts";
import { installFake, make, record, testBench } from "../testing.ts";
import { ffmpeg, makeFilm } from "./testing.ts";

vi.setConfig({ testTimeout: 400_000 });
const patience = { timeout: 200_000, interval: 50 };

const followsOf = async (studio: Studio): Promise<FollowJob[]> =>
  (await studio.call("jobs.list", {})).filter((job) => job.kind === "follow");
const isNone = (studio: Studio) => vi.waitFor(async () => expect(await followsOf(studio)).toEqual([]), patience);

async function withFilm() {
  const bench = await testBench();
  await installFake(bench.home, "eyes");
  const path = join(bench.home, "walk.mp4");
  await makeFilm(path);
  return { bench, path };
}

describe("subjects that somebody waits for", () => {
  it("are followed by a job that waits with the queue, says so where it is asked for, and survives the studio", async () => {
    const { bench, path } = await withFilm();
    await using _ = bench;
    let studio = await bench.open();
    const { id } = await studio.importMedia(path);
    const masks = async (again = false) =>
      (await studio.call("analysis.masks", { wants: [{ id, start: 1, end: 2 }], again }))[0]!;
    await studio.call("queue.hold", {});
    expect(await masks()).toMatchObject({ stretches: [], making: null, problem: expect.stringMatching(/paused/) });
    await masks();
    const [job] = await followsOf(studio);
    expect(await followsOf(studio)).toHaveLength(1);
    expect(job).toMatchObject({ title: "walk.mp4", state: "queued", request: { media: id, look: { for: "masks" } } });

    // Stopped there: told here, and left alone until the user looks again.
    await studio.call("jobs.cancel", { id: job!.id });
    expect(await masks()).toMatchObject({ making: null, problem: expect.stringMatching(/was stopped in the queue/) });
    expect((await followsOf(studio)).map(({ state }) => state)).toEqual(["cancelled"]);
    await studio.call("jobs.dismiss", { id: job!.id });
    expect((await masks()).problem).toMatch(/was stopped in the queue/);
    expect(await followsOf(studio)).toEqual([]);
    await masks(true);
    expect((await followsOf(studio)).map(({ state }) => state)).toEqual(["queued"]);

    await studio.close();
    studio = await bench.open();
    const events = record(studio);
    expect((await followsOf(studio)).map(({ state }) => state)).toEqual(["queued"]);
    await masks();
    await studio.call("queue.release", {});
    await isNone(studio);
    expect(await masks()).toMatchObject({ kinds: ["circle"], making: null, problem: null });
    const told = events.flatMap((event) => (event.type === "masks" ? event.status : []));
    expect(told.some(({ stretches }) => stretches.length === 1)).toBe(true);
    expect(await followsOf(studio)).toEqual([]);
  });

  it("are found once for reframing; where the queue is paused, that is said at once", async () => {
    const { bench, path } = await withFilm();
    await using _ = bench;
    const studio = await bench.open();
    const media = await studio.importMedia(path);
    const { id } = await studio.call("projects.create", { name: "Tall", settings: { width: 180, height: 320 } });
    await studio.call("projects.useMedia", { id, media: [media.id] });
    const document = async () => (await studio.call("projects.open", { id })).document;
    const track = (await document()).tracks.find(({ kind }) => kind === "video")!;
    const clips = [{ track: track.id, clip: { media: media.id } }];
    await studio.call("projects.edit", { id, name: "append", arguments: { clips } });
    const clip = [...clipsOf(await document())][0]!.id;
    await studio.call("queue.hold", {});
    await expect(studio.call("analysis.reframe", { id, clip })).rejects.toThrow(/paused/);
    expect(await followsOf(studio)).toEqual([]);
    await studio.call("queue.release", {});
    const events = record(studio);
    const begun = () =>
      new Set(events.flatMap((event) => (event.type === "job" && event.job.kind === "follow" ? [event.job.id] : [])));
    await studio.call("analysis.reframe", { id, clip });
    await isNone(studio);
    expect(begun().size).toBe(1);
    await studio.call("projects.undo", { id });
    await studio.call("analysis.reframe", { id, clip });
    expect(begun().size).toBe(1);
  });

  it("are followed while a clip is being made, and looking at media by itself gives way to that", async () => {
    const { bench, path } = await withFilm();
    await using _ = bench;
    const studio = await bench.open();
    const { id } = await studio.importMedia(path);
    await vi.waitFor(
      async () => expect((await studio.call("analysis.facts", { ids: [id] }))[0]!.facts).not.toBeNull(),
      patience,
    );
    const request = { prompt: "hang", steps: 3, frames: 2, width: 64, height: 64 };
    const { jobs } = { jobs: await studio.call("jobs.generate", { request, variations: 1 }) };
    const clip = jobs[0]!.id;
    const stateOf = async () => (await studio.call("jobs.list", {})).find((job) => job.id === clip)!.state;
    await vi.waitFor(async () => expect(await stateOf()).toBe("running"), patience);
    await studio.call("analysis.masks", { wants: [{ id, start: 0, end: 1 }] });
    await isNone(studio);
    expect(await stateOf()).toBe("running");
    await studio.call("jobs.cancel", { id: clip });
  });
});

describe("an engine for looking that dies three times", () => {
  it("stops looking, with an explanation, while clips go on; resumed, it looks again", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    const studio = await bench.open();
    // Magenta pictures end the fake engine.
    for (const side of [64, 72, 80, 88]) {
      const path = join(bench.home, `end-${side}.png`);
      await ffmpeg("-f", "lavfi", "-i", `color=c=magenta:s=${side}x${side}:d=1`, "-frames:v", "1", path);
      await studio.importMedia(path);
    }
    const hold = async () => (await studio.call("queue.state", {})).hold;
    await vi.waitFor(async () => expect(await hold()).not.toBeNull(), patience);
    expect(await hold()).toMatchObject({
      by: "deaths",
      only: ["analysis", "follow"],
      message: expect.stringMatching(/^The engine that looks at media stopped 3 times .*clips and films go on/),
    });
    const looks = async () =>
      (await studio.call("jobs.list", {})).filter(({ kind }) => kind === "analysis").map(({ state }) => state);
    expect((await looks()).toSorted()).toEqual(["failed", "failed", "failed", "queued"]);
    expect((await make(studio, "hello")).state).toBe("done");
    expect(await looks()).toContain("queued");
    await studio.call("queue.release", {});
    await vi.waitFor(async () => expect(await looks()).toEqual(["failed", "failed", "failed", "failed"]), patience);
    expect(await hold()).toBeNull();
  });
});
