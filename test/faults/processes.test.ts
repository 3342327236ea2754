import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { make, ownJobs, testBench } from "../../main/studio/testing.ts";
import { childrenNamed, childrenOf, KILLED, killAll } from "./children.ts";

vi.setConfig({ testTimeout: 240_000 });

/** Waits until the check passes; generous, since the machine may be busy. */
const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 120_000, interval: 20 });

const script = fileURLToPath(new URL("./studio-child.ts", import.meta.url));
const proxyScript = fileURLToPath(new URL("./proxy-child.ts", import.meta.url));

/** Starts a studio in a process of its own and waits for its first line. */
async function startChild(
  home: string,
  output: string,
  prompt: string,
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [script, home, output, prompt], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, line };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== "linux")("a studio that is killed in the middle of a clip", () => {
  it("leaves no process and no half file, keeps its queue, and frees the data folder at once", async () => {
    await using bench = await testBench();
    // An engine whose main thread is inside a model call and cannot notice anything: the worst one to leave behind.
    const { child } = await startChild(bench.home, bench.output, "block");
    const children = await childrenOf(child.pid!);
    expect(children.length).toBe(3); // engine, ffmpeg, and what ends ffmpeg with the studio
    expect((await readdir(bench.output)).every((name) => name.startsWith(".plume-"))).toBe(true);
    child.kill("SIGKILL");
    await soon(() => expect(children.filter(isAlive)).toEqual([]));

    const studio = await bench.open();
    const [interrupted, waiting] = await ownJobs(studio);
    expect(interrupted).toMatchObject({ state: "paused", interruptions: 1, error: null });
    expect(waiting!.state).not.toBe("failed");
    await studio.call("jobs.cancel", { id: waiting!.id });
    await studio.ended(waiting!.id);
    expect(await readdir(bench.output)).toEqual([]);
  });

  it("leaves no ffmpeg that makes a proxy of a film without end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "plume-proxy-"));
    const child = spawn(process.execPath, [proxyScript, join(folder, "proxy.mp4")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(createInterface({ input: child.stdout }), "line");
    const children = await childrenOf(child.pid!);
    expect(children.length).toBe(2);
    child.kill("SIGKILL");
    await soon(() => expect(children.filter(isAlive)).toEqual([]));
    await rm(folder, { recursive: true });
  });

  it("does not let a second one in while it lives", async () => {
    await using bench = await testBench();
    const { child } = await startChild(bench.home, bench.output, "slow-frames");
    const second = await startChild(bench.home, bench.output, "slow-frames");
    expect(JSON.parse(second.line)).toMatchObject({ ok: false, error: { code: "ALREADY_RUNNING" } });
    child.kill("SIGKILL");
    await once(child, "close");
  });
});

describe.skipIf(process.platform !== "linux")("an engine that is killed in the middle of a clip", () => {
  it("fails that clip with one sentence, leaves no file, and the next clip works", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const [job] = await studio.call("jobs.generate", { request: { prompt: "hang" }, variations: 1 });
    await soon(async () => expect((await ownJobs(studio))[0]!.preview).not.toBeNull());
    killAll(await childrenNamed("fake-engine"));
    expect(await studio.ended(job!.id)).toMatchObject({
      state: "failed",
      error: { code: expect.stringMatching(KILLED), message: expect.stringMatching(/^[A-Z][^\n]*\.$/) },
    });
    expect(await readdir(bench.output)).toEqual([]);
    expect((await make(studio, "hello")).state).toBe("done");
  });

  it("fails a clip whose ffmpeg is killed, and the next clip works", async () => {
    await using bench = await testBench();
    const studio = await bench.open();
    const [job] = await studio.call("jobs.generate", { request: { prompt: "slow-frames", frames: 26 }, variations: 1 });
    await soon(async () => expect((await ownJobs(studio))[0]!.progress).toMatchObject({ phase: "decode" }));
    for (const pid of await childrenOf(process.pid))
      if ((await readlink(`/proc/${pid}/exe`).catch(() => "")).includes("ffmpeg")) process.kill(pid, "SIGKILL");
    expect(await studio.ended(job!.id)).toMatchObject({ state: "failed", error: { code: "FFMPEG_FAILED" } });
    expect(await readdir(bench.output)).toEqual([]);
    expect((await make(studio, "hello")).state).toBe("done");
  });
});
