/** Proxies and analysis as jobs of the queue: over a real studio with a fake engine, and media that ffmpeg makes. */
import { copyFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { isMediaJob, type MediaJob, type StudioEvent } from "../../../core/contract/index.ts";
import { makeUnplayable } from "../analyze/testing.ts";
import type { Studio } from "../studio.ts";
import { installFake, record, testBench } from "../testing.ts";
import { freshJob } from "./job-runner.ts";
import { MediaLine } from "./media-line.ts";

vi.setConfig({ testTimeout: 400_000 });
const patience = { timeout: 200_000, interval: 20 };

/** Films that need a proxy, each of other bytes. */
async function films(folder: string, names: readonly string[], seconds = 1): Promise<string[]> {
  for (const [n, name] of names.entries())
    await makeUnplayable(`testsrc2=s=64x64:r=${n + 5}:d=${seconds}`, join(folder, name));
  return names.map((name) => join(folder, name));
}

/** The job for the film whose name begins so. */
const of = (list: readonly MediaJob[], letter: string) => list.find(({ title }) => title.startsWith(letter))!.id;

const jobsOf = async (studio: Studio): Promise<MediaJob[]> => (await studio.call("jobs.list", {})).filter(isMediaJob);
const brief = (jobs: readonly MediaJob[]) => jobs.map(({ kind, title, state }) => `${kind} ${title} ${state}`);
/** Kinds and titles of media jobs in the order in which they began. */
const begun = (events: readonly StudioEvent[]) => {
  const seen = new Map<string, string>();
  for (const event of events)
    if (event.type === "job" && isMediaJob(event.job) && event.job.state === "running")
      seen.set(event.job.id, `${event.job.kind} ${event.job.title}`);
  return [...seen.values()];
};
const isEmpty = (studio: Studio) => vi.waitFor(async () => expect(brief(await jobsOf(studio))).toEqual([]), patience);

describe("what is done for media", () => {
  it("is queued once for the same bytes, held with the queue, steered one by one and together, done in the user's order, and clears itself", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    const studio = await bench.open();
    const events = record(studio);
    await studio.call("queue.hold", {});
    const paths = await films(bench.home, ["a.mp4", "b.mp4", "c.mp4"]);
    const ids: string[] = [];
    for (const path of paths) ids.push((await studio.importMedia(path)).id);
    const six = ["proxy a", "proxy b", "proxy c", "analysis a", "analysis b", "analysis c"];
    await vi.waitFor(async () => {
      const jobs = await jobsOf(studio);
      expect(jobs.map(({ kind, title }) => `${kind} ${title[0]}`).toSorted()).toEqual(six.toSorted());
    }, patience);

    // The same bytes again, under another name and the same: nothing more.
    const copy = join(bench.home, "copy.mp4");
    await copyFile(paths[0]!, copy);
    for (const path of [paths[0]!, paths[1]!, copy]) await studio.importMedia(path);
    await studio.call("analysis.facts", { ids });
    await studio.call("media.status", { ids });
    const jobs = await jobsOf(studio);
    expect(jobs).toHaveLength(6);
    expect(jobs.every(({ state }) => state === "queued")).toBe(true);
    const proxies = jobs.filter(({ kind }) => kind === "proxy");
    const looks = jobs.filter(({ kind }) => kind === "analysis");
    expect(new Set(proxies.map(({ batch }) => batch)).size).toBe(1);
    expect(new Set(looks.map(({ batch }) => batch)).size).toBe(1);
    expect(proxies[0]!.batch).not.toBe(looks[0]!.batch);
    const status = async () => (await studio.call("media.status", { ids })).map(({ work, problem }) => [work, problem]);
    await vi.waitFor(
      async () =>
        expect(await status()).toEqual(ids.map(() => [{ step: "proxy", state: "waiting", fraction: 0 }, null])),
      patience,
    );

    // Order, priority, pause of one and of all of a kind, stop of one.
    await studio.call("jobs.move", { id: of(proxies, "c"), before: of(proxies, "a") });
    await studio.call("jobs.prioritize", { id: of(looks, "b"), priority: "high" });
    await studio.call("jobs.pause", { id: of(proxies, "b") });
    await studio.call("jobs.cancel", { id: of(looks, "c") });
    await studio.call("queue.release", {});
    await vi.waitFor(
      async () =>
        expect(brief(await jobsOf(studio)).toSorted()).toEqual(
          ["analysis c.mp4 cancelled", "proxy a.mp4 done", "proxy b.mp4 paused", "proxy c.mp4 done"].toSorted(),
        ),
      patience,
    );
    expect(begun(events)).toEqual(["analysis b.mp4", "proxy c.mp4", "proxy a.mp4", "analysis a.mp4"]);

    // What was stopped stays so, however many ask; retried, it is done, and everything leaves the list.
    await studio.call("analysis.facts", { ids });
    expect(await jobsOf(studio)).toHaveLength(4);
    const { batch } = looks[0]!;
    await studio.call("jobs.together", { batch: batch!, act: "retry" });
    await studio.call("jobs.together", { batch: proxies[0]!.batch!, act: "resume" });
    await isEmpty(studio);
    const facts = await studio.call("analysis.facts", { ids });
    expect(facts.every((each) => each.facts !== null)).toBe(true);
    expect((await studio.call("media.status", { ids })).map(({ proxy, work }) => [proxy, work])).toEqual(
      ids.map(() => [true, null]),
    );
    // Nothing was done twice.
    expect(begun(events).toSorted()).toEqual(
      ["a", "b", "c"].flatMap((name) => [`analysis ${name}.mp4`, `proxy ${name}.mp4`]).toSorted(),
    );
    await expect(studio.call("jobs.together", { batch: batch!, act: "pause" })).rejects.toThrow(
      /no longer in the list/,
    );
    await studio.close();
  });

  it("waits in the journal for the next studio, and goes with the media that nobody wants any more", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    let studio = await bench.open();
    await studio.call("queue.hold", {});
    const paths = await films(bench.home, ["a.mp4", "b.mp4"]);
    const [a, b] = [await studio.importMedia(paths[0]!), await studio.importMedia(paths[1]!)];
    await vi.waitFor(async () => expect(await jobsOf(studio)).toHaveLength(4), patience);
    const ids = (await jobsOf(studio)).map(({ id }) => id);
    await studio.close();

    studio = await bench.open();
    expect((await jobsOf(studio)).map(({ id }) => id)).toEqual(ids);
    await studio.call("media.remove", { id: b.id });
    await vi.waitFor(
      async () => expect((await jobsOf(studio)).map(({ title }) => title)).toEqual(["a.mp4", "a.mp4"]),
      patience,
    );
    const events = record(studio);
    await studio.call("queue.release", {});
    await isEmpty(studio);
    expect(begun(events)).toEqual(["proxy a.mp4", "analysis a.mp4"]);
    // Brought back, it is wanted again.
    await studio.call("media.restore", { id: b.id });
    await vi.waitFor(() => expect(begun(events).slice(2)).toEqual(["proxy b.mp4", "analysis b.mp4"]), patience);
    await isEmpty(studio);
    expect((await studio.call("analysis.facts", { ids: [a.id, b.id] })).every(({ facts }) => facts !== null)).toBe(
      true,
    );
    await studio.close();
  });

  it("that failed says why and can be retried; the user's word is remembered", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    const studio = await bench.open();
    await studio.call("queue.hold", {});
    const [path] = await films(bench.home, ["a.mp4"]);
    const media = await studio.importMedia(path!);
    await vi.waitFor(async () => expect(await jobsOf(studio)).toHaveLength(2), patience);
    const away = join(bench.home, "away.mp4");
    await rename(path!, away);
    await studio.call("queue.release", {});
    await vi.waitFor(
      async () =>
        expect((await jobsOf(studio)).map(({ state, error }) => [state, error?.code])).toEqual([
          ["failed", "MEDIA_MISSING"],
          ["failed", "MEDIA_MISSING"],
        ]),
      patience,
    );
    expect((await jobsOf(studio))[1]!.error!.message).toMatch(/^“a\.mp4” is no longer/);
    await rename(away, path!);
    const [proxy, look] = await jobsOf(studio);
    const again = await studio.call("jobs.retry", { id: look!.id });
    await studio.call("jobs.dismiss", { id: look!.id });
    expect((await studio.ended(again.id)).state).toBe("done");
    expect((await studio.call("analysis.facts", { ids: [media.id] }))[0]!.facts).not.toBeNull();

    // Taken off the list: not begun again by itself, only by “Prepare again”.
    await studio.call("jobs.dismiss", { id: proxy!.id });
    await studio.call("media.status", { ids: [media.id] });
    await isEmpty(studio);
    await studio.call("media.prepare", { ids: [media.id] });
    await vi.waitFor(
      async () => expect((await studio.call("media.status", { ids: [media.id] }))[0]!.proxy).toBe(true),
      patience,
    );
    await isEmpty(studio);

    // Bytes that nothing can be made of: one sentence, not for ever again.
    await writeFile(join(bench.home, "b.txt"), "no film");
    await expect(studio.importMedia(join(bench.home, "b.txt"))).rejects.toThrow();
    expect(await jobsOf(studio)).toEqual([]);
    await studio.close();
  });
});

