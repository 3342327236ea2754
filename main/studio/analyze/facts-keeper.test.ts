import { readdir, readFile, rm } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { MediaFacts } from "../../../core/contract/index.ts";
import { temporaryFolder } from "../../media/testing.ts";
import type { MediaSource } from "../media/sources.ts";
import { installFake, record, testBench } from "../testing.ts";
import { FactsKeeper, type FactsKeeperOptions } from "./facts-keeper.ts";
import { ffmpeg } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const version = (id: string) => id.padStart(20, "0");
const factsOf = (id: string, model: string | null): MediaFacts => ({
  version: version(id),
  tags: [],
  colours: [],
  objects: [],
  shots: [],
  shotInterval: 0,
  poster: { time: 0, hasSubject: false },
  model,
  moments: 1,
  interval: 0,
  problem: null,
});

/** A keeper in an empty folder; what it puts in the queue, and tells. */
async function keeper(options: Partial<FactsKeeperOptions> = {}) {
  const place = join(folder.path, "facts");
  await rm(place, { recursive: true, force: true });
  const [queued, told] = [[] as string[], [] as string[]];
  const all: FactsKeeperOptions = {
    folder: place,
    sources: {
      resolve: async (ids) =>
        ids.map((id) => ({ id, media: { kind: "picture", name: id, version: version(id) } }) as MediaSource),
    },
    model: () => Promise.resolve("eyes"),
    queue: async (sources) => void queued.push(...sources.map(({ id }) => id)),
    onFacts: (known) => told.push(...known.map(({ id }) => id)),
    log: () => {},
    ...options,
  };
  return { keeper: new FactsKeeper(all), another: () => new FactsKeeper(all), queued, told };
}

interface Child {
  readonly name: string;
  readonly priority: number;
}

/** This process's own children, from the kernel's list. */
async function children(): Promise<Child[]> {
  const found: Child[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [head, rest = ""] = text.split(") ");
    const fields = rest.split(" ");
    if (Number(fields[1]) !== process.pid || fields[0] === "Z") continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const name = command.includes("fake-engine") ? "engine" : head!.replace(/^\d+ \(/, "");
    found.push({ name, priority: Number(fields[16]) });
  }
  return found;
}

describe("what is known of media", () => {
  const ids = Array.from({ length: 12 }, (_, n) => `m${n}`);

  it("is kept by their bytes and told to all who asked; only what is not known is queued, also by another studio", async () => {
    const { keeper: it, another, queued, told } = await keeper();
    expect(await it.facts(ids)).toEqual(ids.map((id) => ({ id, facts: null })));
    expect(queued).toEqual(ids);
    await it.keep("m3", factsOf("m3", "eyes"));
    expect(told).toEqual(["m3"]);
    queued.length = 0;
    expect((await another().facts(ids))[3]?.facts?.version).toBe(version("m3"));
    expect(queued).toEqual(ids.filter((id) => id !== "m3"));
  });

  it("is looked for again when there is another model, but not for ever where that saw nothing", async () => {
    let model: string | null = null;
    const { keeper: it, queued } = await keeper({ model: () => Promise.resolve(model) });
    await it.keep("m1", factsOf("m1", null));
    expect(await it.isKnown(version("m1"))).toBe(true);
    model = "eyes";
    expect(await it.isKnown(version("m1"))).toBe(false);
    await it.facts(["m1"]);
    expect(queued).toEqual(["m1"]);
    await it.keep("m1", factsOf("m1", null)); // the model could not be opened
    await it.facts(["m1"]);
    expect(queued).toEqual(["m1"]);
  });
});

describe("what is done for media by itself", () => {
  it.runIf(process.platform === "linux")(
    "is done by processes of their own, which step aside: one ffmpeg at a time, and one engine",
    async () => {
      await using bench = await testBench();
      await installFake(bench.home, "eyes");
      const at = (name: string) => join(bench.home, name);
      const studio = await bench.open({ idleUnloadMs: 2000 });
      const events = record(studio);
      const slow = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=30", "-c:v", "libx264", "-preset", "ultrafast"];
      // 4:4:4, which no browser plays: it needs a proxy.
      await ffmpeg(...slow, "-pix_fmt", "yuv444p", at("thirty.mp4"));
      const media = await studio.importMedia(at("thirty.mp4"));
      const isPrepared = () =>
        events.some(
          (event) =>
            event.type === "media-status" && event.status.some(({ work }) => work === null || work.step === "proxy"),
        );
      const isKnown = () =>
        events.some((event) => event.type === "media-facts" && event.known.some(({ id }) => id === media.id));
      await vi.waitFor(() => expect(isPrepared()).toBe(true), { timeout: 200_000, interval: 2 });
      const seen: Child[][] = [];
      while (!isKnown()) {
        const now = await children();
        // What ended, or began, meanwhile may be of the preparation or of an earlier moment: only the queue's work counts.
        if (!isKnown()) seen.push(now);
        await new Promise((done) => setTimeout(done, 5));
      }
      expect(
        events.some((event) => event.type === "job" && event.job.kind === "proxy" && event.job.state === "done"),
      ).toBe(true);
      const tools = seen.flat().filter(({ name }) => name === "ffmpeg");
      expect(tools.length).toBeGreaterThan(0);
      for (const { priority } of tools) expect(priority).toBe(constants.priority.PRIORITY_LOW);
      for (const now of seen) expect(now.filter(({ name }) => name === "ffmpeg").length).toBeLessThanOrEqual(1);
      const engines = seen.at(-1)!.filter(({ name }) => name === "engine");
      expect(engines).toHaveLength(1);
      expect(engines[0]!.priority).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);
      // When there is nothing to look at any more, the model goes out of memory.
      await vi.waitFor(async () => expect((await children()).filter(({ name }) => name === "engine")).toEqual([]), {
        timeout: 200_000,
        interval: 100,
      });
      await studio.close();
    },
  );
});
