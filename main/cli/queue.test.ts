import { stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isMediaJob, type JobSnapshot } from "../../core/contract/index.ts";
import { makeUnplayable } from "../studio/analyze/testing.ts";
import { controlPath } from "../studio/control.ts";
import { testBench } from "../studio/testing.ts";
import { plume } from "./testing.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

type Bench = Awaited<ReturnType<typeof testBench>>;
const json = async (bench: Bench, ...argv: string[]) => {
  const { code, stdout } = await plume(bench, ["queue", ...argv, "--json"]);
  const answer = JSON.parse(stdout) as {
    open?: boolean;
    jobs?: JobSnapshot[];
    job?: JobSnapshot;
    requests?: unknown[];
    error?: { message: string };
    queue?: { hold: { message: string } | null };
  };
  return { code, ...answer };
};
const states = (jobs: JobSnapshot[] | undefined) => jobs?.map(({ kind, state }) => `${kind} ${state}`);
const prompts = (jobs: JobSnapshot[] | undefined) =>
  jobs
    ?.filter((job) => !isMediaJob(job))
    .map((job) => (job.kind === "generate" ? `${job.request.prompt} ${job.state}` : job.kind));

describe("plume queue", { timeout: 300_000 }, () => {
  it("without a studio: adds, imports, reorders, cancels on disk, begins nothing, and runs it all when told to", async () => {
    await using bench = await testBench();
    const added = await plume(bench, ["queue", "add", "first", "--seed", "3"]);
    expect(added.code).toBe(0);
    const list = join(bench.home, "list.csv");
    await writeFile(list, "prompt,seed\nsecond,1\nrefuse,2\nfourth,3\n");
    await json(bench, "import", list, "--steps", "2", "--priority", "low");
    const { jobs, open } = await json(bench, "list");
    expect(open).toBe(false);
    expect(prompts(jobs)).toEqual(["first queued", "second queued", "refuse queued", "fourth queued"]);
    const [first, second, , fourth] = jobs!;
    expect(first!.id).toBe(added.stdout.trim());
    expect(fourth).toMatchObject({ priority: "low", request: { steps: 2, seed: 3 } });
    expect((await json(bench, "reorder", fourth!.id.slice(0, 8), first!.id)).code).toBe(0);
    expect((await json(bench, "cancel", second!.id)).code).toBe(0);
    expect(prompts((await json(bench, "list")).jobs)).toEqual(["fourth queued", "first queued", "refuse queued"]);
    const changed = await json(bench, "duplicate", first!.id, "first, again", "--steps", "5", "--replace");
    expect(changed.job).toMatchObject({ state: "queued", request: { prompt: "first, again", steps: 5, seed: 3 } });
    expect(prompts((await json(bench, "list")).jobs)).toEqual([
      "fourth queued",
      "first, again queued",
      "refuse queued",
    ]);
    expect((await json(bench, "duplicate", changed.job!.id, "first", "--replace")).code).toBe(0);
    const back = (await json(bench, "list")).jobs!.find((job) => prompts([job])![0]!.startsWith("first"))!;
    expect((await json(bench, "cancel", "nobody")).error?.message).toMatch(/No job begins/);

    const ran = await json(bench, "run");
    expect(prompts(ran.jobs)).toEqual(["fourth done", "first done", "refuse failed"]);
    expect(ran.code).toBe(1); // one failed, the others were made
    const [again] = (await json(bench, "retry", back.id)).jobs!;
    expect(again).toMatchObject({ state: "queued", request: { seed: 3 } });
    await json(bench, "pause");
    const held = await json(bench, "run");
    expect([held.code, held.queue?.hold?.message]).toEqual([1, expect.stringMatching(/paused/)]);
    await json(bench, "resume");
    expect(prompts((await json(bench, "run")).jobs)).toEqual(["first done"]);
    await json(bench, "dismiss", back.id, fourth!.id);
    expect(prompts((await json(bench, "list", "--all")).jobs)).toEqual([
      "second cancelled",
      "refuse failed",
      "first done",
    ]);
  });

  it("with a studio open: tells it, over a socket that nobody else can open and that speaks of nothing but the queue", async () => {
    await using bench = await testBench();
    vi.stubEnv("PLUME_HOME", bench.home);
    const studio = await bench.open();
    expect((await json(bench, "pause")).queue?.hold).not.toBeNull();
    const added = await json(bench, "add", "a", "--sweep", "steps=2,3", "--variations", "2", "--seed", "8");
    expect(added.jobs?.map((job) => job.kind === "generate" && [job.request.steps, job.request.seed])).toEqual([
      [2, 8],
      [2, 9],
      [3, 8],
      [3, 9],
    ]);
    expect(new Set(added.jobs!.map(({ batch }) => batch)).size).toBe(1);
    expect((await json(bench, "list")).open).toBe(true);
    expect((await studio.call("jobs.list", {})).map(({ state }) => state)).toEqual(Array(4).fill("queued"));
    await json(bench, "resume");
    for (const { id } of added.jobs!) expect((await studio.ended(id)).state).toBe("done");
    // The clips are looked at, which nobody has to wait for.
    await vi.waitFor(
      async () => expect((await plume(bench, ["queue", "list"])).stdout).toBe("Nothing is in the queue.\n"),
      { timeout: 60_000, interval: 200 },
    );
    expect((await json(bench, "run")).error?.message).toMatch(/already open/);

    const path = controlPath(bench.home);
    if (process.platform !== "win32") expect((await stat(dirname(path))).mode & 0o077).toBe(0);
    const socket = connect(path);
    const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
    for (const line of ['{"method":"library.list","input":{}}', "garbage", '{"method":"jobs.pause","input":{"id":7}}'])
      socket.write(`${line}\n`);
    const codes = [await replies.next(), await replies.next(), await replies.next()].map(
      ({ value }) => (JSON.parse(value as string) as { error: { code: string } }).error.code,
    );
    socket.destroy();
    expect(codes).toEqual(["FORBIDDEN", "FORBIDDEN", "BAD_REQUEST"]);
  });

  it("shows what is done for media in one line, which stands for all of it, and works it off without a window", async () => {
    await using bench = await testBench();
    vi.stubEnv("PLUME_HOME", bench.home);
    let studio = await bench.open();
    await studio.call("queue.hold", {});
    for (const n of [1, 2]) {
      const file = join(bench.home, `${n}.mp4`);
      await makeUnplayable(`testsrc2=s=64x64:r=${n + 5}:d=1`, file);
      await studio.importMedia(file);
    }
    await vi.waitFor(async () => expect((await json(bench, "list")).jobs).toHaveLength(4), { timeout: 60_000 });
    await studio.close();
    const lines = (await plume(bench, ["queue", "list"])).stdout.split("\n");
    const line = lines.find((each) => each.includes("proxy: 2 media, 0 of 2 done"))!;
    expect(lines.some((each) => each.includes("analysis: 2 media, 0 of 2 done"))).toBe(true);
    const [batch] = line.split(" ");
    expect(states((await json(bench, "pause", batch!)).jobs)).toEqual(["proxy paused", "proxy paused"]);
    expect(states((await json(bench, "cancel", batch!.slice(0, 8))).jobs)).toEqual([
      "proxy cancelled",
      "proxy cancelled",
    ]);
    await json(bench, "resume");
    expect((await json(bench, "run")).code).toBe(0);
    expect(states((await json(bench, "list")).jobs)).toEqual(["proxy cancelled", "proxy cancelled"]);
    expect(states((await json(bench, "retry", batch!)).jobs)).toEqual(["proxy queued", "proxy queued"]);
    expect((await json(bench, "run")).code).toBe(0);
    expect((await json(bench, "list", "--all")).jobs).toEqual([]);
    studio = await bench.open();
    const ids = (await studio.call("media.list", {})).map(({ id }) => id);
    expect((await studio.call("media.status", { ids })).map(({ proxy }) => proxy)).toEqual([true, true]);
    expect((await studio.call("analysis.facts", { ids })).every(({ facts }) => facts !== null)).toBe(true);
  });

  it.each([
    [["add", ""], /Write a sentence/],
    [["add", "a", "--sweep", "colour=1"], /colour/],
    [["add", "a", "--priority", "urgent"], /high, normal or low/],
    [["add", "a", "--variations", "many"], /variations/],
    [["import", "no-such-file.txt"], /cannot be read/],
  ])("%j is refused with one sentence", async (argv, sentence) => {
    await using bench = await testBench();
    const { code, stderr } = await plume(bench, ["queue", ...argv]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  });
});
