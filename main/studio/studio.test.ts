import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { contract, generationRecordSchema, type JobSnapshot, type Method } from "../../core/contract/index.ts";
import { locateFfmpeg, probeVideo } from "../media/index.ts";
import { installFake, make, ownJobs, record, testBench } from "./testing.ts";

vi.setConfig({ testTimeout: 240_000 });

/** Waits until the check passes; generous, since the machine may be busy. */
const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 120_000, interval: 20 });

const visible = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [] as string[])).toSorted((a, b) => a.localeCompare(b));

describe("from a sentence to a clip", () => {
  it("leaves a video and a complete record, side by side, named by the prompt", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const events = record(studio);
    const job = await make(studio, "Blue bubbles, rising slowly!");
    expect(job).toMatchObject({ state: "done", error: null, progress: { phase: "encode", fraction: 1 } });
    expect(await visible(bench.output)).toEqual([
      "blue-bubbles-rising-slowly-s42.json",
      "blue-bubbles-rising-slowly-s42.mp4",
    ]);
    const file = await studio.clipFile(job.clip!.id);
    const probe = await probeVideo(await locateFfmpeg(), file.path);
    expect(probe).toMatchObject({ width: 64, height: 64, frames: 4, codec: "h264", tags: { matrix: "bt709" } });
    const text = await readFile(file.path.replace(".mp4", ".json"), "utf8");
    const stored = generationRecordSchema.parse(JSON.parse(text));
    expect(stored).toEqual(job.clip!.record);
    expect(stored.request).toEqual(job.request);
    expect(text).not.toContain(bench.home);
    expect(events[0]).toMatchObject({ type: "hello", jobs: [], models: [{ id: "fake" }] });
    await soon(() => expect(events.some(({ type }) => type === "library")).toBe(true));
    expect(await studio.call("library.list", {})).toEqual([job.clip]);
  });

  it("shows honest progress: fractions never fall, previews arrive with each step, time left only after two", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const events = record(studio);
    const job = await make(studio, "slow", { steps: 5 });
    const seen = events.flatMap((event) => (event.type === "job" && event.job.state === "running" ? [event.job] : []));
    const fractions = seen.map(({ progress }) => progress.fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    const etas = seen.filter(({ progress }) => progress.phase === "denoise").map(({ progress }) => progress.etaMs);
    expect(etas.slice(0, 2)).toEqual([null, null]);
    expect(etas.at(-1)).toBeGreaterThan(0);
    expect(seen.at(-1)?.preview).toEqual({ step: 5, width: 8, height: 8, frames: 2 });
    expect((await studio.preview(job.id, 5)).length).toBe(8 * 8 * 4 * 2);
    await expect(studio.preview(job.id, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("gives equal frames for equal requests, and never overwrites", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const [one, two] = [await make(studio, "same"), await make(studio, "same")];
    expect(two.clip!.record.framesSha256).toBe(one.clip!.record.framesSha256);
    expect([one, two].map(({ clip }) => clip!.fileName)).toEqual(["same-s42.mp4", "same-s42-2.mp4"]);
    await writeFile(join(bench.output, "other-s42.json"), "the user's own file");
    expect((await make(studio, "other")).clip!.fileName).toBe("other-s42-2.mp4");
    expect(await readFile(join(bench.output, "other-s42.json"), "utf8")).toBe("the user's own file");
  });

  it("queues variations with seeds that count up, and retries with the same seed", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const jobs = await studio.call("jobs.generate", { request: { prompt: "x" }, variations: 3 });
    const first = jobs[0]!.request.seed;
    expect(jobs.map(({ request }) => (request.seed - first + 2 ** 32) % 2 ** 32)).toEqual([0, 1, 2]);
    const done = await Promise.all(jobs.map(({ id }) => studio.ended(id)));
    expect(done.map(({ state }) => state)).toEqual(["done", "done", "done"]);
    const again = await studio.call("jobs.retry", { id: jobs[0]!.id });
    expect(again.request).toEqual(jobs[0]!.request);
    expect((await studio.ended(again.id)).clip!.record.framesSha256).toBe(done[0]!.clip!.record.framesSha256);
  });

  // How long it takes at most to answer is measured by `npm run bench -- studio`.
  it("answers, cancels and goes on while an engine never gives its thread back: pictures are made in another process", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const [job] = await studio.call("jobs.generate", { request: { prompt: "block" }, variations: 1 });
    await soon(async () => expect((await ownJobs(studio))[0]!.progress).toMatchObject({ phase: "decode", done: 2 }));
    // From here on the thread that makes the pictures does nothing else for ever.
    for (let n = 0; n < 50; n++) expect(await ownJobs(studio)).toMatchObject([{ state: "running" }]);
    await studio.call("jobs.cancel", { id: job!.id });
    expect((await studio.ended(job!.id)).state).toBe("cancelled");
    expect((await make(studio, "hello")).state).toBe("done");
  });
});

