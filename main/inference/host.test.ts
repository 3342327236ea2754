import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ResolvedRequest } from "../../core/contract/index.ts";
import { EngineHost, type EngineHostOptions } from "./host.ts";

/** Waits until the check passes; generous, since the machine may be busy. */
const soon = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const entry = fileURLToPath(new URL("./testing/fake-engine.ts", import.meta.url));
const hosts: EngineHost[] = [];

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "plume-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

function makeHost(options: EngineHostOptions = {}): EngineHost {
  const host = new EngineHost({ entry, backOffMs: [0], ...options });
  hosts.push(host);
  return host;
}

const request = (prompt: string, more: Partial<ResolvedRequest> = {}): ResolvedRequest => ({
  model: "fake",
  prompt,
  negativePrompt: "",
  seed: 7,
  width: 64,
  height: 64,
  frames: 3,
  fps: 8,
  steps: 3,
  guidance: 7.5,
  precision: "fp32",
  ...more,
});

interface Run {
  readonly events: string[];
  readonly frames: Uint8Array[];
  readonly fractions: number[];
}

async function generate(
  host: EngineHost,
  prompt: string,
  options: { signal?: AbortSignal; onFrame?: () => Promise<void>; more?: Partial<ResolvedRequest>; run?: Run } = {},
) {
  const run = options.run ?? { events: [], frames: [], fractions: [] };
  const outcome = await host.generate(
    {
      pack: "/pack",
      threads: 1,
      precision: "fp32",
      device: "cpu",
      resume: null,
      request: request(prompt, options.more),
    },
    {
      progress: ({ phase, done, fraction }) => {
        run.events.push(`${phase} ${done}`);
        run.fractions.push(fraction);
      },
      preview: ({ step }, rgba) => void run.events.push(`preview ${step} ${rgba.length} ${rgba[0]}`),
      frame: async (index, rgb) => {
        run.events.push(`frame ${index}`);
        run.frames.push(Uint8Array.from(rgb));
        await options.onFrame?.();
      },
    },
    options.signal ?? new AbortController().signal,
  );
  return { ...run, outcome };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("a healthy engine", () => {
  it("delivers progress, previews and frames in order, and keeps the model warm", async () => {
    const host = makeHost();
    expect(host.state).toBe("absent");
    const first = await generate(host, "hello");
    expect(first.events.join(", ")).toBe(
      "load 0, text 1, preview 1 512 1, denoise 1, preview 2 512 2, denoise 2, preview 3 512 3, denoise 3, " +
        "frame 0, decode 1, frame 1, decode 2, frame 2, decode 3",
    );
    const hash = createHash("sha256");
    for (const frame of first.frames) hash.update(frame);
    expect(hash.digest("hex")).toBe(first.outcome.framesSha256);
    expect(host.state).toBe("ready");
    const pid = host.pid;
    const second = await generate(host, "hello");
    expect(host.pid).toBe(pid);
    expect(second.outcome.seconds["opened"]).toBe(1);
    expect(second.frames).toEqual(first.frames);
  });

  it("is as unimpressed by noise on stdout and stderr as by frames that arrive byte by byte", async () => {
    const host = makeHost();
    const quiet = await generate(host, "hello");
    for (const prompt of ["garbage", "flood", "dribble"]) {
      const run = await generate(host, prompt);
      expect(run.frames).toEqual(quiet.frames);
      expect(run.events).toEqual(quiet.events);
    }
  });

  it("waits for a slow receiver instead of piling frames up", async () => {
    const host = makeHost();
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const big = { width: 1024, height: 1024, frames: 26 }; // 82 MB of pixels
    const run = await generate(host, "hello", {
      more: { ...big, steps: 1 },
      onFrame: async () => {
        await sleep(5);
        // Frames that are done with but not yet collected are not piled up.
        collectGarbage();
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      },
      run: { events: [], frames: { push: () => 0 } as unknown as Uint8Array[], fractions: [] },
    });
    expect(run.events.filter((event) => event.startsWith("frame")).length).toBe(26);
    expect(peak).toBeLessThan(60e6);
  });

  it("runs tasks one after another", async () => {
    const host = makeHost();
    const order: string[] = [];
    await Promise.all(
      ["slow", "hello"].map(async (prompt) => {
        await generate(host, prompt);
        order.push(prompt);
      }),
    );
    expect(order).toEqual(["slow", "hello"]);
  });

  it("is modest: low priority and first in line for the kernel's memory killer", async () => {
    const host = makeHost();
    await generate(host, "hello");
    expect(getPriority(host.pid)).toBeGreaterThan(getPriority());
    if (process.platform === "linux")
      expect(Number(readFileSync(`/proc/${host.pid}/oom_score_adj`, "utf8"))).toBeGreaterThanOrEqual(800);
  });

  it("lets the process go when idle and starts a new one on demand", async () => {
    const host = makeHost({ idleMs: 30 });
    await generate(host, "hello");
    const pid = host.pid!;
    await soon(() => expect(host.state).toBe("absent"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect((await generate(host, "hello")).outcome.seconds["opened"]).toBe(1);
  });

  it("installs and verifies, with progress, and passes refusals on", async () => {
    const host = makeHost();
    const steps: number[] = [];
    await using folder = await temporaryFolder();
    const [good, bad] = [join(folder.path, "a.ckpt"), join(folder.path, "broken.ckpt")];
    for (const file of [good, bad]) await writeFile(file, "weights");
    const weights = { weights: "fp32", threads: 1 } as const;
    const task = { pack: join(folder.path, "pack"), id: "x", name: "X", bundled: false, loras: [], ...weights };
    const never = new AbortController().signal;
    const summary = await host.install({ ...task, file: good }, (_, fraction) => steps.push(fraction), never);
    expect([summary.id, steps]).toEqual(["x", [0.25, 0.5, 0.75, 1]]);
    await host.verify("/p", () => {}, never);
    await expect(host.install({ ...task, file: bad }, () => {}, never)).rejects.toMatchObject({
      code: "CHECKPOINT_UNREADABLE",
    });
    expect(host.state).toBe("ready");
  });
});

describe("a sick engine", () => {
  it.each([
    // A signal is taken for the kernel's where memory happens to be short (exit.test.ts).
    ["abort", /^(ENGINE_CRASHED|MODEL_OUT_OF_MEMORY)$/, /SIGABRT/],
    ["exit9", "ENGINE_CRASHED", /exit code 9/],
    ["kill", /^(ENGINE_CRASHED|MODEL_OUT_OF_MEMORY)$/, /SIGKILL/],
    ["oom", "MODEL_OUT_OF_MEMORY", /SIGABRT/],
    ["throw-oom", "MODEL_OUT_OF_MEMORY", /bad_alloc/],
    ["refuse", "MODEL_DAMAGED", /^$/],
    ["nonsense", "ENGINE_CRASHED", /lengths/],
  ])("%s → %s, and the next clip works", async (prompt, code, detail) => {
    const host = makeHost();
    const error = await generate(host, prompt).then(
      () => null,
      (thrown: unknown) => thrown as { code: string; detail?: string },
    );
    expect(error?.code).toMatch(code);
    expect(error?.detail ?? "").toMatch(detail);
    expect((await generate(host, "hello")).frames.length).toBe(3);
  });

  it("is ended when it gives no sign of life", async () => {
    const host = makeHost({ times: { silence: 3000 } });
    await expect(generate(host, "freeze")).rejects.toMatchObject({ code: "ENGINE_UNRESPONSIVE" });
    expect((await generate(host, "hello")).frames.length).toBe(3);
  });

  it("is ended when it waits for something that never comes", async () => {
    const host = makeHost({ times: { idle: 6000 } });
    const run: Run = { events: [], frames: [], fractions: [] };
    await expect(generate(host, "hang", { run })).rejects.toMatchObject({
      code: "ENGINE_UNRESPONSIVE",
      message: expect.stringContaining("never came"),
    });
    expect((await generate(host, "hello")).frames.length).toBe(3);
  });

  it("is not ended while the studio takes its time with what it reported", async () => {
    const host = makeHost({ times: { idle: 5000 } });
    const slow = await generate(host, "hello", { more: { frames: 1 }, onFrame: () => sleep(8000) });
    expect(slow.frames.length).toBe(1);
  });

  it("is given up when it never starts", async () => {
    const missing = makeHost({ entry: "/no/such/engine.ts" });
    await expect(generate(missing, "hello")).rejects.toMatchObject({ code: "ENGINE_CRASHED" });
    expect(missing.state).toBe("dead");
    const noNode = makeHost({ node: "/no/such/node" });
    await expect(generate(noNode, "hello")).rejects.toMatchObject({ code: "ENGINE_CRASHED" });
  });

  it("is restarted with growing pauses", async () => {
    const host = makeHost({ backOffMs: [0, 150] });
    await expect(generate(host, "exit9")).rejects.toMatchObject({ code: "ENGINE_CRASHED" });
    const started = performance.now();
    await generate(host, "hello");
    expect(performance.now() - started).toBeGreaterThan(150);
  });
});

describe("cancelling", () => {
  it("stops between steps and keeps the process", async () => {
    const host = makeHost();
    await generate(host, "hello");
    const pid = host.pid;
    const cancel = new AbortController();
    const run: Run = { events: [], frames: [], fractions: [] };
    setTimeout(() => cancel.abort(), 80);
    await expect(generate(host, "slow", { signal: cancel.signal, more: { steps: 50 }, run })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(run.frames.length).toBe(0);
    expect(host.pid).toBe(pid);
    expect((await generate(host, "hello")).outcome.seconds["opened"]).toBe(1);
  });

  it("kills an engine that does not heed it", async () => {
    const host = makeHost({ times: { cancelGrace: 200 } });
    const cancel = new AbortController();
    const run: Run = { events: [], frames: [], fractions: [] };
    const hanging = expect(generate(host, "hang", { signal: cancel.signal, run })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    await soon(() => expect(run.events).toContain("text 1"));
    const pid = host.pid!;
    cancel.abort();
    await hanging;
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect((await generate(host, "hello")).frames.length).toBe(3);
  });

  it("takes a task out of the queue before it starts, and ends what runs on close", async () => {
    const host = makeHost({ times: { cancelGrace: 200 } });
    const cancel = new AbortController();
    const run: Run = { events: [], frames: [], fractions: [] };
    const first = generate(host, "hang", { run });
    const second = generate(host, "hello", { signal: cancel.signal });
    cancel.abort();
    const outcomes = Promise.allSettled([first, second]);
    await soon(() => expect(run.events).toContain("text 1"));
    await host.close();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: "CANCELLED" } });
    await expect(generate(host, "hello")).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("passes on what the receiver throws", async () => {
    const host = makeHost();
    const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
    await expect(generate(host, "hello", { onFrame: () => Promise.reject(full) })).rejects.toMatchObject({
      code: "DISK_FULL",
    });
    expect((await generate(host, "hello")).frames.length).toBe(3);
  });
});