describe("what is done for media, beside clips", () => {
  it("goes first where it is on a timeline", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    const studio = await bench.open();
    await studio.call("queue.hold", {});
    const paths = await films(bench.home, ["a.mp4", "b.mp4"]);
    for (const path of paths) await studio.importMedia(path);
    await vi.waitFor(async () => expect(await jobsOf(studio)).toHaveLength(4), patience);
    const priorities = async () =>
      (await jobsOf(studio)).map(({ kind, title, priority }) => `${kind} ${title[0]} ${priority}`).toSorted();
    expect(await priorities()).toEqual(["analysis a low", "analysis b low", "proxy a normal", "proxy b normal"]);
    const b = (await studio.call("media.list", {})).find(({ name }) => name === "b.mp4")!;
    const { id, document } = await studio.call("projects.create", { name: "Film" });
    await studio.call("projects.useMedia", { id, media: [b.id] });
    const track = document.tracks.find(({ kind }) => kind === "video")!.id;
    await studio.call("projects.edit", {
      id,
      name: "append",
      arguments: { clips: [{ track, clip: { media: b.id } }] },
    });
    const raised = ["analysis a low", "analysis b normal", "proxy a normal", "proxy b high"];
    await vi.waitFor(async () => expect(await priorities()).toEqual(raised), patience);
    // The user's word counts more, and is not taken back at the next edit.
    const proxy = (await jobsOf(studio)).find(({ kind, title }) => kind === "proxy" && title === "b.mp4")!;
    await studio.call("jobs.prioritize", { id: proxy.id, priority: "normal" });
    await studio.call("projects.undo", { id });
    await studio.call("projects.redo", { id });
    const events = record(studio);
    await studio.call("queue.release", {});
    await isEmpty(studio);
    expect(begun(events)).toEqual(["proxy a.mp4", "proxy b.mp4", "analysis b.mp4", "analysis a.mp4"]);
    await studio.close();
  });

  it("gives way: looking stops for a clip and begins anew after it", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    const studio = await bench.open();
    const states: string[] = [];
    const clips: Promise<unknown>[] = [];
    studio.subscribe((event) => {
      if (event.type !== "job") return;
      const { kind, state } = event.job;
      const last = `${kind} ${state}`;
      if (states.at(-1) !== last) states.push(last);
      if (last === "analysis running" && clips.length === 0)
        clips.push(studio.call("jobs.generate", { request: { prompt: "rain", seed: 1 }, variations: 1 }));
    });
    const [path] = await films(bench.home, ["a.mp4"], 20);
    const media = await studio.importMedia(path!);
    await vi.waitFor(
      async () => expect((await studio.call("analysis.facts", { ids: [media.id] }))[0]!.facts).not.toBeNull(),
      patience,
    );
    await Promise.all(clips);
    const at = (what: string, from = 0) => states.indexOf(what, from);
    const [began, over] = [at("generate running"), at("generate done")];
    expect(at("analysis queued", began)).toBeGreaterThan(began);
    expect(states.slice(at("analysis queued", began), over)).not.toContain("analysis running");
    expect(at("analysis running", over)).toBeGreaterThan(over);
    await studio.close();
  });

  it("counts where the engine dies again and again: the queue stops, says so, and nothing more is burnt", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "eyes");
    // An engine that dies whenever it is asked to look.
    const engineEntry = join(bench.home, "dead-engine.ts");
    await writeFile(engineEntry, "process.exit(9);\n");
    const studio = await bench.open({}, { engineEntry });
    const names = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"];
    await studio.call("queue.hold", {});
    for (const path of await films(bench.home, names)) await studio.importMedia(path);
    await vi.waitFor(async () => expect(await jobsOf(studio)).toHaveLength(8), patience);
    await studio.call("queue.release", {});
    await vi.waitFor(async () => expect((await studio.call("queue.state", {})).hold?.by).toBe("deaths"), patience);
    const looks = (await jobsOf(studio)).filter(({ kind }) => kind === "analysis");
    expect(looks.map(({ state }) => state).toSorted()).toEqual(["failed", "failed", "failed", "queued"]);
    expect(looks.find(({ state }) => state === "failed")!.error!.message).toMatch(/^[A-Z].*[.]$/);
    await studio.close();
  });
});

