import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { clipsOf, laneOf, type Timeline } from "../../../core/timeline/index.ts";
import { FLICKS_PER_SECOND } from "../../../core/time/index.ts";
import type { Studio } from "../studio.ts";
import { testBench } from "../testing.ts";

vi.setConfig({ testTimeout: 120_000 });

const SECOND = FLICKS_PER_SECOND;

async function open(studio: Studio) {
  const { id, document } = await studio.call("projects.create", { name: "Film" });
  const track = document.tracks.find(({ kind }) => kind === "video")!.id;
  const at = 2 * SECOND;
  const generate = (prompt: string, more: object = {}) =>
    studio.call("projects.generate", { id, track, at, duration: SECOND, request: { prompt, seed: 5 }, ...more });
  const now = async (): Promise<Timeline> => (await studio.call("projects.open", { id })).document;
  return { id, track, generate, now };
}
const takesOf = (document: Timeline) =>
  [...clipsOf(document)].flatMap(({ content }) => (content.type === "media" ? content.takes : []));
/** Every promise has been kept or has said why not. */
const kept = (now: () => Promise<Timeline>) =>
  vi.waitFor(
    async () => {
      const takes = takesOf(await now());
      expect(takes.every(({ media, problem }) => media !== null || problem !== null)).toBe(true);
      return takes;
    },
    { timeout: 60_000, interval: 50 },
  );

/** A busy computer may take its time. */
const SOON = { timeout: 60_000 };

