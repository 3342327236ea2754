import { readdir, readFile, rm } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { MediaFacts } from "../../../core/contract/index.ts";
import { temporaryFolder } from "../../media/testing.ts";
import { installFake, record, testBench } from "../testing.ts";
import type { AnalyzeOptions } from "./analyze-service.ts";
import { FactsKeeper, type FactsKeeperOptions } from "./facts-keeper.ts";
import { ffmpeg } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const version = (id: string) => id.padStart(20, "0");

/** A keeper whose looking is counted. */
async function keeper(options: Partial<FactsKeeperOptions> = {}) {
  const place = join(folder.path, "facts");
  await rm(place, { recursive: true, force: true });
  const looks: { id: string; options: AnalyzeOptions }[] = [];
  let [atOnce, most] = [0, 0];
  const told: string[] = [];
  const made = new FactsKeeper({
    folder: place,
    analyze: {
      analyze: async (source, how) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        looks.push({ id: source.id, options: how });
        await new Promise((done) => setImmediate(done));
        atOnce -= 1;
        const facts: MediaFacts = {
          version: source.media.version,
          tags: [],
          colours: [],
          objects: [],
          shots: [],
          shotInterval: 0,
          poster: { time: 0, hasSubject: false },
          model: "eyes",
          moments: 1,
          interval: 0,
          problem: null,
        };
        return { facts, tracks: [] };
      },
    },
    sources: {
      resolve: (ids: readonly string[]) =>
        Promise.resolve(ids.map((id) => ({ id, media: { kind: "picture", name: id, version: version(id) } }))),
    } as unknown as FactsKeeperOptions["sources"],
    model: () => Promise.resolve("eyes"),
    quiet: () => Promise.resolve(),
    isBusy: () => false,
    onLine: () => {},
    onFacts: (known) => told.push(...known.map(({ id }) => id)),
    log: () => {},
    ...options,
  });
  return { keeper: made, looks, told, most: () => most };
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

describe("looking in the background", () => {
  const ids = Array.from({ length: 12 }, (_, n) => `m${n}`);

  it("is one thing at a time, modestly, and each thing once, however many ask", async () => {
    const { keeper: it, looks, told, most } = await keeper();
    await Promise.all([it.facts(ids), it.facts(ids), it.facts([...ids].reverse())]);
    await vi.waitFor(() => expect(told.toSorted()).toEqual(ids.toSorted()), { timeout: 60_000 });
    await it.close();
    expect(most()).toBe(1);
    expect(looks.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    for (const { options } of looks) expect(options).toMatchObject({ inBackground: true, care: "glance" });
  });

  it("begins only when all that shows media has been made, and not while somebody waits for the computer", async () => {
    let [isQuiet, isBusy] = [false, true];
    const waiting: (() => void)[] = [];
    const quiet = () => (isQuiet ? Promise.resolve() : new Promise<void>((done) => waiting.push(done)));
    const { keeper: it, looks, told } = await keeper({ quiet, isBusy: () => isBusy });
    await it.facts(ids);
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0), { timeout: 60_000 });
    expect(looks).toEqual([]);
    isQuiet = true;
    for (const done of waiting) done();
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    expect(looks, "a clip is being made").toEqual([]);
    isBusy = false;
    it.poke();
    await vi.waitFor(() => expect(told).toHaveLength(ids.length), { timeout: 60_000 });
    await it.close();
  });

  it.runIf(process.platform === "linux")(
    "is made by processes of their own, which step aside: one ffmpeg at a time, and one engine",
    async () => {
      await using bench = await testBench();
      await installFake(bench.home, "eyes");
      const at = (name: string) => join(bench.home, name);
      const studio = await bench.open();
      const events = record(studio);
      const slow = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=30", "-c:v", "libx264", "-preset", "ultrafast"];
      await ffmpeg(...slow, at("thirty.mp4"));
      const media = await studio.importMedia(at("thirty.mp4"));
      const isPrepared = () =>
        events.some((event) => event.type === "media-status" && event.status.some(({ work }) => work === null));
      const isKnown = () =>
        events.some((event) => event.type === "media-facts" && event.known.some(({ id }) => id === media.id));
      await vi.waitFor(() => expect(isPrepared()).toBe(true), { timeout: 200_000, interval: 2 });
      const seen: Child[][] = [];
      while (!isKnown()) {
        const now = await children();
        // What ended, or began, meanwhile may be of the preparation or of an earlier moment: only looking counts.
        if (!isKnown()) seen.push(now);
        await new Promise((done) => setTimeout(done, 5));
      }
      const tools = seen.flat().filter(({ name }) => name === "ffmpeg");
      expect(tools.length).toBeGreaterThan(0);
      for (const { priority } of tools) expect(priority).toBe(constants.priority.PRIORITY_LOW);
      for (const now of seen) expect(now.filter(({ name }) => name === "ffmpeg").length).toBeLessThanOrEqual(1);
      const engines = seen.at(-1)!.filter(({ name }) => name === "engine");
      expect(engines).toHaveLength(1);
      expect(engines[0]!.priority).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);
      await studio.close();
    },
  );
});