describe("the queue", () => {
  it("cancels what runs and what waits, keeps files away, and dismisses", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const ask = (prompt: string) => studio.call("jobs.generate", { request: { prompt, steps: 8 }, variations: 1 });
    const [running] = await ask("slow");
    const [waiting] = await ask("waiting");
    await soon(async () => expect((await ownJobs(studio))[0]!.preview).not.toBeNull());
    expect((await studio.call("jobs.cancel", { id: waiting!.id })).state).toBe("cancelled");
    await studio.call("jobs.cancel", { id: running!.id });
    expect((await studio.ended(running!.id)).state).toBe("cancelled");
    expect(await visible(bench.output)).toEqual([]);
    const events = record(studio);
    await studio.call("jobs.dismiss", { id: running!.id });
    expect(events.at(-1)).toEqual({ type: "job-dismissed", id: running!.id });
    expect((await ownJobs(studio)).map(({ id }) => id)).toEqual([waiting!.id]);
    await expect(studio.call("jobs.cancel", { id: running!.id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("survives a restart: done stays done, what was being made and what waited goes on", async () => {
    await using bench = await testBench();
    const first = await bench.open();
    const done = await make(first, "done");
    const [running] = await first.call("jobs.generate", { request: { prompt: "slow", steps: 8 }, variations: 1 });
    const [waiting] = await first.call("jobs.generate", { request: { prompt: "waiting" }, variations: 1 });
    await soon(async () => expect((await ownJobs(first))[1]!.preview).not.toBeNull());
    await first.close();
    const second = await bench.open();
    for (const { id } of [running!, waiting!]) expect((await second.ended(id)).state).toBe("done");
    const jobs = await ownJobs(second);
    expect(jobs.map(({ id, state }) => [id, state])).toEqual([
      [done.id, "done"],
      [running!.id, "done"],
      [waiting!.id, "done"],
    ]);
  });

  it("keeps a copy of a damaged journal and goes on with what was whole", async () => {
    await using bench = await testBench();
    const first = await bench.open();
    const done = await make(first, "done");
    await first.close();
    await appendFile(join(bench.home, "queue.jsonl"), 'deadbeef {"type":"enqueued"}\n');
    const second = await bench.open();
    expect((await ownJobs(second)).map(({ id }) => id)).toEqual([done.id]);
    expect((await visible(bench.home)).some((name) => name.startsWith("queue.jsonl.damaged-"))).toBe(true);
  });

  it.each([
    ["exit9", "ENGINE_CRASHED"],
    ["oom", "MODEL_OUT_OF_MEMORY"],
    ["refuse", "MODEL_DAMAGED"],
    ["lie", "INTERNAL"],
  ])("goes on after an engine that ends with %s", async (prompt, code) => {
    await using bench = await testBench();
    const studio = await bench.open();
    const [bad] = await studio.call("jobs.generate", { request: { prompt }, variations: 1 });
    const good = await make(studio, "hello");
    expect(await studio.ended(bad!.id)).toMatchObject({ state: "failed", error: { code }, clip: null });
    expect(good.state).toBe("done");
    expect((await visible(bench.output)).filter((name) => name !== "hello-s42.json")).toEqual(["hello-s42.mp4"]);
  });
});

describe("one studio at a time", () => {
  it("refuses the second on one data folder, lets a command work beside it, and takes over from the dead", async () => {
    await using bench = await testBench();
    const window = await bench.open();
    await expect(bench.open()).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
    const command = await bench.open({ queue: "memory" });
    const [a, b] = await Promise.all([make(window, "both"), make(command, "both")]);
    expect([a.clip!.fileName, b.clip!.fileName].toSorted((x, y) => x.localeCompare(y))).toEqual([
      "both-s42-2.mp4",
      "both-s42.mp4",
    ]);
    expect((await window.call("library.list", {})).length).toBe(2);
    expect((await ownJobs(window)).length).toBe(1);
    await window.close();
    await (await bench.open()).close();

    // A holder that was killed: its lock folder and its process id stay behind.
    const dead = spawn(process.execPath, ["-e", "0"]);
    await once(dead, "exit");
    await mkdir(join(bench.home, "studio.lock"));
    const { hostname } = await import("node:os");
    await writeFile(join(bench.home, "studio.owner.json"), JSON.stringify({ pid: dead.pid, host: hostname() }));
    await bench.open();
  });
});

describe("the library", () => {
  it("moves a clip to the trash and back, both files, same id, and finds another name when the old one is taken", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const { clip } = await make(studio, "hello");
    await studio.call("library.trash", { id: clip!.id });
    expect(await studio.call("library.list", {})).toEqual([]);
    expect(await visible(bench.output)).toEqual([".plume-trash"]);
    expect(await studio.call("library.restore", { id: clip!.id })).toEqual(clip);
    await studio.call("library.trash", { id: clip!.id });
    await make(studio, "hello");
    expect((await studio.call("library.restore", { id: clip!.id })).fileName).toBe("hello-s42-2.mp4");
    expect((await studio.call("library.list", {})).length).toBe(2);
  });

  it("reveals by id, and says so when the file is gone", async () => {
    await using bench = await testBench();
    const revealed: string[] = [];
    const studio = await bench.open({ reveal: async (path) => void revealed.push(basename(path)) });
    const { clip } = await make(studio, "hello");
    await studio.call("library.reveal", { id: clip!.id });
    expect(revealed).toEqual(["hello-s42.mp4"]);
    await rm(join(bench.output, "hello-s42.mp4"));
    await expect(studio.call("library.reveal", { id: clip!.id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("models", () => {
  it("installs the bundled model on first need, once, and again when its checkpoint changes", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "starter.ckpt");
    await writeFile(file, "weights one");
    const parts = { bundled: [{ id: "starter", file, work: "text-to-video" as const }] };
    const first = await bench.open({}, parts);
    const job = await make(first, "hello");
    expect(job.request.model).toBe("starter");
    expect((await first.call("models.list", {})).map(({ id, bundled }) => [id, bundled])).toEqual([
      ["starter", true],
      ["fake", false],
    ]);
    const one = job.clip!.record.model.sourceSha256;
    await first.close();
    await writeFile(file, "weights two");
    const again = await make(await bench.open({}, parts), "hello");
    expect(again.clip!.record.model.sourceSha256).not.toBe(one);
  });

  it("lets two studios that need the bundled model at once install it once", async () => {
    await using bench = await testBench();
    const file = join(bench.home, "starter slow.ckpt");
    await writeFile(file, "weights");
    const open = () =>
      bench.open({ queue: "memory" }, { bundled: [{ id: "starter", file, work: "text-to-video" as const }] });
    const studios = await Promise.all([open(), open()]);
    let steps = 0;
    await Promise.all(studios.map((studio) => studio.models.ensureBundled(() => (steps += 1))));
    expect(steps).toBe(4);
    for (const studio of studios) expect((await studio.call("models.list", {}))[0]!.id).toBe("starter");
  });

  it("installs, lists, verifies and removes; sweeps what an interrupted installation left", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    await mkdir(join(bench.home, "models", ".installing-my-model-1"));
    const file = join(bench.home, "my model.ckpt");
    await writeFile(file, "weights");
    const fractions: number[] = [];
    const summary = await studio.models.install({ file, onProgress: (_, fraction) => fractions.push(fraction) });
    // Four reports of converting, four of measuring for int8.
    expect([summary.id, fractions.length, fractions.at(-1)]).toEqual(["my-model", 8, 1]);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(await visible(join(bench.home, "models"))).not.toContain(".installing-my-model-1");
    await studio.models.verify("my-model");
    await expect(studio.models.install({ file })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await studio.models.remove("my-model");
    await expect(studio.models.verify("my-model")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(studio.models.remove("../out")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect((await studio.call("models.list", {})).map(({ id }) => id)).toEqual(["fake"]);
  });

  it("refuses files that are no checkpoint before the engine starts", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const refusal = (file: string, lora = "") =>
      expect(studio.models.install({ file, loras: lora ? [{ file: lora, scale: 1 }] : [] })).rejects;
    await refusal(join(bench.home, "no-such.ckpt")).toMatchObject({ code: "CHECKPOINT_UNREADABLE" });
    await writeFile(join(bench.home, "broken.ckpt"), "x");
    await refusal(join(bench.home, "broken.ckpt")).toMatchObject({ code: "CHECKPOINT_UNREADABLE" });
    await refusal(join(bench.home, "broken.ckpt"), bench.home).toThrow("This is a folder");
    expect((await studio.call("models.list", {})).map(({ id }) => id)).toEqual(["fake"]);
  });

  it("leaves a damaged pack out of the list and says so when it is asked for", async () => {
    await using bench = await testBench();
    await installFake(bench.home, "sick");
    await rm(join(bench.home, "models", "sick", "source.txt"));
    const studio = await bench.open();
    expect((await studio.call("models.list", {})).map(({ id }) => id)).toEqual(["fake"]);
    const reply = await studio.handle("jobs.generate", { request: { prompt: "x", model: "sick" }, variations: 1 });
    expect(reply).toMatchObject({ ok: false, error: { code: "MODEL_DAMAGED" } });
  });
});

describe("the boundary", () => {
  it.each([
    ["no.such.method", {}],
    ["__proto__", {}],
    ["jobs.generate", null],
    ["jobs.generate", { request: { prompt: "" }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x".repeat(60_000) }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x", seed: Number.NaN }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x", frames: 0 }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x", width: 100 }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x", surprise: 1 }, variations: 1 }],
    ["jobs.generate", { request: { prompt: "x" }, variations: 10 }],
    ["library.reveal", { id: "../../etc/passwd" }],
  ])("refuses %s %o with one sentence", async (method, input) => {
    await using bench = await testBench();
    const studio = await bench.open({ queue: "memory" });
    const reply = await studio.handle(method, input);
    expect(reply).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" } });
    expect(reply.ok ? "" : reply.error.message).toMatch(/^[A-Z][^\n]*[.:!]$/);
  });

  it("has a handler for every method of the contract", async () => {
    await using bench = await testBench();
    const studio = await bench.open({ queue: "memory", reveal: async () => {} });
    for (const method of Object.keys(contract) as Method[]) {
      const reply = await studio.handle(
        method,
        method.endsWith(".list") || method === "system.info" ? {} : { id: "none" },
      );
      if (reply.ok) contract[method].output.parse(reply.value);
      else expect(["NOT_FOUND", "MODEL_NOT_FOUND", "BAD_REQUEST"]).toContain(reply.error.code);
    }
    const info = await studio.call("system.info", {});
    expect(info).toMatchObject({ outputFolderName: expect.stringMatching(/\/out$/), ffmpegProblem: null });
  });

  it("writes emoji and right-to-left prompts into the record as they are", async () => {
    await using bench = await testBench();
    const studio = await bench.open({ queue: "memory" });
    const prompt = "🎈 בלונים כחולים עולים لأعلى";
    const job: JobSnapshot = await make(studio, prompt);
    expect(job).toMatchObject({ state: "done", clip: { record: { request: { prompt } } } });
  });
});

describe("places that cannot be written", () => {
  it("are refused before the model runs", async () => {
    await using bench = await testBench();
    await writeFile(bench.output, "a file where the folder should be");
    const studio = await bench.open({ queue: "memory" });
    expect(await make(studio, "hello")).toMatchObject({ state: "failed", error: { code: "OUTPUT_UNWRITABLE" } });
  });

  it("are refused for a file of one's own, which is not replaced unless asked", async () => {
    await using bench = await testBench();
    const studio = await bench.open({ queue: "memory" });
    const file = join(bench.home, "my.mp4");
    const to = async (destination: { file: string; overwrite: boolean }) =>
      studio.ended((await studio.generateTo({ prompt: "hello" }, destination)).id);
    expect((await to({ file, overwrite: false })).clip).toMatchObject({ fileName: "my.mp4" });
    expect((await visible(bench.home)).filter((name) => name.startsWith("my"))).toEqual(["my.json", "my.mp4"]);
    await expect(to({ file, overwrite: false })).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    expect((await to({ file, overwrite: true })).state).toBe("done");
    await expect(to({ file: join(bench.home, "my.txt"), overwrite: false })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await writeFile(join(bench.home, "other.json"), "[1]");
    await expect(to({ file: join(bench.home, "other.mp4"), overwrite: true })).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
    });
    const nowhere = await to({ file: join(bench.home, "no", "my.mp4"), overwrite: false });
    expect(nowhere).toMatchObject({ state: "failed", error: { code: "OUTPUT_UNWRITABLE" } });
  });

  it("are named when the data folder itself is one", async () => {
    await using bench = await testBench();
    await chmod(bench.home, 0o755);
    const home = join(bench.home, "models", "fake", "source.txt"); // a file
    await expect(bench.open({ home })).rejects.toMatchObject({
      code: "OUTPUT_UNWRITABLE",
      message: expect.stringContaining("PLUME_HOME"),
    });
  });
});