describe("a clip that is promised", () => {
  it("stands on the timeline at once, in one step, and becomes the clip when its job ends", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, track, generate, now } = await open(studio);
    const { change, clip, jobs } = await generate("slow rain");
    expect(change.steps).toEqual({ undo: "Generate ‘slow rain’", redo: null });
    expect(jobs).toMatchObject([{ state: expect.stringMatching(/queued|running/) as string, request: { seed: 5 } }]);
    const lane = laneOf((await now()).tracks.find((each) => each.id === track)!);
    expect(lane.placed).toMatchObject([{ start: 2 * SECOND, clip: { id: clip, name: "slow rain" } }]);
    await kept(now);
    const document = await now();
    const [take] = takesOf(document);
    expect(take).toMatchObject({ job: jobs[0]!.id, problem: null });
    expect(document.media[take!.media!]).toMatchObject({ kind: "video", record: { schema: "plume.generation/1" } });
    // What the machine found out is no step of its own.
    expect((await studio.call("projects.history", { id })).past).toEqual(["Generate ‘slow rain’"]);
    await studio.call("projects.undo", { id });
    expect([...clipsOf(await now())]).toEqual([]);
    await studio.call("projects.redo", { id });
    expect(takesOf(await now())[0]!.media).toBe(take!.media);
  });

  it("of which several variations are wanted has them as takes", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { generate, now } = await open(studio);
    const { jobs } = await generate("rain", { variations: 3 });
    expect(jobs.map(({ request }) => "seed" in request && request.seed)).toEqual([5, 6, 7]);
    const takes = await kept(now);
    expect(takes.map(({ job }) => job)).toEqual(jobs.map(({ id }) => id));
    expect(new Set(takes.map(({ media }) => media)).size).toBe(3);
    const [clip] = [...clipsOf(await now())];
    expect(clip!.content).toMatchObject({ activeTake: takes[0]!.id });
  });

  it("says why it could not be kept; Retry asks for the same again in its place, Edit gives the words back", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate, now } = await open(studio);
    const { clip } = await generate("refuse rain");
    const [failed] = await kept(now);
    expect(failed!.problem).toMatch(/damaged/);
    const asked = await studio.call("projects.takeRequest", { id, clip });
    expect(asked).toMatchObject({ kind: "generate", request: { prompt: "refuse rain", seed: 5 } });
    const again = await studio.call("projects.retake", { id, clip });
    expect(again.change.steps.undo).toBe("Retry ‘refuse rain’");
    expect(again.job.request).toMatchObject({ prompt: "refuse rain", seed: 5 });
    const [second] = await kept(now);
    expect(second).toMatchObject({ job: again.job.id, problem: expect.stringMatching(/damaged/) as string });
    expect(takesOf(await now()).length).toBe(1);
    // With other words.
    await studio.call("projects.retake", { id, clip, request: { prompt: "rain", seed: 9 } });
    const [made] = await kept(now);
    expect(made).toMatchObject({ problem: null });
    // Of one that is there, another version: other seed, both stay.
    const other = await studio.call("projects.retake", { id, clip });
    expect(other.job.request).not.toMatchObject({ seed: 9 });
    const takes = await kept(now);
    expect(takes.length).toBe(2);
    expect(takes[0]).toEqual(made);
  });

  it("whose take is added, or brought back, when its job has ended already is kept at once", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate, now } = await open(studio);
    const { clip } = await generate("rain");
    await kept(now);
    // A job of another kind than those that a timeline asks for itself: who asked adds the take, perhaps too late.
    const [job] = await studio.call("jobs.generate", { request: { prompt: "snow", seed: 6 }, variations: 1 });
    await studio.ended(job!.id);
    const added = { clip, media: null, job: job!.id, activate: true };
    await studio.call("projects.edit", { id, name: "addTake", arguments: added });
    expect(await kept(now)).toMatchObject([{}, { job: job!.id, problem: null }]);
    // Undone while its job runs, and done again when that has ended.
    const { job: slow } = await studio.call("projects.retake", { id, clip, request: { prompt: "slow hail", seed: 7 } });
    const ended = studio.ended(slow.id);
    await studio.call("projects.undo", { id });
    await ended;
    await studio.call("projects.redo", { id });
    const takes = await kept(now);
    expect(takes.map((take) => take.job)).toContain(slow.id);
  });

  it("that is cancelled says so", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { generate, now } = await open(studio);
    const { jobs } = await generate("slow slow-frames rain");
    await studio.call("jobs.cancel", { id: jobs[0]!.id });
    expect((await kept(now))[0]!.problem).toMatch(/cancelled/);
  });

  it("is kept when the project was closed meanwhile, the job taken off the list, and the studio started anew", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate } = await open(studio);
    const { jobs } = await generate("slow rain");
    const ended = studio.ended(jobs[0]!.id);
    await studio.call("projects.close", { id });
    const { clip } = await ended;
    await studio.call("jobs.dismiss", { id: jobs[0]!.id });
    await studio.close();
    const next = await bench.open();
    const { document } = await next.call("projects.open", { id });
    expect(takesOf(document)).toMatchObject([{ media: clip!.id, problem: null }]);
    expect(document.media[clip!.id]).toBeDefined();
  });

  it("whose job was interrupted by the end of the studio is kept at the next start", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate } = await open(studio);
    const { jobs } = await generate("slow slow-frames rain");
    await vi.waitFor(async () => {
      expect((await studio.call("jobs.list", {})).find((job) => job.id === jobs[0]!.id)?.state).toBe("running");
    }, SOON);
    await studio.close();
    const next = await bench.open();
    await next.call("projects.open", { id });
    const { clip } = await next.ended(jobs[0]!.id);
    await vi.waitFor(async () => {
      const { document } = await next.call("projects.open", { id });
      expect(takesOf(document)).toMatchObject([{ media: clip!.id, problem: null }]);
    }, SOON);
  });

  it("of which nobody knows any more what became says so, and can be asked for anew with other words", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate } = await open(studio);
    const { clip, jobs } = await generate("rain");
    await studio.call("projects.close", { id });
    await studio.ended(jobs[0]!.id);
    await studio.close();
    await rm(join(bench.home, "queue.jsonl"));
    await rm(join(bench.home, "ended-jobs.json"));
    const next = await bench.open();
    const { document } = await next.call("projects.open", { id });
    // The closed project never heard of it.
    expect(takesOf(document)[0]!.problem).toMatch(/does not know any more/);
    await expect(next.call("projects.takeRequest", { id, clip })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("that does not fit on the track queues nothing", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { id, generate, now } = await open(studio);
    const before = await now();
    const sound = before.tracks.find(({ kind }) => kind === "text") ?? before.tracks.at(-1)!;
    await expect(generate("rain", { track: sound.kind === "text" ? sound.id : "nowhere" })).rejects.toMatchObject({
      code: expect.stringMatching(/EDIT_REFUSED|NOT_FOUND/) as string,
    });
    await expect(generate("rain", { request: { prompt: "rain", width: 100 } })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(await studio.call("jobs.list", {})).toEqual([]);
    expect(await now()).toEqual(before);
    expect((await studio.call("projects.history", { id })).past).toEqual([]);
  });
});