const never = (): Promise<never> => Promise.reject(new Error("nobody asked for this"));

const lineOver = (list: readonly MediaJob[], pump: () => void) =>
  new MediaLine({
    jobs: () => ({
      list: () => [...list],
      pump,
      add: never,
      cancel: never,
      dismiss: async () => {},
      prioritize: never,
    }),
    used: () => new Set(),
    log: () => {},
  });

describe("what was left when the studio was closed", () => {
  const left: MediaJob = {
    kind: "analysis",
    ...freshJob(),
    title: "a.mp4",
    request: { media: "m", version: "v" },
    priority: "low",
    batch: "b",
  };

  it("begins a little after the start, and what is new at once", async () => {
    vi.useFakeTimers();
    try {
      const pump = vi.fn();
      const line = lineOver([left], pump);
      await line.start();
      expect(line.mayBegin("media", true)).toBe(false);
      expect(line.mayBegin("compute", false)).toBe(true);
      await vi.runAllTimersAsync();
      expect(line.mayBegin("media", true)).toBe(true);
      expect(pump).toHaveBeenCalledOnce();
      for (const list of [[], [{ ...left, state: "failed" as const }]]) {
        const fresh = lineOver(list, pump);
        await fresh.start();
        expect(fresh.mayBegin("media", true)).toBe(true);
      }
    } finally {
      vi.useRealTimers();
    }
  });
});
